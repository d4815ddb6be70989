#include <algorithm>

#include "nightlight/sugar.h"
#include "prometheus_api/endpoints.h"
#include "prometheus_api/parameters.h"

namespace nightlight::prometheus_api {
namespace {

constexpr int64_t kMostSteps = 11'000;
constexpr int64_t kNsPerMs = 1'000'000;
constexpr std::string_view kStartTimestampsHeader = "X-Prometheus-Use-Start-Timestamps";

// The parameters that instant and range queries share, and the query made of them.
struct QueryRequest {
  CallContext context;
  Query query{};
  uint64_t limit = 0;
  std::string_view text, stats;
  std::string client;
};

Result<void> read_timeout(const Backend& backend, Call& call, QueryRequest& out) {
  std::string_view text = call.form.first("timeout");
  if (text.empty()) return {};
  auto timeout_ns = parse_duration_ns(text);
  if (!timeout_ns.ok()) return invalid_parameter("timeout", timeout_ns.error().message);
  if (*timeout_ns <= 0) {
    return invalid_parameter("timeout", "timeout must be positive, got " + format_go_duration(*timeout_ns));
  }
  int64_t deadline_ns;
  if (!__builtin_add_overflow(backend.host->monotonic_ns(), *timeout_ns, &deadline_ns)) {
    out.context.deadline_ns = std::min(out.context.deadline_ns, deadline_ns);
  }
  return {};
}

Result<void> read_options(Call& call, QueryRequest& out) {
  if (std::string_view lookback = call.form.first("lookback_delta"); !lookback.empty()) {
    auto lookback_ns = parse_duration_ns(lookback);
    if (!lookback_ns.ok()) {
      return Error{Code::kInvalidArgument, "error parsing lookback delta duration: " + lookback_ns.error().message};
    }
    // Less than a millisecond is no reason to fall back to the default.
    out.query.lookback_ms = *lookback_ns > 0 ? std::max<int64_t>(*lookback_ns / kNsPerMs, 1) : 0;
  }
  if (std::string_view header = view(call.request->header(str(kStartTimestampsHeader))); !header.empty()) {
    auto on = parse_bool(header);
    if (!on) {
      return Error{Code::kInvalidArgument, "error parsing " + std::string(kStartTimestampsHeader) +
                                               " header: strconv.ParseBool: parsing \"" + std::string(header) +
                                               "\": invalid syntax"};
    }
    out.query.flags |= *on ? kStartTimestampsOn : kStartTimestampsOff;
  }
  out.text = call.form.first("query");
  out.stats = call.form.first("stats");
  if (out.stats == "all") out.query.flags |= kStats;
  if (parse_bool(call.form.first("trace")).value_or(false)) out.query.flags |= kTrace;
  // Statistics are those of the whole evaluation.
  if (!out.stats.empty() || parse_bool(call.form.first("nocache")).value_or(false)) out.query.flags |= kNoCache;
  out.client = std::string(view(call.request->peer()->address));
  return {};
}

void complete(QueryRequest& out) {
  out.query.struct_size = sizeof out.query;
  out.query.context = &out.context;
  out.query.text = str(out.text);
  out.query.limit = out.limit;
  out.query.client = str(out.client);
}

void write_series(JsonWriter& json, const ResultSeries& series, bool instant) {
  json.raw("{\"metric\":");
  json.labels(series.labels);
  if (instant) {
    if (series.histograms.empty()) {
      json.raw(",\"value\":");
      json.points(series.timestamps_ms, series.values);
    } else {
      json.raw(",\"histogram\":[");
      json.timestamp(series.histograms[0]->timestamp_ms);
      json.raw(",");
      json.histogram(*series.histograms[0]);
      json.raw("]");
    }
  } else {
    if (!series.timestamps_ms.empty()) {
      json.raw(",\"values\":[");
      json.points(series.timestamps_ms, series.values);
      json.raw("]");
    }
    for (uint64_t i = 0; i < series.histograms.size; ++i) {
      json.raw(i == 0 ? ",\"histograms\":[[" : ",[");
      json.timestamp(series.histograms[i]->timestamp_ms);
      json.raw(",");
      json.histogram(*series.histograms[i]);
      json.raw("]");
    }
    if (!series.histograms.empty()) json.raw("]");
  }
  json.raw("}");
}

Result<void> write_all_series(const Backend& backend, Call& call, QueryResult& result, bool instant) {
  call.json.raw("[");
  bool first = true;
  while (true) {
    ResultBatch batch{};
    batch.struct_size = sizeof batch;
    if (Status status = result.next(&batch); !status.ok()) return error_of(backend.host, status);
    if (batch.series.empty()) break;
    for (const ResultSeries* series : batch.series) {
      if (!first) call.json.raw(",");
      first = false;
      write_series(call.json, *series, instant);
    }
    if (!call.json.status().ok()) return Error{Code::kCancelled, "the client has gone"};
  }
  call.json.raw("]");
  return {};
}

// [time,"value"]: what a scalar or string result is.
Result<void> write_single(const Backend& backend, Call& call, QueryResult& result, const Query& query) {
  call.json.raw("[");
  if (result.type() == ValueType::kString) {
    call.json.timestamp(query.start_ms);
    call.json.raw(",");
    call.json.string(view(result.string()));
    call.json.raw("]");
    return {};
  }
  bool written = false;
  while (true) {
    ResultBatch batch{};
    batch.struct_size = sizeof batch;
    if (Status status = result.next(&batch); !status.ok()) return error_of(backend.host, status);
    if (batch.series.empty()) break;
    if (written || batch.series[0]->values.empty()) continue;
    call.json.timestamp(batch.series[0]->timestamps_ms[0]);
    call.json.raw(",");
    call.json.scalar_value(batch.series[0]->values[0]);
    written = true;
  }
  if (!written) return Error{Code::kInternal, "the engine gave a scalar without a value"};
  call.json.raw("]");
  return {};
}

void write_steps(JsonWriter& json, std::string_view key, View<int64_t> times_ms, View<int64_t> counts) {
  if (counts.empty()) return;
  json.raw("\"");
  json.raw(key);
  json.raw("\":[");
  for (uint64_t i = 0; i < counts.size; ++i) {
    json.raw(i == 0 ? "[" : ",[");
    json.timestamp(times_ms[i]);
    json.raw(",");
    json.integer(counts[i]);
    json.raw("]");
  }
  json.raw("],");
}

void write_stats(JsonWriter& json, const QueryStats& stats) {
  json.raw(",\"stats\":{\"timings\":{\"evalTotalTime\":");
  json.number(stats.eval_total_s);
  json.raw(",\"resultSortTime\":");
  json.number(stats.result_sort_s);
  json.raw(",\"queryPreparationTime\":");
  json.number(stats.preparation_s);
  json.raw(",\"innerEvalTime\":");
  json.number(stats.inner_eval_s);
  json.raw(",\"execQueueTime\":");
  json.number(stats.queue_s);
  json.raw(",\"execTotalTime\":");
  json.number(stats.exec_total_s);
  json.raw("},\"samples\":{");
  write_steps(json, "totalQueryableSamplesPerStep", stats.step_times_ms, stats.queryable_samples_per_step);
  json.raw("\"totalQueryableSamples\":");
  json.integer(stats.total_queryable_samples);
  json.raw(",");
  write_steps(json, "samplesReadPerStep", stats.step_times_ms, stats.samples_read_per_step);
  json.raw("\"samplesRead\":");
  json.integer(stats.samples_read);
  json.raw(",\"seriesTouched\":");
  json.integer(stats.series_touched);
  json.raw(",\"peakSamples\":");
  json.integer(stats.peak_samples);
  json.raw("}}");
}

std::vector<std::string> texts_of(View<Str> texts) {
  std::vector<std::string> out;
  for (Str text : texts) out.emplace_back(view(text));
  return out;
}

Result<void> answer_query(const Backend& backend, Call& call, QueryRequest& request) {
  complete(request);
  QueryResult* raw = nullptr;
  if (Status status = backend.engine->query(&request.query, &raw); !status.ok()) {
    Error error = error_of(backend.host, status);
    if (error.code == Code::kInvalidArgument) return invalid_parameter("query", error.message);
    return error;
  }
  Owned<QueryResult> result(raw);
  constexpr std::string_view kTypes[] = {"scalar", "vector", "matrix", "string"};
  ValueType type = result->type();
  begin_success(call.json);
  call.json.raw("{\"resultType\":\"");
  call.json.raw(kTypes[static_cast<size_t>(type)]);
  call.json.raw("\",\"result\":");
  if (type == ValueType::kScalar || type == ValueType::kString) {
    NIGHTLIGHT_TRY(write_single(backend, call, *result, request.query));
  } else {
    NIGHTLIGHT_TRY(write_all_series(backend, call, *result, type == ValueType::kVector));
  }
  if (const QueryStats* stats = result->stats(); stats != nullptr && !request.stats.empty())
    write_stats(call.json, *stats);
  call.json.raw("}");
  if (Str trace = result->trace_json(); trace.size > 0) {
    call.json.raw(",\"trace\":");
    call.json.raw(view(trace));
  }
  std::vector<std::string> warnings = texts_of(result->warnings());
  if (!request.stats.empty() && request.stats != "true" && request.stats != "all") {
    warnings.push_back("value \"" + std::string(request.stats) +
                       "\" for parameter \"stats\" is deprecated and will be rejected in the next major release, use "
                       "\"true\" or \"all\"");
  }
  end_success(call.json, warnings, texts_of(result->infos()));
  return {};
}

}  // namespace

Result<void> query(const Backend& backend, Call& call) {
  QueryRequest request{*call.context()};
  NIGHTLIGHT_ASSIGN(limit, limit_parameter(call.form));
  NIGHTLIGHT_ASSIGN(time, time_parameter(call.form, "time", backend.host->now_ms()));
  NIGHTLIGHT_TRY(read_timeout(backend, call, request));
  NIGHTLIGHT_TRY(read_options(call, request));
  request.limit = limit;
  request.query.start_ms = request.query.end_ms = time.ms;
  return answer_query(backend, call, request);
}

Result<void> query_range(const Backend& backend, Call& call) {
  QueryRequest request{*call.context()};
  NIGHTLIGHT_ASSIGN(limit, limit_parameter(call.form));
  auto start = parse_time(call.form.first("start"));
  if (!start.ok()) return invalid_parameter("start", start.error().message);
  auto end = parse_time(call.form.first("end"));
  if (!end.ok()) return invalid_parameter("end", end.error().message);
  if (*end < *start) return invalid_parameter("end", "end timestamp must not be before start time");
  auto step_ns = parse_duration_ns(call.form.first("step"), start->milliseconds || end->milliseconds);
  if (!step_ns.ok()) return invalid_parameter("step", step_ns.error().message);
  if (*step_ns <= 0) {
    return invalid_parameter("step",
                             "zero or negative query resolution step widths are not accepted. Try a positive integer");
  }
  if (nanoseconds_between(*start, *end) / *step_ns > kMostSteps) {
    return Error{Code::kInvalidArgument,
                 "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution "
                 "(?step=XX)"};
  }
  NIGHTLIGHT_TRY(read_timeout(backend, call, request));
  NIGHTLIGHT_TRY(read_options(call, request));
  request.limit = limit;
  request.query.flags |= kRange;
  request.query.start_ms = start->ms;
  request.query.end_ms = end->ms;
  // Samples have milliseconds: a finer step would visit each of them more than once.
  request.query.step_ms = std::max<int64_t>(*step_ns / kNsPerMs, 1);
  return answer_query(backend, call, request);
}

}  // namespace nightlight::prometheus_api
