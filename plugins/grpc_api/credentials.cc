#include "grpc_api/credentials.h"

#include "grpc_api/call.h"  // Before gRPC, which brings thread annotations of its own.

#include <fcntl.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <vector>

#include "grpc_api/certificate.h"

namespace nightlight::grpc_api {
namespace {

constexpr unsigned kWatchSeconds = 1;

Error file_error(const std::string& what, const std::filesystem::path& path) {
  return Error{Code::kInternal, what + " " + path.string() + ": " + std::strerror(errno)};
}

// Readable by this process's user only.
Result<void> write_private(const std::filesystem::path& path, const std::string& text) {
  int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return file_error("cannot create", path);
  size_t written = 0;
  while (written < text.size()) {
    ssize_t count = ::write(file, text.data() + written, text.size() - written);
    if (count < 0) {
      Error error = file_error("cannot write", path);
      ::close(file);
      return error;
    }
    written += static_cast<size_t>(count);
  }
  ::close(file);
  return {};
}

// Memory where there is some: the key should not reach a disk.
std::filesystem::path private_root() {
  std::error_code ignored;
  return std::filesystem::is_directory("/dev/shm", ignored) ? std::filesystem::path("/dev/shm")
                                                            : std::filesystem::temp_directory_path(ignored);
}

}  // namespace

Credentials::~Credentials() { stop(); }

void Credentials::stop() {
  if (follower_.joinable()) {
    follower_.request_stop();
    follower_.join();
  }
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
  directory_.clear();
}

Result<std::shared_ptr<grpc::ServerCredentials>> Credentials::open() {
  if (tls_ == nullptr) return grpc::InsecureServerCredentials();
  std::string pattern = (private_root() / "nightlight-grpc-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return file_error("cannot create", pattern);
  directory_ = pattern;
  if (Result<void> written = write_version(); !written.ok()) return std::move(written).error();

  std::filesystem::path current = directory_ / "current";
  auto provider = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      current / "key.pem", current / "chain.pem", current / "ca.pem", kWatchSeconds);
  grpc::experimental::TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  options.set_identity_cert_name("");
  if (tls_->client_auth() == ClientAuth::kNone) {
    options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  } else {
    options.watch_root_certs();
    options.set_root_cert_name("");
    options.set_cert_request_type(tls_->client_auth() == ClientAuth::kRequire
                                      ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                      : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  if (has_crl_) options.set_crl_directory((current / "crl").string());
  follower_ = std::jthread([this](std::stop_token stop) { follow(stop); });
  return grpc::experimental::TlsServerCredentials(options);
}

Result<void> Credentials::write_version() {
  uint64_t generation;
  TextCollector chain, key, ca, crl;
  do {  // The parts belong together only when the generation stood still.
    chain.text.clear(), key.text.clear(), ca.text.clear(), crl.text.clear();
    generation = tls_->generation();
    for (Status status :
         {tls_->chain_pem(&chain), tls_->key_pem(&key), tls_->client_ca_pem(&ca), tls_->crl_pem(&crl)}) {
      if (!status.ok()) return Error{status.code, std::string(view(host_->last_error()))};
    }
  } while (tls_->generation() != generation);

  std::filesystem::path version = directory_ / ("v" + std::to_string(++version_));
  if (::mkdir(version.c_str(), 0700) != 0) return file_error("cannot create", version);
  // gRPC takes up a new revocation list only when some certificate file has changed too: a line that PEM readers skip.
  chain.text += "\nversion " + std::to_string(version_) + "\n";
  NIGHTLIGHT_TRY(write_private(version / "chain.pem", chain.text));
  NIGHTLIGHT_TRY(write_private(version / "key.pem", key.text));
  NIGHTLIGHT_TRY(write_private(version / "ca.pem", ca.text));
  if (!crl.text.empty()) {
    std::filesystem::path directory = version / "crl";
    if (::mkdir(directory.c_str(), 0700) != 0) return file_error("cannot create", directory);
    for (auto& [name, text] : split_crls(crl.text)) NIGHTLIGHT_TRY(write_private(directory / name, text));
    has_crl_ = true;
  }
  std::filesystem::path link = directory_ / "next";
  if (::symlink(version.filename().c_str(), link.c_str()) != 0) return file_error("cannot create", link);
  if (::rename(link.c_str(), (directory_ / "current").c_str()) != 0) return file_error("cannot rename", link);
  std::error_code ignored;
  // The version before the last may still be being read; the one before that is not.
  if (version_ > 2) std::filesystem::remove_all(directory_ / ("v" + std::to_string(version_ - 2)), ignored);
  generation_ = generation;
  return {};
}

void Credentials::follow(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (!wake.wait_for(lock, stop, std::chrono::seconds(kWatchSeconds), [&] { return stop.stop_requested(); })) {
    if (tls_->generation() == generation_) continue;
    if (Result<void> written = write_version(); !written.ok()) {
      log(host_, LogLevel::kError, "cannot renew the TLS files of gRPC", {{"error", written.error().message}});
      generation_ = tls_->generation();  // Told once; the last good version stays.
    }
  }
}

}  // namespace nightlight::grpc_api
