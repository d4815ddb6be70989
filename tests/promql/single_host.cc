#include "promql/single_host.h"

#include <dlfcn.h>

#include <chrono>
#include <cstdio>
#include <limits>
#include <utility>

#include "base/parse.h"

namespace nightlight::test {
namespace {

thread_local std::string last_error_text;

// The config of one instance, from a field table and texts.
class TextConfig final : public Config {
 public:
  TextConfig(Host& host, const Component& component, const std::map<std::string, std::string>& settings,
             const Providers& providers)
      : host_(host), component_(component), settings_(settings), providers_(providers) {}

  Status get(Str name, Value* out) noexcept override {
    const ConfigField* field = find(name);
    if (field == nullptr) return host_.fail(Code::kNotFound, name);
    auto given = settings_.find(std::string(view(name)));
    std::string_view text = given != settings_.end() ? std::string_view(given->second) : view(field->default_value);
    *out = value(*field, text);
    return kOkStatus;
  }

  Status resolve(Str name, uint64_t index, Str interface_id, void** out) noexcept override {
    if (find(name) == nullptr) return host_.fail(Code::kNotFound, name);
    auto [first, last] = providers_.equal_range(std::string(view(interface_id)));
    for (; first != last; ++first) {
      if (index-- != 0) continue;
      *out = first->second;
      return kOkStatus;
    }
    return host_.fail(Code::kNotFound, name);
  }

  Str position(Str) noexcept override { return str("test"); }
  Str instance_name() noexcept override { return str("test"); }

 private:
  const ConfigField* find(Str name) const {
    for (const ConfigField* field : component_.fields) {
      if (view(field->name) == view(name)) return field;
    }
    return nullptr;
  }

  Value value(const ConfigField& field, std::string_view text) {
    Value out{};
    out.struct_size = sizeof out;
    bool references =
        field.type == FieldType::kRef || (field.type == FieldType::kList && field.item_type == FieldType::kRef);
    if (references) return reference(field);
    if (field.type == FieldType::kList) {
      out.kind = ValueKind::kList;
      return out;
    }
    if (text.empty()) return out;
    out.kind = ValueKind::kInteger;
    switch (field.type) {
      case FieldType::kBool:
        out.kind = ValueKind::kBool;
        out.integer = text == "true" ? 1 : 0;
        break;
      case FieldType::kInt:
        out.integer = std::strtoll(std::string(text).c_str(), nullptr, 10);
        break;
      case FieldType::kFloat:
        out.kind = ValueKind::kReal;
        out.real = std::strtod(std::string(text).c_str(), nullptr);
        break;
      case FieldType::kDuration:
        out.integer = *parse_duration_ms(text);
        break;
      case FieldType::kBytes:
        out.integer = static_cast<int64_t>(*parse_bytes(text));
        break;
      default:
        out.kind = ValueKind::kText;
        out.text = str(texts_.emplace_back(text));
    }
    return out;
  }

  Value reference(const ConfigField& field) {
    Value out{};
    out.struct_size = sizeof out;
    size_t count = providers_.count(std::string(view(field.interface_id)));
    if (count == 0) return out;
    out.kind = ValueKind::kText;
    out.text = str("test");
    if (field.type == FieldType::kRef) return out;
    const Value& item = values_.emplace_back(out);
    out.kind = ValueKind::kList;
    out.items = view_of(items_.emplace_back(count, &item));
    return out;
  }

  Host& host_;
  const Component& component_;
  const std::map<std::string, std::string>& settings_;
  const Providers& providers_;
  std::deque<std::string> texts_;
  std::deque<Value> values_;
  std::deque<std::vector<const Value*>> items_;
};

}  // namespace

Status SingleHost::fail(Code code, Str text) noexcept {
  last_error_text = std::string(view(text));
  return Status{code, 0};
}

Str SingleHost::last_error() noexcept { return str(last_error_text); }

void SingleHost::log(LogLevel, Str message, View<KeyValue> fields) noexcept {
  std::fprintf(stderr, "%.*s", static_cast<int>(message.size), message.data);
  for (const KeyValue& field : fields) {
    std::fprintf(stderr, " %.*s=%.*s", static_cast<int>(field.key.size), field.key.data,
                 static_cast<int>(field.value.size), field.value.data);
  }
  std::fputc('\n', stderr);
}

Status SingleHost::metric(const MetricSpec* spec, MetricCells* out) noexcept {
  MutexLock lock(mutex_);
  out->count = counts_.emplace_back(spec->bounds.size + 1).data();
  out->number = &numbers_.emplace_back(0);
  return kOkStatus;
}

int64_t SingleHost::now_ms() noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int64_t SingleHost::monotonic_ns() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Status SingleHost::submit(Task* task) noexcept {
  task->run();
  return kOkStatus;
}

Result<RunningInstance> RunningInstance::start(Host& host, const Component& component,
                                               const std::map<std::string, std::string>& settings,
                                               const Providers& providers) {
  auto failed = [&host](Status status) { return Error{status.code, std::string(view(host.last_error()))}; };
  Instance* raw = nullptr;
  if (Status status = component.create(&host, &raw); !status.ok()) return failed(status);
  RunningInstance instance(raw);
  TextConfig config(host, component, settings, providers);
  if (Status status = raw->configure(&config); !status.ok()) return failed(status);
  if (Status status = raw->start(); !status.ok()) return failed(status);
  return instance;
}

RunningInstance::~RunningInstance() {
  if (instance_ == nullptr) return;
  static_cast<void>(instance_->drain(std::numeric_limits<int64_t>::max()));
  static_cast<void>(instance_->stop());
  instance_->release();
}

Result<const Component*> load_component(const std::string& plugin_file, std::string_view interface_id) {
  void* file = dlopen(plugin_file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (file == nullptr) return Error{Code::kNotFound, dlerror()};
  auto entry = reinterpret_cast<PluginEntry>(dlsym(file, kPluginEntrySymbol));
  if (entry == nullptr) return Error{Code::kNotFound, plugin_file + " is no plugin"};
  for (const Component* component : entry()->components) {
    for (Str id : component->provides) {
      if (view(id) == interface_id) return component;
    }
  }
  return Error{Code::kNotFound, plugin_file + " provides no " + std::string(interface_id)};
}

}  // namespace nightlight::test
