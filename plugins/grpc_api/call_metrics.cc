#include "grpc_api/call_metrics.h"

#include "base/mutex.h"  // First: gRPC brings thread annotations of its own.

#include <grpcpp/support/server_interceptor.h>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "nightlight/sugar.h"

namespace nightlight::grpc_api {
namespace {

constexpr std::string_view kPackage = "/nightlight.v1.";
constexpr const char* kCodeNames[] = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};
constexpr double kDurationBounds[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                      0.25,   0.5,   1,      2.5,   5,    10,    30,   60};

// One method's cells. Any thread.
class MethodMetrics {
 public:
  MethodMetrics(Host* host, std::string method) : host_(host), method_(std::move(method)) {
    KeyValue label{str("method"), str(method_)};
    duration_.bounds.assign(std::begin(kDurationBounds), std::end(kDurationBounds));
    MetricSpec spec{sizeof(MetricSpec),
                    MetricType::kHistogram,
                    str("nightlight_grpc_call_duration_seconds"),
                    str("Time from the beginning of a call to its status."),
                    {&label, 1},
                    view_of(duration_.bounds)};
    registered_ = host->metric(&spec, &duration_.cells).ok();
  }

  void observe(grpc::StatusCode code, double seconds) {
    if (!registered_) return;
    duration_.observe(seconds);
    auto at = static_cast<size_t>(code);
    KeyValue labels[] = {{str("method"), str(method_)},
                         {str("code"), str(kCodeNames[at < std::size(kCodeNames) ? at : 2])}};
    MetricSpec spec{
        sizeof(MetricSpec), MetricType::kCounter, str("nightlight_grpc_calls_total"), str("Calls that were answered."),
        view_of(labels),    {nullptr, 0}};
    MetricCells cells{};
    if (host_->metric(&spec, &cells).ok()) bump(cells.count);
  }

 private:
  Host* host_;
  const std::string method_;
  HistogramCells duration_;
  bool registered_ = false;
};

class CallObserver final : public grpc::experimental::Interceptor {
 public:
  CallObserver(Host* host, MethodMetrics* metrics) : host_(host), metrics_(metrics), start_ns_(host->monotonic_ns()) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(grpc::experimental::InterceptionHookPoints::PRE_SEND_STATUS)) {
      metrics_->observe(methods->GetSendStatus().error_code(),
                        static_cast<double>(host_->monotonic_ns() - start_ns_) * 1e-9);
    }
    methods->Proceed();
  }

 private:
  Host* host_;
  MethodMetrics* metrics_;
  int64_t start_ns_;
};

class CallMetrics final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit CallMetrics(Host* host) : host_(host) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* call) override {
    std::string_view method = call->method();
    if (!method.starts_with(kPackage)) return nullptr;
    method.remove_prefix(kPackage.size());
    MutexLock lock(mutex_);
    std::unique_ptr<MethodMetrics>& metrics = methods_[std::string(method)];
    if (metrics == nullptr) metrics = std::make_unique<MethodMetrics>(host_, std::string(method));
    return new CallObserver(host_, metrics.get());
  }

 private:
  Host* host_;
  Mutex mutex_;
  std::map<std::string, std::unique_ptr<MethodMetrics>> methods_ GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> make_call_metrics(Host* host) {
  return std::make_unique<CallMetrics>(host);
}

}  // namespace nightlight::grpc_api
