#include "promql/answer.h"

#include <re2/re2.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <set>

#include "base/parse.h"
#include "nightlight/sugar.h"

namespace nightlight::test {
namespace {

constexpr double kEpsilon = 1e-6;

// Prometheus' measure of almost equal.
bool near(double a, double b) {
  bool a_stale = std::bit_cast<uint64_t>(a) == kStaleNaNBits;
  bool b_stale = std::bit_cast<uint64_t>(b) == kStaleNaNBits;
  if (a_stale || b_stale) return a_stale == b_stale;
  if (std::isnan(a) && std::isnan(b)) return true;
  if (a == b) return true;
  constexpr double kSmallestNormal = std::numeric_limits<double>::min();
  double sum = std::fabs(a) + std::fabs(b);
  double difference = std::fabs(a - b);
  if (a == 0 || b == 0 || sum < kSmallestNormal) return difference < kEpsilon * kSmallestNormal;
  return difference / std::min(sum, std::numeric_limits<double>::max()) < kEpsilon;
}

bool near_sides(const BucketSide& a, const BucketSide& b) {
  auto occupied = [](const BucketSide& side) {
    std::vector<BucketSpan> out;
    for (const BucketSpan& span : side.spans) {
      if (span.length > 0) out.push_back(span);
    }
    return out;
  };
  auto same_span = [](const BucketSpan& x, const BucketSpan& y) {
    return x.offset == y.offset && x.length == y.length;
  };
  std::vector<BucketSpan> a_spans = occupied(a), b_spans = occupied(b);
  return std::equal(a_spans.begin(), a_spans.end(), b_spans.begin(), b_spans.end(), same_span) &&
         std::equal(a.counts.begin(), a.counts.end(), b.counts.begin(), b.counts.end(), near);
}

bool near_histograms(FloatHistogram a, FloatHistogram b) {
  a.compact();
  b.compact();
  return a.schema == b.schema && near(a.count, b.count) && near(a.sum, b.sum) && a.zero_threshold == b.zero_threshold &&
         near(a.zero_count, b.zero_count) && a.custom_values == b.custom_values && near_sides(a.positive, b.positive) &&
         near_sides(a.negative, b.negative);
}

std::string text_of(double value, const std::optional<FloatHistogram>& histogram) {
  if (!histogram) return format_double(value);
  static constexpr const char* kHints[] = {"unknown", "reset", "not_reset", "gauge"};
  return histogram->text() + " schema " + std::to_string(histogram->schema) + " hint " +
         kHints[static_cast<size_t>(histogram->reset_hint)];
}

std::string compare_sample(const SequenceValue& expected, const Sample& actual) {
  bool same = expected.histogram.has_value() == actual.histogram.has_value();
  if (same && expected.histogram) {
    same = near_histograms(*expected.histogram, *actual.histogram);
    if (expected.hint_given) same = same && expected.histogram->reset_hint == actual.histogram->reset_hint;
  } else if (same) {
    same = near(expected.value, actual.value);
  }
  if (same) return "";
  return "expected " + text_of(expected.value, expected.histogram) + " but got " +
         text_of(actual.value, actual.histogram);
}

std::string name_of(const Labels& labels) { return format_labels(labels.view()); }

std::string compare_vector(const EvalCommand& eval, const Answer& answer) {
  std::set<Labels> seen;
  for (size_t position = 0; position < answer.series.size(); ++position) {
    const AnswerSeries& series = answer.series[position];
    const Sample& sample = series.samples.front();
    auto expected = std::find_if(eval.series.begin(), eval.series.end(),
                                 [&series](const SeriesLine& line) { return line.labels == series.labels; });
    if (expected == eval.series.end()) {
      return "unexpected series " + name_of(series.labels) + " with " + text_of(sample.value, sample.histogram);
    }
    if (!seen.insert(series.labels).second) return "series twice: " + name_of(series.labels);
    auto expected_position = static_cast<size_t>(expected - eval.series.begin());
    if (eval.ordered && expected_position != position) {
      return "expected " + name_of(series.labels) + " at position " + std::to_string(expected_position + 1) +
             " but it is at " + std::to_string(position + 1);
    }
    std::string difference = compare_sample(expected->values.front(), sample);
    if (!difference.empty()) return name_of(series.labels) + ": " + difference;
  }
  for (const SeriesLine& line : eval.series) {
    if (!seen.contains(line.labels)) return "series is missing: " + name_of(line.labels);
  }
  return "";
}

std::string compare_points(const EvalCommand& eval, const SeriesLine& expected, const AnswerSeries& actual) {
  size_t next = 0;
  for (size_t i = 0; i < expected.values.size(); ++i) {
    if (expected.values[i].omitted) continue;
    int64_t time_ms = eval.start_ms + static_cast<int64_t>(i) * eval.step_ms;
    if (time_ms > eval.end_ms) return "more values are expected than the range has steps";
    std::string at = "at " + format_duration_ms(time_ms) + ": ";
    if (next == actual.samples.size())
      return at + "expected " + text_of(expected.values[i].value, expected.values[i].histogram) +
             " but there is no more";
    const Sample& sample = actual.samples[next++];
    if (sample.timestamp_ms != time_ms) {
      return at + "expected " + text_of(expected.values[i].value, expected.values[i].histogram) + " but got " +
             text_of(sample.value, sample.histogram) + " at " + format_duration_ms(sample.timestamp_ms);
    }
    std::string difference = compare_sample(expected.values[i], sample);
    if (!difference.empty()) return at + difference;
  }
  if (next == actual.samples.size()) return "";
  const Sample& extra = actual.samples[next];
  return "unexpected " + text_of(extra.value, extra.histogram) + " at " + format_duration_ms(extra.timestamp_ms);
}

std::string compare_matrix(const EvalCommand& eval, const Answer& answer) {
  if (eval.ordered) return "an order is expected of a matrix";
  std::set<Labels> seen;
  for (const AnswerSeries& series : answer.series) {
    if (!seen.empty() && !(*seen.rbegin() < series.labels)) return "series are not sorted: " + name_of(series.labels);
    seen.insert(series.labels);
    auto expected = std::find_if(eval.series.begin(), eval.series.end(),
                                 [&series](const SeriesLine& line) { return line.labels == series.labels; });
    if (expected == eval.series.end()) {
      const Sample& first = series.samples.front();
      return "unexpected series " + name_of(series.labels) + " with " + text_of(first.value, first.histogram);
    }
    std::string difference = compare_points(eval, *expected, series);
    if (!difference.empty()) return name_of(series.labels) + " " + difference;
  }
  for (const SeriesLine& line : eval.series) {
    if (!seen.contains(line.labels)) return "series is missing: " + name_of(line.labels);
  }
  return "";
}

std::string compare_notes(const char* kind, const std::vector<TextMatch>& expected, bool none, bool some,
                          const std::vector<std::string>& actual) {
  auto listed = [&actual] {
    std::string out;
    for (const std::string& text : actual) out += "\n      " + text;
    return out;
  };
  if (none && !actual.empty()) return std::string("no ") + kind + " is expected, but there are:" + listed();
  if (some && actual.empty()) return std::string("a ") + kind + " is expected";
  if (expected.empty()) return "";
  for (const TextMatch& match : expected) {
    bool found = std::any_of(actual.begin(), actual.end(),
                             [&match](const std::string& text) { return text_matches(match, text); });
    if (!found) return std::string("expected ") + kind + " \"" + match.text + "\", got:" + listed();
  }
  for (const std::string& text : actual) {
    bool foreseen = std::any_of(expected.begin(), expected.end(),
                                [&text](const TextMatch& match) { return text_matches(match, text); });
    if (!foreseen) return std::string("unexpected ") + kind + " \"" + text + "\"";
  }
  return "";
}

}  // namespace

bool text_matches(const TextMatch& match, const std::string& text) {
  switch (match.kind) {
    case TextMatch::Kind::kAny:
      return true;
    case TextMatch::Kind::kEqual:
      return text == match.text;
    case TextMatch::Kind::kRegex:
      return re2::RE2::PartialMatch(text, match.text);
  }
  return false;
}

Result<Answer> ask(Engine& engine, Host& host, const std::string& expression, int64_t start_ms, int64_t end_ms,
                   int64_t step_ms, bool range) {
  auto failed = [&host](Status status) { return Error{status.code, std::string(view(host.last_error()))}; };
  CallContext context{sizeof(CallContext),
                      0,
                      {"", 0},
                      std::numeric_limits<int64_t>::max(),
                      std::numeric_limits<uint64_t>::max(),
                      nullptr};
  Query query{};
  query.struct_size = sizeof query;
  query.flags = range ? static_cast<uint32_t>(kRange) : 0u;
  query.context = &context;
  query.text = str(expression);
  query.start_ms = start_ms;
  query.end_ms = range ? end_ms : start_ms;
  query.step_ms = range ? step_ms : 0;
  QueryResult* raw = nullptr;
  if (Status status = engine.query(&query, &raw); !status.ok()) return failed(status);
  Owned<QueryResult> result(raw);
  Answer out;
  out.type = result->type();
  if (out.type == ValueType::kString) out.string = std::string(view(result->string()));
  while (true) {
    ResultBatch batch{};
    if (Status status = result->next(&batch); !status.ok()) return failed(status);
    if (batch.series.empty()) break;
    for (const ResultSeries* series : batch.series) {
      AnswerSeries& added = out.series.emplace_back();
      added.labels = Labels(series->labels);
      for (size_t i = 0; i < series->values.size; ++i)
        added.samples.push_back({series->timestamps_ms[i], 0, series->values[i], {}});
      for (const Histogram* histogram : series->histograms) {
        added.samples.push_back({histogram->timestamp_ms, 0, 0, FloatHistogram(*histogram)});
      }
      std::stable_sort(added.samples.begin(), added.samples.end(),
                       [](const Sample& a, const Sample& b) { return a.timestamp_ms < b.timestamp_ms; });
      if (added.samples.empty()) return Error{Code::kInternal, "the answer has a series without samples"};
    }
  }
  for (Str text : result->warnings()) out.warnings.emplace_back(view(text));
  for (Str text : result->infos()) out.infos.emplace_back(view(text));
  return out;
}

Answer at_time(const Answer& answer, int64_t time_ms) {
  Answer out;
  for (const AnswerSeries& series : answer.series) {
    for (const Sample& sample : series.samples) {
      if (sample.timestamp_ms == time_ms) out.series.push_back({series.labels, {sample}});
    }
  }
  return out;
}

std::string compare_value(const EvalCommand& eval, const Answer& answer, bool as_range) {
  if (answer.type == ValueType::kString) {
    if (!eval.string) return "unexpected string \"" + answer.string + "\"";
    return *eval.string == answer.string ? ""
                                         : "expected string \"" + *eval.string + "\" but got \"" + answer.string + "\"";
  }
  if (eval.string) return "a string is expected";
  if (eval.scalar && !as_range) {
    bool scalar = answer.series.size() == 1 && !answer.series.front().samples.front().histogram;
    if (!scalar) return "a scalar is expected";
    double value = answer.series.front().samples.front().value;
    return near(*eval.scalar, value) ? ""
                                     : "expected " + format_double(*eval.scalar) + " but got " + format_double(value);
  }
  if (answer.type == ValueType::kScalar) return "unexpected scalar";
  if (as_range != (answer.type == ValueType::kMatrix)) return "the result has another type than is expected";
  return as_range ? compare_matrix(eval, answer) : compare_vector(eval, answer);
}

std::string compare_annotations(const EvalCommand& eval, const Answer& answer) {
  std::string difference = compare_notes("warning", eval.warnings, eval.no_warning, eval.some_warning, answer.warnings);
  if (!difference.empty()) return difference;
  return compare_notes("info", eval.infos, eval.no_info, eval.some_info, answer.infos);
}

}  // namespace nightlight::test
