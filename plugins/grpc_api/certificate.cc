#include "grpc_api/certificate.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <map>
#include <memory>

namespace nightlight::grpc_api {
namespace {

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Free<BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Free<X509_free>>;
using CrlPtr = std::unique_ptr<X509_CRL, Free<X509_CRL_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;
using BignumPtr = std::unique_ptr<BIGNUM, Free<BN_free>>;

BioPtr reader(std::string_view text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

std::string contents(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

// Empty when there is a zero byte inside: such names are made to deceive.
std::string text_of(const ASN1_STRING* value) {
  std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                   static_cast<size_t>(ASN1_STRING_length(value)));
  return text.find('\0') == std::string::npos ? text : std::string();
}

std::string common_name(X509* certificate) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

std::string serial(const X509* certificate) {
  BignumPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  if (number == nullptr) return {};
  std::unique_ptr<char, void (*)(char*)> hex(BN_bn2hex(number.get()), [](char* p) { OPENSSL_free(p); });
  std::string text(hex.get());
  size_t first = text.find_first_not_of('0');
  return first == std::string::npos ? "0" : text.substr(first);
}

std::string issuer(const X509* certificate) {
  BioPtr out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), X509_get_issuer_name(certificate), 0, XN_FLAG_RFC2253);
  return contents(out.get());
}

void read_names(X509* x509, Certificate& out) {
  NamesPtr names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x509, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS && name->type != GEN_URI) continue;
    std::string text = text_of(name->type == GEN_DNS ? name->d.dNSName : name->d.uniformResourceIdentifier);
    if (!text.empty()) (name->type == GEN_DNS ? out.dns_names : out.uris).push_back(std::move(text));
  }
}

}  // namespace

std::optional<Certificate> read_certificate(std::string_view pem) {
  BioPtr in = reader(pem);
  X509Ptr x509(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
  if (x509 == nullptr) return std::nullopt;
  Certificate out;
  out.common_name = common_name(x509.get());
  out.serial = serial(x509.get());
  out.issuer = issuer(x509.get());
  read_names(x509.get(), out);
  return out;
}

std::vector<std::pair<std::string, std::string>> split_crls(std::string_view pem) {
  std::vector<std::pair<std::string, std::string>> files;
  std::map<unsigned long, int> seen;
  BioPtr in = reader(pem);
  while (CrlPtr crl{PEM_read_bio_X509_CRL(in.get(), nullptr, nullptr, nullptr)}) {
    unsigned long hash = X509_NAME_hash_ex(X509_CRL_get_issuer(crl.get()), nullptr, nullptr, nullptr);
    char name[32];
    std::snprintf(name, sizeof name, "%08lx.r%d", hash, seen[hash]++);
    BioPtr out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509_CRL(out.get(), crl.get());
    files.emplace_back(name, contents(out.get()));
  }
  return files;
}

}  // namespace nightlight::grpc_api
