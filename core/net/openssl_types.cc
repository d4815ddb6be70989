#include "net/openssl_types.h"

#include <openssl/err.h>

#include <ctime>

namespace nightlight::net {
namespace {

Bio memory(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

// OpenSSL's default would ask on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

// Reads blocks until the text ends; what is no block of this kind is an error, except after the last one.
template <class Object, class Read>
std::vector<Object> parse_all(std::string_view pem, Read read) {
  std::vector<Object> out;
  Bio bio = memory(pem);
  if (bio == nullptr) return out;
  ERR_clear_error();
  while (auto* object = read(bio.get(), nullptr, no_passphrase, nullptr)) out.emplace_back(object);
  unsigned long error = ERR_peek_last_error();
  bool ended = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (!ended) out.clear();
  ERR_clear_error();
  return out;
}

}  // namespace

std::vector<Certificate> parse_certificates(std::string_view pem) {
  return parse_all<Certificate>(pem, PEM_read_bio_X509);
}

std::vector<RevocationList> parse_revocation_lists(std::string_view pem) {
  return parse_all<RevocationList>(pem, PEM_read_bio_X509_CRL);
}

PrivateKey parse_private_key(std::string_view pem) {
  Bio bio = memory(pem);
  PrivateKey key(bio == nullptr ? nullptr : PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  return key;
}

std::string openssl_error() {
  unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* text = error == 0 ? nullptr : ERR_reason_error_string(error);
  return text == nullptr ? "unknown error" : text;
}

std::string name_text(const X509_NAME* name) {
  Bio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || name == nullptr) return {};
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

std::string serial_text(const ASN1_INTEGER* serial) {
  std::unique_ptr<BIGNUM, OpensslFree> number(ASN1_INTEGER_to_BN(serial, nullptr));
  if (number == nullptr) return {};
  char* hex = BN_bn2hex(number.get());
  std::string out(hex == nullptr ? "" : hex);
  OPENSSL_free(hex);
  size_t digits = out.find_first_not_of('0');
  return digits == std::string::npos ? "0" : out.substr(digits);
}

int64_t unix_seconds(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return timegm(&parts);
}

}  // namespace nightlight::net
