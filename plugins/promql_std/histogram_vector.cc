// histogram_quantile, histogram_quantiles and histogram_fraction: over classic and native histograms alike.
#include <cmath>
#include <cstring>
#include <map>

#include "base/parse.h"
#include "model/labels.h"
#include "promql_std/histogram_input.h"
#include "promql_std/native_quantile.h"
#include "promql_std/notes.h"

namespace nightlight::promql_std {
namespace {

// Collects what was repaired, so that one message tells of all steps and series of a metric.
class Repairs {
 public:
  void add(std::string_view metric, int64_t time_ms, const Repair& repair) {
    auto [at, first] = by_metric_.try_emplace(
        std::string(metric), notes::ForcedMonotonicity{repair.lowest_bound, repair.highest_bound,
                                                       repair.largest_difference, time_ms, time_ms, 1});
    if (first) return;
    notes::ForcedMonotonicity& all = at->second;
    all.lowest_bound = std::min(all.lowest_bound, repair.lowest_bound);
    all.highest_bound = std::max(all.highest_bound, repair.highest_bound);
    all.largest_difference = std::max(all.largest_difference, repair.largest_difference);
    all.first_ms = std::min(all.first_ms, time_ms);
    all.last_ms = std::max(all.last_ms, time_ms);
    ++all.samples;
  }
  void report(const Scope& scope, uint32_t argument) const {
    for (const auto& [metric, repair] : by_metric_) scope.inform(notes::forced_monotonicity(metric, repair), argument);
  }

 private:
  std::map<std::string, notes::ForcedMonotonicity> by_metric_;
};

void report(const Scope& scope, const HistogramInput& input, NanEffect effect, View<LabelPair> labels) {
  std::string_view metric = input.known_name(labels);
  switch (effect) {
    case NanEffect::kNone:
      return;
    case NanEffect::kResultIsNan:
      return scope.inform(notes::nan_result(metric), input.argument());
    case NanEffect::kSkewedHigher:
      return scope.inform(notes::nan_skew(metric), input.argument());
    case NanEffect::kExcluded:
      return scope.inform(notes::nan_fraction(metric), input.argument());
  }
}

// native(histogram, step) -> Estimate; classic(buckets, step, labels) -> double. `put(labels, step, value)` takes each
// result and answers false when memory is exhausted.
template <class Native, class Classic, class Put>
Status each_histogram(const Scope& scope, const HistogramInput& input, Native native, Classic classic, Put put) {
  FloatHistogram room;
  for (const Column* column : input.native()) {
    for (uint64_t step = 0; step < scope.steps(); ++step) {
      const Histogram* histogram = input.native_at(*column, step);
      if (histogram == nullptr) continue;
      room.assign(*histogram);
      Estimate estimate = native(room, step);
      report(scope, input, estimate.effect, column->labels);
      if (!put(column->labels, step, estimate.value)) return Scope::out_of_memory();
    }
  }
  std::vector<ClassicBucket> buckets;
  for (const HistogramInput::Classic& histogram : input.classic()) {
    for (uint64_t step = 0; step < scope.steps(); ++step) {
      input.buckets_at(histogram, step, buckets);
      if (buckets.empty()) continue;
      double value = classic(buckets, step, view_of(histogram.labels));
      if (!put(view_of(histogram.labels), step, value)) return Scope::out_of_memory();
    }
  }
  return kOkStatus;
}

// One result column per input histogram. They come one after the other, so the open column is the one of the last
// labels.
class ColumnPerInput {
 public:
  explicit ColumnPerInput(const Scope& scope) : scope_(scope) {}

  bool put(View<LabelPair> labels, uint64_t step, double value) {
    if (columns_.empty() || labels.data != open_) {
      Renamed renamed = drop_name(scope_, labels, room_);
      NewColumn column = new_column(scope_, renamed.labels, renamed.flags);
      if (column.column == nullptr) return false;
      columns_.push_back(column);
      open_ = labels.data;
    }
    columns_.back().emit(step, value);
    return true;
  }
  Status send(ColumnSink& out) const {
    for (const NewColumn& column : columns_) {
      if (Status status = out.add(column.column); !status.ok()) return status;
    }
    return kOkStatus;
  }

 private:
  const Scope& scope_;
  std::vector<NewColumn> columns_;
  std::vector<LabelPair> room_;
  const LabelPair* open_ = nullptr;
};

void check_quantile(const Scope& scope, uint32_t argument, uint64_t step) {
  double q = scope.scalar(argument, step);
  if (!(q >= 0 && q <= 1)) scope.warn(notes::invalid_quantile(q), argument);
}

double quantile_of(const Scope& scope, const HistogramInput& input, double q, std::vector<ClassicBucket>& buckets,
                   uint64_t step, View<LabelPair> labels, Repairs& repairs) {
  Repair repair;
  double value = classic_quantile(q, buckets, repair);
  if (repair.forced) repairs.add(input.known_name(labels), scope.time_ms(step), repair);
  return value;
}

Status histogram_quantile(Scope& scope, ColumnSink& out) {
  for (uint64_t step = 0; step < scope.steps(); ++step) check_quantile(scope, 0, step);
  HistogramInput input(scope, 1);
  Repairs repairs;
  ColumnPerInput columns(scope);
  Status status = each_histogram(
      scope, input, [&](const FloatHistogram& h, uint64_t step) { return native_quantile(scope.scalar(0, step), h); },
      [&](std::vector<ClassicBucket>& buckets, uint64_t step, View<LabelPair> labels) {
        return quantile_of(scope, input, scope.scalar(0, step), buckets, step, labels, repairs);
      },
      [&](View<LabelPair> labels, uint64_t step, double value) { return columns.put(labels, step, value); });
  repairs.report(scope, 1);
  return status.ok() ? columns.send(out) : status;
}

Status histogram_fraction(Scope& scope, ColumnSink& out) {
  HistogramInput input(scope, 2);
  ColumnPerInput columns(scope);
  Status status = each_histogram(
      scope, input,
      [&](const FloatHistogram& h, uint64_t step) {
        return native_fraction(scope.scalar(0, step), scope.scalar(1, step), h);
      },
      [&](std::vector<ClassicBucket>& buckets, uint64_t step, View<LabelPair>) {
        return classic_fraction(scope.scalar(0, step), scope.scalar(1, step), buckets);
      },
      [&](View<LabelPair> labels, uint64_t step, double value) { return columns.put(labels, step, value); });
  return status.ok() ? columns.send(out) : status;
}

// A float as OpenMetrics writes it: whole numbers with ".0".
std::string open_metrics_float(double value) {
  std::string text = format_double_g(value);
  return text.find_first_of("e.NI") == std::string::npos ? text + ".0" : text;
}

// Results by histogram and by the text of the quantile, which a scalar expression may change from step to step.
class ColumnPerQuantile {
 public:
  ColumnPerQuantile(const Scope& scope, std::string_view label) : scope_(scope), label_(label) {}

  bool put(View<LabelPair> labels, uint64_t step, double q, double value) {
    std::string text = open_metrics_float(q);
    auto [at, added] = columns_.try_emplace({labels.data, text});
    if (added) {
      Renamed renamed = drop_name(scope_, labels, room_);
      LabelsBuilder builder(renamed.labels);
      builder.set(label_, text);
      at->second = new_column(scope_, builder.labels(), renamed.flags);
      order_.push_back(at->second.column);
    }
    if (at->second.column == nullptr) return false;
    if (is_valid(at->second.valid, step)) {
      duplicate_ = true;
    }
    at->second.emit(step, value);
    return true;
  }
  Status send(ColumnSink& out) const {
    if (duplicate_) {
      return scope_.fail(Code::kFailedPrecondition, "vector cannot contain metrics with the same labelset");
    }
    for (const Column* column : order_) {
      if (Status status = out.add(column); !status.ok()) return status;
    }
    return kOkStatus;
  }

 private:
  const Scope& scope_;
  std::string_view label_;
  std::map<std::pair<const LabelPair*, std::string>, NewColumn> columns_;
  std::vector<const Column*> order_;
  std::vector<LabelPair> room_;
  bool duplicate_ = false;
};

Status histogram_quantiles(Scope& scope, ColumnSink& out) {
  HistogramInput input(scope, 0);
  Repairs repairs;
  ColumnPerQuantile columns(scope, scope.text(1));
  Repairs repeated;  // The second quantile finds the same to repair.
  for (uint32_t i = 2; i < scope.argument_count(); ++i) {
    for (uint64_t step = 0; step < scope.steps(); ++step) check_quantile(scope, i, step);
    Status status = each_histogram(
        scope, input, [&](const FloatHistogram& h, uint64_t step) { return native_quantile(scope.scalar(i, step), h); },
        [&](std::vector<ClassicBucket>& buckets, uint64_t step, View<LabelPair> labels) {
          return quantile_of(scope, input, scope.scalar(i, step), buckets, step, labels, i == 2 ? repairs : repeated);
        },
        [&](View<LabelPair> labels, uint64_t step, double value) {
          return columns.put(labels, step, scope.scalar(i, step), value);
        });
    if (!status.ok()) return status;
  }
  repairs.report(scope, 0);
  return columns.send(out);
}

constexpr ValueType kFraction[] = {ValueType::kScalar, ValueType::kScalar, ValueType::kVector};
constexpr ValueType kQuantiles[] = {ValueType::kVector, ValueType::kString, ValueType::kScalar, ValueType::kScalar};

constexpr Definition kFunctions[] = {
    vector_function("histogram_quantile", view_of(kScalarVector), histogram_quantile, "A quantile of histograms."),
    vector_function("histogram_quantiles", view_of(kQuantiles), histogram_quantiles,
                    "Several quantiles of histograms, told apart by a label.", kExperimental, 9),
    vector_function("histogram_fraction", view_of(kFraction), histogram_fraction,
                    "The share of observations between two values."),
};

}  // namespace

std::span<const Definition> histogram_vector_functions() { return kFunctions; }

}  // namespace nightlight::promql_std
