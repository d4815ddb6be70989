#include "net/http_instance.h"

#include <Poco/Exception.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/TCPServer.h>
#include <Poco/Net/TCPServerParams.h>
#include <Poco/ThreadPool.h>
#include <re2/re2.h>

#include <memory>
#include <thread>

#include "net/connection.h"
#include "net/http_service.h"
#include "nightlight/sugar.h"

namespace nightlight::net {
namespace {

constexpr int kBacklog = 512;
constexpr int kRefusingThreads = 16;  // Beyond max_connections, to answer 503 instead of nothing.
constexpr int kStackBytes = 1 << 20;  // Committed as it is used.
constexpr int kIdleThreadSeconds = 60;
constexpr int64_t kNsPerMs = 1'000'000;

Error invalid(Settings* settings, const char* name, const std::string& what) {
  return Error{Code::kInvalidArgument, settings->position(name) + ": " + what};
}

Result<std::shared_ptr<const HttpSettings>> read_settings(Settings* settings) {
  auto out = std::make_shared<HttpSettings>();
  auto ns = [&](const char* name) { return settings->integer(name) * kNsPerMs; };
  out->max_body_bytes = static_cast<uint64_t>(settings->integer("max_body"));
  out->handshake_timeout_ns = ns("handshake_timeout");
  out->header_timeout_ns = ns("header_timeout");
  out->body_timeout_ns = ns("body_timeout");
  out->idle_timeout_ns = ns("idle_timeout");
  out->send_timeout_ns = ns("send_timeout");
  out->request_timeout_ns = ns("request_timeout");
  out->keep_alive = settings->boolean("keep_alive");
  out->access_log = settings->boolean("access_log");
  std::string origin = settings->text("cors_origin");
  if (origin != ".*") {
    auto pattern = std::make_shared<re2::RE2>(origin, re2::RE2::Quiet);
    if (!pattern->ok()) return invalid(settings, "cors_origin", pattern->error());
    out->cors_origin = std::move(pattern);
  }
  return std::shared_ptr<const HttpSettings>(std::move(out));
}

class HttpInstance final : public Instance, public Listener {
 public:
  explicit HttpInstance(Host* host) : host_(host), service_(host) {}

  // ---- Instance
  void* query(Str id) noexcept override { return view(id) == kListenerId ? as<Listener>(this) : nullptr; }

  Status configure(Config* config) noexcept override {
    return guard(host_, [&] {
      auto done = configure(Settings(config), config);
      return done.ok() ? kOkStatus : fail(done.error());
    });
  }

  Status start() noexcept override {
    return guard(host_, [&] {
      auto done = listen();
      return done.ok() ? kOkStatus : fail(done.error());
    });
  }

  Status drain(int64_t deadline_ns) noexcept override {
    return guard(host_, [&] {
      service_.stopping.store(true);
      if (server_ != nullptr) server_->stop();
      service_.watchdog.close_idle();
      // A wait with a deadline: std::atomic has none, and the watchdog closes the idle ones only as it comes by.
      while (service_.in_flight.load() != 0) {
        if (host_->monotonic_ns() >= deadline_ns)
          return host_->fail(Code::kDeadlineExceeded, str("requests are still being answered"));
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
      return kOkStatus;
    });
  }

  Status stop() noexcept override {
    return guard(host_, [&] {
      service_.stopping.store(true);
      if (server_ != nullptr) {
        server_->stop();
        service_.watchdog.close_all();
        threads_->joinAll();
        server_.reset();
        threads_.reset();
      }
      service_.watchdog.stop();
      return kOkStatus;
    });
  }

  Status reconfigure(Config* config) noexcept override {
    return guard(host_, [&] {
      Settings settings(config);
      auto next = read_settings(&settings);
      if (!next.ok()) return fail(next.error());
      service_.publish(std::move(next).value());
      return kOkStatus;
    });
  }

  Status health() noexcept override { return kOkStatus; }
  void release() noexcept override { delete this; }

  // ---- Listener
  Status add_route(const Route* route) noexcept override {
    return guard(host_, [&] {
      std::shared_ptr<void> metrics = std::make_shared<RouteMetrics>(host_, std::string(view(route->path)));
      auto added = service_.router.add(*route, std::move(metrics));
      return added.ok() ? kOkStatus : fail(added.error());
    });
  }
  void remove_routes(HttpHandler* handler) noexcept override { service_.router.remove(handler); }
  uint32_t port() noexcept override { return port_; }

 private:
  Status fail(const Error& error) { return host_->fail(error.code, str(error.message)); }

  Result<void> configure(Settings settings, Config* config) {
    listen_ = settings.text("listen");
    service_.max_connections = static_cast<uint64_t>(settings.integer("max_connections"));
    NIGHTLIGHT_ASSIGN(values, read_settings(&settings));
    service_.publish(std::move(values));
    service_.status = static_cast<HostStatus*>(host_->query(str(kHostStatusId)));
    Poco::Net::SocketAddress address;
    try {
      address = Poco::Net::SocketAddress(listen_);
    } catch (const Poco::Exception& e) {
      return invalid(&settings, "listen", "\"" + listen_ + "\" is no address: " + e.displayText());
    }
    if (auto* tls = settings.ref<Tls>("tls", kTlsId); tls != nullptr) {
      service_.tls =
          std::make_unique<TlsContexts>(tls, host_, std::string(view(config->instance_name())) + "@" + listen_);
    } else if (settings.has("tls") && !settings.text("tls").empty()) {
      return invalid(&settings, "tls", "cannot be resolved");
    } else if (!address.host().isLoopback() && !settings.boolean("insecure")) {
      return invalid(
          &settings, "listen",
          "others reach " + listen_ +
              ": TLS is needed (a tls section); or listen on 127.0.0.1, or set insecure: true when something "
              "in front does TLS");
    }
    if (!service_.metrics.register_all(host_).ok())
      return Error{Code::kInternal, std::string(view(host_->last_error()))};
    unrouted_ = std::make_unique<RouteMetrics>(host_, "none");
    service_.unrouted = unrouted_.get();
    return {};
  }

  Result<void> listen() {
    if (service_.tls != nullptr) {
      // Fails here rather than at every handshake.
      if (auto context = service_.tls->current(); !context.ok()) return context.error();
    }
    try {
      Poco::Net::SocketAddress address(listen_);
      Poco::Net::ServerSocket socket;
      if (address.family() == Poco::Net::SocketAddress::IPv6) {
        socket.bind6(address, true, false, false);
      } else {
        socket.bind(address, true, false);
      }
      socket.listen(kBacklog);
      port_ = socket.address().port();
      int threads = static_cast<int>(service_.max_connections) + kRefusingThreads;
      // One thread more than the server may use: its own acceptor is not among them, but the pool counts lazily.
      threads_ = std::make_unique<Poco::ThreadPool>("http", 1, threads + 2, kIdleThreadSeconds, kStackBytes);
      Poco::Net::TCPServerParams::Ptr params = new Poco::Net::TCPServerParams;
      params->setMaxThreads(threads);
      params->setMaxQueued(kRefusingThreads);
      service_.watchdog.start();
      server_ = std::make_unique<Poco::Net::TCPServer>(make_connection_factory(&service_), *threads_, socket, params);
      server_->start();
      log(host_, LogLevel::kInfo, "listening",
          {{"address", socket.address().toString()}, {"tls", service_.tls != nullptr ? "true" : "false"}});
      return {};
    } catch (const Poco::Exception& e) {
      return Error{Code::kUnavailable, "cannot listen on " + listen_ + ": " + e.displayText()};
    }
  }

  Host* const host_;
  std::string listen_;
  HttpService service_;
  std::unique_ptr<RouteMetrics> unrouted_;
  std::unique_ptr<Poco::ThreadPool> threads_;
  std::unique_ptr<Poco::Net::TCPServer> server_;  // Uses the pool and the service.
  uint32_t port_ = 0;
};

constexpr Str kProvides[] = {str(kListenerId)};

constexpr ConfigField kListen =
    field("listen", FieldType::kAddress, "", "The address to listen on; port 0 takes a free one.", kRequired);
constexpr ConfigField kTls =
    ref_field("tls", kTlsId, "TLS for every connection. Without it only loopback is listened on.", 0);
constexpr ConfigField kInsecure =
    field("insecure", FieldType::kBool, "false", "Allows plain text on an address that others reach.");
constexpr ConfigField kMaxConnections =
    bounded(field("max_connections", FieldType::kInt, "512",
                  "Connections that are served at once, each with a thread; further ones are told to come again."),
            "1", "65536");
constexpr ConfigField kMaxBody = bounded(
    field("max_body", FieldType::kBytes, "32MiB", "The largest request body; routes may allow less.", kReloadable),
    "1KiB", "4GiB");
constexpr ConfigField kHandshakeTimeout = bounded(
    field("handshake_timeout", FieldType::kDuration, "5s", "For a whole TLS handshake.", kReloadable), "10ms", "1h");
constexpr ConfigField kHeaderTimeout = bounded(
    field("header_timeout", FieldType::kDuration, "10s", "For a request's whole head.", kReloadable), "10ms", "1h");
constexpr ConfigField kBodyTimeout = bounded(
    field("body_timeout", FieldType::kDuration, "1m", "For a request's whole body.", kReloadable), "10ms", "1h");
constexpr ConfigField kIdleTimeout =
    bounded(field("idle_timeout", FieldType::kDuration, "1m", "How long an idle connection stays open.", kReloadable),
            "10ms", "1d");
constexpr ConfigField kSendTimeout = bounded(field("send_timeout", FieldType::kDuration, "30s",
                                                   "For a client to take the next 64 KiB of an answer.", kReloadable),
                                             "10ms", "1h");
constexpr ConfigField kRequestTimeout =
    bounded(field("request_timeout", FieldType::kDuration, "2m", "The deadline that handlers work with.", kReloadable),
            "10ms", "1d");
constexpr ConfigField kKeepAlive =
    field("keep_alive", FieldType::kBool, "true", "Whether a connection serves more than one request.", kReloadable);
constexpr ConfigField kCorsOrigin =
    field("cors_origin", FieldType::kString, "\".*\"",
          "The origins, a regular expression anchored at both ends, whose pages browsers let "
          "read answers.",
          kReloadable);
constexpr ConfigField kAccessLog =
    field("access_log", FieldType::kBool, "false", "Logs a line for each request.", kReloadable);

constexpr const ConfigField* kFields[] = {
    &kListen,      &kTls,         &kInsecure,    &kMaxConnections, &kMaxBody,   &kHandshakeTimeout, &kHeaderTimeout,
    &kBodyTimeout, &kIdleTimeout, &kSendTimeout, &kRequestTimeout, &kKeepAlive, &kCorsOrigin,       &kAccessLog};

Status create(Host* host, Instance** out) noexcept {
  *out = new (std::nothrow) HttpInstance(host);
  return *out != nullptr ? kOkStatus : Status{Code::kResourceExhausted, 0};
}

}  // namespace

const Component kHttpComponent{sizeof(Component),
                               Stability::kBeta,
                               str("http"),
                               str("An HTTP/1.1 listener, with TLS, on which other instances put their routes."),
                               view_of(kProvides),
                               {nullptr, 0},
                               View<const ConfigField*>{kFields, std::size(kFields)},
                               create};

}  // namespace nightlight::net
