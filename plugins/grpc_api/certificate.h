// What a client's certificate says, and its hash for revocation directories.
#ifndef NIGHTLIGHT_GRPC_API_CERTIFICATE_H_
#define NIGHTLIGHT_GRPC_API_CERTIFICATE_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nightlight::grpc_api {

struct Certificate {
  std::string common_name;
  std::vector<std::string> dns_names, uris;  // Subject alternative names; those with a zero byte inside are left out.
  std::string serial;                        // Upper-case hexadecimal, no leading zeros.
  std::string issuer;                        // As RFC 2253 writes it.
};

// Of the first certificate in a PEM text.
std::optional<Certificate> read_certificate(std::string_view pem);

// The revocation lists of a PEM text, each with the file name (HASH.rN) under which OpenSSL looks for it in a
// directory.
std::vector<std::pair<std::string, std::string>> split_crls(std::string_view pem);

}  // namespace nightlight::grpc_api

#endif  // NIGHTLIGHT_GRPC_API_CERTIFICATE_H_
