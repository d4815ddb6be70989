#include "prometheus_api/exposition.h"

#include <doctest/doctest.h>

#include <cmath>

namespace nightlight::prometheus_api {
namespace {

TEST_CASE("counters and gauges keep their labels, their help and every bit of their values") {
  auto families = read_exposition(
      "# HELP a_total Counts \\\\ and\\nlines.\n# TYPE a_total counter\na_total{b=\"x\\\"\\\\\\n,}\",c=\"\"} "
      "7\na_total 1e+06\n"
      "# HELP g It varies.\n# TYPE g gauge\ng NaN\n# TYPE h untyped\nh{i=\"1\"} -Inf\n");
  REQUIRE(families.ok());
  REQUIRE(families->size() == 3);
  const ExposedFamily& a = families->front();
  CHECK(a.name == "a_total");
  CHECK(a.help == "Counts \\ and\nlines.");
  CHECK(a.type == "counter");
  REQUIRE(a.metrics.size() == 2);
  CHECK(a.metrics[0].labels == std::vector<std::pair<std::string, std::string>>{{"b", "x\"\\\n,}"}, {"c", ""}});
  CHECK(a.metrics[0].value == 7);
  CHECK(a.metrics[1].labels.empty());
  CHECK(a.metrics[1].value == 1e6);
  CHECK(std::isnan((*families)[1].metrics.at(0).value));
  CHECK((*families)[2].type == "untyped");
  CHECK((*families)[2].help.empty());
  CHECK((*families)[2].metrics.at(0).value == -HUGE_VAL);
}

TEST_CASE("lines of a histogram become one metric for each set of labels") {
  auto families = read_exposition(
      "# HELP h Seconds.\n# TYPE h histogram\n"
      "h_bucket{job=\"a\",le=\"0.5\"} 1\nh_bucket{job=\"a\",le=\"+Inf\"} 3\nh_sum{job=\"a\"} 2.5\nh_count{job=\"a\"} "
      "3\n"
      "h_bucket{job=\"b\",le=\"0.5\"} 0\nh_bucket{job=\"b\",le=\"+Inf\"} 18446744073709551615\nh_sum{job=\"b\"} +Inf\n"
      "h_count{job=\"b\"} 18446744073709551615\n");
  REQUIRE(families.ok());
  REQUIRE(families->size() == 1);
  const auto& metrics = families->front().metrics;
  REQUIRE(metrics.size() == 2);
  CHECK(metrics[0].labels == std::vector<std::pair<std::string, std::string>>{{"job", "a"}});
  REQUIRE(metrics[0].buckets.size() == 2);
  CHECK(metrics[0].buckets[0].upper_bound == 0.5);
  CHECK(metrics[0].buckets[0].cumulative_count == 1);
  CHECK(metrics[0].count == 3);
  CHECK(metrics[0].value == 2.5);
  CHECK(metrics[1].count == UINT64_MAX);
  CHECK(std::isinf(metrics[1].value));
}

TEST_CASE("a line that belongs to no family is named") {
  for (const char* line : {"b 1", "a_total", "a_total ", "a_total x", "a_total_more 1", "a_total{b=\"} 1",
                           "a_total{b} 1", "a_total{b=\"1\"", "# TYPE b summary", "a_total{"}) {
    CAPTURE(line);
    auto families = read_exposition("# TYPE a_total counter\n\n" + std::string(line));
    REQUIRE(!families.ok());
    CHECK(families.error().message.find("line 3: ") != std::string::npos);
  }
  for (const char* line :
       {"h_bucket 1", "h_bucket{le=\"x\"} 1", "h_bucket{le=\"1\"} 1.5", "h_count -1", "h 1", "h_sum x"}) {
    CAPTURE(line);
    CHECK(!read_exposition("# TYPE h histogram\n" + std::string(line)).ok());
  }
  CHECK(!read_exposition("a 1").ok());
}

}  // namespace
}  // namespace nightlight::prometheus_api
