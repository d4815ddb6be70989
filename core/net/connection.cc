#include "net/connection.h"

#include <Poco/Exception.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/SecureStreamSocketImpl.h>
#include <Poco/Net/TCPServerConnection.h>
#include <sys/socket.h>

#include <algorithm>
#include <ctime>

#include "net/exchange.h"
#include "net/openssl_types.h"
#include "net/peer.h"
#include "net/request_head.h"
#include "net/server_context.h"

namespace nightlight::net {
namespace {

// Poco waits that long for nothing in particular: the watchdog cuts far earlier.
const Poco::Timespan kPocoTimeout(3600, 0);

void set_deadline(Watched* watched, int64_t after_ns) {
  watched->deadline_ns.store(after_ns == kNoDeadline ? kNoDeadline : steady_ns() + after_ns, std::memory_order_relaxed);
}

class Connection final : public Poco::Net::TCPServerConnection {
 public:
  Connection(const Poco::Net::StreamSocket& socket, HttpService* service)
      : TCPServerConnection(socket), service_(service) {
    overflow_ = service_->live.fetch_add(1) >= service_->max_connections;
    add(service_->metrics.connections.number, 1);
    bump(service_->metrics.accepted.count);
    watched_.fd = this->socket().impl()->sockfd();
    service_->watchdog.add(&watched_);
  }

  ~Connection() override {
    service_->watchdog.remove(&watched_);
    add(service_->metrics.connections.number, -1);
    service_->live.fetch_sub(1);
  }

  void run() override {
    try {
      serve();
    } catch (const Poco::Exception& e) {
      log(service_->host, LogLevel::kDebug, "connection failed", {{"error", e.displayText()}});
    } catch (const std::exception& e) {
      log(service_->host, LogLevel::kWarn, "connection failed", {{"error", e.what()}});
    }
    if (watched_.timed_out.load()) bump(service_->metrics.timed_out.count);
  }

 private:
  void serve() {
    Poco::Net::StreamSocket client = socket();
    client.setReceiveTimeout(kPocoTimeout);
    client.setSendTimeout(kPocoTimeout);
    client.setNoDelay(true);
    ConnectionState state;
    state.peer.set_address(client.peerAddress().toString(), service_->tls != nullptr);
    if (service_->tls != nullptr) {
      if (!handshake(&client, &state)) return;
      state.peer.set_address(client.peerAddress().toString(), true);
    }
    Wire wire(client, &watched_);
    if (overflow_) return refuse(&wire);
    bool again = true;
    while (again && wait_for_request(&wire)) again = exchange(service_, &wire, &watched_, &state);
    wire.close_gently();
  }

  bool handshake(Poco::Net::StreamSocket* client, ConnectionState* state) {
    auto current = service_->tls->current();
    if (!current.ok()) {
      log(service_->host, LogLevel::kError, "no TLS context", {{"error", current.error().message}});
      return false;
    }
    set_deadline(&watched_, service_->settings()->handshake_timeout_ns);
    forget_handshake_failure();
    try {
      Poco::Net::SecureStreamSocket secure = Poco::Net::SecureStreamSocket::attach(*client, current->context);
      secure.setLazyHandshake(false);
      if (secure.completeHandshake() < 0) return handshake_failed("");
      if (secure.havePeerCertificate()) {
        Poco::Net::X509Certificate certificate = secure.peerCertificate();
        state->peer.read(const_cast<X509*>(certificate.certificate()));
        state->certificate_not_after_s = unix_seconds(X509_get0_notAfter(certificate.certificate()));
      }
      *client = secure;
    } catch (const Poco::Exception& e) {
      return handshake_failed(e.displayText());
    }
    set_deadline(&watched_, kNoDeadline);
    state->tls_generation = current->generation;
    return true;
  }

  bool handshake_failed(const std::string& text) {
    std::string reason = watched_.timed_out.load() ? "timeout" : handshake_failure_reason(text);
    service_->count_handshake_failure(reason);
    log(service_->host, LogLevel::kDebug, "TLS handshake failed",
        {{"reason", reason}, {"error", text}, {"peer", socket().peerAddress().toString()}});
    return false;
  }

  // Waits for the first bytes, without holding memory.
  bool wait_for_request(Wire* wire) {
    if (!wire->buffered().empty()) return true;
    wire->shrink();
    set_deadline(&watched_, service_->settings()->idle_timeout_ns);
    watched_.idle.store(true, std::memory_order_release);
    if (service_->stopping.load()) return false;
    bool came = wire->fill();
    watched_.idle.store(false, std::memory_order_release);
    if (watched_.timed_out.load()) watched_.timed_out.store(false);  // Idle ends are no failures.
    return came;
  }

  // More clients than allowed: a few threads are kept to say so.
  void refuse(Wire* wire) {
    bump(service_->metrics.overflowed.count);
    set_deadline(&watched_, std::min<int64_t>(service_->settings()->header_timeout_ns, 1'000'000'000));
    while (find_head_end(wire->buffered(), 0) == 0 && wire->buffered().size() < kMaxHeadBytes)
      if (!wire->fill()) return;
    constexpr std::string_view kAnswer =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 1\r\n"
        "Content-Length: 21\r\nConnection: close\r\n\r\ntoo many connections\n";
    if (wire->send(kAnswer)) wire->close_gently();
  }

  HttpService* const service_;
  Watched watched_;
  bool overflow_ = false;
};

class ConnectionFactory final : public Poco::Net::TCPServerConnectionFactory {
 public:
  explicit ConnectionFactory(HttpService* service) : service_(service) {}
  Poco::Net::TCPServerConnection* createConnection(const Poco::Net::StreamSocket& socket) override {
    return new Connection(socket, service_);
  }

 private:
  HttpService* const service_;
};

}  // namespace

Poco::Net::TCPServerConnectionFactory::Ptr make_connection_factory(HttpService* service) {
  return new ConnectionFactory(service);
}

}  // namespace nightlight::net
