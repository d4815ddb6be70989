#include "promql/component.h"

#include <algorithm>
#include <memory>
#include <new>
#include <thread>

#include "promql/engine.h"

namespace nightlight::promql {
namespace {

constexpr ConfigField kStorage = ref_field("storage", kStorageId, "Where samples are read from.");
constexpr ConfigField kFunctions =
    list_field("functions", FieldType::kRef,
               "The function libraries, in this order: of two functions with one name the first is taken.", kRequired,
               kFunctionLibraryId);
constexpr ConfigField kTimeout = bounded(
    field("query_timeout", FieldType::kDuration, "2m",
          "The longest that a query may take, waiting for its turn included; a request may ask for less.", kReloadable),
    "1ms", "1d");
constexpr ConfigField kMaxSamples = bounded(
    field("max_samples", FieldType::kInt, "50000000", "Samples that a query may hold in memory at once.", kReloadable),
    "1", "1000000000000");
constexpr ConfigField kMaxMemory = bounded(
    field("max_query_memory", FieldType::kBytes, "1GiB", "Memory that a query may use.", kReloadable), "1MiB", "1TiB");
constexpr ConfigField kResultCache = bounded(
    field(
        "result_cache", FieldType::kBytes, "64MiB",
        "Memory for answers to range queries, which serve who asks again for a later range; answers are the same with "
        "and without. 0B: none. A request with nocache=1 goes past it.",
        kReloadable),
    "0B", "1TiB");
constexpr ConfigField kMaxConcurrent =
    bounded(field("max_concurrent_queries", FieldType::kInt, "20",
                  "Queries that are evaluated at once; further ones wait for their turn.", kReloadable),
            "1", "10000");
constexpr ConfigField kThreads = bounded(
    field("threads_per_query", FieldType::kInt, "0",
          "Threads that may work for one query at once; answers do not depend on it. 0: as many as the machine has.",
          kReloadable),
    "0", "256");
constexpr ConfigField kLookback = bounded(
    field("lookback", FieldType::kDuration, "5m", "How far back an instant selector looks for a sample.", kReloadable),
    "1ms", "1y");
constexpr ConfigField kSubqueryStep =
    bounded(field("subquery_step", FieldType::kDuration, "1m", "The step of subqueries that name none.", kReloadable),
            "1ms", "1y");
constexpr ConfigField kSlowQuery =
    field("slow_query", FieldType::kDuration, "10s", "Queries that take longer are logged; 0s: none is.", kReloadable);
constexpr ConfigField kExperimental =
    field("experimental_functions", FieldType::kBool, "true",
          "Allows what Prometheus has behind promql-experimental-functions.", kReloadable);
constexpr ConfigField kFill =
    field("fill_modifiers", FieldType::kBool, "true",
          "Allows fill, fill_left and fill_right (Prometheus: promql-binop-fill-modifiers).", kReloadable);
constexpr ConfigField kUtf8Names = field(
    "unquoted_utf8_names", FieldType::kBool, "false",
    "Names with letters beyond ASCII and dots need no quotes (Prometheus: promql-unquoted-utf8-names).", kReloadable);
constexpr ConfigField kDelayedNames =
    field("delayed_name_removal", FieldType::kBool, "false",
          "Metric names go at the end of a query (Prometheus: promql-delayed-name-removal).", kReloadable);
constexpr ConfigField kStartTimestamps =
    field("use_start_timestamps", FieldType::kBool, "false",
          "Counters' start times tell resets (Prometheus: use-start-timestamps).", kReloadable);
constexpr ConfigField kTypeAndUnit =
    field("type_and_unit_labels", FieldType::kBool, "false",
          "The labels __type__ and __unit__ tell what a metric is (Prometheus: type-and-unit-labels).", kReloadable);

constexpr const ConfigField* kFields[] = {&kStorage,         &kFunctions,     &kTimeout, &kMaxSamples, &kMaxMemory,
                                          &kResultCache,     &kMaxConcurrent, &kThreads, &kLookback,   &kSubqueryStep,
                                          &kSlowQuery,       &kExperimental,  &kFill,    &kUtf8Names,  &kDelayedNames,
                                          &kStartTimestamps, &kTypeAndUnit};

EngineOptions read_options(const Settings& settings) {
  EngineOptions out;
  out.timeout_ms = settings.integer("query_timeout");
  out.max_query_memory_bytes = static_cast<uint64_t>(settings.integer("max_query_memory"));
  out.result_cache_bytes = static_cast<uint64_t>(settings.integer("result_cache"));
  out.slow_query_ms = settings.integer("slow_query");
  out.query.max_samples = settings.integer("max_samples");
  const auto threads = static_cast<unsigned>(settings.integer("threads_per_query"));
  out.query.threads = threads > 0 ? threads : std::max(std::thread::hardware_concurrency(), 1u);
  out.query.lookback_ms = settings.integer("lookback");
  out.query.subquery_step_ms = settings.integer("subquery_step");
  out.query.delayed_name_removal = settings.boolean("delayed_name_removal");
  out.query.use_start_timestamps = settings.boolean("use_start_timestamps");
  out.query.type_and_unit_labels = settings.boolean("type_and_unit_labels");
  out.parser.experimental_functions = settings.boolean("experimental_functions");
  out.parser.fill_modifiers = settings.boolean("fill_modifiers");
  out.parser.unquoted_utf8_names = settings.boolean("unquoted_utf8_names");
  return out;
}

class PromqlInstance final : public Instance, public MetricsSource {
 public:
  explicit PromqlInstance(Host* host) : host_(host) {}

  void* query(Str id) noexcept override {
    if (view(id) == kEngineId) return static_cast<Engine*>(engine_.get());
    return view(id) == kMetricsSourceId ? as<MetricsSource>(this) : nullptr;
  }

  Status configure(Config* config) noexcept override {
    return guard(host_, [&]() -> Status {
      Settings settings(config);
      auto* storage = settings.ref<Storage>("storage", kStorageId);
      if (storage == nullptr) return missing(settings, "storage");
      std::vector<FunctionLibrary*> libraries;
      while (auto* library = settings.ref<FunctionLibrary>("functions", kFunctionLibraryId, libraries.size()))
        libraries.push_back(library);
      if (libraries.empty()) return missing(settings, "functions");
      EngineMetrics metrics;
      if (Status status = register_metrics(&metrics); !status.ok()) return status;
      engine_ = std::make_unique<PromqlEngine>(host_, storage, libraries, read_options(settings),
                                               most_concurrent(settings), std::move(metrics));
      return kOkStatus;
    });
  }

  Status start() noexcept override { return kOkStatus; }
  Status drain(int64_t) noexcept override { return kOkStatus; }
  Status stop() noexcept override { return kOkStatus; }

  Status reconfigure(Config* config) noexcept override {
    return guard(host_, [&]() -> Status {
      Settings settings(config);
      engine_->set_options(read_options(settings), most_concurrent(settings));
      return kOkStatus;
    });
  }

  Status health() noexcept override { return kOkStatus; }
  void release() noexcept override { delete this; }

  void collect(MetricsSink* sink) noexcept override {
    add(sink, "nightlight_promql_queries_evaluating", "Queries that are being evaluated.",
        static_cast<double>(engine_->running().evaluating()));
    add(sink, "nightlight_promql_queries_waiting", "Queries that wait for their turn.",
        static_cast<double>(engine_->running().waiting()));
    add(sink, "nightlight_promql_result_cache_bytes", "Memory of the answers that are kept.",
        static_cast<double>(engine_->result_cache().used_bytes()));
  }

 private:
  static uint64_t most_concurrent(const Settings& settings) {
    return static_cast<uint64_t>(settings.integer("max_concurrent_queries"));
  }

  Status missing(const Settings& settings, const char* name) {
    return host_->fail(Code::kInvalidArgument, str(settings.position(name) + ": cannot be resolved"));
  }

  static void add(MetricsSink* sink, std::string_view name, std::string_view help, double value) {
    MetricSpec spec{sizeof(MetricSpec), MetricType::kGauge, str(name), str(help), {nullptr, 0}, {nullptr, 0}};
    sink->add(&spec, value, {nullptr, 0});
  }

  Status register_metrics(EngineMetrics* out) {
    auto counter = [&](std::string_view name, std::string_view help, MetricCells* cells) {
      MetricSpec spec{sizeof(MetricSpec), MetricType::kCounter, str(name), str(help), {nullptr, 0}, {nullptr, 0}};
      return host_->metric(&spec, cells);
    };
    if (Status s = counter("nightlight_promql_queries_total", "Queries that were asked.", &out->queries); !s.ok())
      return s;
    if (Status s = counter("nightlight_promql_queries_failed_total", "Queries that ended with an error.", &out->failed);
        !s.ok())
      return s;
    if (Status s = counter("nightlight_promql_samples_read_total", "Samples that queries read.", &out->samples);
        !s.ok())
      return s;
    if (Status s = counter("nightlight_promql_series_selected_total", "Series that queries selected.", &out->series);
        !s.ok())
      return s;
    constexpr std::string_view kFound = "Range queries of which the result cache had everything, a part, or nothing.";
    for (auto [found, cells] :
         {std::pair{"whole", &out->cached_whole}, {"part", &out->cached_part}, {"none", &out->cached_none}}) {
      const KeyValue label{str("found"), str(found)};
      MetricSpec spec{sizeof(MetricSpec), MetricType::kCounter, str("nightlight_promql_result_cache_requests_total"),
                      str(kFound),        {&label, 1},          {nullptr, 0}};
      if (Status s = host_->metric(&spec, cells); !s.ok()) return s;
    }
    out->seconds.bounds = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100};
    MetricSpec spec{sizeof(MetricSpec),
                    MetricType::kHistogram,
                    str("nightlight_promql_query_seconds"),
                    str("How long queries took, waiting for their turn included."),
                    {nullptr, 0},
                    view_of(out->seconds.bounds)};
    return host_->metric(&spec, &out->seconds.cells);
  }

  Host* const host_;
  std::unique_ptr<PromqlEngine> engine_;
};

Status create(Host* host, Instance** out) noexcept {
  *out = new (std::nothrow) PromqlInstance(host);
  return *out != nullptr ? kOkStatus : Status{Code::kResourceExhausted, 0};
}

constexpr Str kProvides[] = {str(kEngineId), str(kMetricsSourceId)};
constexpr Component kComponent{sizeof(Component),
                               Stability::kBeta,
                               str("promql"),
                               str("The PromQL engine: evaluates queries over a storage."),
                               view_of(kProvides),
                               {nullptr, 0},
                               View<const ConfigField*>{kFields, std::size(kFields)},
                               create};

}  // namespace

const Component& component() { return kComponent; }

}  // namespace nightlight::promql
