#include "net/response_writer.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "net/request_head.h"
#include "nightlight/sugar.h"

namespace nightlight::net {
namespace {

constexpr size_t kBlockBytes = 64 * 1024;
constexpr size_t kPrefixBytes = 18;  // Up to sixteen hexadecimal digits, CR, LF.

std::string_view reason(uint32_t status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Request Entity Too Large";
    case 414:
      return "Request URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Entity";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Unknown";
  }
}

// "Tue, 24 Nov 2026 17:36:52 GMT", made once a second and thread.
const std::string& http_date() {
  thread_local std::time_t made_at = -1;
  thread_local std::string text;
  std::time_t now = std::time(nullptr);
  if (now != made_at) {
    constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm parts{};
    gmtime_r(&now, &parts);
    char out[64];  // Not strftime: names must not follow the locale.
    std::snprintf(out, sizeof out, "%s, %02d %s %d %02d:%02d:%02d GMT", kDays[parts.tm_wday], parts.tm_mday,
                  kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
    text = out;
    made_at = now;
  }
  return text;
}

bool is_own_header(std::string_view name) {
  for (std::string_view own : {"Connection", "Date", "Content-Length", "Content-Encoding", "Transfer-Encoding"})
    if (equals_ignore_case(name, own)) return true;
  return false;
}

// A handler may put what a client sent into a header: it must not become two.
std::string one_line(std::string_view value) {
  std::string out(value);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; }, ' ');
  return out;
}

}  // namespace

ResponseWriter::ResponseWriter(Host* host, Wire* wire, const Request& request)
    : host_(host), wire_(wire), request_(request) {}

void ResponseWriter::set_header(Str name, Str value) noexcept {
  if (started_ || is_own_header(view(name))) return;
  // Who reads events waits for each: they are neither held back nor compressed.
  if (equals_ignore_case(view(name), "Content-Type") && view(value) == "text/event-stream") {
    event_stream_ = true;
    request_.encoding = Encoding::kIdentity;
  }
  for (auto& [key, old] : headers_) {
    if (!equals_ignore_case(key, view(name))) continue;
    if (equals_ignore_case(key, "Vary")) continue;
    old = one_line(view(value));
    return;
  }
  add_header(view(name), view(value));
}

void ResponseWriter::add_header(std::string_view name, std::string_view value) {
  headers_.emplace_back(one_line(name), one_line(value));
}

void ResponseWriter::set_content_length(uint64_t size_bytes) noexcept {
  if (!started_) declared_bytes_ = static_cast<int64_t>(size_bytes);
}

void ResponseWriter::answer_text(uint32_t status, std::string_view text) {
  status_ = status;
  set_header(str("Content-Type"), str("text/plain; charset=utf-8"));
  set_header(str("X-Content-Type-Options"), str("nosniff"));
  (void)write(str(text));
}

Status ResponseWriter::write(Str piece) noexcept {
  if (failed_ || aborted_) return host_->fail(Code::kCancelled, str("the client has gone"));
  written_bytes_ += piece.size;
  if (request_.head || !allows_body()) return kOkStatus;
  bool ok = request_.encoding == Encoding::kIdentity ? put(view(piece)) : compress(view(piece), false);
  if (ok && event_stream_) ok = flush(false);
  return ok ? kOkStatus : host_->fail(Code::kCancelled, str("the client has gone"));
}

bool ResponseWriter::put(std::string_view bytes) {
  while (!bytes.empty()) {
    if (buffer_.empty()) buffer_.resize(kPrefixBytes);  // Also after each flush.
    size_t room = kPrefixBytes + kBlockBytes - buffer_.size();
    size_t n = std::min(room, bytes.size());
    buffer_.append(bytes.substr(0, n));
    bytes.remove_prefix(n);
    if (buffer_.size() == kPrefixBytes + kBlockBytes && !flush(false)) return false;
  }
  return true;
}

bool ResponseWriter::compress(std::string_view bytes, bool last) {
  if (compressor_ == nullptr) compressor_ = make_compressor(request_.encoding);
  auto put_piece = [this](std::string_view piece) { return put(piece); };
  failed_ |= compressor_ == nullptr || !compressor_->add(bytes, last, put_piece);
  return !failed_;
}

void ResponseWriter::write_head(std::string* out, bool complete, size_t body_bytes) {
  out->append("HTTP/1.1 ").append(std::to_string(status_)).append(" ").append(reason(status_)).append("\r\n");
  for (const auto& [name, value] : headers_) out->append(name).append(": ").append(value).append("\r\n");
  out->append("Date: ").append(http_date()).append("\r\n");
  if (request_.encoding != Encoding::kIdentity && written_bytes_ > 0 && allows_body())
    out->append("Content-Encoding: ").append(name_of(request_.encoding)).append("\r\n");
  if (allows_body()) {
    bool declared = declared_bytes_ >= 0 && request_.encoding == Encoding::kIdentity;
    if (declared || complete) {
      uint64_t size = declared ? static_cast<uint64_t>(declared_bytes_) : request_.head ? written_bytes_ : body_bytes;
      if (!(request_.head && request_.encoding != Encoding::kIdentity))
        out->append("Content-Length: ").append(std::to_string(size)).append("\r\n");
    } else if (request_.http10) {
      request_.keep_alive = false;
    } else {
      out->append("Transfer-Encoding: chunked\r\n");
    }
  }
  if (!request_.keep_alive) {
    out->append("Connection: close\r\n");
  } else if (request_.http10) {
    out->append("Connection: keep-alive\r\n");
  }
  out->append("\r\n");
}

// Sends what is buffered. `last`: the body ends here.
bool ResponseWriter::flush(bool last) {
  std::string_view body = buffer_.empty() ? std::string_view() : std::string_view(buffer_).substr(kPrefixBytes);
  bool declared = declared_bytes_ >= 0 && request_.encoding == Encoding::kIdentity;
  if (!started_) {
    std::string head;
    write_head(&head, last, body.size());
    started_ = true;
    if (last || declared || request_.http10) {
      if (body.size() <= kBlockBytes / 4) {
        head.append(body);
        body = {};
      }
      bool ok = send(head) && (body.empty() || send(body));
      buffer_.clear();
      return ok;
    }
    if (!send(head)) return false;
  }
  bool chunked = !declared && !request_.http10;
  if (!chunked) {
    bool ok = body.empty() || send(body);
    buffer_.clear();
    return ok;
  }
  bool ok = true;
  if (!body.empty()) {
    char prefix[kPrefixBytes + 1];
    int n = std::snprintf(prefix, sizeof prefix, "%zx\r\n", body.size());
    size_t begin = kPrefixBytes - static_cast<size_t>(n);
    buffer_.replace(begin, static_cast<size_t>(n), prefix, static_cast<size_t>(n));
    buffer_.append(last ? "\r\n0\r\n\r\n" : "\r\n");
    ok = send(std::string_view(buffer_).substr(begin));
  } else if (last) {
    ok = send("0\r\n\r\n");
  }
  buffer_.clear();
  return ok;
}

bool ResponseWriter::send(std::string_view bytes) {
  wire_->set_deadline(steady_ns() + request_.send_timeout_ns);
  failed_ |= !wire_->send(bytes);
  wire_->set_deadline(kNoDeadline);
  return !failed_;
}

bool ResponseWriter::finish() {
  if (failed_ || aborted_) return false;
  bool body = allows_body() && !request_.head;
  if (body && compressor_ != nullptr && !compress({}, true)) return false;
  bool declared = declared_bytes_ >= 0 && request_.encoding == Encoding::kIdentity;
  if (declared && body && written_bytes_ != static_cast<uint64_t>(declared_bytes_)) {
    // A wrong length would make the next answer a part of this one.
    if (started_) return false;
    declared_bytes_ = -1;
    declared = false;
  }
  bool chunked = !declared && !request_.http10;
  if ((!started_ || !buffer_.empty() || chunked) && !flush(true)) return false;
  return request_.keep_alive;
}

}  // namespace nightlight::net
