// The plugins that a contract suite runs against: the libraries that NIGHTLIGHT_CONTRACT_PLUGINS lists,
// colon-separated.
#ifndef NIGHTLIGHT_TESTS_CONTRACT_LOADED_PLUGINS_H_
#define NIGHTLIGHT_TESTS_CONTRACT_LOADED_PLUGINS_H_

#include <dlfcn.h>
#include <doctest/doctest.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "nightlight/plugin.h"

namespace nightlight::contract {

inline std::vector<std::string> libraries() {
  const char* listed = std::getenv("NIGHTLIGHT_CONTRACT_PLUGINS");
  REQUIRE_MESSAGE(listed != nullptr, "NIGHTLIGHT_CONTRACT_PLUGINS is not set");
  std::vector<std::string> out;
  std::istringstream stream(listed);
  for (std::string path; std::getline(stream, path, ':');) out.push_back(path);
  REQUIRE(!out.empty());
  return out;
}

inline const Plugin* load(const std::string& path) {
  CAPTURE(path);
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  REQUIRE_MESSAGE(library != nullptr, ::dlerror());
  auto entry = reinterpret_cast<PluginEntry>(::dlsym(library, kPluginEntrySymbol));
  bool exported = entry != nullptr;
  REQUIRE(exported);
  bool constant = entry() == entry();
  REQUIRE(constant);
  return entry();
}

template <class Body>
void for_each_component(Body&& body) {
  for (const std::string& path : libraries()) {
    for (const Component* component : load(path)->components) {
      std::string type(view(component->type));
      CAPTURE(path);
      CAPTURE(type);
      body(*component);
    }
  }
}

inline Owned<Instance> create(const Component& component, Host* host) {
  Instance* made = nullptr;
  REQUIRE(component.create(host, &made).ok());
  REQUIRE(made != nullptr);
  return Owned<Instance>(made);
}

}  // namespace nightlight::contract

#endif  // NIGHTLIGHT_TESTS_CONTRACT_LOADED_PLUGINS_H_
