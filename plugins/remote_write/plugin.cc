// The component `remote_write`: Prometheus remote write 1.0 and 2.0 into a sink.
#include <optional>
#include <string>
#include <vector>

#include "nightlight/plugin.h"
#include "remote_write/receiver.h"

namespace nightlight::remote_write {
namespace {

constexpr Str kNonFiniteChoices[] = {str("accept"), str("drop"), str("reject")};

constexpr ConfigField kListener = ref_field("listener", kListenerId, "The listener that takes the requests.");
constexpr ConfigField kSink = ref_field("sink", kSinkId, "Where the samples go.");
constexpr ConfigField kPaths = field("path", FieldType::kString, "/api/v1/write", "The path of the endpoint.");
constexpr ConfigField kAlias =
    field("alias", FieldType::kString, "/api/v1/push", "A second path for the same endpoint; \"\" for none.");
constexpr ConfigField kMaxBody = bounded(
    field("max_body", FieldType::kBytes, "32MiB", "The largest compressed body; larger ones are answered with 413."),
    "1KiB", "1GiB");
constexpr ConfigField kMaxDecoded = bounded(field("max_decoded", FieldType::kBytes, "32MiB",
                                                  "The largest decompressed body; larger ones are answered with 400."),
                                            "1KiB", "1GiB");
constexpr ConfigField kMaxFuture =
    field("max_future", FieldType::kDuration, "10m", "How far in the future a sample may be; 0 for no limit.");
constexpr ConfigField kNonFinite = enum_field(
    "non_finite", view_of(kNonFiniteChoices), "accept",
    "What becomes of samples that are NaN or infinite: stored, dropped silently, or refused with status 400 while "
    "the others are stored. Staleness markers are always stored.");
constexpr ConfigField kMaxLabels = field("max_labels", FieldType::kInt, "0",
                                         "The most labels of a series; 0 for no limit. Series with more are refused.");
constexpr ConfigField kMaxLabelName =
    field("max_label_name", FieldType::kBytes, "0", "The longest name of a label; 0 for no limit.");
constexpr ConfigField kMaxLabelValue =
    field("max_label_value", FieldType::kBytes, "0", "The longest value of a label; 0 for no limit.");
constexpr const ConfigField* kFields[] = {&kListener,  &kSink,         &kPaths,        &kAlias,
                                          &kMaxBody,   &kMaxDecoded,   &kMaxFuture,    &kNonFinite,
                                          &kMaxLabels, &kMaxLabelName, &kMaxLabelValue};

class RemoteWrite final : public Instance {
 public:
  explicit RemoteWrite(Host* host) : host_(host) {}

  void* query(Str) noexcept override { return nullptr; }

  Status configure(Config* config) noexcept override {
    return guard(host_, [&] {
      Settings settings(config);
      listener_ = settings.ref<Listener>("listener", kListenerId);
      auto* sink = settings.ref<Sink>("sink", kSinkId);
      if (listener_ == nullptr || sink == nullptr) {
        return host_->fail(Code::kInvalidArgument, str(settings.position("sink") + ": needs a listener and a sink"));
      }
      paths_ = {settings.text("path")};
      if (std::string alias = settings.text("alias"); !alias.empty() && alias != paths_[0]) paths_.push_back(alias);
      for (const std::string& path : paths_) {
        if (!path.empty() && path[0] == '/') continue;
        return host_->fail(Code::kInvalidArgument, str(settings.position("path") + ": a path begins with /"));
      }
      max_body_bytes_ = static_cast<uint64_t>(settings.integer("max_body"));
      ReceiverOptions options;
      options.max_decoded_bytes = static_cast<uint64_t>(settings.integer("max_decoded"));
      options.max_future_ms = settings.integer("max_future");
      std::string non_finite = settings.text("non_finite");
      options.non_finite = non_finite == "drop"     ? NonFinite::kDrop
                           : non_finite == "reject" ? NonFinite::kReject
                                                    : NonFinite::kAccept;
      options.limits.max_labels = static_cast<uint64_t>(settings.integer("max_labels"));
      options.limits.max_name_bytes = static_cast<uint64_t>(settings.integer("max_label_name"));
      options.limits.max_value_bytes = static_cast<uint64_t>(settings.integer("max_label_value"));
      if (Status status = metrics_.configure(host_); !status.ok()) return status;
      receiver_.emplace(host_, sink, &metrics_, options);
      return kOkStatus;
    });
  }

  Status start() noexcept override {
    for (const std::string& path : paths_) {
      Route route{};
      route.struct_size = sizeof route;
      route.methods = kPost | kOptions;
      route.path = str(path);
      route.role = str("write");
      route.max_body_bytes = max_body_bytes_;
      route.handler = &*receiver_;
      if (Status status = listener_->add_route(&route); !status.ok()) return status;
      routed_ = true;
    }
    return kOkStatus;
  }

  Status drain(int64_t) noexcept override {
    remove_routes();  // Waits for the running requests.
    return kOkStatus;
  }

  Status stop() noexcept override {
    remove_routes();
    return kOkStatus;
  }

  Status reconfigure(Config*) noexcept override {
    return host_->fail(Code::kUnimplemented, str("remote_write has no field that can change without a restart"));
  }

  Status health() noexcept override { return kOkStatus; }
  void release() noexcept override { delete this; }

 private:
  void remove_routes() {
    if (routed_) listener_->remove_routes(&*receiver_);
    routed_ = false;
  }

  Host* host_;
  Listener* listener_ = nullptr;
  Metrics metrics_{};
  std::optional<Receiver> receiver_;
  std::vector<std::string> paths_;
  uint64_t max_body_bytes_ = 0;
  bool routed_ = false;
};

Status create(Host* host, Instance** out) noexcept {
  return guard(host, [&] {
    *out = new RemoteWrite(host);
    return kOkStatus;
  });
}

constexpr Component kComponent{
    sizeof(Component),     Stability::kBeta,
    str("remote_write"),   str("Receives samples by Prometheus' remote write protocol, 1.0 and 2.0."),
    View<Str>{nullptr, 0}, View<Str>{nullptr, 0},
    view_of(kFields),      &create};
constexpr const Component* kComponents[] = {&kComponent};
constexpr Plugin kPlugin{sizeof(Plugin),           NIGHTLIGHT_SDK_MINOR,
                         str("remote_write"),      str(NIGHTLIGHT_PLUGIN_VERSION),
                         str("MIT OR Apache-2.0"), str(""),
                         str("gcc " __VERSION__),  view_of(kComponents)};

}  // namespace
}  // namespace nightlight::remote_write

NIGHTLIGHT_PLUGIN_ENTRY { return &nightlight::remote_write::kPlugin; }
