// Component `host_api`: /metrics and /-/ on a listener.
#ifndef NIGHTLIGHT_APP_HOST_API_H_
#define NIGHTLIGHT_APP_HOST_API_H_

#include "nightlight/component.h"

namespace nightlight::app {

const Component* host_api_component();

}  // namespace nightlight::app

#endif  // NIGHTLIGHT_APP_HOST_API_H_
