// What was built from what.
#ifndef NIGHTLIGHT_APP_BUILD_H_
#define NIGHTLIGHT_APP_BUILD_H_

#include <string>

#include "runtime/server.h"

namespace nightlight::app {

runtime::Build build();
// Where the installation keeps plugins.
std::string installed_plugin_directory();

}  // namespace nightlight::app

#endif  // NIGHTLIGHT_APP_BUILD_H_
