// The component `remote_read`: Prometheus remote read from a storage.
#include <optional>
#include <string>

#include "nightlight/plugin.h"
#include "remote_read/reader.h"

namespace nightlight::remote_read {
namespace {

constexpr ConfigField kListener = ref_field("listener", kListenerId, "The listener that takes the requests.");
constexpr ConfigField kStorage = ref_field("storage", kStorageId, "Where the samples come from.");
constexpr ConfigField kPath = field("path", FieldType::kString, "/api/v1/read", "The path of the endpoint.");
constexpr ConfigField kMaxBody = bounded(
    field("max_body", FieldType::kBytes, "32MiB", "The largest request, compressed and decompressed."), "1KiB", "1GiB");
constexpr ConfigField kMaxSamples =
    field("max_samples", FieldType::kInt, "50000000",
          "The most samples of an answer in one message; streams have no limit. 0: no limit.");
constexpr ConfigField kMaxConcurrency = field("max_concurrency", FieldType::kInt, "10",
                                              "Requests that are answered at once; further ones wait. 0: no limit.");
constexpr ConfigField kMaxFrame =
    bounded(field("max_frame", FieldType::kBytes, "1MiB", "About the largest frame of a stream."), "1KiB", "64MiB");
constexpr const ConfigField* kFields[] = {&kListener,   &kStorage,        &kPath,    &kMaxBody,
                                          &kMaxSamples, &kMaxConcurrency, &kMaxFrame};

class RemoteRead final : public Instance {
 public:
  explicit RemoteRead(Host* host) : host_(host) {}

  void* query(Str) noexcept override { return nullptr; }

  Status configure(Config* config) noexcept override {
    return guard(host_, [&]() -> Status {
      Settings settings(config);
      listener_ = settings.ref<Listener>("listener", kListenerId);
      path_ = settings.text("path");
      if (path_.empty() || path_[0] != '/') {
        return host_->fail(Code::kInvalidArgument, str(settings.position("path") + ": a path begins with /"));
      }
      max_body_bytes_ = static_cast<uint64_t>(settings.integer("max_body"));
      ReaderOptions options;
      options.max_decoded_bytes = max_body_bytes_;
      options.max_samples = static_cast<uint64_t>(settings.integer("max_samples"));
      options.max_concurrency = static_cast<uint64_t>(settings.integer("max_concurrency"));
      options.max_frame_bytes = static_cast<uint64_t>(settings.integer("max_frame"));
      ReaderMetrics metrics;
      if (Status status = configure_metrics(metrics); !status.ok()) return status;
      reader_.emplace(host_, settings.ref<Storage>("storage", kStorageId), metrics, options);
      return kOkStatus;
    });
  }

  Status start() noexcept override {
    Route route{};
    route.struct_size = sizeof route;
    route.methods = kPost | kOptions;
    route.path = str(path_);
    route.role = str("read");
    route.max_body_bytes = max_body_bytes_;
    route.handler = &*reader_;
    Status status = listener_->add_route(&route);
    routed_ = status.ok();
    return status;
  }

  Status drain(int64_t) noexcept override { return stop(); }

  Status stop() noexcept override {
    if (routed_) listener_->remove_routes(&*reader_);
    routed_ = false;
    return kOkStatus;
  }

  Status reconfigure(Config*) noexcept override {
    return host_->fail(Code::kUnimplemented, str("remote_read has no field that can change without a restart"));
  }
  Status health() noexcept override { return kOkStatus; }
  void release() noexcept override { delete this; }

 private:
  Status counter(std::string_view name, std::string_view help, uint64_t*& cell, View<KeyValue> labels = {nullptr, 0}) {
    MetricSpec spec{sizeof(MetricSpec), MetricType::kCounter, str(name), str(help), labels, {nullptr, 0}};
    MetricCells cells{};
    Status status = host_->metric(&spec, &cells);
    cell = cells.count;
    return status;
  }

  Status configure_metrics(ReaderMetrics& metrics) {
    static constexpr KeyValue kSampled[] = {{str("type"), str("samples")}};
    static constexpr KeyValue kStreamed[] = {{str("type"), str("chunks")}};
    constexpr std::string_view kRequests = "nightlight_remote_read_requests_total";
    constexpr std::string_view kRequestsHelp = "Requests by the type of the answer.";
    for (Status status : {counter(kRequests, kRequestsHelp, metrics.requests_sampled, view_of(kSampled)),
                          counter(kRequests, kRequestsHelp, metrics.requests_streamed, view_of(kStreamed)),
                          counter("nightlight_remote_read_failures_total", "Requests that failed.", metrics.failures),
                          counter("nightlight_remote_read_series_total", "Series sent.", metrics.series),
                          counter("nightlight_remote_read_samples_total", "Samples sent.", metrics.samples)}) {
      if (!status.ok()) return status;
    }
    return kOkStatus;
  }

  Host* host_;
  Listener* listener_ = nullptr;
  std::optional<Reader> reader_;
  std::string path_;
  uint64_t max_body_bytes_ = 0;
  bool routed_ = false;
};

Status create(Host* host, Instance** out) noexcept {
  return guard(host, [&] {
    *out = new RemoteRead(host);
    return kOkStatus;
  });
}

constexpr Component kComponent{sizeof(Component),     Stability::kBeta,
                               str("remote_read"),    str("Answers Prometheus' remote read, sampled and streamed."),
                               View<Str>{nullptr, 0}, View<Str>{nullptr, 0},
                               view_of(kFields),      &create};
constexpr const Component* kComponents[] = {&kComponent};
constexpr Plugin kPlugin{
    sizeof(Plugin), NIGHTLIGHT_SDK_MINOR, str("remote_read"),  str(NIGHTLIGHT_PLUGIN_VERSION), str("MIT OR Apache-2.0"),
    str(""),        str(__VERSION__),     view_of(kComponents)};

}  // namespace
}  // namespace nightlight::remote_read

NIGHTLIGHT_PLUGIN_ENTRY { return &nightlight::remote_read::kPlugin; }
