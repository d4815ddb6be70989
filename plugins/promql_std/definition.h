// How this library's functions are written: a Definition is a line of the language (name, arguments) and a plain
// function that computes it for all steps of a series, or of a vector. The tables at the end of each family's file are
// the library.
#ifndef NIGHTLIGHT_PROMQL_STD_DEFINITION_H_
#define NIGHTLIGHT_PROMQL_STD_DEFINITION_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/float_histogram.h"
#include "model/kahan.h"
#include "nightlight/plugin.h"

namespace nightlight::promql_std {

class SharedExtrapolation;

// The places in time of windows' samples, in seconds from each window's origin, when all windows share them.
struct TimeRamp {
  bool is_one = false;
  std::vector<double> seconds;
  std::vector<uint32_t> offsets;  // By step: the place of its first sample.
};

// What deriv and predict_linear know of the times of every window, for the series of one timing_id.
struct TimeSums {
  struct Moments {
    CompensatedSum x, xx;
  };
  uint64_t timing_id = 0;        // 0: of none.
  std::vector<Moments> moments;  // By step.
  TimeRamp ramp;
};

// Memory that one function object reuses from call to call.
struct Scratch {
  std::vector<double> values;
  std::vector<double> more_values;
  std::vector<double> padded_values;
  std::vector<uint32_t> indices;
  std::vector<uint32_t> counts;
  std::vector<FloatHistogram> histograms;
  TimeSums time_sums;
  std::shared_ptr<SharedExtrapolation> rates;  // Of rate, increase and delta; null until there are any.
};

// A call in progress: what a kernel needs besides its input.
class Scope {
 public:
  Scope(Host* host, const Call& call, Scratch& memory) : scratch(memory), host_(host), call_(call) {}

  const Evaluation& evaluation() const { return *call_.evaluation; }
  uint64_t steps() const { return call_.evaluation->times_ms.size; }
  int64_t time_ms(uint64_t step) const { return call_.evaluation->times_ms[step]; }
  bool has(uint32_t flag) const { return (call_.evaluation->flags & flag) != 0; }

  uint32_t argument_count() const { return static_cast<uint32_t>(call_.arguments.size); }
  const Argument& argument(uint32_t i) const { return *call_.arguments[i]; }
  // The value of a scalar argument at a step.
  double scalar(uint32_t i, uint64_t step) const { return argument(i).scalar[step]; }
  std::string_view text(uint32_t i) const { return view(argument(i).string); }

  void warn(const std::string& text, uint32_t argument) const { note(NoteKind::kWarning, text, argument); }
  void inform(const std::string& text, uint32_t argument) const { note(NoteKind::kInfo, text, argument); }
  void warn_counted(const std::string& text, uint32_t argument) const {
    evaluation().annotations->add_counted(NoteKind::kWarning, str(text), argument);
  }
  Status fail(Code code, const std::string& text) const { return host_->fail(code, str(text)); }
  Status fail(const Error& error) const { return fail(error.code, error.message); }
  // The engine has the words for a query that is over its memory, and for one that is to end.
  static Status out_of_memory() { return Status{Code::kResourceExhausted, 0}; }
  static Status interrupted() { return Status{Code::kCancelled, 0}; }
  // Whether the caller has gone or the time is up: asked now and then by what may take long over a single series.
  bool is_interrupted() const {
    const CallContext& context = *evaluation().context;
    if (context.cancelled != nullptr && __atomic_load_n(context.cancelled, __ATOMIC_RELAXED) != 0) return true;
    return context.deadline_ns != INT64_MAX && host_->monotonic_ns() >= context.deadline_ns;
  }

  // Zeroed memory of the query, or null.
  template <class T>
  T* allocate(uint64_t count) const {
    void* memory = evaluation().arena->allocate(count * sizeof(T));
    if (memory == nullptr) return nullptr;
    return static_cast<T*>(__builtin_memset(memory, 0, count * sizeof(T)));
  }

  Scratch& scratch;

 private:
  void note(NoteKind kind, const std::string& text, uint32_t argument) const {
    evaluation().annotations->add(kind, str(text), argument);
  }

  Host* host_;
  const Call& call_;
};

using WindowKernel = Status (*)(Scope& scope, const Windows& windows, ColumnOut& out);
using ColumnKernel = Status (*)(Scope& scope, const Column& in, ColumnOut& out);
using VectorKernel = Status (*)(Scope& scope, ColumnSink& out);
using ScalarKernel = Status (*)(Scope& scope, double* out);

// Exactly one kernel is set, that of the function's shape.
struct Definition {
  FunctionSpec spec;
  WindowKernel window = nullptr;
  ColumnKernel column = nullptr;
  VectorKernel vector = nullptr;
  ScalarKernel scalar = nullptr;
};

// ---- signatures
// -----------------------------------------------------------------------------------------------------------

inline constexpr ValueType kVectorOnly[] = {ValueType::kVector};
inline constexpr ValueType kMatrixOnly[] = {ValueType::kMatrix};
inline constexpr ValueType kScalarOnly[] = {ValueType::kScalar};
inline constexpr ValueType kVectorScalar[] = {ValueType::kVector, ValueType::kScalar};
inline constexpr ValueType kMatrixScalar[] = {ValueType::kMatrix, ValueType::kScalar};
inline constexpr ValueType kScalarMatrix[] = {ValueType::kScalar, ValueType::kMatrix};
inline constexpr ValueType kScalarVector[] = {ValueType::kScalar, ValueType::kVector};
inline constexpr ValueType kTwoScalars[] = {ValueType::kScalar, ValueType::kScalar};
inline constexpr View<ValueType> kNoArguments{nullptr, 0};

constexpr FunctionSpec make_spec(std::string_view name, FunctionShape shape, View<ValueType> arguments,
                                 std::string_view doc, uint32_t flags, int32_t variadic,
                                 ValueType result = ValueType::kVector) {
  return FunctionSpec{sizeof(FunctionSpec), flags, str(name), shape, result, arguments, variadic, 0, str(doc)};
}

constexpr Definition window_function(std::string_view name, View<ValueType> arguments, WindowKernel kernel,
                                     std::string_view doc, uint32_t flags = 0, int32_t variadic = 0) {
  Definition d{make_spec(name, FunctionShape::kWindow, arguments, doc, flags | kSetsValues, variadic)};
  d.window = kernel;
  return d;
}
constexpr Definition column_function(std::string_view name, View<ValueType> arguments, ColumnKernel kernel,
                                     std::string_view doc, uint32_t flags = 0, int32_t variadic = 0) {
  Definition d{make_spec(name, FunctionShape::kColumn, arguments, doc, flags | kSetsValues, variadic)};
  d.column = kernel;
  return d;
}
constexpr Definition vector_function(std::string_view name, View<ValueType> arguments, VectorKernel kernel,
                                     std::string_view doc, uint32_t flags = 0, int32_t variadic = 0) {
  Definition d{make_spec(name, FunctionShape::kVector, arguments, doc, flags, variadic)};
  d.vector = kernel;
  return d;
}
constexpr Definition scalar_function(std::string_view name, View<ValueType> arguments, ScalarKernel kernel,
                                     std::string_view doc, uint32_t flags = 0) {
  Definition d{make_spec(name, FunctionShape::kScalar, arguments, doc, flags, 0, ValueType::kScalar)};
  d.scalar = kernel;
  return d;
}

// ---- families
// -------------------------------------------------------------------------------------------------------------

std::span<const Definition> rate_functions();          // rate, increase, delta
std::span<const Definition> instant_rate_functions();  // irate, idelta
std::span<const Definition> change_functions();        // changes, resets
std::span<const Definition> sum_functions();           // sum_, avg_, count_, present_over_time
std::span<const Definition> extreme_functions();       // min_, max_, ts_of_*, last_, first_over_time
std::span<const Definition> spread_functions();        // stddev_, stdvar_, quantile_, mad_over_time
std::span<const Definition> line_functions();          // deriv, predict_linear
std::span<const Definition> trend_functions();         // double_exponential_smoothing, integral
std::span<const Definition> math_functions();
std::span<const Definition> trigonometry_functions();
std::span<const Definition> time_functions();
std::span<const Definition> scalar_functions();  // scalar, vector, min_of, max_of, pi
std::span<const Definition> label_functions();
std::span<const Definition> sort_functions();
std::span<const Definition> absent_functions();
std::span<const Definition> histogram_column_functions();  // histogram_count, ..., histogram_stdvar
std::span<const Definition> histogram_vector_functions();  // histogram_quantile, _quantiles, _fraction
std::span<const Definition> info_functions();

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_DEFINITION_H_
