// The types of instances that a config can create, and where each comes from.
#ifndef NIGHTLIGHT_CONFIG_COMPONENTS_H_
#define NIGHTLIGHT_CONFIG_COMPONENTS_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "nightlight/component.h"

namespace nightlight::config {

class Components {
 public:
  // `from` is "core" or a plugin's name. kAlreadyExists when the type is taken; kInvalidArgument when the description
  // is malformed. The component must outlive this object.
  Result<void> add(const Component* component, std::string_view from);

  const Component* find(std::string_view type) const;
  // The plugin that brought a type, "core", or "".
  std::string from(std::string_view type) const;
  std::vector<std::string> types() const;

 private:
  struct Entry {
    const Component* component;
    std::string from;
  };
  std::map<std::string, Entry, std::less<>> entries_;
};

bool provides(const Component& component, std::string_view interface_id);

}  // namespace nightlight::config

#endif  // NIGHTLIGHT_CONFIG_COMPONENTS_H_
