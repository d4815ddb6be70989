#include "ctl/exposition.h"

#include <doctest/doctest.h>

#include <cmath>
#include <sstream>

#include "ctl/line_reader.h"

namespace nightlight::ctl {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;

// "name{...} value@time" of a line of the text format, or what is wrong with it.
std::string read(const std::string& line) {
  client::Result<ParsedLine> parsed = ExpositionReader(kNow).parse(line);
  if (!parsed.ok()) return parsed.error().message;
  if (!parsed->series) return "";
  const client::WriteSeries& series = *parsed->series;
  REQUIRE(series.samples.size() == 1);
  std::ostringstream out;
  out << to_string(series.labels) << ' ' << series.samples[0].value << '@' << series.samples[0].timestamp_ms;
  return out.str();
}

TEST_CASE("lines of the text format") {
  CHECK(read("up 1") == "up 1@1700000000000");
  CHECK(read("up 1 12") == "up 1@12");
  CHECK(read("\tup\t{ a = \"b\" , }\t-2e1 -12\r") == "up{a=\"b\"} -20@-12");
  CHECK(read(R"(a:b{x="q\"\\\n",y=""} +Inf)") == R"(a:b{x="q\"\\\n",y=""} inf@1700000000000)");
  CHECK(read(R"({"with space","le.gal"="1"} 1)") == R"({"with space","le.gal"="1"} 1@1700000000000)");
  CHECK(read("").empty());
  CHECK(read("# just words").empty());
  CHECK(read("#").empty());
}

TEST_CASE("what is wrong with a line is said") {
  CHECK(read("up") == "there is no value");
  CHECK(read("up one") == "\"one\" is not a number");
  CHECK(read("up 1 2.5") == "\"2.5\" is not a time in milliseconds");
  CHECK(read("up 1 2 3") == "unexpected text at the end: \"3\"");
  CHECK(read("1up 1") == "a line begins with a metric name");
  CHECK(read("up{a=\"b\" 1") == "a comma is missing between labels");
  CHECK(read("up{a=\"b\"") == "the labels have no end");
  CHECK(read("up{a=\"b 1") == "a quoted text has no end");
  CHECK(read("up{a=b} 1") == "label a has no quoted value");
  CHECK(read("up{a} 1") == "label a has no value");
  CHECK(read("# TYPE up speed") == "unknown type \"speed\" of up");
  CHECK(read("# TYPE") == "TYPE names no metric");
}

TEST_CASE("what HELP, TYPE and UNIT say of a family comes together, with its first sample") {
  ExpositionReader reader(kNow);
  for (const char* line :
       {"# HELP t_celsius How warm\\nit is.", "# TYPE t_celsius gauge", "# UNIT t_celsius celsius"}) {
    auto parsed = reader.parse(line);
    REQUIRE(parsed.ok());
    CHECK_FALSE(parsed->metadata.has_value());
  }
  auto sample = reader.parse("t_celsius 1");
  REQUIRE(sample.ok());
  REQUIRE(sample->metadata.has_value());
  CHECK(sample->metadata->family == "t_celsius");
  CHECK(sample->metadata->kind == client::MetricKind::kGauge);
  CHECK(sample->metadata->help == "How warm\nit is.");
  CHECK(sample->metadata->unit == "celsius");
  CHECK_FALSE(reader.parse("t_celsius 2")->metadata.has_value());
  REQUIRE(reader.parse("# TYPE a counter").ok());
  CHECK(reader.parse("# TYPE b counter")->metadata->family == "a");
  CHECK(reader.finish()->family == "b");
  CHECK_FALSE(reader.finish().has_value());
}

std::string read_json(const std::string& line) {
  client::Result<ParsedLine> parsed = parse_json_line(line);
  if (!parsed.ok()) return parsed.error().message;
  if (!parsed->series) return "";
  std::ostringstream out;
  out << to_string(parsed->series->labels);
  for (const client::Sample& sample : parsed->series->samples) out << ' ' << sample.value << '@' << sample.timestamp_ms;
  return out.str();
}

TEST_CASE("lines of JSON") {
  CHECK(read_json(R"({"metric":{"__name__":"up","a":"b"},"values":[1.5,"-Inf",null],"timestamps":[1,2,3]})") ==
        "up{a=\"b\"} 1.5@1 -inf@2 nan@3");
  CHECK(read_json(" \r").empty());
  CHECK(read_json("{") == "this is no JSON");
  CHECK(read_json("[]") == "a JSON object with \"metric\", \"values\" and \"timestamps\" is expected");
  CHECK(read_json(R"({"metric":{"a":1},"values":[],"timestamps":[]})") == "the value of label a is no text");
  CHECK(read_json(R"({"metric":{},"values":[1],"timestamps":[]})") ==
        "\"values\" and \"timestamps\" must be arrays of the same length");
  CHECK(read_json(R"({"metric":{},"values":["x"],"timestamps":[1]})") == "value 0 is not a number: \"x\"");
  CHECK(read_json(R"({"metric":{},"values":[1],"timestamps":[1.5]})") == "timestamp 0 is not in milliseconds");
}

TEST_CASE("lines have a bounded length, and a number") {
  std::istringstream in("a\n\n" + std::string(kMaxLineBytes + 5, 'x') + "\nlast");
  LineReader lines(in);
  std::string line;
  REQUIRE(lines.next(&line));
  CHECK(line == "a");
  REQUIRE(lines.next(&line));
  CHECK(line.empty());
  REQUIRE(lines.next(&line));
  CHECK(lines.too_long());
  CHECK(line.size() == kMaxLineBytes);
  REQUIRE(lines.next(&line));
  CHECK(line == "last");
  CHECK_FALSE(lines.too_long());
  CHECK(lines.number() == 4);
  CHECK(lines.bytes() == kMaxLineBytes + 5 + 8);
  CHECK_FALSE(lines.next(&line));
}

}  // namespace
}  // namespace nightlight::ctl
