// The engine with all functions, over series in memory: the first half of the bytes chooses, production by production,
// an expression of the right types; the second half the series. Any of them ends in an answer or an error, whatever the
// values are.
#include <cstdlib>
#include <string>

#include "fuzz/choices.h"
#include "fuzz/query_world.h"
#include "promql/answer.h"

namespace {

using namespace nightlight;
using fuzz::Choices;

constexpr int64_t kStepMs = 15'000;
constexpr size_t kMostSeries = 8, kMostSamples = 24;

BucketSide random_side(Choices& choices) {
  BucketSide side;
  for (size_t i = choices.below(3); i > 0; --i) {
    const auto length = static_cast<uint32_t>(1 + choices.below(3));
    const int32_t offset = static_cast<int32_t>(choices.below(6)) - (side.spans.empty() ? 3 : 0);
    side.spans.push_back({offset, length});
    for (uint32_t n = 0; n < length; ++n) side.counts.push_back(choices.number());
  }
  return side;
}

FloatHistogram random_histogram(Choices& choices) {
  FloatHistogram out;
  constexpr int32_t kSchemas[] = {0, 1, 8, -4, 3, kCustomBucketsSchema};
  out.schema = kSchemas[choices.below(std::size(kSchemas))];
  out.reset_hint = static_cast<ResetHint>(choices.below(4));
  out.count = choices.number();
  out.sum = choices.number();
  if (out.has_custom_buckets()) {
    for (size_t i = 0; i < choices.below(4); ++i) out.custom_values.push_back(static_cast<double>(i) + 0.5);
    const auto length = static_cast<uint32_t>(out.custom_values.size() + 1);
    out.positive.spans.push_back({0, length});
    for (uint32_t i = 0; i < length; ++i) out.positive.counts.push_back(choices.number());
    return out;
  }
  out.zero_threshold = choices.one_in(3) ? 1 : 0.001;
  out.zero_count = choices.number();
  out.positive = random_side(choices);
  out.negative = random_side(choices);
  return out;
}

void fill(test::MemoryStorage& storage, Choices& choices) {
  static constexpr const char* kNames[] = {"a", "b", "c_bucket", "target_info"};
  static constexpr const char* kBounds[] = {"1", "+Inf", "x", "0.5"};
  if (choices.at_end()) return;
  for (size_t series = 1 + choices.below(kMostSeries); series > 0; --series) {
    LabelsBuilder builder;
    const std::string name = choices.of(kNames);
    const std::string job(1, static_cast<char>('x' + choices.below(2)));
    const std::string bound = choices.of(kBounds);
    builder.set(kMetricNameLabel, name);
    builder.set("job", job);
    builder.set("instance", choices.one_in(2) ? "1" : "2");
    if (name == "c_bucket") builder.set("le", bound);
    const Labels labels(builder.labels());
    const size_t histograms_in = 1 + choices.below(4);
    for (size_t i = 1 + choices.below(kMostSamples); i > 0; --i) {
      test::Sample sample;
      sample.timestamp_ms = static_cast<int64_t>(kMostSamples - i) * kStepMs;
      if (choices.one_in(histograms_in)) {
        sample.histogram = random_histogram(choices);
      } else {
        sample.value = choices.number();
      }
      static_cast<void>(storage.append(labels, sample));  // A second series with these labels.
    }
  }
}

class ExpressionMaker {
 public:
  ExpressionMaker(View<const FunctionSpec*> functions, Choices& choices) : functions_(functions), choices_(choices) {}

  std::string of(ValueType type, int depth) {
    switch (type) {
      case ValueType::kScalar:
        return scalar(depth);
      case ValueType::kVector:
        return vector(depth);
      case ValueType::kMatrix:
        return matrix(depth);
      case ValueType::kString:
        break;
    }
    return choices_.of({"\"job\"", "\"\"", "\"(.*)\"", "\"$1\"", "\"le\"", "\"__name__\""});
  }

 private:
  std::string modifiers() {
    return choices_.one_in(5) ? choices_.of({" offset 30s", " offset -1m", " @ 60", " @ end()", " @ start() offset 7s"})
                              : "";
  }
  std::string selector() { return choices_.of({"a", "b", "c_bucket", "{job=~\".+\"}", "a{instance!=\"1\"}"}); }

  std::string matrix(int depth) {
    if (depth > 0 && choices_.one_in(3)) {
      return "(" + vector(depth - 1) + ")[" + choices_.of({"1m", "5m", "47s"}) + ":" + choices_.of({"", "15s", "7s"}) +
             "]" + modifiers();
    }
    return selector() + "[" + choices_.of({"1m", "5m", "31s", "1ms"}) + "]" +
           choices_.of({"", "", "", " anchored", " smoothed"}) + modifiers();
  }

  std::string scalar(int depth) {
    static constexpr const char* kNumbers[] = {"0", "1", "-1", "0.5", "Inf", "NaN", "1e308", "3"};
    if (depth <= 0 || !choices_.one_in(3)) return choices_.of(kNumbers);
    if (choices_.one_in(2)) return call(ValueType::kScalar, depth);
    return "(" + scalar(depth - 1) + choices_.of({" + ", " / ", " % ", " ^ ", " > bool "}) + scalar(depth - 1) + ")";
  }

  std::string vector(int depth) {
    if (depth <= 0) return selector() + choices_.of({"", "", "", " smoothed"}) + modifiers();
    switch (choices_.below(5)) {
      case 0:
        return selector() + modifiers();
      case 1:
        return aggregation(depth);
      case 2:
        return binary(depth);
      default:
        return call(ValueType::kVector, depth);
    }
  }

  std::string grouping() { return choices_.of({"", " by (job)", " by (le, job)", " without (instance)", " by ()"}); }

  std::string aggregation(int depth) {
    static constexpr const char* kPlain[] = {"sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"};
    static constexpr const char* kWithScalar[] = {"topk", "bottomk", "quantile", "limitk", "limit_ratio"};
    if (!choices_.one_in(3)) return choices_.of(kPlain) + grouping() + " (" + vector(depth - 1) + ")";
    if (choices_.one_in(4)) return "count_values(\"job\", " + vector(depth - 1) + ")" + grouping();
    return choices_.of(kWithScalar) + grouping() + " (" + scalar(depth - 1) + ", " + vector(depth - 1) + ")";
  }

  std::string binary(int depth) {
    static constexpr const char* kOperators[] = {"+",  "-",  "*", "/",  "%",  "^", "atan2",
                                                 "==", "!=", "<", ">=", "</", ">/"};
    if (choices_.one_in(4)) {
      return "(" + vector(depth - 1) + ") " + choices_.of({"and", "or", "unless"}) +
             choices_.of({"", " on (job)", " ignoring (instance)"}) + " (" + vector(depth - 1) + ")";
    }
    const std::string op = choices_.of(kOperators);
    if (choices_.one_in(3)) return "(" + vector(depth - 1) + ") " + op + " (" + scalar(depth - 1) + ")";
    if (choices_.one_in(3)) return "(" + scalar(depth - 1) + ") " + op + " (" + vector(depth - 1) + ")";
    return "(" + vector(depth - 1) + ") " + op +
           choices_.of({"", " on (job)", " on (job) group_left ()", " ignoring (le) group_right (le)", " fill (0)"}) +
           " (" + vector(depth - 1) + ")";
  }

  std::string call(ValueType result, int depth) {
    const FunctionSpec* spec = functions_[choices_.below(functions_.size)];
    for (uint64_t i = 0; spec->result != result; ++i) spec = functions_[i];
    std::string out(view(spec->name));
    out += '(';
    for (size_t i = 0; i < spec->arguments.size; ++i) {
      const bool may_go = spec->variadic != 0 && i + 1 == spec->arguments.size;
      if (may_go && choices_.one_in(2)) break;
      if (i > 0) out += ", ";
      out += view(spec->name) == "info" && i == 1 ? "{job=~\".+\"}" : of(spec->arguments[i], depth - 1);
    }
    return out + ')';
  }

  View<const FunctionSpec*> functions_;
  Choices& choices_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static fuzz::QueryWorld bench;
  Choices choices(data, size / 2), of_series(data + size / 2, size - size / 2);
  const bool range = choices.one_in(2);
  const int64_t start_ms = static_cast<int64_t>(choices.byte()) * 2000;
  const int64_t step_ms = 1 + static_cast<int64_t>(choices.byte()) * 250;
  const int64_t end_ms = start_ms + step_ms * static_cast<int64_t>(choices.below(70));
  const int depth = static_cast<int>(choices.below(5));
  const ValueType type = range || !choices.one_in(8) ? ValueType::kVector : ValueType::kMatrix;
  const std::string query = ExpressionMaker(bench.engine().functions(), choices).of(type, depth);
  bench.storage.clear();
  fill(bench.storage, of_series);
  auto answer = test::ask(bench.engine(), bench.host, query, start_ms, end_ms, step_ms, range);
  if (!answer.ok() && answer.error().message.empty()) std::abort();
  if (std::getenv("NIGHTLIGHT_FUZZ_PRINT") != nullptr)
    std::fprintf(stderr, "%s\n  %s\n", query.c_str(), answer.ok() ? "" : answer.error().message.c_str());
  return 0;
}
