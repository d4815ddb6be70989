// The engine as a component: type `promql`.
#ifndef NIGHTLIGHT_PROMQL_COMPONENT_H_
#define NIGHTLIGHT_PROMQL_COMPONENT_H_

#include "nightlight/component.h"

namespace nightlight::promql {

// A constant that lives as long as the process.
const Component& component();

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_COMPONENT_H_
