// The component `http`: a listener on which plugins put their routes.
#ifndef NIGHTLIGHT_NET_HTTP_INSTANCE_H_
#define NIGHTLIGHT_NET_HTTP_INSTANCE_H_

#include "nightlight/component.h"

namespace nightlight::net {

extern const Component kHttpComponent;

}  // namespace nightlight::net

#endif  // NIGHTLIGHT_NET_HTTP_INSTANCE_H_
