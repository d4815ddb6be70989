// An HTTP answer on its way out: a small one in a single piece with its length, a large one in chunks of 64 KiB while
// the handler makes it, compressed if asked.
#ifndef NIGHTLIGHT_NET_RESPONSE_WRITER_H_
#define NIGHTLIGHT_NET_RESPONSE_WRITER_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/compressor.h"
#include "net/wire.h"
#include "nightlight/host.h"
#include "nightlight/listener.h"

namespace nightlight::net {

class ResponseWriter final : public HttpResponse {
 public:
  struct Request {
    bool head = false;    // No body is sent.
    bool http10 = false;  // No chunks: the end of the connection ends the body.
    bool keep_alive = true;
    int64_t send_timeout_ns = 0;  // For each piece.
    Encoding encoding = Encoding::kIdentity;
  };

  ResponseWriter(Host* host, Wire* wire, const Request& request);

  // HttpResponse. Connection, Date, Content-Length, Content-Encoding and Transfer-Encoding are the listener's own:
  // set_header ignores them.
  void set_status(uint32_t status) noexcept override { status_ = status; }
  void set_header(Str name, Str value) noexcept override;
  void set_content_length(uint64_t size_bytes) noexcept override;
  Status write(Str piece) noexcept override;
  void abort() noexcept override { aborted_ = true; }

  // A further line of a header that may stand several times.
  void add_header(std::string_view name, std::string_view value);
  // A whole plain-text answer.
  void answer_text(uint32_t status, std::string_view text);

  // After the handler: sends the rest. True when the connection may serve another request.
  bool finish();
  void forbid_keep_alive() { request_.keep_alive = false; }

  uint32_t status() const { return status_; }
  bool started() const { return started_; }

 private:
  bool allows_body() const { return status_ >= 200 && status_ != 204 && status_ != 304; }
  bool put(std::string_view bytes);
  bool compress(std::string_view bytes, bool last);
  bool flush(bool last);
  void write_head(std::string* out, bool complete, size_t body_bytes);
  bool send(std::string_view bytes);

  Host* const host_;
  Wire* const wire_;
  Request request_;
  uint32_t status_ = 200;
  std::vector<std::pair<std::string, std::string>> headers_;
  int64_t declared_bytes_ = -1;
  uint64_t written_bytes_ = 0;  // By the handler.
  bool started_ = false, aborted_ = false, failed_ = false;
  bool event_stream_ = false;
  std::string buffer_;  // Room for a chunk's size, then the body's bytes.
  std::unique_ptr<Compressor> compressor_;
};

}  // namespace nightlight::net

#endif  // NIGHTLIGHT_NET_RESPONSE_WRITER_H_
