// What the connections of one HTTP listener share: settings, routes, TLS, metrics and the watchdog.
#ifndef NIGHTLIGHT_NET_HTTP_SERVICE_H_
#define NIGHTLIGHT_NET_HTTP_SERVICE_H_

#include <Poco/Net/Context.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "net/router.h"
#include "net/watchdog.h"
#include "nightlight/host.h"
#include "nightlight/sugar.h"
#include "nightlight/tls.h"

namespace re2 {
class RE2;
}

namespace nightlight::net {

// What may change while the listener runs; immutable once published.
struct HttpSettings {
  uint64_t max_body_bytes = 0;
  int64_t handshake_timeout_ns = 0, header_timeout_ns = 0, body_timeout_ns = 0, idle_timeout_ns = 0;
  int64_t send_timeout_ns = 0, request_timeout_ns = 0;
  bool keep_alive = true;
  bool access_log = false;
  std::shared_ptr<const re2::RE2> cors_origin;  // Null: every origin.
};

// The statuses that metrics tell apart; the last stands for all others.
inline constexpr std::array<uint32_t, 19> kCountedStatuses = {200, 204, 400, 401, 403, 404, 405, 406, 408, 413,
                                                              415, 422, 429, 499, 500, 501, 503, 504, 0};

// The cells of one route.
class RouteMetrics {
 public:
  RouteMetrics(Host* host, std::string route);
  void observe(uint32_t status, double seconds, uint64_t received_bytes, uint64_t sent_bytes);

 private:
  Host* const host_;
  const std::string route_;
  HistogramCells duration_;
  MetricCells received_{}, sent_{};
  std::array<std::atomic<uint64_t*>, kCountedStatuses.size()> requests_{};  // Registered with their first request.
};

struct ListenerMetrics {
  MetricCells connections{}, accepted{}, overflowed{}, timed_out{}, malformed{};
  Status register_all(Host* host);
};

// The TLS context for new connections, made anew when the material changes. When the new material makes none, the old
// one stays.
class TlsContexts {
 public:
  TlsContexts(Tls* tls, Host* host, std::string name) : tls_(tls), host_(host), name_(std::move(name)) {}

  struct Current {
    Poco::Net::Context::Ptr context;
    uint64_t generation = 0;
  };
  Result<Current> current() EXCLUDES(mutex_);
  Tls* tls() const { return tls_; }

 private:
  Tls* const tls_;
  Host* const host_;
  const std::string name_;
  Mutex mutex_;
  Current current_ GUARDED_BY(mutex_);
  uint64_t tried_ GUARDED_BY(mutex_) = 0;
};

struct HttpService {
  explicit HttpService(Host* h) : host(h) {}

  Host* const host;
  HostStatus* status = nullptr;      // Null: always ready.
  std::unique_ptr<TlsContexts> tls;  // Null: plain text.
  uint64_t max_connections = 0;
  Router router;
  Watchdog watchdog;
  ListenerMetrics metrics;
  RouteMetrics* unrouted = nullptr;    // Requests for which there is no route.
  std::atomic<uint64_t> live{0};       // Connections.
  std::atomic<uint64_t> in_flight{0};  // Requests.
  std::atomic<bool> stopping{false};

  std::shared_ptr<const HttpSettings> settings() const { return std::atomic_load(&settings_); }
  void publish(std::shared_ptr<const HttpSettings> next) { std::atomic_store(&settings_, std::move(next)); }

  // Whether the server is past its start. Once it was, it stays: a sick instance answers for itself.
  bool ready();
  // Whether the host has started everything and stops nothing, asked anew.
  bool complete() const;

  void count_handshake_failure(const std::string& reason);

 private:
  std::shared_ptr<const HttpSettings> settings_;  // By atomic_load and atomic_store.
  std::atomic<bool> was_ready_{false};
  std::atomic<int64_t> asked_at_ns_{0};
};

}  // namespace nightlight::net

#endif  // NIGHTLIGHT_NET_HTTP_SERVICE_H_
