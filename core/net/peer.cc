#include "net/peer.h"

#include <openssl/x509v3.h>

#include <algorithm>

#include "net/openssl_types.h"
#include "nightlight/sugar.h"

namespace nightlight::net {
namespace {

bool is_plain(std::string_view text) {
  return !text.empty() && std::none_of(text.begin(), text.end(),
                                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string utf8(const ASN1_STRING* text) {
  unsigned char* bytes = nullptr;
  int size = text == nullptr ? -1 : ASN1_STRING_to_UTF8(&bytes, text);
  if (size < 0) return {};
  std::string out(reinterpret_cast<char*>(bytes), static_cast<size_t>(size));
  OPENSSL_free(bytes);
  return out;
}

std::string common_name(X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  // Two common names are as ambiguous as two SPIFFE ids.
  if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) return {};
  std::string out = utf8(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  return is_plain(out) ? out : std::string();
}

}  // namespace

void PeerIdentity::read(X509* certificate) {
  common_name_.clear();
  serial_.clear();
  issuer_.clear();
  dns_names_.clear();
  uris_.clear();
  if (certificate != nullptr) {
    common_name_ = common_name(certificate);
    serial_ = serial_text(X509_get0_serialNumber(certificate));
    issuer_ = name_text(X509_get_issuer_name(certificate));
    std::unique_ptr<GENERAL_NAMES, OpensslFree> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    bool deceptive = false;
    for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
      const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
      if (name->type != GEN_DNS && name->type != GEN_URI) continue;
      const ASN1_STRING* text = name->type == GEN_DNS ? name->d.dNSName : name->d.uniformResourceIdentifier;
      std::string value(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                        static_cast<size_t>(ASN1_STRING_length(text)));
      std::vector<std::string>& values = name->type == GEN_DNS ? dns_names_ : uris_;
      if (is_plain(value)) {
        values.push_back(std::move(value));
      } else {
        deceptive = true;
      }
    }
    if (deceptive) {
      dns_names_.clear();
      uris_.clear();
    }
  }
  point();
}

void PeerIdentity::set_address(std::string address, bool tls) {
  address_ = std::move(address);
  peer_.tls = tls ? 1 : 0;
  point();
}

void PeerIdentity::point() {
  auto views = [](const std::vector<std::string>& texts, std::vector<Str>* out) {
    out->clear();
    for (const std::string& text : texts) out->push_back(str(text));
    return view_of(*out);
  };
  peer_.address = str(address_);
  peer_.common_name = str(common_name_);
  peer_.dns_names = views(dns_names_, &dns_views_);
  peer_.uris = views(uris_, &uri_views_);
  peer_.serial = str(serial_);
  peer_.issuer = str(issuer_);
}

}  // namespace nightlight::net
