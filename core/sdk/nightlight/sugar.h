// Comfort for plugin authors, compiled into the plugin: nothing here crosses the boundary.
#ifndef NIGHTLIGHT_SUGAR_H_
#define NIGHTLIGHT_SUGAR_H_

#include <cstring>
#include <exception>
#include <initializer_list>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nightlight/component.h"
#include "nightlight/config.h"
#include "nightlight/host.h"

namespace nightlight {

constexpr Str str(std::string_view text) { return Str{text.data(), text.size()}; }
constexpr std::string_view view(Str text) { return std::string_view{text.data, static_cast<size_t>(text.size)}; }

template <class T>
View<T> view_of(const std::vector<T>& items) {
  return View<T>{items.data(), items.size()};
}
template <class T, size_t N>
constexpr View<T> view_of(const T (&items)[N]) {
  return View<T>{items, N};
}

// Runs `body`, which returns a Status, and turns whatever it throws into one.
template <class Body>
Status guard(Host* host, Body&& body) noexcept {
  try {
    return std::forward<Body>(body)();
  } catch (const std::bad_alloc&) {
    return host->fail(Code::kResourceExhausted, str("out of memory"));
  } catch (const std::exception& e) {
    return host->fail(Code::kInternal, str(e.what()));
  } catch (...) {
    return host->fail(Code::kInternal, str("unknown exception"));
  }
}

struct Releaser {
  template <class T>
  void operator()(T* object) const noexcept {
    if (object != nullptr) object->release();
  }
};
// Owns an object that ends by release().
template <class T>
using Owned = std::unique_ptr<T, Releaser>;

// The pointer for Instance::query: `as<Sink>(this)` fixes the sub-object before it becomes void*.
template <class Interface, class Self>
void* as(Self* self) {
  return static_cast<Interface*>(self);
}

// ---- metrics
// --------------------------------------------------------------------------------------------------------------

inline void bump(uint64_t* cell, uint64_t by = 1) { __atomic_fetch_add(cell, by, __ATOMIC_RELAXED); }
inline void set(double* cell, double value) { __atomic_store(cell, &value, __ATOMIC_RELAXED); }
inline void add(double* cell, double by) {
  double seen;
  __atomic_load(cell, &seen, __ATOMIC_RELAXED);
  for (double sum = seen + by; !__atomic_compare_exchange(cell, &seen, &sum, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED);)
    sum = seen + by;
}

// A histogram metric with its bounds, ready to observe.
struct HistogramCells {
  MetricCells cells{};
  std::vector<double> bounds;

  void observe(double value) const {
    size_t i = 0;
    while (i < bounds.size() && value > bounds[i]) ++i;
    bump(cells.count + i);
    add(cells.number, value);
  }
};

// ---- logging
// --------------------------------------------------------------------------------------------------------------

inline void log(Host* host, LogLevel level, std::string_view message,
                std::initializer_list<std::pair<std::string_view, std::string_view>> fields = {}) {
  if (host->log_enabled(level) == 0) return;
  std::vector<KeyValue> pairs;
  pairs.reserve(fields.size());
  for (const auto& [key, value] : fields) pairs.push_back(KeyValue{str(key), str(value)});
  host->log(level, str(message), view_of(pairs));
}

// ---- config
// ---------------------------------------------------------------------------------------------------------------

// Typed reads of a checked config. A field that the table does not declare reads as empty.
class Settings {
 public:
  explicit Settings(Config* config) : config_(config) {}

  Value value(std::string_view field) const {
    Value out{};
    out.struct_size = sizeof(Value);
    if (!config_->get(str(field), &out).ok()) out.kind = ValueKind::kNull;
    return out;
  }
  bool has(std::string_view field) const { return value(field).kind != ValueKind::kNull; }
  bool boolean(std::string_view field) const { return value(field).integer != 0; }
  int64_t integer(std::string_view field) const { return value(field).integer; }
  double real(std::string_view field) const {
    Value v = value(field);
    return v.kind == ValueKind::kInteger ? static_cast<double>(v.integer) : v.real;
  }
  std::string text(std::string_view field) const { return std::string(view(value(field).text)); }
  std::vector<std::string> texts(std::string_view field) const {
    std::vector<std::string> out;
    for (const Value* item : value(field).items) out.emplace_back(view(item->text));
    return out;
  }
  // The referenced instance as an interface, or null when the field is absent.
  template <class Interface>
  Interface* ref(std::string_view field, const char* interface_id, uint64_t index = 0) const {
    void* out = nullptr;
    if (!config_->resolve(str(field), index, str(interface_id), &out).ok()) return nullptr;
    return static_cast<Interface*>(out);
  }
  std::string position(std::string_view field) const { return std::string(view(config_->position(str(field)))); }

 private:
  Config* config_;
};

// ---- descriptors
// ----------------------------------------------------------------------------------------------------------

// A field of a component's table, for constants: field("path", FieldType::kPath, "./data", "Where blocks live.").
constexpr ConfigField field(std::string_view name, FieldType type, std::string_view default_value, std::string_view doc,
                            uint32_t flags = 0) {
  return ConfigField{sizeof(ConfigField), type,     flags,      FieldType::kString,    str(name),
                     str(default_value),  str(doc), Str{"", 0}, View<Str>{nullptr, 0}, Str{"", 0},
                     Str{"", 0}};
}
constexpr ConfigField bounded(ConfigField f, std::string_view minimum, std::string_view maximum) {
  f.minimum = str(minimum);
  f.maximum = str(maximum);
  return f;
}
constexpr ConfigField ref_field(std::string_view name, std::string_view interface_id, std::string_view doc,
                                uint32_t flags = kRequired) {
  ConfigField f = field(name, FieldType::kRef, "", doc, flags);
  f.interface_id = str(interface_id);
  return f;
}
constexpr ConfigField enum_field(std::string_view name, View<Str> choices, std::string_view default_value,
                                 std::string_view doc, uint32_t flags = 0) {
  ConfigField f = field(name, FieldType::kEnum, default_value, doc, flags);
  f.choices = choices;
  return f;
}
constexpr ConfigField list_field(std::string_view name, FieldType item_type, std::string_view doc, uint32_t flags = 0,
                                 std::string_view interface_id = "") {
  ConfigField f = field(name, FieldType::kList, "", doc, flags);
  f.item_type = item_type;
  f.interface_id = str(interface_id);
  return f;
}

}  // namespace nightlight

#endif  // NIGHTLIGHT_SUGAR_H_
