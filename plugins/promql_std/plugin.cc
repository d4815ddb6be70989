// The component `promql_std`: the functions of PromQL, for the engine's `functions`.
#include "promql_std/library.h"

namespace nightlight::promql_std {
namespace {

class PromqlStd final : public Instance {
 public:
  explicit PromqlStd(Host* host) : host_(host), library_(host) {}

  void* query(Str id) noexcept override {
    return view(id) == kFunctionLibraryId ? as<FunctionLibrary>(&library_) : nullptr;
  }
  Status configure(Config*) noexcept override { return kOkStatus; }
  Status start() noexcept override { return kOkStatus; }
  Status drain(int64_t) noexcept override { return kOkStatus; }
  Status stop() noexcept override { return kOkStatus; }
  Status reconfigure(Config*) noexcept override {
    return host_->fail(Code::kUnimplemented, str("promql_std has no field that can change"));
  }
  Status health() noexcept override { return kOkStatus; }
  void release() noexcept override { delete this; }

 private:
  Host* host_;
  Library library_;
};

Status create(Host* host, Instance** out) noexcept {
  return guard(host, [&] {
    *out = new PromqlStd(host);
    return kOkStatus;
  });
}

constexpr Str kProvides[] = {str(kFunctionLibraryId)};
constexpr Component kComponent{sizeof(Component),  Stability::kBeta,
                               str("promql_std"),  str("The functions of PromQL, as Prometheus computes them."),
                               view_of(kProvides), View<Str>{nullptr, 0},
                               {nullptr, 0},       &create};
constexpr const Component* kComponents[] = {&kComponent};
constexpr Plugin kPlugin{sizeof(Plugin),           NIGHTLIGHT_SDK_MINOR,
                         str("promql_std"),        str(NIGHTLIGHT_PLUGIN_VERSION),
                         str("MIT OR Apache-2.0"), str(""),
                         str("gcc " __VERSION__),  view_of(kComponents)};

}  // namespace
}  // namespace nightlight::promql_std

NIGHTLIGHT_PLUGIN_ENTRY { return &nightlight::promql_std::kPlugin; }
