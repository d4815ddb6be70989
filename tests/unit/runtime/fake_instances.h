// Components whose instances write down what is done to them and fail where a test says so.
#ifndef NIGHTLIGHT_TESTS_FAKE_INSTANCES_H_
#define NIGHTLIGHT_TESTS_FAKE_INSTANCES_H_

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "config/config.h"
#include "nightlight/plugin.h"
#include "runtime/graph.h"
#include "runtime/instance_config.h"

namespace nightlight::runtime::fake {

// What the instances of a test do and have done. "store.start" -> the Status that this call returns.
struct Script {
  std::vector<std::string> calls;
  std::map<std::string, std::function<Status(Host*)>> on;
  std::map<std::string, Host*> hosts;
  std::map<std::string, Instance*> instances;
  std::map<std::string, std::string> limits;  // The field `limit` as each instance last saw it.
};
inline Script* script = nullptr;  // Of the test that runs.

inline constexpr char kThingId[] = "test.thing/0";

class Thing final : public Instance, public MetricsSource {
 public:
  explicit Thing(Host* host) : host_(host) { script->calls.push_back("create"); }

  void* query(Str id) noexcept override {
    if (view(id) == kThingId) return static_cast<Instance*>(this);
    if (view(id) == kMetricsSourceId) return as<MetricsSource>(this);
    return nullptr;
  }
  Status configure(Config* config) noexcept override {
    name_ = view(config->instance_name());
    script->hosts[name_] = host_;
    script->instances[name_] = this;
    return read(config, "configure");
  }
  Status start() noexcept override { return note("start"); }
  Status drain(int64_t) noexcept override { return note("drain"); }
  Status stop() noexcept override { return note("stop"); }
  Status reconfigure(Config* config) noexcept override { return read(config, "reconfigure"); }
  Status health() noexcept override { return note("health"); }
  void release() noexcept override {
    (void)note("release");
    delete this;
  }
  void collect(MetricsSink* sink) noexcept override {
    MetricSpec spec{sizeof(MetricSpec), MetricType::kGauge, str("nightlight_test_things"), str("Things."), {}, {}};
    sink->add(&spec, 3, {});
  }

 private:
  Status read(Config* config, const char* method) {
    script->limits[name_] = std::to_string(Settings(config).integer("limit"));
    return note(method);
  }
  Status note(const std::string& method) {
    script->calls.push_back(name_ + "." + method);
    auto planned = script->on.find(name_ + "." + method);
    return planned == script->on.end() ? kOkStatus : planned->second(host_);
  }

  Host* host_;
  std::string name_;
};

inline Status create_thing(Host* host, Instance** out) noexcept {
  *out = new Thing(host);
  return kOkStatus;
}

constexpr Str kProvides[] = {str(kThingId), str(kMetricsSourceId)};
constexpr ConfigField kNeeds = list_field("needs", FieldType::kRef, "Others.", 0, kThingId);
constexpr ConfigField kLimit = field("limit", FieldType::kInt, "1", "A number.", kReloadable);
constexpr ConfigField kFixed = field("fixed", FieldType::kString, "x", "A text.");
constexpr const ConfigField* kFields[] = {&kNeeds, &kLimit, &kFixed};
constexpr Component kThing{sizeof(Component),  Stability::kBeta, str("thing"),     str("A thing."),
                           view_of(kProvides), {nullptr, 0},     view_of(kFields), create_thing};

}  // namespace nightlight::runtime::fake

#endif  // NIGHTLIGHT_TESTS_FAKE_INSTANCES_H_
