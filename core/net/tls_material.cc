#include "net/tls_material.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "net/openssl_types.h"
#include "nightlight/sugar.h"

namespace nightlight::net {
namespace {

constexpr int64_t kMaxFileBytes = 64 << 20;  // Revocation lists of large authorities reach some megabytes.

Error invalid(const std::string& path, const std::string& what) {
  return Error{Code::kInvalidArgument, path + ": " + what};
}

Result<std::string> read_file(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return invalid(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return invalid(path, "is not a regular file");
  if (status.st_size > kMaxFileBytes) return invalid(path, "is larger than 64 MiB");
  std::ifstream file(path, std::ios::binary);
  if (!file) return invalid(path, std::strerror(errno));
  std::string text(static_cast<size_t>(status.st_size), '\0');
  file.read(text.data(), status.st_size);
  if (file.gcount() != status.st_size) return invalid(path, "changed while it was read");
  return text;
}

Result<void> check_key_permissions(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return invalid(path, std::strerror(errno));
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return invalid(path, "the private key is open to group or others; run: chmod 600 " + path);
  return {};
}

Result<void> check_chain(const std::string& path, const std::vector<Certificate>& chain, int64_t now_s) {
  if (chain.empty()) return invalid(path, "holds no certificate in PEM form");
  for (size_t i = 0; i < chain.size(); ++i) {
    X509* certificate = chain[i].get();
    std::string subject = "certificate \"" + name_text(X509_get_subject_name(certificate)) + "\"";
    if (unix_seconds(X509_get0_notAfter(certificate)) < now_s) return invalid(path, subject + " has expired");
    if (unix_seconds(X509_get0_notBefore(certificate)) > now_s) return invalid(path, subject + " is not yet valid");
    if (i > 0 && X509_check_issued(certificate, chain[i - 1].get()) != X509_V_OK)
      return invalid(path, subject + " did not issue the one before it; order the chain from server to authority");
  }
  return {};
}

Result<void> load_revocations(const std::string& path, TlsMaterial* out) {
  NIGHTLIGHT_ASSIGN(pem, read_file(path));
  std::vector<RevocationList> lists = parse_revocation_lists(pem);
  if (lists.empty()) return invalid(path, "holds no revocation list in PEM form");
  for (const RevocationList& list : lists) {
    std::string issuer = name_text(X509_CRL_get_issuer(list.get()));
    int64_t next = unix_seconds(X509_CRL_get0_nextUpdate(list.get()));
    if (next != 0 && (out->crl_next_update_s == 0 || next < out->crl_next_update_s)) out->crl_next_update_s = next;
    STACK_OF(X509_REVOKED)* entries = X509_CRL_get_REVOKED(list.get());
    for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i)
      out->revoked.insert(
          revocation_key(issuer, serial_text(X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(entries, i)))));
  }
  out->crl_pem = std::move(pem);
  return {};
}

Result<void> load_client_ca(const std::string& path, int64_t now_s, TlsMaterial* out) {
  NIGHTLIGHT_ASSIGN(pem, read_file(path));
  std::vector<Certificate> authorities = parse_certificates(pem);
  if (authorities.empty()) return invalid(path, "holds no certificate in PEM form");
  bool usable = false;
  for (const Certificate& authority : authorities) {
    int64_t not_after = unix_seconds(X509_get0_notAfter(authority.get()));
    usable |= not_after >= now_s;
    if (out->client_ca_not_after_s == 0 || not_after < out->client_ca_not_after_s)
      out->client_ca_not_after_s = not_after;
  }
  if (!usable) return invalid(path, "every certificate in it has expired");
  out->client_ca_pem = std::move(pem);
  return {};
}

class StringCollector final : public TextSink {
 public:
  Status write(Str piece) noexcept override {
    text.append(piece.data, static_cast<size_t>(piece.size));
    return kOkStatus;
  }
  std::string text;
};

}  // namespace

std::string revocation_key(std::string_view issuer, std::string_view serial) {
  return std::string(serial).append("\n").append(issuer);
}

Result<TlsMaterial> load_tls_material(const TlsFiles& files, ClientAuth client_auth, int64_t now_s) {
  TlsMaterial out;
  out.client_auth = client_auth;
  NIGHTLIGHT_ASSIGN(chain_pem, read_file(files.chain));
  std::vector<Certificate> chain = parse_certificates(chain_pem);
  NIGHTLIGHT_TRY(check_chain(files.chain, chain, now_s));
  out.not_after_s = unix_seconds(X509_get0_notAfter(chain.front().get()));
  for (const Certificate& certificate : chain)
    out.not_after_s = std::min(out.not_after_s, unix_seconds(X509_get0_notAfter(certificate.get())));

  NIGHTLIGHT_TRY(check_key_permissions(files.key));
  NIGHTLIGHT_ASSIGN(key_pem, read_file(files.key));
  PrivateKey key = parse_private_key(key_pem);
  if (key == nullptr) return invalid(files.key, "holds no private key in PEM form, or one with a passphrase");
  if (X509_check_private_key(chain.front().get(), key.get()) != 1)
    return invalid(files.key, "is not the key of the certificate in " + files.chain);

  out.chain_pem = std::move(chain_pem);
  out.key_pem = std::move(key_pem);
  if (!files.client_ca.empty()) NIGHTLIGHT_TRY(load_client_ca(files.client_ca, now_s, &out));
  if (!files.crl.empty()) NIGHTLIGHT_TRY(load_revocations(files.crl, &out));
  return out;
}

void split_ciphers(std::string_view ciphers, std::string* tls12, std::string* tls13) {
  while (!ciphers.empty()) {
    size_t colon = ciphers.find(':');
    std::string_view one = ciphers.substr(0, colon);
    ciphers.remove_prefix(colon == std::string_view::npos ? ciphers.size() : colon + 1);
    if (one.empty()) continue;
    std::string* list = one.substr(0, 4) == "TLS_" ? tls13 : tls12;
    if (!list->empty()) list->push_back(':');
    list->append(one);
  }
}

Result<void> check_ciphers(std::string_view ciphers) {
  std::unique_ptr<SSL_CTX, OpensslFree> context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return Error{Code::kInternal, "OpenSSL gives no context: " + openssl_error()};
  std::string rest(ciphers);
  for (size_t at = 0; at <= rest.size();) {
    size_t colon = std::min(rest.find(':', at), rest.size());
    std::string one = rest.substr(at, colon - at);
    at = colon + 1;
    // One by one, because OpenSSL silently skips what it does not know in a longer list.
    bool suite = one.substr(0, 4) == "TLS_";
    int ok = suite ? SSL_CTX_set_ciphersuites(context.get(), one.c_str())
                   : SSL_CTX_set_cipher_list(context.get(), one.c_str());
    if (one.empty() || ok != 1) return Error{Code::kInvalidArgument, "unknown cipher \"" + one + "\""};
  }
  return {};
}

Result<TlsMaterial> read_tls_material(Tls* tls, Host* host) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    TlsMaterial out;
    out.generation = tls->generation();
    const std::pair<Status (Tls::*)(TextSink*), std::string*> parts[] = {{&Tls::chain_pem, &out.chain_pem},
                                                                         {&Tls::key_pem, &out.key_pem},
                                                                         {&Tls::client_ca_pem, &out.client_ca_pem},
                                                                         {&Tls::crl_pem, &out.crl_pem},
                                                                         {&Tls::ciphers, &out.ciphers}};
    for (const auto& [read, text] : parts) {
      StringCollector sink;
      if (Status status = (tls->*read)(&sink); !status.ok())
        return Error{status.code, std::string(view(host->last_error()))};
      *text = std::move(sink.text);
    }
    out.min_version = tls->min_version();
    out.client_auth = tls->client_auth();
    if (out.generation == tls->generation()) return out;
  }
  return Error{Code::kUnavailable, "the TLS material changes without end"};
}

}  // namespace nightlight::net
