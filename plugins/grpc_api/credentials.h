// The server's TLS, from the `tls` component.
//
// gRPC 1.51 reads certificates from files that it watches, and a broken pair on disk stops all new handshakes. So the
// operator's files are never given to it: what the tls component has validated is written to a private directory, and a
// link is moved to the new version in one step.
#ifndef NIGHTLIGHT_GRPC_API_CREDENTIALS_H_
#define NIGHTLIGHT_GRPC_API_CREDENTIALS_H_

#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "base/result.h"
#include "nightlight/tls.h"

namespace grpc {
class ServerCredentials;
}

namespace nightlight::grpc_api {

class Credentials {
 public:
  // `tls` may be null: plain text.
  Credentials(Host* host, Tls* tls) : host_(host), tls_(tls) {}
  ~Credentials();
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  // Writes the first version, starts to follow changes, and makes what the server needs.
  Result<std::shared_ptr<grpc::ServerCredentials>> open();
  void stop();

 private:
  Result<void> write_version();
  void follow(std::stop_token stop);

  Host* host_;
  Tls* tls_;
  std::filesystem::path directory_;
  uint64_t generation_ = 0;
  int version_ = 0;
  bool has_crl_ = false;
  std::jthread follower_;
};

}  // namespace nightlight::grpc_api

#endif  // NIGHTLIGHT_GRPC_API_CREDENTIALS_H_
