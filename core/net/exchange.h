// One request and its answer.
#ifndef NIGHTLIGHT_NET_EXCHANGE_H_
#define NIGHTLIGHT_NET_EXCHANGE_H_

#include <string>
#include <vector>

#include "net/http_service.h"
#include "net/peer.h"
#include "net/wire.h"

namespace nightlight::net {

// What a connection remembers between requests.
struct ConnectionState {
  PeerIdentity peer;
  uint64_t tls_generation = 0;          // Of its handshake.
  int64_t certificate_not_after_s = 0;  // Of the client's certificate; 0 without one.
};

// Reads the request of which the first bytes are buffered in `wire`, and answers it. True when the connection may go
// on.
bool exchange(HttpService* service, Wire* wire, Watched* watched, ConnectionState* state);

}  // namespace nightlight::net

#endif  // NIGHTLIGHT_NET_EXCHANGE_H_
