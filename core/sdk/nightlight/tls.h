// TLS material for plugins that run a server of their own (gRPC, say). Files are validated before they are offered: key
// and certificate match, the chain parses, nothing has expired.
#ifndef NIGHTLIGHT_TLS_H_
#define NIGHTLIGHT_TLS_H_

#include "nightlight/host.h"
#include "nightlight/listener.h"

namespace nightlight {

enum class ClientAuth : uint32_t { kNone = 0, kOptional = 1, kRequire = 2 };

inline constexpr char kTlsId[] = "nightlight.tls/0";
class NIGHTLIGHT_INTERFACE Tls {
 public:
  // [any] PEM text of the chain, the private key, the authorities that client certificates must come from, and their
  // revocation lists (empty: revocation is not checked). They belong together: read `generation` before and after.
  virtual Status chain_pem(TextSink* out) noexcept = 0;
  virtual Status key_pem(TextSink* out) noexcept = 0;
  virtual Status client_ca_pem(TextSink* out) noexcept = 0;
  virtual Status crl_pem(TextSink* out) noexcept = 0;
  // [any] Ciphers of TLS 1.2 and suites of TLS 1.3 in OpenSSL's names, joined by ':'.
  virtual Status ciphers(TextSink* out) noexcept = 0;
  // [any] 0x0303 (TLS 1.2) or 0x0304 (TLS 1.3).
  virtual uint32_t min_version() noexcept = 0;
  virtual ClientAuth client_auth() noexcept = 0;
  // [any] Grows with every reload that changed something. 0 before the first load.
  virtual uint64_t generation() noexcept = 0;
  // [any] kOk when the client, whose certificate was verified in the handshake if it showed one, may do `role`, and the
  // tenant of its rule goes to `tenant` (which may be null). kPermissionDenied with the reason, also for a certificate
  // that was revoked since its handshake. Ask for each request: rules and revocation lists change.
  virtual Status authorize(const Peer* peer, Str role, TextSink* tenant) noexcept = 0;

 protected:
  ~Tls() = default;
};

}  // namespace nightlight

#endif  // NIGHTLIGHT_TLS_H_
