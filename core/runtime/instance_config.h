// The Config that one instance sees: checked values as views, references as the instances behind them.
#ifndef NIGHTLIGHT_RUNTIME_INSTANCE_CONFIG_H_
#define NIGHTLIGHT_RUNTIME_INSTANCE_CONFIG_H_

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "config/config.h"
#include "nightlight/config.h"

namespace nightlight::runtime {

class InstanceConfig final : public Config {
 public:
  using Find = std::function<Instance*(std::string_view name)>;

  // `checked` must outlive this object; `find` gives the instances that were created, or null.
  InstanceConfig(const config::CheckedInstance& checked, Find find) : checked_(checked), find_(std::move(find)) {}

  Status get(Str field, Value* out) noexcept override;
  Status resolve(Str field, uint64_t index, Str interface_id, void** out) noexcept override;
  Str position(Str field) noexcept override;
  Str instance_name() noexcept override;

 private:
  const config::CheckedField* find_field(Str name) const;
  Value value_of(const config::Datum& datum);

  const config::CheckedInstance& checked_;
  const Find find_;
  // Deques: what was handed out stays where it is.
  std::deque<Value> values_;
  std::deque<std::vector<const Value*>> items_;
  std::deque<std::vector<Str>> keys_;
  std::deque<std::string> positions_;
};

}  // namespace nightlight::runtime

#endif  // NIGHTLIGHT_RUNTIME_INSTANCE_CONFIG_H_
