// The contract's layout, byte by byte and slot by slot, on the targets with Itanium's C++ ABI and 64-bit pointers.
// Until 1.0 it may change with every minor: then change NIGHTLIGHT_SDK_MINOR and this file in one commit. From 1.0 on,
// lines here are only added.
#include <doctest/doctest.h>

#include <cstring>

#include "nightlight/plugin.h"

namespace nightlight {
namespace {

#define LAYOUT(type, size) \
  static_assert(sizeof(type) == size && std::is_standard_layout_v<type> && std::is_trivially_copyable_v<type>)
#define AT(type, field, offset) static_assert(offsetof(type, field) == offset)

// abi.h
LAYOUT(Str, 16);
AT(Str, data, 0);
AT(Str, size, 8);
LAYOUT(Status, 8);
AT(Status, code, 0);
AT(Status, detail, 4);
LAYOUT(LabelPair, 32);
AT(LabelPair, name, 0);
AT(LabelPair, value, 16);
LAYOUT(KeyValue, 32);
AT(KeyValue, key, 0);
AT(KeyValue, value, 16);
LAYOUT(CallContext, 48);
AT(CallContext, struct_size, 0);
AT(CallContext, flags, 4);
AT(CallContext, tenant, 8);
AT(CallContext, deadline_ns, 24);
AT(CallContext, byte_budget, 32);
AT(CallContext, cancelled, 40);

// columns.h
LAYOUT(BucketSpan, 8);
AT(BucketSpan, offset, 0);
AT(BucketSpan, length, 4);
LAYOUT(Histogram, 192);
AT(Histogram, struct_size, 0);
AT(Histogram, flags, 4);
AT(Histogram, timestamp_ms, 8);
AT(Histogram, start_timestamp_ms, 16);
AT(Histogram, schema, 24);
AT(Histogram, reset_hint, 28);
AT(Histogram, zero_threshold, 32);
AT(Histogram, sum, 40);
AT(Histogram, count_float, 48);
AT(Histogram, zero_count_float, 56);
AT(Histogram, count_int, 64);
AT(Histogram, zero_count_int, 72);
AT(Histogram, positive_spans, 80);
AT(Histogram, negative_spans, 96);
AT(Histogram, positive_deltas, 112);
AT(Histogram, negative_deltas, 128);
AT(Histogram, positive_counts, 144);
AT(Histogram, negative_counts, 160);
AT(Histogram, custom_values, 176);
LAYOUT(Exemplar, 40);
AT(Exemplar, struct_size, 0);
AT(Exemplar, series, 4);
AT(Exemplar, timestamp_ms, 8);
AT(Exemplar, value, 16);
AT(Exemplar, labels, 24);
LAYOUT(Metadata, 56);
AT(Metadata, struct_size, 0);
AT(Metadata, kind, 4);
AT(Metadata, family, 8);
AT(Metadata, help, 24);
AT(Metadata, unit, 40);
LAYOUT(WriteBatch, 216);
AT(WriteBatch, struct_size, 0);
AT(WriteBatch, flags, 4);
AT(WriteBatch, context, 8);
AT(WriteBatch, series_count, 16);
AT(WriteBatch, refs, 24);
AT(WriteBatch, keys, 40);
AT(WriteBatch, labels, 56);
AT(WriteBatch, label_ends, 72);
AT(WriteBatch, sample_ends, 88);
AT(WriteBatch, timestamps_ms, 104);
AT(WriteBatch, values, 120);
AT(WriteBatch, start_timestamps_ms, 136);
AT(WriteBatch, histogram_ends, 152);
AT(WriteBatch, histograms, 168);
AT(WriteBatch, exemplars, 184);
AT(WriteBatch, metadata, 200);
LAYOUT(AppendResult, 56);
AT(AppendResult, struct_size, 0);
AT(AppendResult, reserved, 4);
AT(AppendResult, samples_written, 8);
AT(AppendResult, histograms_written, 16);
AT(AppendResult, exemplars_written, 24);
AT(AppendResult, metadata_written, 32);
AT(AppendResult, rejected, 40);
AT(AppendResult, rejections, 48);
LAYOUT(LabelRef, 8);
AT(LabelRef, name, 0);
AT(LabelRef, value, 4);
LAYOUT(SeriesSamples, 88);
AT(SeriesSamples, struct_size, 0);
AT(SeriesSamples, flags, 4);
AT(SeriesSamples, series, 8);
AT(SeriesSamples, timestamps_id, 16);
AT(SeriesSamples, timestamps_ms, 24);
AT(SeriesSamples, values, 40);
AT(SeriesSamples, start_timestamps_ms, 56);
AT(SeriesSamples, histograms, 72);
LAYOUT(SeriesBatch, 24);
AT(SeriesBatch, struct_size, 0);
AT(SeriesBatch, reserved, 4);
AT(SeriesBatch, series, 8);

// component.h
LAYOUT(ConfigField, 128);
AT(ConfigField, struct_size, 0);
AT(ConfigField, type, 4);
AT(ConfigField, flags, 8);
AT(ConfigField, item_type, 12);
AT(ConfigField, name, 16);
AT(ConfigField, default_value, 32);
AT(ConfigField, doc, 48);
AT(ConfigField, interface_id, 64);
AT(ConfigField, choices, 80);
AT(ConfigField, minimum, 96);
AT(ConfigField, maximum, 112);
LAYOUT(Component, 96);
AT(Component, struct_size, 0);
AT(Component, stability, 4);
AT(Component, type, 8);
AT(Component, summary, 24);
AT(Component, provides, 40);
AT(Component, requires_host, 56);
AT(Component, fields, 72);
AT(Component, create, 88);
LAYOUT(Plugin, 104);
AT(Plugin, struct_size, 0);
AT(Plugin, sdk_minor, 4);
AT(Plugin, name, 8);
AT(Plugin, version, 24);
AT(Plugin, license, 40);
AT(Plugin, url, 56);
AT(Plugin, build, 72);
AT(Plugin, components, 88);

// config.h
LAYOUT(Value, 72);
AT(Value, struct_size, 0);
AT(Value, kind, 4);
AT(Value, integer, 8);
AT(Value, real, 16);
AT(Value, text, 24);
AT(Value, items, 40);
AT(Value, keys, 56);

// engine.h
LAYOUT(Query, 88);
AT(Query, struct_size, 0);
AT(Query, flags, 4);
AT(Query, context, 8);
AT(Query, text, 16);
AT(Query, start_ms, 32);
AT(Query, end_ms, 40);
AT(Query, step_ms, 48);
AT(Query, lookback_ms, 56);
AT(Query, limit, 64);
AT(Query, client, 72);
LAYOUT(ResultSeries, 72);
AT(ResultSeries, struct_size, 0);
AT(ResultSeries, flags, 4);
AT(ResultSeries, labels, 8);
AT(ResultSeries, timestamps_ms, 24);
AT(ResultSeries, values, 40);
AT(ResultSeries, histograms, 56);
LAYOUT(QueryStats, 136);
AT(QueryStats, struct_size, 0);
AT(QueryStats, reserved, 4);
AT(QueryStats, eval_total_s, 8);
AT(QueryStats, result_sort_s, 16);
AT(QueryStats, preparation_s, 24);
AT(QueryStats, inner_eval_s, 32);
AT(QueryStats, queue_s, 40);
AT(QueryStats, exec_total_s, 48);
AT(QueryStats, total_queryable_samples, 56);
AT(QueryStats, samples_read, 64);
AT(QueryStats, series_touched, 72);
AT(QueryStats, peak_samples, 80);
AT(QueryStats, step_times_ms, 88);
AT(QueryStats, queryable_samples_per_step, 104);
AT(QueryStats, samples_read_per_step, 120);
LAYOUT(ResultBatch, 24);
AT(ResultBatch, struct_size, 0);
AT(ResultBatch, reserved, 4);
AT(ResultBatch, series, 8);

// function.h
LAYOUT(FunctionSpec, 72);
AT(FunctionSpec, struct_size, 0);
AT(FunctionSpec, flags, 4);
AT(FunctionSpec, name, 8);
AT(FunctionSpec, shape, 24);
AT(FunctionSpec, result, 28);
AT(FunctionSpec, arguments, 32);
AT(FunctionSpec, variadic, 48);
AT(FunctionSpec, reserved, 52);
AT(FunctionSpec, doc, 56);
LAYOUT(Evaluation, 88);
AT(Evaluation, struct_size, 0);
AT(Evaluation, flags, 4);
AT(Evaluation, context, 8);
AT(Evaluation, times_ms, 16);
AT(Evaluation, query_start_ms, 32);
AT(Evaluation, query_end_ms, 40);
AT(Evaluation, query_step_ms, 48);
AT(Evaluation, lookback_ms, 56);
AT(Evaluation, storage, 64);
AT(Evaluation, arena, 72);
AT(Evaluation, annotations, 80);
LAYOUT(Column, 64);
AT(Column, struct_size, 0);
AT(Column, flags, 4);
AT(Column, labels, 8);
AT(Column, values, 24);
AT(Column, valid, 32);
AT(Column, histograms, 40);
AT(Column, sample_timestamps_ms, 48);
AT(Column, start_timestamps_ms, 56);
LAYOUT(Argument, 72);
AT(Argument, struct_size, 0);
AT(Argument, type, 4);
AT(Argument, scalar, 8);
AT(Argument, string, 16);
AT(Argument, vector, 32);
AT(Argument, selector, 48);
AT(Argument, reference_ms, 64);
LAYOUT(Call, 32);
AT(Call, struct_size, 0);
AT(Call, argument_count, 4);
AT(Call, evaluation, 8);
AT(Call, arguments, 16);
LAYOUT(Windows, 112);
AT(Windows, struct_size, 0);
AT(Windows, mode, 4);
AT(Windows, labels, 8);
AT(Windows, range_ms, 24);
AT(Windows, end_ms, 32);
AT(Windows, timestamps_ms, 40);
AT(Windows, values, 48);
AT(Windows, start_timestamps_ms, 56);
AT(Windows, histograms, 64);
AT(Windows, begin, 72);
AT(Windows, end, 80);
AT(Windows, histogram_begin, 88);
AT(Windows, histogram_end, 96);
AT(Windows, timing_id, 104);
LAYOUT(ColumnOut, 32);
AT(ColumnOut, struct_size, 0);
AT(ColumnOut, steps, 4);
AT(ColumnOut, values, 8);
AT(ColumnOut, valid, 16);
AT(ColumnOut, histograms, 24);

// host.h
LAYOUT(MetricSpec, 72);
AT(MetricSpec, struct_size, 0);
AT(MetricSpec, type, 4);
AT(MetricSpec, name, 8);
AT(MetricSpec, help, 24);
AT(MetricSpec, labels, 40);
AT(MetricSpec, bounds, 56);
LAYOUT(MetricCells, 16);
AT(MetricCells, count, 0);
AT(MetricCells, number, 8);

// listener.h
LAYOUT(Peer, 104);
AT(Peer, struct_size, 0);
AT(Peer, tls, 4);
AT(Peer, address, 8);
AT(Peer, common_name, 24);
AT(Peer, dns_names, 40);
AT(Peer, uris, 56);
AT(Peer, serial, 72);
AT(Peer, issuer, 88);
LAYOUT(Route, 64);
AT(Route, struct_size, 0);
AT(Route, flags, 4);
AT(Route, methods, 8);
AT(Route, reserved, 12);
AT(Route, path, 16);
AT(Route, role, 32);
AT(Route, max_body_bytes, 48);
AT(Route, handler, 56);

// storage.h
LAYOUT(Matcher, 40);
AT(Matcher, struct_size, 0);
AT(Matcher, op, 4);
AT(Matcher, name, 8);
AT(Matcher, value, 24);
LAYOUT(Select, 88);
AT(Select, struct_size, 0);
AT(Select, flags, 4);
AT(Select, context, 8);
AT(Select, matchers, 16);
AT(Select, start_ms, 32);
AT(Select, end_ms, 40);
AT(Select, step_ms, 48);
AT(Select, range_ms, 56);
AT(Select, function, 64);
AT(Select, limit, 80);
LAYOUT(LabelQuery, 56);
AT(LabelQuery, struct_size, 0);
AT(LabelQuery, flags, 4);
AT(LabelQuery, context, 8);
AT(LabelQuery, matchers, 16);
AT(LabelQuery, start_ms, 32);
AT(LabelQuery, end_ms, 40);
AT(LabelQuery, limit, 48);
LAYOUT(OfflineRequest, 40);
AT(OfflineRequest, struct_size, 0);
AT(OfflineRequest, work, 4);
AT(OfflineRequest, directory, 8);
AT(OfflineRequest, progress, 24);
AT(OfflineRequest, json, 32);
AT(OfflineRequest, reserved, 36);

// The Itanium ABI represents a pointer to a virtual member as one more than its offset in the vtable.
template <class Method>
size_t slot(Method method) {
  struct {
    size_t code, adjustment;
  } raw;
  static_assert(sizeof raw == sizeof method);
  std::memcpy(&raw, &method, sizeof raw);
#if defined(__aarch64__)
  return raw.code / sizeof(void*);  // There the odd bit is in the adjustment.
#else
  return (raw.code - 1) / sizeof(void*);
#endif
}

#define SLOT(type, method, index) CHECK(slot(&type::method) == index)

TEST_CASE("every interface has its methods in the order of its revision") {
  SLOT(RejectionSink, rejected, 0);
  SLOT(Instance, query, 0);
  SLOT(Instance, configure, 1);
  SLOT(Instance, start, 2);
  SLOT(Instance, drain, 3);
  SLOT(Instance, stop, 4);
  SLOT(Instance, reconfigure, 5);
  SLOT(Instance, health, 6);
  SLOT(Instance, release, 7);
  SLOT(Config, get, 0);
  SLOT(Config, resolve, 1);
  SLOT(Config, position, 2);
  SLOT(Config, instance_name, 3);
  SLOT(QueryResult, type, 0);
  SLOT(QueryResult, string, 1);
  SLOT(QueryResult, next, 2);
  SLOT(QueryResult, warnings, 3);
  SLOT(QueryResult, infos, 4);
  SLOT(QueryResult, stats, 5);
  SLOT(QueryResult, trace_json, 6);
  SLOT(QueryResult, release, 7);
  SLOT(SelectorSink, add, 0);
  SLOT(Engine, query, 0);
  SLOT(Engine, parse_selector, 1);
  SLOT(Engine, selectors, 2);
  SLOT(Engine, format, 3);
  SLOT(Engine, parse_json, 4);
  SLOT(Engine, explain_json, 5);
  SLOT(Engine, running_json, 6);
  SLOT(Engine, cancel, 7);
  SLOT(Engine, functions, 8);
  SLOT(Arena, allocate, 0);
  SLOT(Annotations, add, 0);
  SLOT(Annotations, add_counted, 1);
  SLOT(ColumnSink, add, 0);
  SLOT(Function, window, 0);
  SLOT(Function, column, 1);
  SLOT(Function, vector, 2);
  SLOT(Function, scalar, 3);
  SLOT(Function, release, 4);
  SLOT(FunctionLibrary, functions, 0);
  SLOT(FunctionLibrary, prepare, 1);
  SLOT(MetricsSink, add, 0);
  SLOT(MetricsSource, collect, 0);
  SLOT(Task, run, 0);
  SLOT(Host, query, 0);
  SLOT(Host, fail, 1);
  SLOT(Host, last_error, 2);
  SLOT(Host, log_enabled, 3);
  SLOT(Host, log, 4);
  SLOT(Host, metric, 5);
  SLOT(Host, now_ms, 6);
  SLOT(Host, monotonic_ns, 7);
  SLOT(Host, submit, 8);
  SLOT(TextSink, write, 0);
  SLOT(HostStatus, config_yaml, 0);
  SLOT(HostStatus, build_json, 1);
  SLOT(HostStatus, runtime_json, 2);
  SLOT(HostStatus, flags_json, 3);
  SLOT(HostStatus, metrics_text, 4);
  SLOT(HostStatus, ready, 5);
  SLOT(HostStatus, reload, 6);
  SLOT(HostStatus, quit, 7);
  SLOT(HttpRequest, method, 0);
  SLOT(HttpRequest, path, 1);
  SLOT(HttpRequest, decoded_path, 2);
  SLOT(HttpRequest, query, 3);
  SLOT(HttpRequest, header, 4);
  SLOT(HttpRequest, path_parameter, 5);
  SLOT(HttpRequest, body, 6);
  SLOT(HttpRequest, peer, 7);
  SLOT(HttpRequest, context, 8);
  SLOT(HttpResponse, set_status, 0);
  SLOT(HttpResponse, set_header, 1);
  SLOT(HttpResponse, set_content_length, 2);
  SLOT(HttpResponse, write, 3);
  SLOT(HttpResponse, abort, 4);
  SLOT(HttpHandler, handle, 0);
  SLOT(Listener, add_route, 0);
  SLOT(Listener, remove_routes, 1);
  SLOT(Listener, port, 2);
  SLOT(Sink, resolve, 0);
  SLOT(Sink, append, 1);
  SLOT(SeriesCursor, next, 0);
  SLOT(SeriesCursor, release, 1);
  SLOT(SeriesSet, size, 0);
  SLOT(SeriesSet, symbols, 1);
  SLOT(SeriesSet, labels, 2);
  SLOT(SeriesSet, open, 3);
  SLOT(SeriesSet, warnings, 4);
  SLOT(SeriesSet, release, 5);
  SLOT(StringSink, add, 0);
  SLOT(Storage, select, 0);
  SLOT(Storage, label_names, 1);
  SLOT(Storage, label_values, 2);
  SLOT(Storage, generation, 3);
  SLOT(ExemplarSink, add, 0);
  SLOT(ExemplarStorage, exemplars, 0);
  SLOT(MetadataSink, add, 0);
  SLOT(MetadataStorage, metadata, 0);
  SLOT(StorageAdmin, cardinality_json, 0);
  SLOT(StorageAdmin, blocks_json, 1);
  SLOT(StorageAdmin, delete_series, 2);
  SLOT(StorageAdmin, clean_tombstones, 3);
  SLOT(StorageAdmin, snapshot, 4);
  SLOT(SnapshotProgress, snapshot_progress, 0);
  SLOT(LogReplay, log_replay, 0);
  SLOT(OfflineProgress, advance, 0);
  SLOT(OfflineStorage, run, 0);
  SLOT(Tls, chain_pem, 0);
  SLOT(Tls, key_pem, 1);
  SLOT(Tls, client_ca_pem, 2);
  SLOT(Tls, crl_pem, 3);
  SLOT(Tls, ciphers, 4);
  SLOT(Tls, min_version, 5);
  SLOT(Tls, client_auth, 6);
  SLOT(Tls, generation, 7);
  SLOT(Tls, authorize, 8);
}

}  // namespace
}  // namespace nightlight
