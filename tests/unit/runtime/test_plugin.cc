// Small libraries that the loader accepts or refuses; the macro VARIANT picks one.
#include "nightlight/plugin.h"

using namespace nightlight;

#if VARIANT == 4  // No plugin at all.
NIGHTLIGHT_EXPORT int something_else() { return 0; }
#else
namespace {

class Nothing final : public Instance {
 public:
  void* query(Str) noexcept override { return nullptr; }
  Status configure(Config*) noexcept override { return kOkStatus; }
  Status start() noexcept override {
    if (VARIANT == 6) __builtin_trap();
    return kOkStatus;
  }
  Status drain(int64_t) noexcept override { return kOkStatus; }
  Status stop() noexcept override { return kOkStatus; }
  Status reconfigure(Config*) noexcept override { return kOkStatus; }
  Status health() noexcept override { return kOkStatus; }
  void release() noexcept override { delete this; }
};

Status create(Host*, Instance** out) noexcept {
  *out = new Nothing;
  return kOkStatus;
}

constexpr const char* kType = VARIANT == 5 ? "Bad Type" : "good";
constexpr Component kComponent{sizeof(Component), Stability::kBeta, str(kType), str("Nothing."), {}, {}, {}, create};
constexpr const Component* kComponents[] = {&kComponent};
constexpr uint32_t kMinor = VARIANT == 2 ? 99 : NIGHTLIGHT_SDK_MINOR;
constexpr Plugin kPlugin{
    sizeof(Plugin),      kMinor, str("test"), str("1"), str("MIT"), str("https://example.org"), str("test"),
    view_of(kComponents)};

}  // namespace

#if VARIANT == 3
NIGHTLIGHT_EXPORT const Plugin* nightlight_plugin_v3() noexcept { return &kPlugin; }
#else
NIGHTLIGHT_PLUGIN_ENTRY { return &kPlugin; }
#endif
#endif
