// What a TLS server needs, as one validated whole: certificate chain, key, client authorities, revocation lists and
// policy. A material that exists was checked: its parts fit together and nothing in it had expired when it was loaded.
#ifndef NIGHTLIGHT_NET_TLS_MATERIAL_H_
#define NIGHTLIGHT_NET_TLS_MATERIAL_H_

#include <cstdint>
#include <string>
#include <unordered_set>

#include "base/result.h"
#include "nightlight/tls.h"

namespace nightlight::net {

inline constexpr char kDefaultCiphers[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"
    "ECDHE+AESGCM:ECDHE+CHACHA20";

struct TlsFiles {
  std::string chain, key, client_ca, crl;  // Paths; the last two may be "".
};

struct TlsMaterial {
  std::string chain_pem, key_pem, client_ca_pem, crl_pem, ciphers;
  uint32_t min_version = 0x0303;
  ClientAuth client_auth = ClientAuth::kRequire;
  uint64_t generation = 0;
  int64_t not_after_s = 0;                  // Of the server's certificate.
  int64_t client_ca_not_after_s = 0;        // The earliest; 0 without one.
  int64_t crl_next_update_s = 0;            // The earliest; 0 without a list.
  std::unordered_set<std::string> revoked;  // revocation_key() of each.

  bool same_files_as(const TlsMaterial& other) const {
    return chain_pem == other.chain_pem && key_pem == other.key_pem && client_ca_pem == other.client_ca_pem &&
           crl_pem == other.crl_pem;
  }
};

std::string revocation_key(std::string_view issuer, std::string_view serial);

// Reads the files and validates them. `now_s` is Unix time. The key must be readable by its owner only.
Result<TlsMaterial> load_tls_material(const TlsFiles& files, ClientAuth client_auth, int64_t now_s);

// kInvalidArgument names the first cipher that OpenSSL does not know.
Result<void> check_ciphers(std::string_view ciphers);

// Splits a list into what SSL_CTX_set_cipher_list and SSL_CTX_set_ciphersuites take.
void split_ciphers(std::string_view ciphers, std::string* tls12, std::string* tls13);

// The material that `tls`, which may come from a plugin, offers now.
Result<TlsMaterial> read_tls_material(Tls* tls, Host* host);

}  // namespace nightlight::net

#endif  // NIGHTLIGHT_NET_TLS_MATERIAL_H_
