// HTTP routes on a listener of the host. The listener does TLS, limits, keep-alive, access control and metrics; a
// handler sees one request at a time and writes the answer as it makes it.
#ifndef NIGHTLIGHT_LISTENER_H_
#define NIGHTLIGHT_LISTENER_H_

#include "nightlight/abi.h"

namespace nightlight {

enum HttpMethod : uint32_t { kGet = 1, kHead = 2, kPost = 4, kPut = 8, kDelete = 16, kOptions = 32 };

// Who is at the other end. Views live as long as the request.
struct Peer {
  uint32_t struct_size;
  uint32_t tls;               // 1: the connection is encrypted.
  Str address;                // "127.0.0.1:4711"
  Str common_name;            // Of the verified client certificate; "" without one.
  View<Str> dns_names, uris;  // Its subject alternative names.
  Str serial;                 // Upper-case hexadecimal, no leading zeros.
  Str issuer;                 // Its issuer's name, as RFC 2253 writes it. With the serial it names one certificate.
};

class NIGHTLIGHT_INTERFACE HttpRequest {
 public:
  virtual HttpMethod method() noexcept = 0;
  // [one] The path as sent, without the query, and percent-decoded.
  virtual Str path() noexcept = 0;
  virtual Str decoded_path() noexcept = 0;
  // [one] What stands between ? and #, undecoded.
  virtual Str query() noexcept = 0;
  // [one] A header's value ("" when absent; several are joined by ", "). Names are case-insensitive.
  virtual Str header(Str name) noexcept = 0;
  // [one] The decoded value of `{name}` in the route's path.
  virtual Str path_parameter(Str name) noexcept = 0;
  // [one] The whole body, at most the route's max_body_bytes, valid until the request ends. kResourceExhausted when it
  // is larger (answer 413), kDeadlineExceeded, kCancelled when the peer went away.
  virtual Status body(Str* out) noexcept = 0;
  virtual const Peer* peer() noexcept = 0;
  // [any] Tenant, deadline and the flag that is set when the client has gone.
  virtual const CallContext* context() noexcept = 0;

 protected:
  ~HttpRequest() = default;
};

class NIGHTLIGHT_INTERFACE HttpResponse {
 public:
  // [one] Before the first write: status and headers.
  virtual void set_status(uint32_t status) noexcept = 0;
  virtual void set_header(Str name, Str value) noexcept = 0;
  // [one] Tells the length of the body, which is then sent as it is; without it the body is chunked.
  virtual void set_content_length(uint64_t size_bytes) noexcept = 0;
  // [one] Sends a piece of the body; a text/event-stream's at once. kCancelled when the client has gone: stop working.
  virtual Status write(Str piece) noexcept = 0;
  // [one] After bytes were sent: cuts the connection, so that the client sees an incomplete answer.
  virtual void abort() noexcept = 0;

 protected:
  ~HttpResponse() = default;
};

class NIGHTLIGHT_INTERFACE HttpHandler {
 public:
  // [any] Answers a request. What is not written when it returns is sent then; a status without a body is allowed.
  virtual void handle(HttpRequest* request, HttpResponse* response) noexcept = 0;

 protected:
  ~HttpHandler() = default;
};

enum RouteFlags : uint32_t {
  kBeforeReady = 1,  // Answers while the graph is still starting; others get 503 until then.
  kCompress = 2,     // gzip, deflate or zstd, as the request accepts.
};

struct Route {
  uint32_t struct_size;
  uint32_t flags;    // RouteFlags
  uint32_t methods;  // HttpMethod, or-ed. Other methods answer 405 with Allow.
  uint32_t reserved;
  Str path;  // "/api/v1/label/{name}/values"; a trailing "/*" takes everything below.
  Str role;  // "write", "read" or "admin": what the client's certificate must be allowed.
  uint64_t max_body_bytes;
  HttpHandler* handler;  // Must outlive the route.
};

inline constexpr char kListenerId[] = "nightlight.listener/0";
class NIGHTLIGHT_INTERFACE Listener {
 public:
  // [control] In start. kAlreadyExists names the route's owner.
  virtual Status add_route(const Route* route) noexcept = 0;
  // [control] In stop: removes every route of that handler and waits for its running calls.
  virtual void remove_routes(HttpHandler* handler) noexcept = 0;
  // [any] The port that is bound (configs may say 0), valid after the listener's start.
  virtual uint32_t port() noexcept = 0;

 protected:
  ~Listener() = default;
};

}  // namespace nightlight

#endif  // NIGHTLIGHT_LISTENER_H_
