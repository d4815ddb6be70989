// Histograms in the one-line form of the golden files:
// hint schema zero_threshold zero_count count sum;spans;counts;negative spans;negative counts;custom values
#ifndef NIGHTLIGHT_TESTS_HISTOGRAM_TEXT_H_
#define NIGHTLIGHT_TESTS_HISTOGRAM_TEXT_H_

#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "model/float_histogram.h"

namespace nightlight::testing {

inline std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts{""};
  for (char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

inline std::vector<double> numbers(const std::string& text) {
  std::vector<double> out;
  if (text.empty()) return out;
  for (const std::string& part : split(text, ',')) out.push_back(std::strtod(part.c_str(), nullptr));
  return out;
}

inline BucketSide side(const std::string& spans, const std::string& counts) {
  BucketSide out;
  if (!spans.empty()) {
    for (const std::string& part : split(spans, ',')) {
      auto pair = split(part, ':');
      out.spans.push_back(BucketSpan{std::stoi(pair[0]), static_cast<uint32_t>(std::stoul(pair[1]))});
    }
  }
  out.counts = numbers(counts);
  return out;
}

inline FloatHistogram read_histogram(const std::string& text) {
  auto parts = split(text, ';');
  auto head = split(parts[0], ' ');
  FloatHistogram h;
  h.reset_hint = static_cast<ResetHint>(std::stoi(head[0]));
  h.schema = std::stoi(head[1]);
  h.zero_threshold = std::strtod(head[2].c_str(), nullptr);
  h.zero_count = std::strtod(head[3].c_str(), nullptr);
  h.count = std::strtod(head[4].c_str(), nullptr);
  h.sum = std::strtod(head[5].c_str(), nullptr);
  h.positive = side(parts[1], parts[2]);
  h.negative = side(parts[3], parts[4]);
  h.custom_values = numbers(parts[5]);
  return h;
}

// The same data; NaN has one spelling in the files, whatever its bits were.
inline bool same_histogram(FloatHistogram a, FloatHistogram b) {
  for (FloatHistogram* h : {&a, &b}) {
    if (std::isnan(h->sum)) h->sum = std::numeric_limits<double>::quiet_NaN();
    if (std::isnan(h->count)) h->count = std::numeric_limits<double>::quiet_NaN();
  }
  return a.reset_hint == b.reset_hint && a.equals(b);
}

}  // namespace nightlight::testing

#endif  // NIGHTLIGHT_TESTS_HISTOGRAM_TEXT_H_
