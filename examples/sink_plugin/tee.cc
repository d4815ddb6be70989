// A sink that stands before two others and writes every batch to both: `{type: tee, first: blocks, second: standby}`.
// What the sender is told is the first one's answer; the second one's failures are logged and counted.
#include <nightlight/plugin.h>

namespace {

using namespace nightlight;  // NOLINT: an example reads better without the prefixes

class Tee final : public Instance, public Sink {
 public:
  explicit Tee(Host* host) : host_(host) {}

  void* query(Str id) noexcept override { return view(id) == kSinkId ? as<Sink>(this) : nullptr; }

  Status configure(Config* config) noexcept override {
    return guard(host_, [&]() -> Status {
      Settings settings(config);
      first_ = settings.ref<Sink>("first", kSinkId);
      second_ = settings.ref<Sink>("second", kSinkId);
      if (first_ == nullptr || second_ == nullptr) return host_->fail(Code::kInvalidArgument, str("needs two sinks"));
      MetricSpec spec{sizeof(MetricSpec),
                      MetricType::kCounter,
                      str("nightlight_tee_second_failures_total"),
                      str("Batches that the second sink did not take."),
                      {},
                      {}};
      return host_->metric(&spec, &failures_);
    });
  }
  Status start() noexcept override { return kOkStatus; }
  Status drain(int64_t) noexcept override { return kOkStatus; }
  Status stop() noexcept override { return kOkStatus; }
  Status reconfigure(Config*) noexcept override { return kOkStatus; }
  Status health() noexcept override { return kOkStatus; }
  void release() noexcept override { delete this; }

  // References are a matter between a sender and one sink. There are two here, so every batch carries its labels.
  Status resolve(const CallContext*, View<Str> keys, uint64_t* refs) noexcept override {
    for (uint64_t i = 0; i < keys.size; ++i) refs[i] = 0;
    return kOkStatus;
  }

  Status append(const WriteBatch* batch, AppendResult* result) noexcept override {
    AppendResult ignored{};
    ignored.struct_size = sizeof ignored;
    if (!second_->append(batch, &ignored).ok()) {
      bump(failures_.count);
      log(host_, LogLevel::kWarn, "the second sink failed", {{"error", view(host_->last_error())}});
    }
    return first_->append(batch, result);
  }

 private:
  Host* host_;
  Sink* first_ = nullptr;
  Sink* second_ = nullptr;
  MetricCells failures_{};
};

Status create(Host* host, Instance** out) noexcept {
  return guard(host, [&] { return *out = new Tee(host), kOkStatus; });
}

constexpr ConfigField kFirst = ref_field("first", kSinkId, "The sink whose answer the sender gets.");
constexpr ConfigField kSecond = ref_field("second", kSinkId, "The sink that gets a copy.");
constexpr const ConfigField* kFields[] = {&kFirst, &kSecond};
constexpr Str kProvides[] = {str(kSinkId)};
constexpr Component kComponent{
    sizeof(Component), Stability::kBeta, str("tee"), str("Writes every batch to two sinks."), view_of(kProvides), {},
    view_of(kFields),  &create};
constexpr const Component* kComponents[] = {&kComponent};
constexpr Plugin kPlugin{sizeof(Plugin), NIGHTLIGHT_SDK_MINOR, str("tee"),          str("1.0.0"), str("MIT"),
                         str(""),        str(__VERSION__),     view_of(kComponents)};

}  // namespace

NIGHTLIGHT_PLUGIN_ENTRY { return &kPlugin; }
