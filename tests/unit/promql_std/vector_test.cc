#include <doctest/doctest.h>

#include <cmath>

#include "fixture.h"
#include "promql_std/natural_order.h"

using namespace nightlight;
using namespace nightlight::promql_std;
using namespace nightlight::promql_std::testing;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<std::string> labels_of(const Answer& answer) {
  std::vector<std::string> out;
  for (const auto& series : answer.series) out.push_back(series.labels);
  return out;
}

// One classic histogram of these cumulative counts.
struct Classic : Fixture {
  explicit Classic(std::vector<std::pair<std::string, double>> buckets, uint32_t flags = 0) : Fixture({60000}) {
    evaluation.flags = flags;
    for (const auto& [bound, count] : buckets) column({{"__name__", "h_bucket"}, {"le", bound}, {"x", "y"}}, {count});
  }
};

FloatHistogram native() {
  FloatHistogram h;
  h.positive = {{{1, 2}}, {2, 2}};  // (1,2] and (2,4]
  h.count = 4;
  h.sum = 9;
  return h;
}

std::vector<std::string> texts(const Fixture& f) {
  std::vector<std::string> out;
  for (const auto& [text, argument] : f.notes.texts) out.push_back(text + " @" + std::to_string(argument));
  return out;
}

}  // namespace

TEST_CASE("label_replace expands groups by number and name, and deletes a label that becomes empty") {
  struct Example {
    const char *replacement, *expression, *expected;
  };
  const Example examples[] = {
      {"$1-${2}", "(.*)-(.*)", R"({__name__="m", dst="a-b", src="a-b"})"},
      {"${1}x", "(.).*", R"({__name__="m", dst="ax", src="a-b"})"},
      {"$1x", "(.).*", R"({__name__="m", src="a-b"})"},  // The group "1x" does not exist.
      {"$name!", "(?P<name>.*)", R"({__name__="m", dst="a-b!", src="a-b"})"},
      {"$$1 costs", "(.*)", R"({__name__="m", dst="$1 costs", src="a-b"})"},
      {"x", "a", R"({__name__="m", src="a-b"})"},  // Anchored: no match.
      {"$", ".*", R"({__name__="m", dst="$", src="a-b"})"},
  };
  for (const Example& e : examples) {
    CAPTURE(e.replacement);
    Fixture f({1000});
    f.column({{"__name__", "m"}, {"src", "a-b"}}, {1.0})
        .vector()
        .text("dst")
        .text(e.replacement)
        .text("src")
        .text(e.expression);
    Answer answer = f.vector_call("label_replace");
    REQUIRE(answer.status.ok());
    CHECK(labels_of(answer) == std::vector<std::string>{e.expected});
    CHECK(answer.value(0) == 1);
  }
}

TEST_CASE("setting the name keeps it from being dropped") {
  Fixture f({1000});
  f.column({{"__name__", "m"}, {"src", "n"}}, {1.0}, {}, kDropName)
      .vector()
      .text("__name__")
      .text("$1")
      .text("src")
      .text("(.*)");
  Answer answer = f.vector_call("label_replace");
  CHECK(answer.series.at(0).flags == 0);
  CHECK(answer.series.at(0).labels == R"({__name__="n", src="n"})");
}

TEST_CASE("label functions refuse bad names and expressions in Prometheus' words") {
  auto error = [](std::string target, std::string expression) {
    Fixture f({1000});
    f.column({}, {1.0}).vector().text(target).text("").text("src").text(expression);
    CHECK(!f.vector_call("label_replace").status.ok());
    return std::string(view(f.host.last_error()));
  };
  CHECK(error("dst", "(.*") == "invalid regular expression in label_replace(): (.*");
  CHECK(error("", ".*") == "invalid destination label name in label_replace(): ");
  CHECK(error("\xff", ".*") == "invalid destination label name in label_replace(): \xff");
  Fixture f({1000});
  f.column({}, {1.0}).vector().text("dst").text("-").text("");
  CHECK(!f.vector_call("label_join").status.ok());
  CHECK(view(f.host.last_error()) == "invalid source label name in label_join(): ");
}

TEST_CASE("label_join joins values, the lacking ones as empty") {
  Fixture f({1000});
  f.column({{"a", "1"}, {"c", "3"}}, {1.0}).vector().text("dst").text("-").text("a").text("b").text("c");
  CHECK(labels_of(f.vector_call("label_join")) == std::vector<std::string>{R"({a="1", c="3", dst="1--3"})"});
}

TEST_CASE("sorting by value puts NaN last both ways and drops histograms") {
  for (const char* name : {"sort", "sort_desc"}) {
    Fixture f({1000});
    f.column({{"a", "nan"}}, {std::nan("")}).column({{"a", "2"}}, {2.0}).column({{"a", "1"}}, {1.0});
    f.column({{"a", "h"}}, {}, {native()}).vector();
    auto got = labels_of(f.vector_call(name));
    REQUIRE(got.size() == 3);
    CHECK(got[0] == (std::string_view(name) == "sort" ? R"({a="1"})" : R"({a="2"})"));
    CHECK(got[2] == R"({a="nan"})");
  }
}

TEST_CASE("sorting by labels compares numbers in them as numbers") {
  CHECK(natural_less("a2", "a10"));
  CHECK(!natural_less("a10", "a2"));
  CHECK(natural_less("a", "a1"));
  CHECK(natural_less("1.2", "1.10"));
  CHECK(!natural_less("b", "a"));
  CHECK(!natural_less("a1", "a1"));
  Fixture f({1000});
  f.column({{"a", "x10"}}, {1.0})
      .column({{"a", "x9"}}, {2.0})
      .column({{"a", "x9"}, {"b", "1"}}, {3.0})
      .vector()
      .text("a");
  CHECK(labels_of(f.vector_call("sort_by_label")) ==
        std::vector<std::string>{R"({a="x9"})", R"({a="x9", b="1"})", R"({a="x10"})"});
  CHECK(labels_of(f.vector_call("sort_by_label_desc")) ==
        std::vector<std::string>{R"({a="x10"})", R"({a="x9", b="1"})", R"({a="x9"})"});
}

TEST_CASE("absent says which labels were asked for, but not the metric, nor what two matchers contend for") {
  Matcher matchers[] = {{sizeof(Matcher), MatchOp::kEqual, str("job"), str("a")},
                        {sizeof(Matcher), MatchOp::kEqual, str("two"), str("1")},
                        {sizeof(Matcher), MatchOp::kEqual, str("two"), str("2")},
                        {sizeof(Matcher), MatchOp::kRegex, str("re"), str(".*")},
                        {sizeof(Matcher), MatchOp::kEqual, str("__type__"), str("gauge")},
                        {sizeof(Matcher), MatchOp::kEqual, str("__name__"), str("m")}};
  std::vector<const Matcher*> pointers;
  for (const Matcher& matcher : matchers) pointers.push_back(&matcher);
  Fixture f({1000, 2000});
  f.column({{"job", "a"}}, {1.0, std::nullopt}).vector(view_of(pointers));
  Answer answer = f.vector_call("absent");
  CHECK(labels_of(answer) == std::vector<std::string>{R"({job="a"})"});
  CHECK(!answer.value(0).has_value());
  CHECK(answer.value(1) == 1);
  Fixture over_time({1000, 2000});
  over_time.column({}, {std::nullopt, 1.0}).presence({});
  CHECK(over_time.vector_call("absent_over_time").value(0) == 1);
}

TEST_CASE("quantiles of classic histograms interpolate within a bucket") {
  auto quantile = [](double q, std::vector<std::pair<std::string, double>> buckets) {
    Classic f(buckets);
    f.scalar(q).vector();
    return f.vector_call("histogram_quantile").value(0);
  };
  std::vector<std::pair<std::string, double>> buckets{{"1", 2}, {"2", 6}, {"+Inf", 8}};
  CHECK(quantile(0.5, buckets) == 1.5);
  CHECK(quantile(0.1, buckets) == 0.4);
  CHECK(quantile(0.9, buckets) == 2);  // In the last bucket: its lower bound.
  CHECK(quantile(-1, buckets) == -kInfinity);
  CHECK(quantile(2, buckets) == kInfinity);
  CHECK(std::isnan(*quantile(0.5, {{"1", 2}, {"2", 6}})));  // No +Inf.
  CHECK(std::isnan(*quantile(0.5, {{"+Inf", 6}})));         // One bucket.
  CHECK(std::isnan(*quantile(0.5, {{"1", 0}, {"+Inf", 0}})));
  CHECK(quantile(0.5, {{"-1", 5}, {"1", 6}, {"+Inf", 6}}) == -1);
  CHECK(quantile(0.5, {{"2", 3}, {"1", 2}, {"1.0", 1}, {"Inf", 6}}) == 1);  // Equal bounds are added up.
}

TEST_CASE("bounds that are no numbers are skipped with a warning") {
  for (const char* bound : {"", "x", "NaN", "1_0", "1e999"}) {
    CAPTURE(bound);
    Classic f({{"0.5", 1}, {"+Inf", 3}, {bound, 2}});
    f.scalar(0.1).vector();
    CHECK(f.vector_call("histogram_quantile").value(0) == doctest::Approx(0.15));
    CHECK(texts(f) ==
          std::vector<std::string>{"PromQL warning: bucket label \"le\" is missing or has a malformed value of \"" +
                                   std::string(bound) + "\" @1"});
  }
}

TEST_CASE("counts that fall are repaired, and one note tells of all steps") {
  Fixture f({60000, 120000});
  f.evaluation.flags = kDelayedNameRemoval;
  f.column({{"__name__", "h"}, {"le", "1"}}, {5.0, 5.0}).column({{"__name__", "h"}, {"le", "2"}}, {3.0, 1.0});
  f.column({{"__name__", "h"}, {"le", "+Inf"}}, {10.0, 10.0}).scalar(0.5).vector();
  CHECK(f.vector_call("histogram_quantile").value(0) == 1);
  CHECK(texts(f) ==
        std::vector<std::string>{
            "PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see "
            "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name "
            "\"h\", from buckets 2 to 2, with a max diff of 4, over 2 samples from 1970-01-01T00:01:00Z to "
            "1970-01-01T00:02:00Z @1"});
}

TEST_CASE("the name goes at once, or at the end of the query with delayed name removal") {
  Classic f({{"1", 1}, {"+Inf", 2}});
  f.scalar(0.5).vector();
  Answer answer = f.vector_call("histogram_quantile");
  CHECK(labels_of(answer) == std::vector<std::string>{R"({x="y"})"});
  CHECK(answer.series[0].flags == 0);
  Classic delayed({{"1", 1}, {"+Inf", 2}}, kDelayedNameRemoval);
  delayed.scalar(0.5).vector();
  answer = delayed.vector_call("histogram_quantile");
  CHECK(labels_of(answer) == std::vector<std::string>{R"({__name__="h_bucket", x="y"})"});
  CHECK(answer.series[0].flags == kDropName);
}

TEST_CASE("quantiles of native histograms interpolate on a logarithmic scale") {
  auto quantile = [](double q, const FloatHistogram& h) {
    Fixture f({1000});
    f.column({}, {}, {h}).scalar(q).vector();
    return f.vector_call("histogram_quantile").value(0).value();
  };
  CHECK(quantile(0.25, native()) == doctest::Approx(std::sqrt(2)));
  CHECK(quantile(0.75, native()) == doctest::Approx(std::sqrt(8)));
  CHECK(quantile(1, native()) == 4);
  FloatHistogram empty;
  CHECK(std::isnan(quantile(0.5, empty)));
  FloatHistogram custom;
  custom.schema = kCustomBucketsSchema;
  custom.custom_values = {1, 2};
  custom.positive = {{{0, 3}}, {2, 2, 1}};
  custom.count = 5;
  CHECK(quantile(0.2, custom) == 0.5);
  CHECK(quantile(0.6, custom) == 1.5);
  CHECK(quantile(1, custom) == 2);
}

TEST_CASE("NaN observations skew a quantile upwards, or are the answer") {
  FloatHistogram h = native();
  h.count = 6;
  h.sum = std::nan("");
  for (auto [q, words] : {std::pair{0.1, "result is skewed higher"}, {0.99, "result is NaN"}}) {
    Fixture f({1000});
    f.column({}, {}, {h}).scalar(q).vector();
    Answer answer = f.vector_call("histogram_quantile");
    CHECK(std::isnan(*answer.value(0)) == (q > 0.5));
    CHECK(texts(f) == std::vector<std::string>{"PromQL info: input to histogram_quantile has NaN observations, " +
                                               std::string(words) + " @1"});
  }
}

TEST_CASE("classic and native histograms of the same labels at the same step cancel each other") {
  Fixture f({1000, 2000});
  f.column({{"le", "1"}}, {1.0})
      .column({{"le", "+Inf"}}, {2.0})
      .column({}, {}, {native(), native()})
      .scalar(0.25)
      .vector();
  Answer answer = f.vector_call("histogram_quantile");
  REQUIRE(answer.series.size() == 1);
  CHECK(!answer.value(0).has_value());
  CHECK(answer.value(1) == doctest::Approx(std::sqrt(2)));
  CHECK(texts(f) ==
        std::vector<std::string>{"PromQL warning: vector contains a mix of classic and native histograms @1"});
}

TEST_CASE("histogram_quantiles writes each quantile into a label as OpenMetrics does") {
  Classic f({{"1", 2}, {"2", 6}, {"+Inf", 8}});
  f.vector().text("q").scalar(0.5).scalar(1).scalar(std::nan(""));
  Answer answer = f.vector_call("histogram_quantiles");
  CHECK(labels_of(answer) ==
        std::vector<std::string>{R"({q="0.5", x="y"})", R"({q="1.0", x="y"})", R"({q="NaN", x="y"})"});
  CHECK(answer.value(0) == 1.5);
  CHECK(texts(f) == std::vector<std::string>{"PromQL warning: quantile value should be between 0 and 1, got NaN @4"});
}

TEST_CASE("histogram_fraction is the share between two values") {
  auto fraction = [](double lower, double upper) {
    Classic f({{"0", 4}, {"1", 7}, {"2", 9}, {"+Inf", 10}});
    f.scalar(lower).scalar(upper).vector();
    return f.vector_call("histogram_fraction").value(0).value();
  };
  CHECK(fraction(-kInfinity, 0) == 0.4);
  CHECK(fraction(0, kInfinity) == 0.6);
  CHECK(fraction(0.5, 1.5) == doctest::Approx(0.25));
  CHECK(fraction(1, 1) == 0);
  CHECK(std::isnan(fraction(std::nan(""), 1)));
  Fixture f({1000});
  f.column({}, {}, {native()}).scalar(1).scalar(2).vector();
  CHECK(f.vector_call("histogram_fraction").value(0) == 0.5);
}

TEST_CASE("results that do not fit into the query's memory end it") {
  Classic f({{"1", 1}, {"+Inf", 2}});
  f.scalar(0.5).vector();
  f.arena.left_bytes = 10;
  CHECK(f.vector_call("histogram_quantile").status.code == Code::kResourceExhausted);
}
