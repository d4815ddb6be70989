#include "net/http_service.h"

#include <algorithm>
#include <cstdio>
#include <functional>

#include "net/server_context.h"

namespace nightlight::net {
namespace {

constexpr int64_t kAskReadyEveryNs = 20'000'000;
constexpr double kDurationBounds[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                      0.25,   0.5,   1,      2.5,   5,    10,    30,   60};

MetricSpec spec_of(MetricType type, const char* name, const char* help, View<KeyValue> labels = {nullptr, 0}) {
  return MetricSpec{sizeof(MetricSpec), type, str(name), str(help), labels, {nullptr, 0}};
}

}  // namespace

RouteMetrics::RouteMetrics(Host* host, std::string route) : host_(host), route_(std::move(route)) {
  KeyValue label{str("route"), str(route_)};
  View<KeyValue> labels{&label, 1};
  duration_.bounds.assign(std::begin(kDurationBounds), std::end(kDurationBounds));
  MetricSpec duration = spec_of(MetricType::kHistogram, "nightlight_http_request_duration_seconds",
                                "Time from a request's head to the end of its answer.", labels);
  duration.bounds = view_of(duration_.bounds);
  MetricSpec received = spec_of(MetricType::kCounter, "nightlight_http_received_bytes_total",
                                "Bytes of requests, heads included, before TLS.", labels);
  MetricSpec sent = spec_of(MetricType::kCounter, "nightlight_http_sent_bytes_total",
                            "Bytes of answers, heads included, before TLS.", labels);
  bool ok = host->metric(&duration, &duration_.cells).ok();
  ok = ok && host->metric(&received, &received_).ok() && host->metric(&sent, &sent_).ok();
  if (!ok) duration_.cells = received_ = sent_ = MetricCells{};
}

void RouteMetrics::observe(uint32_t status, double seconds, uint64_t received_bytes, uint64_t sent_bytes) {
  if (sent_.count == nullptr) return;
  size_t slot = 0;
  while (slot + 1 < kCountedStatuses.size() && kCountedStatuses[slot] != status) ++slot;
  uint64_t* cell = requests_[slot].load(std::memory_order_acquire);
  if (cell == nullptr) {
    // Two threads may come here at once: the host gives both the same cell.
    std::string code = slot + 1 == kCountedStatuses.size() ? "other" : std::to_string(status);
    KeyValue labels[] = {{str("route"), str(route_)}, {str("code"), str(code)}};
    MetricSpec spec = spec_of(MetricType::kCounter, "nightlight_http_requests_total", "Requests that were answered.",
                              view_of(labels));
    MetricCells cells{};
    if (!host_->metric(&spec, &cells).ok()) return;
    cell = cells.count;
    requests_[slot].store(cell, std::memory_order_release);
  }
  bump(cell);
  bump(received_.count, received_bytes);
  bump(sent_.count, sent_bytes);
  duration_.observe(seconds);
}

Status ListenerMetrics::register_all(Host* host) {
  const std::pair<MetricSpec, MetricCells*> all[] = {
      {spec_of(MetricType::kGauge, "nightlight_http_connections", "Connections that are open now."), &connections},
      {spec_of(MetricType::kCounter, "nightlight_http_accepted_connections_total", "Connections that were accepted."),
       &accepted},
      {spec_of(MetricType::kCounter, "nightlight_http_overflowed_connections_total",
               "Connections beyond max_connections, which were told to come again."),
       &overflowed},
      {spec_of(MetricType::kCounter, "nightlight_http_timed_out_connections_total",
               "Connections that were cut because a handshake, a request or a reader took too long."),
       &timed_out},
      {spec_of(MetricType::kCounter, "nightlight_http_malformed_requests_total", "Requests whose head was refused."),
       &malformed}};
  for (const auto& [spec, cells] : all)
    if (Status status = host->metric(&spec, cells); !status.ok()) return status;
  return kOkStatus;
}

Result<TlsContexts::Current> TlsContexts::current() {
  MutexLock lock(mutex_);
  uint64_t generation = tls_->generation();
  if (current_.context.get() != nullptr && generation == tried_) return current_;
  tried_ = generation;
  auto attempt = [&]() -> Result<Current> {
    NIGHTLIGHT_ASSIGN(material, read_tls_material(tls_, host_));
    char session_id[32];
    std::snprintf(session_id, sizeof session_id, "%zx/%llx", std::hash<std::string>{}(name_),
                  static_cast<unsigned long long>(material.generation & 0xffffffff));
    NIGHTLIGHT_ASSIGN(context, make_server_context(material, session_id));
    return Current{std::move(context), material.generation};
  };
  auto made = attempt();
  if (made.ok()) {
    current_ = std::move(made).value();
  } else if (current_.context.get() == nullptr) {
    return std::move(made).error();
  } else {
    log(host_, LogLevel::kError, "new TLS material is not usable, the last good one stays",
        {{"error", made.error().message}});
  }
  return current_;
}

bool HttpService::ready() {
  if (stopping.load(std::memory_order_relaxed)) return false;
  if (status == nullptr || was_ready_.load(std::memory_order_relaxed)) return true;
  int64_t now = steady_ns(), asked = asked_at_ns_.load(std::memory_order_relaxed);
  if (now - asked < kAskReadyEveryNs || !asked_at_ns_.compare_exchange_strong(asked, now)) return false;
  if (!status->ready().ok()) return false;
  was_ready_.store(true, std::memory_order_relaxed);
  return true;
}

bool HttpService::complete() const {
  return !stopping.load(std::memory_order_relaxed) && (status == nullptr || status->ready().ok());
}

void HttpService::count_handshake_failure(const std::string& reason) {
  KeyValue label{str("reason"), str(reason)};
  MetricSpec spec = spec_of(MetricType::kCounter, "nightlight_http_handshake_failures_total",
                            "TLS handshakes that failed, by reason.", {&label, 1});
  MetricCells cells{};
  if (host->metric(&spec, &cells).ok()) bump(cells.count);
}

}  // namespace nightlight::net
