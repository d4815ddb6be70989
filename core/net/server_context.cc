#include "net/server_context.h"

#include <Poco/Exception.h>
#include <Poco/Net/NetSSL.h>

#include "net/openssl_types.h"

namespace nightlight::net {
namespace {

constexpr long kSessionSeconds = 3600;
constexpr int kMaxChainLength = 5;
constexpr char kAlpn[] = "\x08http/1.1";

// A handshake runs on one thread from its first to its last byte.
thread_local int last_verify_error = X509_V_OK;

int remember_verify_error(int ok, X509_STORE_CTX* store) {
  if (ok != 1) last_verify_error = X509_STORE_CTX_get_error(store);
  return ok;
}

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned int in_size,
                void*) {
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, reinterpret_cast<const unsigned char*>(kAlpn), sizeof(kAlpn) - 1, in,
                            in_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

Error refused(const char* what) { return Error{Code::kInvalidArgument, std::string(what) + ": " + openssl_error()}; }

Result<void> use_chain_and_key(SSL_CTX* context, const TlsMaterial& material) {
  std::vector<Certificate> chain = parse_certificates(material.chain_pem);
  if (chain.empty() || SSL_CTX_use_certificate(context, chain.front().get()) != 1) return refused("certificate");
  for (size_t i = 1; i < chain.size(); ++i)
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) return refused("certificate chain");
  PrivateKey key = parse_private_key(material.key_pem);
  if (key == nullptr || SSL_CTX_use_PrivateKey(context, key.get()) != 1) return refused("private key");
  // Poco loads key and certificate without asking whether they belong together; every handshake would fail.
  if (SSL_CTX_check_private_key(context) != 1) return refused("private key");
  return {};
}

Result<void> use_authorities(SSL_CTX* context, const TlsMaterial& material) {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const Certificate& authority : parse_certificates(material.client_ca_pem)) {
    if (X509_STORE_add_cert(store, authority.get()) != 1) return refused("client authority");
    if (SSL_CTX_add_client_CA(context, authority.get()) != 1) return refused("client authority");
  }
  if (material.crl_pem.empty()) return {};
  std::vector<RevocationList> lists = parse_revocation_lists(material.crl_pem);
  if (lists.empty()) return refused("revocation list");
  for (const RevocationList& list : lists)
    if (X509_STORE_add_crl(store, list.get()) != 1) return refused("revocation list");
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return {};
}

Result<void> use_protocol(SSL_CTX* context, const TlsMaterial& material) {
  std::string tls12, tls13;
  split_ciphers(material.ciphers, &tls12, &tls13);
  if (!tls12.empty() && SSL_CTX_set_cipher_list(context, tls12.c_str()) != 1) return refused("ciphers");
  if (!tls13.empty() && SSL_CTX_set_ciphersuites(context, tls13.c_str()) != 1) return refused("ciphers");
  // A list of only one kind means that the other version is not wanted.
  int minimum = tls12.empty() ? TLS1_3_VERSION : static_cast<int>(material.min_version);
  int maximum = tls13.empty() ? TLS1_2_VERSION : 0;
  if (maximum != 0 && minimum > maximum)
    return Error{Code::kInvalidArgument, "ciphers: no TLS 1.3 suite is given, but TLS 1.3 is the minimum version"};
  if (SSL_CTX_set_min_proto_version(context, minimum) != 1) return refused("minimum version");
  if (SSL_CTX_set_max_proto_version(context, maximum) != 1) return refused("maximum version");
  SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
  // SSL_OP_ALL, which Poco sets, is a set of old bug workarounds.
  SSL_CTX_clear_options(context, SSL_OP_ALL | SSL_OP_LEGACY_SERVER_CONNECT);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_alpn_select_cb(context, select_alpn, nullptr);
  return {};
}

void use_verification(SSL_CTX* context, ClientAuth client_auth) {
  int mode = client_auth == ClientAuth::kNone       ? SSL_VERIFY_NONE
             : client_auth == ClientAuth::kOptional ? SSL_VERIFY_PEER
                                                    : SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  // Instead of Poco's callback, which raises an event that anybody in the process may answer with "ignore".
  SSL_CTX_set_verify(context, mode, remember_verify_error);
  SSL_CTX_set_verify_depth(context, kMaxChainLength);
}

const char* verify_reason(int error) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "certificate_expired";
    case X509_V_ERR_CERT_REVOKED:
      return "certificate_revoked";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "unknown_authority";
    case X509_V_ERR_INVALID_PURPOSE:
      return "wrong_purpose";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
      return "no_current_crl";
    default:
      return "bad_certificate";
  }
}

}  // namespace

Result<Poco::Net::Context::Ptr> make_server_context(const TlsMaterial& material, const std::string& session_id) {
  try {
    // Without file names: everything comes from the validated memory. No default context, no SSLManager configuration,
    // whose handlers ask on standard input.
    Poco::Net::Context::Params params;
    params.verificationMode = Poco::Net::Context::VERIFY_STRICT;
    params.loadDefaultCAs = false;
    params.cipherList = "ECDHE+AESGCM";  // Replaced below: Poco ignores the return code.
    Poco::Net::Context::Ptr context = new Poco::Net::Context(Poco::Net::Context::TLS_SERVER_USE, params);
    // Extended verification compares the client's certificate with its IP address.
    context->enableExtendedCertificateVerification(false);
    NIGHTLIGHT_TRY(use_chain_and_key(context->sslContext(), material));
    NIGHTLIGHT_TRY(use_authorities(context->sslContext(), material));
    NIGHTLIGHT_TRY(use_protocol(context->sslContext(), material));
    use_verification(context->sslContext(), material.client_auth);
    // Tickets are issued in any case; without an id, a resumed connection dies when client certificates are asked for.
    context->enableSessionCache(true, session_id);
    context->setSessionTimeout(kSessionSeconds);
    return context;
  } catch (const Poco::Exception& e) {
    return Error{Code::kInternal, e.displayText()};
  }
}

void forget_handshake_failure() { last_verify_error = X509_V_OK; }

std::string handshake_failure_reason(const std::string& text) {
  if (last_verify_error != X509_V_OK) return verify_reason(last_verify_error);
  const std::pair<const char*, const char*> words[] = {
      {"http request", "plain_text"},
      {"wrong version number", "plain_text"},
      {"did not return a certificate", "no_certificate"},
      {"unsupported protocol", "version_or_cipher"},
      {"no shared cipher", "version_or_cipher"},
      {"no suitable", "version_or_cipher"},
      {"no application protocol", "alpn"},
      {"unexpected eof", "closed"},
      {"onnection", "closed"},
      {"I/O error", "closed"},
  };
  for (const auto& [part, reason] : words)
    if (text.find(part) != std::string::npos) return reason;
  return "other";
}

}  // namespace nightlight::net
