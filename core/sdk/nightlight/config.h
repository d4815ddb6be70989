// The values of one instance's config, already checked against its field table: types are right, defaults are filled
// in, environment variables and secrets are expanded.
#ifndef NIGHTLIGHT_CONFIG_H_
#define NIGHTLIGHT_CONFIG_H_

#include "nightlight/abi.h"

namespace nightlight {

enum class ValueKind : uint32_t { kNull = 0, kBool = 1, kInteger = 2, kReal = 3, kText = 4, kList = 5, kMap = 6 };

// Which member is meaningful follows from `kind`. kDuration and kBytes fields are kInteger (milliseconds, bytes); kFree
// fields are kText (JSON); kRef fields are kText (the instance's name; see Config::resolve).
struct Value {
  uint32_t struct_size;
  ValueKind kind;
  int64_t integer;           // kInteger, kBool (0 or 1)
  double real;               // kReal
  Str text;                  // kText
  View<const Value*> items;  // kList, and the values of kMap
  View<Str> keys;            // kMap, parallel to items
};

class NIGHTLIGHT_INTERFACE Config {
 public:
  // [control] The value of a declared field; kNull when it is absent and has no default. The views live as long as this
  // Config, which is until the call that received it returns. kNotFound for a field that the table does not declare.
  virtual Status get(Str field, Value* out) noexcept = 0;

  // [control] The `index`th reference of a field (0 unless it is a list) as interface `interface_id`. Borrowed until
  // this instance has been stopped. kNotFound when the field is absent.
  virtual Status resolve(Str field, uint64_t index, Str interface_id, void** out) noexcept = 0;

  // [control] "file:line:column: instances.NAME.FIELD" of a field, for error texts.
  virtual Str position(Str field) noexcept = 0;

  // [control] The name of the instance that is being configured.
  virtual Str instance_name() noexcept = 0;

 protected:
  ~Config() = default;
};

}  // namespace nightlight

#endif  // NIGHTLIGHT_CONFIG_H_
