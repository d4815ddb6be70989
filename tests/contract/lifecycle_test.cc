// What the contract asks of every plugin, ours or a stranger's: a description that holds together, and instances that
// survive the odd lives that a host may give them. Runs against the libraries that NIGHTLIGHT_CONTRACT_PLUGINS lists,
// colon-separated.
#include <doctest/doctest.h>

#include <set>

#include "contract/loaded_plugins.h"
#include "fakes/host.h"
#include "nightlight/plugin.h"

namespace nightlight::contract {
namespace {

// A config of whose fields none is there and whose references lead nowhere.
class EmptyConfig final : public Config {
 public:
  explicit EmptyConfig(Host* host) : host_(host) {}
  Status get(Str, Value* out) noexcept override {
    *out = Value{};
    out->struct_size = sizeof(Value);
    return kOkStatus;
  }
  Status resolve(Str, uint64_t, Str, void** out) noexcept override {
    *out = nullptr;
    return host_->fail(Code::kNotFound, str("absent"));
  }
  Str position(Str) noexcept override { return str("test:1:1"); }
  Str instance_name() noexcept override { return str("test"); }

 private:
  Host* host_;
};

TEST_CASE("a plugin says who it is and what it was built for") {
  for (const std::string& path : libraries()) {
    const Plugin* plugin = load(path);
    CAPTURE(path);
    CHECK(plugin->struct_size >= sizeof(Plugin));
    CHECK(plugin->sdk_minor == NIGHTLIGHT_SDK_MINOR);
    CHECK(plugin->name.size > 0);
    CHECK(plugin->version.size > 0);
    CHECK(plugin->license.size > 0);
    CHECK(!plugin->components.empty());
  }
}

TEST_CASE("every field is documented by sentences and has sound bounds, choices and defaults") {
  for_each_component([](const Component& component) {
    CHECK(view(component.summary).ends_with("."));
    std::set<std::string_view> names;
    for (const ConfigField* field : component.fields) {
      std::string name(view(field->name));
      CAPTURE(name);
      CHECK(names.insert(view(field->name)).second);
      CHECK(view(field->doc).ends_with("."));
      bool required = (field->flags & kRequired) != 0;
      CHECK(!(required && field->default_value.size > 0));
      bool chosen = field->type == FieldType::kEnum;
      CHECK(chosen == !field->choices.empty());
      bool default_is_choice = !chosen || required || field->default_value.size == 0;
      for (Str choice : field->choices) {
        std::string text(view(choice));  // Defaults are YAML, where "1.2" in quotes is text.
        default_is_choice |= text == view(field->default_value) || "\"" + text + "\"" == view(field->default_value);
      }
      CHECK(default_is_choice);
    }
  });
}

TEST_CASE("instances provide what their component says, and know nothing else") {
  for_each_component([](const Component& component) {
    fakes::FakeHost host;
    Owned<Instance> instance = create(component, &host);
    for (Str id : component.provides) CHECK_MESSAGE(instance->query(id) != nullptr, std::string(view(id)));
    CHECK(instance->query(str("nightlight.no_such_interface/0")) == nullptr);
    CHECK(instance->query(str("")) == nullptr);
  });
}

TEST_CASE("an instance may be stopped without a start, twice, and released at once") {
  for_each_component([](const Component& component) {
    fakes::FakeHost host;
    create(component, &host).reset();
    Owned<Instance> instance = create(component, &host);
    CHECK(instance->stop().ok());
    CHECK(instance->stop().ok());
  });
}

TEST_CASE("a config without anything in it is refused or taken, and the instance can still be stopped") {
  for_each_component([](const Component& component) {
    fakes::FakeHost host;
    Owned<Instance> instance = create(component, &host);
    EmptyConfig config(&host);
    Status configured = instance->configure(&config);
    bool needs_others = false;
    for (const ConfigField* field : component.fields) {
      needs_others |= field->type == FieldType::kRef && (field->flags & kRequired) != 0;
    }
    if (needs_others) CHECK_MESSAGE(!configured.ok(), "took a reference that leads nowhere");
    if (!configured.ok()) CHECK(host.last_error().size > 0);
    CHECK(instance->stop().ok());
  });
}

TEST_CASE("two instances of one component do not know of each other") {
  for_each_component([](const Component& component) {
    fakes::FakeHost host;
    Owned<Instance> first = create(component, &host), second = create(component, &host);
    for (Str id : component.provides) CHECK(first->query(id) != second->query(id));
    CHECK(first->stop().ok());
    first.reset();
    CHECK(second->query(str("")) == nullptr);
    CHECK(second->stop().ok());
  });
}

}  // namespace
}  // namespace nightlight::contract
