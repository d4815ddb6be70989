#include "nightlight_client/connection.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>

namespace nightlight::client {
namespace {

// The largest of a certificate bundle; anything larger is some other file.
constexpr std::streamsize kMaxPemBytes = 8 << 20;
constexpr const char* kRetryInfo = "type.googleapis.com/google.rpc.RetryInfo";

Result<std::string> read_pem(const std::string& path, const char* what) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Error{Code::kInvalidArgument, std::string("cannot read ") + what + " " + path + ": " + std::strerror(errno),
                 "", 0};
  }
  std::string text(static_cast<size_t>(kMaxPemBytes), '\0');
  file.read(text.data(), kMaxPemBytes);
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.find("-----BEGIN ") == std::string::npos) {
    return Error{Code::kInvalidArgument, std::string(what) + " " + path + " is not PEM", "", 0};
  }
  return text;
}

Result<std::shared_ptr<grpc::ChannelCredentials>> credentials_of(const std::optional<TlsOptions>& tls) {
  if (!tls) return grpc::InsecureChannelCredentials();
  if (tls->cert_file.empty() != tls->key_file.empty()) {
    return Error{Code::kInvalidArgument, "a client certificate needs both a certificate and a key", "", 0};
  }
  grpc::SslCredentialsOptions options;
  const std::tuple<const std::string&, const char*, std::string*> files[] = {
      {tls->ca_file, "ca_file", &options.pem_root_certs},
      {tls->cert_file, "cert_file", &options.pem_cert_chain},
      {tls->key_file, "key_file", &options.pem_private_key}};
  for (const auto& [path, what, text] : files) {
    if (path.empty()) continue;
    Result<std::string> pem = read_pem(path, what);
    if (!pem.ok()) return std::move(pem).error();
    *text = *std::move(pem);
  }
  return grpc::SslCredentials(options);
}

// How long a call looks after a connection that is lost.
constexpr std::chrono::milliseconds kCatchUp(50);

}  // namespace

// gRPC goes on with a connection only while somebody waits for something; of itself it looks every 5 s. Calls that fail
// at once do not wait, so with nothing but them, a server that is back would stay away for that long.
void Client::Connection::catch_up() const {
  if (channel_->GetState(false) != GRPC_CHANNEL_TRANSIENT_FAILURE) return;
  channel_->WaitForStateChange(GRPC_CHANNEL_TRANSIENT_FAILURE, std::chrono::system_clock::now() + kCatchUp);
}

Result<Client> Client::connect(const ClientOptions& options) {
  if (options.address.empty()) return Error{Code::kInvalidArgument, "address is empty: give HOST:PORT", "", 0};
  Result<std::shared_ptr<grpc::ChannelCredentials>> credentials = credentials_of(options.tls);
  if (!credentials.ok()) return std::move(credentials).error();
  grpc::ChannelArguments arguments;
  arguments.SetUserAgentPrefix(options.user_agent);
  auto most = static_cast<uint64_t>(std::numeric_limits<int>::max());
  arguments.SetMaxReceiveMessageSize(static_cast<int>(std::min(options.max_message_bytes, most)));
  arguments.SetMaxSendMessageSize(-1);  // The server says what is too much for it.
  // A connection of its own: clients with other certificates must not share it.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  // A channel that has lost all addresses connects again only when it has resolved the name again; its default is 30 s.
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 500);
  // Calls under way notice a dead peer.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  if (options.tls && !options.tls->server_name.empty()) {
    arguments.SetSslTargetNameOverride(options.tls->server_name);
  }
  auto channel = grpc::CreateCustomChannel(options.address, *credentials, arguments);
  return Client(std::make_shared<Connection>(std::move(channel), options.timeout));
}

Error error_of(const grpc::Status& status) {
  Error out{static_cast<Code>(status.error_code()), status.error_message(), "", 0};
  v1::StatusDetails details;
  if (status.error_details().empty() || !details.ParseFromString(status.error_details())) return out;
  for (const google::protobuf::Any& detail : details.details()) {
    v1::ErrorInfo info;
    v1::RetryInfo retry;
    if (detail.UnpackTo(&info)) {
      out.error_type = info.error_type();
    } else if (detail.type_url() == kRetryInfo && retry.ParseFromString(detail.value())) {
      int64_t seconds = std::clamp<int64_t>(retry.retry_delay().seconds(), 0, 86'400);
      out.retry_after_ms = seconds * 1000 + std::clamp(retry.retry_delay().nanos(), 0, 999'999'999) / 1'000'000;
    }
  }
  return out;
}

}  // namespace nightlight::client
