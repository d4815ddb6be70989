#include <doctest/doctest.h>

#include <bit>
#include <cmath>

#include "promql/memory_storage.h"
#include "promql/nhcb.h"
#include "promql/script.h"
#include "promql/single_host.h"

namespace nightlight::test {
namespace {

std::vector<double> values_of(std::string_view line) {
  auto parsed = parse_series_line(line);
  REQUIRE_MESSAGE(parsed.ok(), (parsed.ok() ? "" : parsed.error().message));
  std::vector<double> out;
  for (const SequenceValue& value : parsed->values) out.push_back(value.omitted ? -999 : value.value);
  return out;
}

TEST_CASE("series lines spell out repeats, steps and gaps") {
  using V = std::vector<double>;
  CHECK(values_of("a 1 2 3") == V{1, 2, 3});
  CHECK(values_of("a 1x3") == V{1, 1, 1, 1});
  CHECK(values_of("a 1+2x3") == V{1, 3, 5, 7});
  CHECK(values_of("a -1-2x2 _ _x2 5") == V{-1, -3, -5, -999, -999, -999, 5});
  CHECK(values_of("a 1e3-1x1 0x1 .5 5m 1e-2") == V{1000, 999, 0, 0, 0.5, 300, 0.01});
  CHECK(values_of("a inf -Inf +Inf") == V{INFINITY, -INFINITY, INFINITY});
  CHECK(std::isnan(values_of("a NaN")[0]));
  CHECK(std::bit_cast<uint64_t>(values_of("a stale")[0]) == kStaleNaNBits);
  CHECK(values_of("a").empty());
  for (const char* bad :
       {"a 1+1", "a x3", "a 1y3x", "a 1x", "a 1 2 foo", "a{b}", "a{b=\"c\" 1", "a 1x99999999999", "a@xx 1", ""}) {
    CAPTURE(bad);
    CHECK(!parse_series_line(bad).ok());
  }
}

TEST_CASE("series lines name series with quoted and unquoted names") {
  auto labels = [](std::string_view line) { return format_labels(parse_series_line(line)->labels.view()); };
  CHECK(labels("a 1") == R"({__name__="a"})");
  CHECK(labels("a{b=\"c\", d='e'} 1") == R"({__name__="a", b="c", d="e"})");
  CHECK(labels(R"({"x y", "l l"="v"} 1)") == R"({__name__="x y", "l l"="v"})");
  CHECK(labels("{} 1") == "{}");
  CHECK(labels("http.requests{a.b=\"c\"} 1") == R"({__name__="http.requests", "a.b"="c"})");
}

TEST_CASE("series lines hold histograms and start timestamps") {
  auto line = parse_series_line(
      "h {{schema:1 sum:-2 count:3 offset:2 buckets:[1 2] n_buckets:[3]}}+{{schema:1 count:1 buckets:[1]}}x2");
  REQUIRE(line.ok());
  REQUIRE(line->values.size() == 3);
  const FloatHistogram& last = *line->values[2].histogram;
  CHECK(last.count == 5);
  CHECK(last.sum == -2);
  REQUIRE(last.positive.spans.size() == 2);
  CHECK(last.positive.spans[1].offset == 1);
  CHECK(last.positive.counts == std::vector<double>{2, 1, 2});
  CHECK(!line->values[0].hint_given);
  CHECK(parse_series_line("h {{counter_reset_hint:gauge}}")->values[0].hint_given);
  CHECK(!parse_series_line("h {{schema:1}}+{{schema:0}}x2").ok());
  CHECK(!parse_series_line("h {{nonsense:1}}").ok());
  CHECK(!parse_series_line("h {{sum:1").ok());
  auto starts = parse_series_line("h@st _ -30s 1m+1mx2 _x2");
  REQUIRE(starts.ok());
  CHECK(starts->start_timestamps);
  CHECK(starts->start_offsets_ms == std::vector<std::optional<int64_t>>{{}, -30000, 60000, 120000, 180000, {}, {}});
  for (const char* bad : {"h@st nan", "h@st -inf", "h@st 1+nanx2", "h@st 1e300", "h@st 200y"}) {
    CHECK_MESSAGE(!parse_series_line(bad).ok(), bad);
  }
}

TEST_CASE("scripts are read into commands, expectations included") {
  auto script = parse_script(R"(# a comment
clear
LOAD 5m
  a{b="c"} 0+1x3

eval instant at 10m a
  expect ordered
  expect warn msg: some: text
  expect no_info
  a{b="c"} 2

eval range from 0 to 10m step 5m sum(a) # to the end of the line
  {} 0 1 _

eval_fail instant at 1m b
  expected_fail_message no

eval instant at 0 1
  1
eval instant at 0 a[5m]
  expect range vector from 1m to 2m step 30s
  a 1 _ 2
)");
  REQUIRE_MESSAGE(script.ok(), (script.ok() ? "" : script.error().message));
  REQUIRE(script->size() == 7);
  const auto& first = std::get<EvalCommand>((*script)[2].what);
  CHECK(first.ordered);
  CHECK(first.no_info);
  REQUIRE(first.warnings.size() == 1);
  CHECK(first.warnings[0].text == "some: text");
  const auto& range = std::get<EvalCommand>((*script)[3].what);
  CHECK(range.step_ms == 300000);
  CHECK(range.expression == "sum(a) # to the end of the line");
}

TEST_CASE("classic histograms become native ones with custom buckets") {
  auto bucket = [](const char* le, double value) {
    return std::pair(Labels({{"__name__", "h_bucket"}, {"le", le}, {"j", "1"}}),
                     std::vector<Sample>{{1000, 0, value, {}}});
  };
  std::map<Labels, std::vector<Sample>> classic{bucket("1", 4), bucket("2", 9), bucket("+Inf", 10), bucket("bad", 3)};
  classic[Labels({{"__name__", "h_sum"}, {"j", "1"}})] = {{1000, 0, 12, {}}};
  auto native = convert_classic_histograms(classic);
  REQUIRE(native.ok());
  REQUIRE(native->size() == 1);
  CHECK(format_labels(native->begin()->first.view()) == R"({__name__="h", j="1"})");
  const FloatHistogram& histogram = *native->begin()->second.front().histogram;
  CHECK(histogram.custom_values == std::vector<double>{1, 2});
  CHECK(histogram.positive.counts == std::vector<double>{4, 5, 1});
  CHECK(histogram.count == 10);
  CHECK(histogram.sum == 12);
  // A sum alone says nothing of a count.
  classic.clear();
  classic[Labels({{"__name__", "h_sum"}, {"j", "1"}})] = {{1000, 0, 12, {}}};
  CHECK(!convert_classic_histograms(classic).ok());
}

TEST_CASE("the store in memory refuses older samples, and answers what matches in the range") {
  SingleHost host;
  MemoryStorage storage(&host);
  Labels labels({{"__name__", "a"}, {"b", "c"}});
  CHECK(storage.append(labels, {1000, 0, 1, {}}).ok());
  CHECK(storage.append(labels, {1000, 0, 1, {}}).ok());
  CHECK(!storage.append(labels, {1000, 0, 2, {}}).ok());
  CHECK(!storage.append(labels, {999, 0, 1, {}}).ok());
  CHECK(storage.append(labels, {2000, 1500, 2, {}}).ok());
  auto count = [&storage](MatchOp op, const char* value, int64_t start_ms) {
    Matcher matcher{sizeof(Matcher), op, str("b"), str(value)};
    const Matcher* matchers[] = {&matcher};
    Select select{};
    select.struct_size = sizeof select;
    select.matchers = view_of(matchers);
    select.start_ms = start_ms;
    select.end_ms = 5000;
    SeriesSet* raw = nullptr;
    REQUIRE(storage.select(&select, &raw).ok());
    Owned<SeriesSet> set(raw);
    uint64_t samples = 0;
    SeriesCursor* cursor = nullptr;
    REQUIRE(set->open(0, set->size(), &cursor).ok());
    Owned<SeriesCursor> owned(cursor);
    for (SeriesBatch batch{}; owned->next(&batch).ok() && !batch.series.empty();) {
      for (const SeriesSamples* series : batch.series) samples += series->values.size;
    }
    return samples;
  };
  CHECK(count(MatchOp::kEqual, "c", 0) == 2);
  CHECK(count(MatchOp::kRegex, "[a-c]", 1001) == 1);
  CHECK(count(MatchOp::kNotEqual, "c", 0) == 0);
  CHECK(count(MatchOp::kEqual, "c", 2001) == 0);
}

}  // namespace
}  // namespace nightlight::test
