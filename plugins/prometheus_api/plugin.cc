// The component `prometheus_api`: Prometheus' HTTP API over an engine and a storage.
#include <memory>
#include <string>

#include "nightlight/plugin.h"
#include "prometheus_api/api.h"

namespace nightlight::prometheus_api {
namespace {

constexpr ConfigField kListener = ref_field("listener", kListenerId, "The listener that takes the requests.");
constexpr ConfigField kEngine = ref_field("engine", kEngineId, "What evaluates queries.");
constexpr ConfigField kStorage = ref_field("storage", kStorageId, "Where series, labels and statistics come from.");
constexpr ConfigField kEnableAdmin = field("enable_admin_api", FieldType::kBool, "false",
                                           "Allow deleting series, removing deleted data, and snapshots.");
constexpr ConfigField kMaxSeries =
    field("max_series_without_match", FieldType::kInt, "10000",
          "How many series a request for all series, without match[] and without limit, lists at most.");
constexpr ConfigField kLookback =
    field("lookback_delta", FieldType::kDuration, "5m",
          "How old a sample may be that /federate shows; queries have the engine's value.");
constexpr ConfigField kMaxLive =
    bounded(field("max_notifications_subscribers", FieldType::kInt, "16",
                  "How many clients may follow /api/v1/notifications/live at once, each with a connection of the "
                  "listener and its thread; 0: none."),
            "0", "1024");
constexpr const ConfigField* kFields[] = {&kListener,  &kEngine,   &kStorage, &kEnableAdmin,
                                          &kMaxSeries, &kLookback, &kMaxLive};

class PrometheusApi final : public Instance {
 public:
  explicit PrometheusApi(Host* host) : host_(host) {}

  void* query(Str) noexcept override { return nullptr; }

  Status configure(Config* config) noexcept override {
    return guard(host_, [&] {
      Settings settings(config);
      listener_ = settings.ref<Listener>("listener", kListenerId);
      Backend backend;
      backend.host = host_;
      backend.engine = settings.ref<Engine>("engine", kEngineId);
      backend.storage = settings.ref<Storage>("storage", kStorageId);
      if (listener_ == nullptr || backend.engine == nullptr || backend.storage == nullptr) {
        return host_->fail(Code::kInvalidArgument,
                           str(settings.position("listener") + ": needs a listener, an engine and a storage"));
      }
      // What not every store has.
      backend.exemplars = settings.ref<ExemplarStorage>("storage", kExemplarStorageId);
      backend.metadata = settings.ref<MetadataStorage>("storage", kMetadataStorageId);
      backend.admin = settings.ref<StorageAdmin>("storage", kStorageAdminId);
      backend.replay = settings.ref<LogReplay>("storage", kLogReplayId);
      backend.status = static_cast<HostStatus*>(host_->query(str(kHostStatusId)));
      backend.admin_enabled = settings.boolean("enable_admin_api");
      backend.max_series_without_match = static_cast<uint64_t>(settings.integer("max_series_without_match"));
      backend.max_live_readers = static_cast<uint64_t>(settings.integer("max_notifications_subscribers"));
      backend.lookback_ms = settings.integer("lookback_delta");
      api_ = std::make_unique<Api>(backend);
      return kOkStatus;
    });
  }

  Status start() noexcept override { return api_->add_routes(listener_); }

  Status drain(int64_t) noexcept override {
    api_->remove_routes(listener_);  // Waits for the running requests.
    return kOkStatus;
  }

  Status stop() noexcept override {
    if (api_ != nullptr) api_->remove_routes(listener_);
    return kOkStatus;
  }

  Status reconfigure(Config*) noexcept override {
    return host_->fail(Code::kUnimplemented, str("prometheus_api has no field that can change without a restart"));
  }

  Status health() noexcept override { return kOkStatus; }
  void release() noexcept override { delete this; }

 private:
  Host* host_;
  Listener* listener_ = nullptr;
  std::unique_ptr<Api> api_;
};

Status create(Host* host, Instance** out) noexcept {
  return guard(host, [&] {
    *out = new PrometheusApi(host);
    return kOkStatus;
  });
}

constexpr Component kComponent{
    sizeof(Component),     Stability::kBeta,
    str("prometheus_api"), str("Answers Prometheus' HTTP API: queries, labels, series, status and administration."),
    View<Str>{nullptr, 0}, View<Str>{nullptr, 0},
    view_of(kFields),      &create};
constexpr const Component* kComponents[] = {&kComponent};
constexpr Plugin kPlugin{sizeof(Plugin),           NIGHTLIGHT_SDK_MINOR,
                         str("prometheus_api"),    str(NIGHTLIGHT_PLUGIN_VERSION),
                         str("MIT OR Apache-2.0"), str(""),
                         str("gcc " __VERSION__),  view_of(kComponents)};

}  // namespace
}  // namespace nightlight::prometheus_api

NIGHTLIGHT_PLUGIN_ENTRY { return &nightlight::prometheus_api::kPlugin; }
