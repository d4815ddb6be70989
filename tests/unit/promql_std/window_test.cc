#include <doctest/doctest.h>

#include <fstream>

#include "fixture.h"
#include "unit/histogram_text.h"

using namespace nightlight;
using namespace nightlight::promql_std::testing;
using nightlight::testing::read_histogram;
using nightlight::testing::same_histogram;
using nightlight::testing::split;

namespace {

struct Samples {
  std::vector<std::pair<int64_t, double>> floats;
  std::vector<std::pair<int64_t, FloatHistogram>> histograms;
};

// "quantile_over_time(0.3,#)" -> name and scalars, the matrix as it stands among them.
struct CallText {
  std::string name;
  std::vector<std::optional<double>> arguments;  // Nothing: the matrix.

  explicit CallText(const std::string& text) : name(text.substr(0, text.find('('))) {
    std::string inside = text.substr(name.size() + 1, text.size() - name.size() - 2);
    for (const std::string& argument : split(inside, ',')) {
      bool matrix = argument == "#";
      arguments.push_back(matrix ? std::nullopt : std::optional(std::strtod(argument.c_str(), nullptr)));
    }
  }
};

bool same_value(double a, double b) {
  return a == b ? std::signbit(a) == std::signbit(b) : std::isnan(a) && std::isnan(b);
}

}  // namespace

// The file was printed by Prometheus 3.16: samples of series, then the answers (bit by bit) and notes of each function
// over them.
TEST_CASE("range functions have the values and the notes of Prometheus") {
  std::ifstream file(NIGHTLIGHT_TEST_DATA "/window_golden.txt");
  REQUIRE(file.is_open());
  std::string metric, text;
  Samples samples;
  std::unique_ptr<Fixture> fixture;
  Answer answer;
  std::map<int64_t, size_t> step_of;
  size_t expected_values = 0, expected_notes = 0;
  int calls = 0;
  auto finish = [&] {
    if (fixture == nullptr) return;
    CAPTURE(text);
    CAPTURE(metric);
    size_t values = 0;
    for (size_t i = 0; i < fixture->times_ms.size(); ++i) {
      values += answer.series[0].values[i].has_value() + answer.series[0].histograms[i].has_value();
    }
    CHECK(values == expected_values);
    CHECK(fixture->notes.texts.size() == expected_notes);
    fixture.reset();
  };
  for (std::string line; std::getline(file, line);) {
    auto words = split(line, ' ');
    CAPTURE(line);
    CAPTURE(metric);
    CAPTURE(text);
    if (words[0] == "series") {
      finish();
      metric = words[1];
      samples = {};
    } else if (words[0] == "f") {
      samples.floats.emplace_back(std::stoll(words[1]), std::strtod(words[2].c_str(), nullptr));
    } else if (words[0] == "h") {
      samples.histograms.emplace_back(std::stoll(words[1]), read_histogram(line.substr(3 + words[1].size())));
    } else if (words[0] == "call") {
      finish();
      ++calls;
      text = words[1];
      CallText call(text);
      std::vector<int64_t> times;
      step_of.clear();
      for (int64_t t = std::stoll(words[3]); t <= std::stoll(words[4]); t += std::stoll(words[5])) {
        step_of[t] = times.size();
        times.push_back(t);
      }
      fixture = std::make_unique<Fixture>(times);
      for (const auto& argument : call.arguments) argument ? fixture->scalar(*argument) : fixture->matrix();
      for (const auto& [t, v] : samples.floats) fixture->sample(t, v);
      for (const auto& [t, h] : samples.histograms) fixture->sample(t, h);
      answer = fixture->window(call.name, std::stoll(words[2]), RangeMode::kPlain, {{"__name__", metric}, {"k", "v"}});
      REQUIRE(answer.status.ok());
      expected_values = expected_notes = 0;
    } else if (words[0] == ">") {
      ++expected_values;
      auto got = answer.series[0].values[step_of.at(std::stoll(words[1]))];
      REQUIRE(got.has_value());
      CAPTURE(*got);
      CHECK(same_value(*got, std::strtod(words[2].c_str(), nullptr)));
    } else if (words[0] == "H") {
      ++expected_values;
      auto got = answer.series[0].histograms[step_of.at(std::stoll(words[1]))];
      REQUIRE(got.has_value());
      CAPTURE(got->text());
      CHECK(same_histogram(*got, read_histogram(line.substr(3 + words[1].size()))));
    } else if (words[0] == "note") {
      ++expected_notes;
      CHECK(fixture->notes.texts.count(line.substr(5)) == 1);
    }
  }
  finish();
  CHECK(calls > 300);
}
