// PromQL functions: a library lists what it has, the engine calls it with columns.
//
// Four shapes cover the language:
//  * kWindow: (range vector, scalars...) -> one value per series and step: rate, *_over_time. One call per series, all
//  steps.
//  * kColumn: (instant vector, scalars...) -> the same series with other values: abs, round, histogram_sum. One call
//  per series.
//  * kScalar: (scalars or whole vectors) -> one value per step: time, pi, scalar().
//  * kVector: anything else: whole vectors with their labels in, whole vectors out: label_replace, histogram_quantile,
//  absent.
//
// Results are columns: a double per step and a bit per step that says whether there is one.
#ifndef NIGHTLIGHT_FUNCTION_H_
#define NIGHTLIGHT_FUNCTION_H_

#include "nightlight/columns.h"
#include "nightlight/storage.h"

namespace nightlight {

enum class ValueType : uint32_t { kScalar = 0, kVector = 1, kMatrix = 2, kString = 3 };
enum class FunctionShape : uint32_t { kWindow = 0, kColumn = 1, kVector = 2, kScalar = 3 };

enum FunctionFlags : uint32_t {
  kKeepsName = 1,              // kWindow, kColumn: __name__, __type__ and __unit__ stay.
  kExperimental = 2,           // Prometheus gates it behind promql-experimental-functions.
  kNeedsSampleTimestamps = 4,  // Column::sample_timestamps_ms is wanted (timestamp()).
  kTimeDependent = 8,          // The value depends on the evaluation time itself: not to be hoisted out of `@`.
  kNeedsHistograms = 16,       // Without it, histogram samples are dropped before a kColumn call.
  kRangeInsensitive = 32,      // sort(): a range query ignores it, with a warning.
  kAllowsAnchored = 64,
  kAllowsSmoothed = 128,
  kNeedsLookback = 256,  // Wants storage: see Evaluation::storage.
  // kVector: called once more, with empty vectors, before any vector is evaluated: the query fails with what it says of
  // its strings, not with what is wrong with the vectors.
  kStringsFirst = 512,
  // kWindow, kColumn: of ColumnOut::values only those count whose bits the function sets. They need not be zeroed for
  // it.
  kSetsValues = 1024,
};

struct FunctionSpec {
  uint32_t struct_size;
  uint32_t flags;  // FunctionFlags
  Str name;
  FunctionShape shape;
  ValueType result;
  View<ValueType> arguments;
  // 0: all arguments required. n > 0: the last one may be missing, or be given up to n times. -1: 0 or more times. When
  // the missing argument is the vector of a kColumn function, it is vector(time()).
  int32_t variadic;
  uint32_t reserved;
  Str doc;  // One line.
};

// Memory of a query, charged to its limit.
class NIGHTLIGHT_INTERFACE Arena {
 public:
  // [one] 16-byte aligned memory that lives until the query's result was consumed, or null when the query is over its
  // limit: the caller then returns kResourceExhausted (the engine has the text).
  virtual void* allocate(uint64_t size_bytes) noexcept = 0;

 protected:
  ~Arena() = default;
};

enum class NoteKind : uint32_t { kWarning = 0, kInfo = 1 };

// Annotations of a result. The engine adds the prefix "PromQL warning: " or "PromQL info: " and the position of the
// argument.
class NIGHTLIGHT_INTERFACE Annotations {
 public:
  // [one] `argument`: whose position to show; UINT32_MAX: the whole call. Repeats are dropped.
  virtual void add(NoteKind kind, Str text, uint32_t argument) noexcept = 0;
  // [one] As add, but repeats are counted: from the second on, " (N occurrences)" follows the text.
  virtual void add_counted(NoteKind kind, Str text, uint32_t argument) noexcept = 0;

 protected:
  ~Annotations() = default;
};

enum EvaluationFlags : uint32_t {
  kUseStartTimestamps = 1,
  kDelayedNameRemoval = 2,
  kTypeAndUnitLabels = 4,
  kRangeQuery = 8,  // The user's query is a range query.
};

// What a call may know of the query around it.
struct Evaluation {
  uint32_t struct_size;
  uint32_t flags;  // EvaluationFlags
  const CallContext* context;
  View<int64_t> times_ms;                               // The evaluation times ("steps") of this call, ascending.
  int64_t query_start_ms, query_end_ms, query_step_ms;  // Of the user's query; instant: start == end, step 0.
  int64_t lookback_ms;
  Storage* storage;
  Arena* arena;
  Annotations* annotations;
};

// One series over the steps of an evaluation. At step i there is a float when bit i of `valid` is set, a histogram when
// histograms is not null and histograms[i] is not null, never both. Histograms are float histograms (absolute counts),
// with the step's time in timestamp_ms.
struct Column {
  uint32_t struct_size;
  uint32_t flags;  // ColumnFlags
  View<LabelPair> labels;
  const double* values;
  const uint64_t* valid;                // (steps + 63) / 64 words
  const Histogram* const* histograms;   // null, or one per step
  const int64_t* sample_timestamps_ms;  // null unless kNeedsSampleTimestamps: when each value was sampled
  const int64_t* start_timestamps_ms;   // null unless kNeedsSampleTimestamps
};

enum ColumnFlags : uint32_t {
  kDropName = 1,  // Delayed name removal: the name is still there and goes at the end of the query.
};

struct Argument {
  uint32_t struct_size;
  ValueType type;
  const double* scalar;  // kScalar: one per step
  Str string;            // kString
  // kVector. kMatrix in a kVector function (absent_over_time): 1 where the series' window holds a sample.
  View<const Column*> vector;
  // kVector and kMatrix: the matchers, when the argument is a plain selector in the query text (parentheses do not
  // count).
  View<const Matcher*> selector;
  // One per step, for a function with kNeedsLookback: the time at which the selectors inside this argument look (`@`
  // less the offsets). Null when there is none or they differ; the step's own time then counts.
  const int64_t* reference_ms;
};

struct Call {
  uint32_t struct_size;
  uint32_t argument_count;  // As written.
  const Evaluation* evaluation;
  View<const Argument*> arguments;  // For kWindow and kColumn the series argument has an empty `vector`.
};

enum class RangeMode : uint32_t { kPlain = 0, kAnchored = 1, kSmoothed = 2 };

// One series and the windows of a range-vector argument. Window i belongs to evaluation time times_ms[i] and covers
// (range_end_ms(i) - range_ms, range_end_ms(i)], range_end_ms(i) = end_ms[i]. Its floats are [begin[i], end[i]) of the
// arrays, its histograms [histogram_begin[i], histogram_end[i]). Both bounds never decrease with i. Stale markers are
// not among them. With kAnchored and kSmoothed the bounds reach up to the lookback beyond the window's edges.
struct Windows {
  uint32_t struct_size;
  RangeMode mode;
  View<LabelPair> labels;  // With the name.
  int64_t range_ms;
  const int64_t* end_ms;  // One per step: the time less the offset, or the `@` time.
  const int64_t* timestamps_ms;
  const double* values;
  const int64_t* start_timestamps_ms;  // null: all unknown
  const Histogram* const* histograms;  // Float histograms, ascending in time.
  const uint32_t* begin;
  const uint32_t* end;
  const uint32_t* histogram_begin;  // null: no histograms
  const uint32_t* histogram_end;
  // Series that follow one another with the same number have the same timestamps (not at the same address), end_ms,
  // begin and end: what was computed of those holds again. 0: not known.
  uint64_t timing_id;
};

// Where a series' results go; `steps` long, zeroed by the caller (but see kSetsValues).
struct ColumnOut {
  uint32_t struct_size;
  uint32_t steps;
  double* values;
  uint64_t* valid;
  const Histogram** histograms;  // Allocate from the evaluation's arena.
};

// Receives the series of a kVector result.
class NIGHTLIGHT_INTERFACE ColumnSink {
 public:
  // [one] The column's arrays must live as long as the arena (arguments' arrays do).
  virtual Status add(const Column* column) noexcept = 0;

 protected:
  ~ColumnSink() = default;
};

inline constexpr char kFunctionLibraryId[] = "nightlight.functions/0";

// A function, ready to be called by one thread at a time for each object; the engine makes one per thread.
class NIGHTLIGHT_INTERFACE Function {
 public:
  // [one] Only the method of the function's shape is called; the others return kUnimplemented.
  virtual Status window(const Call* call, const Windows* windows, ColumnOut* out) noexcept = 0;
  virtual Status column(const Call* call, const Column* in, ColumnOut* out) noexcept = 0;
  virtual Status vector(const Call* call, ColumnSink* out) noexcept = 0;
  virtual Status scalar(const Call* call, double* out) noexcept = 0;
  virtual void release() noexcept = 0;

 protected:
  ~Function() = default;
};

class NIGHTLIGHT_INTERFACE FunctionLibrary {
 public:
  // [any] Constant until release.
  virtual View<const FunctionSpec*> functions() noexcept = 0;
  // [any] A fresh function of that name, for one call site of one query. kNotFound.
  virtual Status prepare(Str name, Function** out) noexcept = 0;

 protected:
  ~FunctionLibrary() = default;
};

}  // namespace nightlight

#endif  // NIGHTLIGHT_FUNCTION_H_
