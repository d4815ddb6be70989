// The identity in a verified client certificate.
#ifndef NIGHTLIGHT_NET_PEER_H_
#define NIGHTLIGHT_NET_PEER_H_

#include <string>
#include <vector>

#include "nightlight/listener.h"

struct x509_st;

namespace nightlight::net {

// Owns what a Peer's views point to. A certificate with a control character (a NUL, say) in an alternative
// name was made to deceive: none of its alternative names counts.
class PeerIdentity {
 public:
  PeerIdentity() = default;
  PeerIdentity(const PeerIdentity&) = delete;
  PeerIdentity& operator=(const PeerIdentity&) = delete;

  // Reads `certificate`, which may be null (no client certificate).
  void read(x509_st* certificate);
  void set_address(std::string address, bool tls);

  const Peer* peer() const { return &peer_; }

 private:
  void point();

  std::string address_, common_name_, serial_, issuer_;
  std::vector<std::string> dns_names_, uris_;
  std::vector<Str> dns_views_, uri_views_;
  Peer peer_{sizeof(Peer), 0, {}, {}, {}, {}, {}, {}};
};

}  // namespace nightlight::net

#endif  // NIGHTLIGHT_NET_PEER_H_
