#include "net/components.h"

#include "net/http_instance.h"
#include "net/tls_instance.h"

namespace nightlight::net {

View<const Component*> net_components() {
  static constexpr const Component* kComponents[] = {&kHttpComponent, &kTlsComponent};
  return {kComponents, 2};
}

}  // namespace nightlight::net
