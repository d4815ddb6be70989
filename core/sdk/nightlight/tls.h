// TLS material for plugins that run a server of their own (gRPC, say). Files are validated before they are offered: key
// and certificate match, the chain parses, nothing has expired.
#ifndef NIGHTLIGHT_TLS_H_
#define NIGHTLIGHT_TLS_H_

#include "nightlight/host.h"
#include "nightlight/listener.h"

namespace nightlight {

enum class ClientAuth : uint32_t { kNone = 0, kOptional = 1, kRequire = 2 };

inline constexpr char kTlsId[] = "nightlight.tls/0";
NIGHTLIGHT_INTERFACE Tls {
 public:
  // [any] PEM text of the chain, the private key and the authorities that client certificates must come from. The three
  // belong together: read `generation` before and after.
  virtual Status chain_pem(TextSink * out) noexcept = 0;
  virtual Status key_pem(TextSink * out) noexcept = 0;
  virtual Status client_ca_pem(TextSink * out) noexcept = 0;
  virtual ClientAuth client_auth() noexcept = 0;
  // [any] Grows with every reload that changed something.
  virtual uint64_t generation() noexcept = 0;
  // [any] kOk when a verified client certificate may do `role`; kPermissionDenied with the reason.
  virtual Status authorize(const Peer* peer, Str role) noexcept = 0;

 protected:
  ~Tls() = default;
};

}  // namespace nightlight

#endif  // NIGHTLIGHT_TLS_H_
