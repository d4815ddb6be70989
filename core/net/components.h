// The components that come with the host itself from core/net: `http` and `tls`.
#ifndef NIGHTLIGHT_NET_COMPONENTS_H_
#define NIGHTLIGHT_NET_COMPONENTS_H_

#include "nightlight/component.h"

namespace nightlight::net {

// Constants that live as long as the process.
View<const Component*> net_components();

}  // namespace nightlight::net

#endif  // NIGHTLIGHT_NET_COMPONENTS_H_
