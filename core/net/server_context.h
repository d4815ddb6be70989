// A Poco TLS context for servers, hardened: what Poco 1.11 leaves open by default is closed here.
#ifndef NIGHTLIGHT_NET_SERVER_CONTEXT_H_
#define NIGHTLIGHT_NET_SERVER_CONTEXT_H_

#include <Poco/Net/Context.h>

#include <string>

#include "base/result.h"
#include "net/tls_material.h"

namespace nightlight::net {

// `session_id` (at most 32 bytes) separates the resumable sessions of listeners and generations: a ticket of an older
// context leads to a full handshake, in which revocation is checked again.
Result<Poco::Net::Context::Ptr> make_server_context(const TlsMaterial& material, const std::string& session_id);

// Why the last handshake of this thread failed, in one of a few words for a metric's label: "certificate_expired",
// "certificate_revoked", "unknown_authority", "no_certificate", "bad_certificate", "wrong_purpose", "plain_text",
// "version_or_cipher", "alpn", "closed", "other". `text` is what Poco said.
std::string handshake_failure_reason(const std::string& text);
void forget_handshake_failure();

}  // namespace nightlight::net

#endif  // NIGHTLIGHT_NET_SERVER_CONTEXT_H_
