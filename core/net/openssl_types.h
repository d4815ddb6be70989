// Owners for OpenSSL's objects. Only for .cc files of core/net.
#ifndef NIGHTLIGHT_NET_OPENSSL_TYPES_H_
#define NIGHTLIGHT_NET_OPENSSL_TYPES_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace nightlight::net {

struct OpensslFree {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_CRL* p) const { X509_CRL_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(BIGNUM* p) const { BN_free(p); }
  void operator()(GENERAL_NAMES* p) const { GENERAL_NAMES_free(p); }
};
using Bio = std::unique_ptr<BIO, OpensslFree>;
using Certificate = std::unique_ptr<X509, OpensslFree>;
using RevocationList = std::unique_ptr<X509_CRL, OpensslFree>;
using PrivateKey = std::unique_ptr<EVP_PKEY, OpensslFree>;

// Every certificate, or list, of a PEM text; empty when a block does not parse.
std::vector<Certificate> parse_certificates(std::string_view pem);
std::vector<RevocationList> parse_revocation_lists(std::string_view pem);
// Null when there is none, or when it needs a passphrase: nobody is asked for one.
PrivateKey parse_private_key(std::string_view pem);

// The oldest error of OpenSSL's queue for this thread, in words; clears the queue.
std::string openssl_error();

// "CN=ca,O=example" (RFC 2253) and "1A2B".
std::string name_text(const X509_NAME* name);
std::string serial_text(const ASN1_INTEGER* serial);

// Seconds since 1970, or 0 when the time does not parse.
int64_t unix_seconds(const ASN1_TIME* time);

}  // namespace nightlight::net

#endif  // NIGHTLIGHT_NET_OPENSSL_TYPES_H_
