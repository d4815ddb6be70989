// The query engine as frontends see it.
//
// Errors: kInvalidArgument for a query that cannot be made (parse and type errors: HTTP 400 bad_data),
// kFailedPrecondition and kResourceExhausted for one that fails in evaluation (422 execution), kDeadlineExceeded (503
// timeout), kCancelled (499), kInternal and kDataLoss for the storage's failures (500 internal), kUnavailable while
// starting or stopping (503). Texts are Prometheus'.
#ifndef NIGHTLIGHT_ENGINE_H_
#define NIGHTLIGHT_ENGINE_H_

#include "nightlight/function.h"

namespace nightlight {

enum QueryFlags : uint32_t {
  kRange = 1,  // start..end by step; otherwise an instant query at start_ms.
  kNoCache = 2,
  kStats = 4,  // Stats per step too.
  kTrace = 8,
  kStartTimestampsOn = 16,  // Override the engine's setting for start timestamps.
  kStartTimestampsOff = 32,
};

struct Query {
  uint32_t struct_size;
  uint32_t flags;  // QueryFlags
  const CallContext* context;
  Str text;
  int64_t start_ms, end_ms, step_ms;
  int64_t lookback_ms;  // <= 0: the engine's default
  uint64_t limit;       // Series in the answer; 0: all. Truncation adds a warning.
  Str client;           // Who asks, for the list of running queries.
};

// One series of an answer. Floats and histograms each have times of their own; together they ascend and do not meet.
struct ResultSeries {
  uint32_t struct_size;
  uint32_t flags;          // 0
  View<LabelPair> labels;  // Sorted by name.
  View<int64_t> timestamps_ms;
  View<double> values;
  View<const Histogram*> histograms;  // Float histograms.
};

struct QueryStats {
  uint32_t struct_size;
  uint32_t reserved;
  double eval_total_s, result_sort_s, preparation_s, inner_eval_s, queue_s, exec_total_s;
  int64_t total_queryable_samples, samples_read, series_touched, peak_samples;
  View<int64_t> step_times_ms, queryable_samples_per_step, samples_read_per_step;  // Empty unless kStats.
};

struct ResultBatch {
  uint32_t struct_size;
  uint32_t reserved;
  View<const ResultSeries*> series;
};

class NIGHTLIGHT_INTERFACE QueryResult {
 public:
  // [one] What the answer is. kScalar: one series without labels, one sample. kString: `string`.
  virtual ValueType type() noexcept = 0;
  virtual Str string() noexcept = 0;
  // [one] The next series; an empty batch at the end. Views live until the next call. A range query's series are sorted
  // by labels, an instant query's come in the engine's order.
  virtual Status next(ResultBatch* out) noexcept = 0;
  // [one] Complete once next has ended. Texts as the API shows them, positions included, not yet cut to ten.
  virtual View<Str> warnings() noexcept = 0;
  virtual View<Str> infos() noexcept = 0;
  virtual const QueryStats* stats() noexcept = 0;
  // [one] With kTrace: a JSON tree {"message","durationMs","children"}; else "".
  virtual Str trace_json() noexcept = 0;
  virtual void release() noexcept = 0;

 protected:
  ~QueryResult() = default;
};

// Receives selectors that were found in a text.
class NIGHTLIGHT_INTERFACE SelectorSink {
 public:
  virtual Status add(View<const Matcher*> matchers) noexcept = 0;

 protected:
  ~SelectorSink() = default;
};

inline constexpr char kEngineId[] = "nightlight.engine/0";
class NIGHTLIGHT_INTERFACE Engine {
 public:
  // [any] Evaluates a query. Blocks while the engine is at its concurrency limit. The result may still be computing
  // while it is read; release cancels what is left.
  virtual Status query(const Query* query, QueryResult** out) noexcept = 0;
  // [any] The matchers of one series selector (`match[]`).
  virtual Status parse_selector(Str text, SelectorSink* out) noexcept = 0;
  // [any] The matchers of every selector inside an expression.
  virtual Status selectors(Str query, SelectorSink* out) noexcept = 0;
  // [any] Prometheus' pretty-printed form, and its AST as JSON.
  virtual Status format(Str query, TextSink* out) noexcept = 0;
  virtual Status parse_json(Str query, TextSink* out) noexcept = 0;
  // [any] The plan, its estimated cost, and with `analyze` its measured cost, as JSON.
  virtual Status explain_json(const Query* query, uint32_t analyze, TextSink* out) noexcept = 0;
  // [any] Running queries: a JSON array [{"id","query","client","startMs","elapsedSeconds"}], and ending one.
  virtual Status running_json(TextSink* out) noexcept = 0;
  virtual Status cancel(uint64_t id) noexcept = 0;
  // [any] The functions that queries may use, as in FunctionLibrary.
  virtual View<const FunctionSpec*> functions() noexcept = 0;

 protected:
  ~Engine() = default;
};

}  // namespace nightlight

#endif  // NIGHTLIGHT_ENGINE_H_
