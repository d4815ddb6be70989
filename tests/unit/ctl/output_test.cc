#include "ctl/output.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <sstream>

#include "ctl/plot.h"

namespace nightlight::ctl {
namespace {

// An answer that has already arrived, in the given parts.
class ReadySource final : public client::QueryStream::Source {
 public:
  ReadySource(client::ResultType result_type, std::vector<std::vector<client::Series>> parts)
      : parts_(std::move(parts)) {
    type = result_type;
    string_value = "a \"b\"";
  }
  client::Result<std::vector<client::Series>> next() override {
    if (at_ == parts_.size()) return std::vector<client::Series>{};
    return parts_[at_++];
  }

 private:
  std::vector<std::vector<client::Series>> parts_;
  size_t at_ = 0;
};

std::string printed(Output output, client::ResultType type, std::vector<std::vector<client::Series>> parts) {
  client::QueryStream stream(std::make_unique<ReadySource>(type, std::move(parts)));
  std::ostringstream out;
  REQUIRE(AnswerPrinter(out, output).print(stream).ok());
  return out.str();
}

client::Series series(const std::string& job, std::vector<client::Sample> samples) {
  return {{{"__name__", "up"}, {"job", job}}, std::move(samples), {}};
}

// The last series of the first part goes on in the second.
const std::vector<std::vector<client::Series>> kMatrix = {{series("a,b", {{1000, 1}}), series("c", {{1000, 2.5}})},
                                                          {series("c", {{1500, NAN}})}};

TEST_CASE("ranges as JSON, CSV and lists; a series in pieces is one") {
  CHECK(printed(Output::kJson, client::ResultType::kMatrix, kMatrix) ==
        R"({"resultType":"matrix","result":[{"metric":{"__name__":"up","job":"a,b"},"values":[[1,"1"]]},)"
        R"({"metric":{"__name__":"up","job":"c"},"values":[[1,"2.5"],[1.500,"NaN"]]}]})"
        "\n");
  CHECK(printed(Output::kCsv, client::ResultType::kMatrix, kMatrix) ==
        "series,timestamp,value\n\"up{job=\"\"a,b\"\"}\",1,1\n\"up{job=\"\"c\"\"}\",1,2.5\n"
        "\"up{job=\"\"c\"\"}\",1.500,NaN\n");
  CHECK(printed(Output::kTable, client::ResultType::kMatrix, kMatrix) ==
        "up{job=\"a,b\"}\n  1970-01-01T00:00:01Z  1\n\nup{job=\"c\"}\n  1970-01-01T00:00:01Z  2.5\n"
        "  1970-01-01T00:00:01.500Z  NaN\n");
}

TEST_CASE("vectors, scalars, strings and nothing") {
  std::vector<std::vector<client::Series>> vector = {{series("a", {{1000, 1}})}, {series("long", {{1000, 20}})}};
  CHECK(printed(Output::kTable, client::ResultType::kVector, vector) ==
        "SERIES          VALUE  TIME\nup{job=\"a\"}     1      1970-01-01T00:00:01Z\n"
        "up{job=\"long\"}  20     1970-01-01T00:00:01Z\n");
  CHECK(printed(Output::kJson, client::ResultType::kVector, vector) ==
        R"({"resultType":"vector","result":[{"metric":{"__name__":"up","job":"a"},"value":[1,"1"]},)"
        R"({"metric":{"__name__":"up","job":"long"},"value":[1,"20"]}]})"
        "\n");
  CHECK(printed(Output::kJson, client::ResultType::kVector, {}) == "{\"resultType\":\"vector\",\"result\":[]}\n");
  CHECK(printed(Output::kJson, client::ResultType::kScalar, {{{{}, {{1000, 3}}, {}}}}) ==
        "{\"resultType\":\"scalar\",\"result\":[1,\"3\"]}\n");
  CHECK(printed(Output::kTable, client::ResultType::kString, {}) == "a \"b\"\n");
}

TEST_CASE("rows: CSV quotes what it must, JSON has the headings as names") {
  std::ostringstream csv, json;
  print_rows(csv, Output::kCsv, {"ID", "QUERY"}, {{"1", "a,\"b\""}, {"2", "x\ny"}});
  CHECK(csv.str() == "id,query\n1,\"a,\"\"b\"\"\"\n2,\"x\ny\"\n");
  print_rows(json, Output::kJson, {"ID", "QUERY"}, {{"1", "a\n\"b\"\xff"}});
  CHECK(json.str() == "[{\"id\":\"1\",\"query\":\"a\\n\\\"b\\\"\xef\xbf\xbd\"}]\n");
}

TEST_CASE("a plot has its bounds at its edges") {
  std::vector<client::Series> rising = {{{{"__name__", "m"}}, {{0, 1}, {1000, NAN}, {2000, 5}}, {}}};
  CHECK(plot(rising, 0, 2000, {20, 3}) ==
        "5 |                *\n"
        "  |\n"
        "1 |*\n"
        "  +-----------------\n"
        "   1970-01-01T00:00:00Z 1970-01-01T00:00:02Z\n"
        "  * m\n");
  CHECK(plot({}, 0, 2000, {20, 3}) == "no data\n");
  CHECK(plot({{{}, {{0, NAN}}, {}}}, 0, 2000, {20, 3}) == "no data\n");
  double most = std::numeric_limits<double>::max();
  CHECK(plot({{{}, {{0, -most}, {2000, most}}, {}}}, 0, 2000, {40, 3}).find("1.79769e+308 |") != std::string::npos);
}

}  // namespace
}  // namespace nightlight::ctl
