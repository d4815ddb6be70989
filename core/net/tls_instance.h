// The component `tls`: loads certificate, key, authorities and revocation lists, offers them to servers, and reloads
// them when the files change. What it offers was validated; when a reload fails, the last good material stays.
#ifndef NIGHTLIGHT_NET_TLS_INSTANCE_H_
#define NIGHTLIGHT_NET_TLS_INSTANCE_H_

#include "nightlight/component.h"

namespace nightlight::net {

extern const Component kTlsComponent;

}  // namespace nightlight::net

#endif  // NIGHTLIGHT_NET_TLS_INSTANCE_H_
