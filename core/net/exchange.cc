#include "net/exchange.h"

#include <re2/re2.h>

#include <ctime>
#include <deque>
#include <optional>

#include "net/body_reader.h"
#include "net/request_head.h"
#include "net/response_writer.h"

namespace nightlight::net {
namespace {

class Request final : public HttpRequest {
 public:
  Request(Host* host, const RequestHead* head, const RouteMatch* match, BodyReader* body, const Peer* peer,
          const CallContext* context, int64_t body_timeout_ns)
      : host_(host),
        head_(head),
        match_(match),
        body_(body),
        peer_(peer),
        context_(context),
        body_timeout_ns_(body_timeout_ns) {}

  HttpMethod method() noexcept override { return static_cast<HttpMethod>(head_->method); }
  Str path() noexcept override { return str(head_->path); }
  Str decoded_path() noexcept override { return str(head_->decoded_path); }
  Str query() noexcept override { return str(head_->query); }

  Str header(Str name) noexcept override {
    const std::string_view* found = nullptr;
    for (const auto& [key, value] : head_->headers) {
      if (!equals_ignore_case(key, view(name))) continue;
      if (found != nullptr) {  // Rare: joined ones are kept for the rest of the request.
        joined_.emplace_back();
        head_->header(view(name), &joined_.back());
        return str(joined_.back());
      }
      found = &value;
    }
    return found == nullptr ? Str{"", 0} : str(*found);
  }

  Str path_parameter(Str name) noexcept override {
    for (const auto& [key, value] : match_->parameters)
      if (key == view(name)) return str(value);
    return Str{"", 0};
  }

  Status body(Str* out) noexcept override {
    auto read = body_->read(steady_ns() + body_timeout_ns_);
    if (!read.ok()) return host_->fail(read.error().code, str(read.error().message));
    *out = str(*read);
    return kOkStatus;
  }

  const Peer* peer() noexcept override { return peer_; }
  const CallContext* context() noexcept override { return context_; }

 private:
  Host* const host_;
  const RequestHead* const head_;
  const RouteMatch* const match_;
  BodyReader* const body_;
  const Peer* const peer_;
  const CallContext* const context_;
  const int64_t body_timeout_ns_;
  std::deque<std::string> joined_;
};

class Tenant final : public TextSink {
 public:
  Status write(Str piece) noexcept override {
    text.append(piece.data, static_cast<size_t>(piece.size));
    return kOkStatus;
  }
  std::string text;
};

// Receives the head into `text` (the buffer is needed for the body).
HttpError receive_head(HttpService* service, Wire* wire, std::string* text) {
  wire->set_deadline(steady_ns() + service->settings()->header_timeout_ns);
  for (size_t looked = 0;;) {
    std::string_view ready = wire->buffered();
    // RFC 9112 section 2.2: an empty line before the request is ignored.
    while (ready.substr(0, 2) == "\r\n") {
      wire->take(2);
      ready = wire->buffered();
      looked = 0;
    }
    if (size_t end = find_head_end(ready, looked); end != 0) {
      text->assign(ready.substr(0, end));
      wire->take(end);
      wire->set_deadline(kNoDeadline);
      return {};
    }
    if (ready.size() >= kMaxHeadBytes) {
      bool in_first_line = ready.find('\n') == std::string_view::npos;
      return in_first_line ? HttpError{414, "the request target is longer than 64 KiB; send the query by POST"}
                           : HttpError{431, "the request's headers are larger than 64 KiB"};
    }
    looked = ready.empty() ? 0 : ready.size() - 1;
    if (!wire->fill()) return HttpError{408, "the request did not arrive in time"};
  }
}

// One exchange: the parts share the request's head, the route and the writer.
class Exchange {
 public:
  Exchange(HttpService* service, Wire* wire, Watched* watched, ConnectionState* state)
      : service_(service), wire_(wire), watched_(watched), state_(state), settings_(service->settings()) {}

  bool run() {
    started_ns_ = steady_ns();
    std::string text;
    HttpError error = receive_head(service_, wire_, &text);
    if (error.status == 408) return false;  // Gone or too slow: nobody reads an answer.
    service_->in_flight.fetch_add(1);
    if (!error) error = parse_request_head(text, &head_);
    bool again = error ? refuse(error) : answer();
    uint64_t received = wire_->take_received();
    RouteMetrics* metrics = match_ ? static_cast<RouteMetrics*>(match_->route().attachment.get()) : service_->unrouted;
    double seconds = static_cast<double>(steady_ns() - started_ns_) * 1e-9;
    if (metrics != nullptr) metrics->observe(status_, seconds, received, wire_->take_sent());
    if (settings_->access_log) log_access(seconds);
    match_.reset();
    if (service_->in_flight.fetch_sub(1) == 1) service_->in_flight.notify_all();
    return again;
  }

 private:
  bool refuse(const HttpError& error) {
    bump(service_->metrics.malformed.count);
    ResponseWriter::Request request;
    request.keep_alive = false;
    request.send_timeout_ns = settings_->send_timeout_ns;
    ResponseWriter response(service_->host, wire_, request);
    response.answer_text(error.status, error.message + "\n");
    status_ = error.status;
    return response.finish();
  }

  bool answer() {
    match_.emplace(service_->router.find(head_.path));
    if (!*match_) match_.reset();
    ResponseWriter response(service_->host, wire_, response_request());
    uint64_t limit = settings_->max_body_bytes;
    if (match_ && match_->route().max_body_bytes != 0) limit = std::min(limit, match_->route().max_body_bytes);
    BodyReader body(wire_, head_, limit);
    dispatch(&response, &body);
    if (!body.finish(steady_ns() + settings_->body_timeout_ns)) response.forbid_keep_alive();
    bool again = response.finish();
    status_ = response.status();
    return again;
  }

  ResponseWriter::Request response_request() {
    ResponseWriter::Request request;
    request.head = head_.method == kHead;
    request.http10 = head_.minor_version == 0;
    // A connection of an older TLS generation ends with this answer: the next one is verified anew.
    bool stale = service_->tls != nullptr && service_->tls->tls()->generation() != state_->tls_generation;
    request.keep_alive = head_.keep_alive && settings_->keep_alive && !service_->stopping.load() && !stale;
    request.send_timeout_ns = settings_->send_timeout_ns;
    if (match_ && (match_->route().flags & kCompress) != 0) {
      std::string accept;
      if (head_.header("Accept-Encoding", &accept)) request.encoding = choose_encoding(accept);
    }
    return request;
  }

  void dispatch(ResponseWriter* response, BodyReader* body) {
    if (!match_) {
      // While instances start or stop, a route that is not there may be one that is not there yet or any more: 404
      // would make senders drop what they hold.
      if (!service_->complete()) return answer_not_ready(response);
      return response->answer_text(404, "404 page not found\n");
    }
    const RouteEntry& route = match_->route();
    if ((route.methods & head_.method) == 0) {
      response->set_header(str("Allow"), str(route.allow));
      if (head_.method != kOptions) return response->answer_text(405, "Method Not Allowed\n");
      // Handlers that do not answer OPTIONS themselves have it answered: what there is, and to browsers whether they
      // may.
      if (std::string origin; head_.header("Origin", &origin)) add_cross_origin_headers(response, false);
      return;
    }
    add_cross_origin_headers(response, (route.flags & kCompress) != 0);
    Tenant tenant;
    if (!authorize(route.role, response, &tenant)) return;
    if ((route.flags & kBeforeReady) == 0 && !service_->ready()) return answer_not_ready(response);
    call(route, response, body, tenant.text);
  }

  void answer_not_ready(ResponseWriter* response) {
    response->set_header(str("X-Prometheus-Stopping"), str(service_->stopping.load() ? "true" : "false"));
    response->answer_text(503, "Service Unavailable\n");
  }

  void call(const RouteEntry& route, ResponseWriter* response, BodyReader* body, const std::string& tenant) {
    CallContext context{sizeof(CallContext), 0,
                        str(tenant),         service_->host->monotonic_ns() + settings_->request_timeout_ns,
                        UINT64_MAX,          &cancelled()};
    Request request(service_->host, &head_, &*match_, body, state_->peer.peer(), &context, settings_->body_timeout_ns);
    watched_->working.store(true, std::memory_order_release);
    route.handler->handle(&request, response);
    watched_->working.store(false, std::memory_order_release);
  }

  // The flag as the contract has it: a plain word that is read atomically.
  const uint32_t& cancelled() const { return reinterpret_cast<const uint32_t&>(watched_->cancelled); }

  bool authorize(const std::string& role, ResponseWriter* response, Tenant* tenant) {
    if (service_->tls == nullptr || role.empty()) return true;
    // A session that is resumed, or open for long, may outlive its certificate.
    if (state_->certificate_not_after_s != 0 && state_->certificate_not_after_s < std::time(nullptr)) {
      response->forbid_keep_alive();
      response->answer_text(403, "the client certificate has expired\n");
      return false;
    }
    if (service_->tls->tls()->authorize(state_->peer.peer(), str(role), tenant).ok()) return true;
    response->answer_text(403, std::string(view(service_->host->last_error())) + "\n");
    return false;
  }

  void add_cross_origin_headers(ResponseWriter* response, bool compressible) {
    if (compressible) response->add_header("Vary", "Accept-Encoding");
    response->add_header("Vary", "Origin");
    std::string origin;
    if (!head_.header("Origin", &origin)) return;
    response->add_header("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Origin");
    response->add_header("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
    response->add_header("Access-Control-Expose-Headers", "Date");
    if (settings_->cors_origin == nullptr || re2::RE2::FullMatch(origin, *settings_->cors_origin))
      response->add_header("Access-Control-Allow-Origin", origin);
  }

  void log_access(double seconds) {
    log(service_->host, LogLevel::kInfo, "request",
        {{"method", head_.method_name},
         {"path", head_.path},
         {"status", std::to_string(status_)},
         {"seconds", std::to_string(seconds)},
         {"peer", view(state_->peer.peer()->address)},
         {"client", view(state_->peer.peer()->common_name)}});
  }

  HttpService* const service_;
  Wire* const wire_;
  Watched* const watched_;
  ConnectionState* const state_;
  const std::shared_ptr<const HttpSettings> settings_;
  int64_t started_ns_ = 0;
  RequestHead head_;
  std::optional<RouteMatch> match_;
  uint32_t status_ = 0;
};

}  // namespace

bool exchange(HttpService* service, Wire* wire, Watched* watched, ConnectionState* state) {
  return Exchange(service, wire, watched, state).run();
}

}  // namespace nightlight::net
