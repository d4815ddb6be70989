#include "runtime/metrics.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "nightlight/sugar.h"
#include "runtime/process_metrics.h"

namespace nightlight::runtime {
namespace {

MetricSpec spec(MetricType type, std::string_view name, std::string_view help, View<KeyValue> labels = {},
                View<double> bounds = {}) {
  return MetricSpec{sizeof(MetricSpec), type, str(name), str(help), labels, bounds};
}

TEST_CASE("cells are printed as Prometheus' text, sorted, with the instance's name") {
  Metrics metrics;
  KeyValue post[] = {{str("method"), str("post")}, {str("code"), str("200")}};
  KeyValue odd[] = {{str("method"), str("a\"b\\c\nd")}, {str("code"), str("500")}};
  double bounds[] = {0.1, 1, 10};
  bump(metrics.cells("api", spec(MetricType::kCounter, "nightlight_b_total", "Requests.", view_of(post))).value().count,
       3);
  bump(metrics.cells("api", spec(MetricType::kCounter, "nightlight_b_total", "Requests.", view_of(odd))).value().count);
  set(metrics.cells("", spec(MetricType::kGauge, "nightlight_a_bytes", "Back\\slash.")).value().number, 1.5);
  MetricCells histogram =
      metrics.cells("x", spec(MetricType::kHistogram, "nightlight_c_seconds", "Times.", {}, view_of(bounds))).value();
  HistogramCells observer{histogram, {0.1, 1, 10}};
  for (double value : {0.05, 0.1, 5.0, 50.0}) observer.observe(value);
  CHECK(metrics.text() == R"(# HELP nightlight_a_bytes Back\\slash.
# TYPE nightlight_a_bytes gauge
nightlight_a_bytes 1.5
# HELP nightlight_b_total Requests.
# TYPE nightlight_b_total counter
nightlight_b_total{code="200",instance_name="api",method="post"} 3
nightlight_b_total{code="500",instance_name="api",method="a\"b\\c\nd"} 1
# HELP nightlight_c_seconds Times.
# TYPE nightlight_c_seconds histogram
nightlight_c_seconds_bucket{instance_name="x",le="0.1"} 2
nightlight_c_seconds_bucket{instance_name="x",le="1"} 2
nightlight_c_seconds_bucket{instance_name="x",le="10"} 3
nightlight_c_seconds_bucket{instance_name="x",le="+Inf"} 4
nightlight_c_seconds_sum{instance_name="x"} 55.15
nightlight_c_seconds_count{instance_name="x"} 4
)");
}

TEST_CASE("the same name and labels are the same cells, of one instance") {
  Metrics metrics;
  auto cells = [&](const char* instance) {
    return metrics.cells(instance, spec(MetricType::kCounter, "nightlight_x_total", "X.")).value().count;
  };
  CHECK(cells("a") == cells("a"));
  CHECK(cells("a") != cells("b"));
  metrics.remove("a");
  CHECK(metrics.text().find("instance_name=\"a\"") == std::string::npos);
  CHECK(metrics.text().find("instance_name=\"b\"") != std::string::npos);
}

TEST_CASE("what would break the page is refused") {
  Metrics metrics;
  auto refusal = [&](const MetricSpec& bad) {
    auto cells = metrics.cells("a", bad);
    return cells.ok() ? std::string() : cells.error().message;
  };
  KeyValue instance[] = {{str("instance"), str("x")}};
  KeyValue dashed[] = {{str("a-b"), str("x")}};
  double descending[] = {2, 1}, ascending[] = {1, 2};
  CHECK(refusal(spec(MetricType::kGauge, "1x", "X.")) == "metric \"1x\": not a metric name");
  CHECK(refusal(spec(MetricType::kGauge, "x", "X.", view_of(instance))) ==
        "metric \"x\": not a free label name: instance");
  CHECK(refusal(spec(MetricType::kGauge, "x", "X.", view_of(dashed))) == "metric \"x\": not a free label name: a-b");
  CHECK(refusal(spec(MetricType::kHistogram, "x", "X.")) == "metric \"x\": a histogram needs 1 to 1000 bounds");
  CHECK(refusal(spec(MetricType::kHistogram, "x", "X.", {}, view_of(descending))) ==
        "metric \"x\": bounds must ascend");
  CHECK(refusal(spec(MetricType::kGauge, "y", "Y.")) == "");
  CHECK(refusal(spec(MetricType::kCounter, "y", "Y.")) == "metric \"y\" is already a gauge");
  CHECK(refusal(spec(MetricType::kHistogram, "z", "Z.", {}, view_of(ascending))) == "");
  double others[] = {1, 3};
  CHECK(refusal(spec(MetricType::kHistogram, "z", "Z.", {}, view_of(others))) ==
        "metric \"z\" already has other bounds");
}

TEST_CASE("promtool finds nothing to complain of in the host's own metrics") {
  if (std::system("command -v promtool >/dev/null") != 0) {
    MESSAGE("promtool is not installed");
    return;
  }
  Metrics metrics;
  ProcessMetrics process;
  metrics.add_source("", &process);
  KeyValue labels[] = {{str("version"), str("1")}};
  set(metrics.cells("", spec(MetricType::kGauge, "nightlight_build_info", "Always 1.", view_of(labels))).value().number,
      1);
  double bounds[] = {0.1, 1};
  (void)metrics.cells("x", spec(MetricType::kHistogram, "nightlight_c_seconds", "Times.", {}, view_of(bounds)));
  char path[] = "/tmp/nightlight-metrics-XXXXXX";
  int fd = ::mkstemp(path);
  REQUIRE(fd >= 0);
  std::ofstream(path) << metrics.text();
  CHECK(std::system((std::string("promtool check metrics <") + path).c_str()) == 0);
  std::remove(path);
  metrics.remove_source(&process);
}

}  // namespace
}  // namespace nightlight::runtime
