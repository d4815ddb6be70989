#include "grpc_api/call.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <limits>

#include "base/utf8.h"
#include "grpc_api/certificate.h"
#include "nightlight/v1/nightlight.pb.h"

namespace nightlight::grpc_api {
namespace {

// How soon a call learns that its client has gone.
constexpr auto kCancelPoll = std::chrono::milliseconds(20);

std::string_view error_type(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
      return "bad_data";
    case Code::kFailedPrecondition:
    case Code::kResourceExhausted:
      return "execution";
    case Code::kDeadlineExceeded:
      return "timeout";
    case Code::kCancelled:
      return "canceled";
    case Code::kUnavailable:
    case Code::kUnimplemented:
      return "unavailable";
    case Code::kNotFound:
      return "not_found";
    default:
      return "internal";
  }
}

int64_t deadline_ns(const Host* host_clock, const grpc::ServerContextBase& context) {
  auto deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return std::numeric_limits<int64_t>::max();
  auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(deadline - std::chrono::system_clock::now());
  return const_cast<Host*>(host_clock)->monotonic_ns() + left.count();
}

}  // namespace

void CancelWatch::add(Entry* entry) {
  MutexLock lock(mutex_);
  entries_.insert(entry);
  if (stopping_) __atomic_store_n(&entry->cancelled, 1u, __ATOMIC_RELAXED);
}

void CancelWatch::remove(Entry* entry) {
  MutexLock lock(mutex_);
  entries_.erase(entry);
}

void CancelWatch::cancel_all() {
  MutexLock lock(mutex_);
  stopping_ = true;
  for (Entry* entry : entries_) __atomic_store_n(&entry->cancelled, 1u, __ATOMIC_RELAXED);
}

void CancelWatch::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    std::this_thread::sleep_for(kCancelPoll);
    MutexLock lock(mutex_);
    for (Entry* entry : entries_) {
      if (entry->context->IsCancelled()) __atomic_store_n(&entry->cancelled, 1u, __ATOMIC_RELAXED);
    }
  }
}

RunningCall::RunningCall(const Backends& backends, CancelWatch& watch, grpc::ServerContextBase& context)
    : backends_(backends), watch_(watch), entry_{&context} {
  context_.struct_size = sizeof context_;
  context_.deadline_ns = deadline_ns(backends.host, context);
  context_.byte_budget = std::numeric_limits<uint64_t>::max();
  context_.cancelled = &entry_.cancelled;
  peer_name_ = context.peer();
  if (auto auth = context.auth_context(); auth != nullptr && auth->IsPeerAuthenticated()) {
    for (grpc::string_ref pem : auth->FindPropertyValues("x509_pem_cert")) {
      if (auto certificate = read_certificate(std::string_view(pem.data(), pem.size()))) {
        common_name_ = std::move(certificate->common_name);
        dns_names_ = std::move(certificate->dns_names);
        uris_ = std::move(certificate->uris);
        serial_ = std::move(certificate->serial);
        issuer_ = std::move(certificate->issuer);
      }
    }
  }
  watch_.add(&entry_);
}

RunningCall::~RunningCall() { watch_.remove(&entry_); }

grpc::Status RunningCall::authorize(std::string_view role) {
  if (backends_.tls == nullptr) return grpc::Status::OK;
  std::vector<Str> dns_names, uris;
  for (const std::string& name : dns_names_) dns_names.push_back(str(name));
  for (const std::string& uri : uris_) uris.push_back(str(uri));
  Peer peer{};
  peer.struct_size = sizeof peer;
  peer.tls = 1;
  peer.address = str(peer_name_);
  peer.common_name = str(common_name_);
  peer.dns_names = view_of(dns_names);
  peer.uris = view_of(uris);
  peer.serial = str(serial_);
  peer.issuer = str(issuer_);
  TextCollector tenant;
  Status status = backends_.tls->authorize(&peer, str(role), &tenant);
  if (!status.ok()) return failed(backends_.host, status);
  tenant_ = std::move(tenant.text);
  context_.tenant = str(tenant_);
  return grpc::Status::OK;
}

namespace {

v1::StatusDetails details_of(Code code, std::string_view text) {
  v1::ErrorInfo error;
  error.set_error_type(std::string(error_type(code)));
  v1::StatusDetails details;
  details.set_code(static_cast<int32_t>(code));
  details.set_message(as_utf8(text));
  details.add_details()->PackFrom(error);
  return details;
}

grpc::Status status_of(const v1::StatusDetails& details) {
  return grpc::Status(static_cast<grpc::StatusCode>(details.code()), details.message(), details.SerializeAsString());
}

}  // namespace

grpc::Status failed(Host* host, Status status) { return failed(status.code, view(host->last_error())); }

grpc::Status failed(Code code, std::string_view text) { return status_of(details_of(code, text)); }

grpc::Status failed_for_now(Host* host, Status status, int64_t retry_ms) {
  v1::StatusDetails details = details_of(status.code, view(host->last_error()));
  v1::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(retry_ms / 1000);
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(retry_ms % 1000 * 1'000'000));
  google::protobuf::Any* any = details.add_details();
  any->set_type_url("type.googleapis.com/google.rpc.RetryInfo");
  any->set_value(retry.SerializeAsString());
  return status_of(details);
}

}  // namespace nightlight::grpc_api
