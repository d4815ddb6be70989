#include "net/request_head.h"

#include <array>
#include <charconv>

namespace nightlight::net {
namespace {

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = true;
  for (char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'})
    table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kTokenCharacters = make_token_table();  // RFC 9110 section 5.6.2

bool is_token(std::string_view text) {
  for (char c : text)
    if (!kTokenCharacters[static_cast<unsigned char>(c)]) return false;
  return !text.empty();
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the next line off `text`, which must end in CR LF.
bool take_line(std::string_view* text, std::string_view* line) {
  size_t end = text->find('\n');
  if (end == std::string_view::npos || end == 0 || (*text)[end - 1] != '\r') return false;
  *line = text->substr(0, end - 1);
  text->remove_prefix(end + 1);
  return line->find('\r') == std::string_view::npos;
}

uint32_t method_of(std::string_view name) {
  if (name == "GET") return kGet;
  if (name == "POST") return kPost;
  if (name == "HEAD") return kHead;
  if (name == "PUT") return kPut;
  if (name == "DELETE") return kDelete;
  if (name == "OPTIONS") return kOptions;
  return 0;
}

HttpError bad(std::string message) { return HttpError{400, std::move(message)}; }

HttpError parse_target(std::string_view target, RequestHead* out) {
  for (char c : target)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return bad("invalid character in the request target");
  if (target == "*" && out->method == kOptions) {
    out->path = target;
    out->decoded_path = "*";
    return {};
  }
  // RFC 9112 section 3.2.2: servers accept the absolute form too.
  for (std::string_view scheme : {"http://", "https://"}) {
    if (target.size() > scheme.size() && equals_ignore_case(target.substr(0, scheme.size()), scheme)) {
      target.remove_prefix(scheme.size());
      size_t slash = target.find('/');
      target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
      break;
    }
  }
  if (target.empty() || target.front() != '/') return bad("the request target must begin with a slash");
  if (size_t hash = target.find('#'); hash != std::string_view::npos) target = target.substr(0, hash);
  size_t question = target.find('?');
  out->path = target.substr(0, question);
  if (question != std::string_view::npos) out->query = target.substr(question + 1);
  if (!percent_decode(out->path, &out->decoded_path)) return bad("invalid percent-encoding in the path");
  if (is_unsafe_path(out->decoded_path)) return bad("invalid path");
  return {};
}

HttpError parse_request_line(std::string_view line, RequestHead* out) {
  size_t first = line.find(' ');
  size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return bad("malformed request line");
  out->method_name = line.substr(0, first);
  if (!is_token(out->method_name)) return bad("malformed method");
  out->method = method_of(out->method_name);
  std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    if (version.substr(0, 5) == "HTTP/") return HttpError{505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
    return bad("malformed request line");
  }
  out->minor_version = version.back() == '1' ? 1 : 0;
  return parse_target(line.substr(first + 1, last - first - 1), out);
}

HttpError parse_header_line(std::string_view line, RequestHead* out) {
  size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return bad("malformed header");
  std::string_view value = trim(line.substr(colon + 1));
  for (char c : value)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return bad("invalid character in a header");
  if (out->headers.size() == kMaxHeaders) return HttpError{431, "too many headers"};
  out->headers.emplace_back(line.substr(0, colon), value);
  return {};
}

// Calls `each` with the trimmed elements of a comma-separated list.
template <class Each>
void for_each_element(std::string_view list, Each&& each) {
  while (!list.empty()) {
    size_t comma = list.find(',');
    each(trim(list.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

HttpError parse_framing(RequestHead* out) {
  size_t hosts = 0, lengths = 0, codings = 0;
  bool close = false, keep = false;
  for (const auto& [name, value] : out->headers) {
    if (equals_ignore_case(name, "host")) {
      ++hosts;
    } else if (equals_ignore_case(name, "content-length")) {
      // Repeats are refused even when they agree: no client of ours sends them, and attackers do.
      if (++lengths > 1) return bad("more than one Content-Length");
      const char* end = value.data() + value.size();
      auto [stop, error] = std::from_chars(value.data(), end, out->content_length);
      if (error != std::errc() || stop != end || out->content_length > INT64_MAX) return bad("invalid Content-Length");
    } else if (equals_ignore_case(name, "transfer-encoding")) {
      if (++codings > 1) return bad("more than one Transfer-Encoding");
      if (!equals_ignore_case(value, "chunked")) return HttpError{501, "unsupported Transfer-Encoding"};
      out->chunked = true;
    } else if (equals_ignore_case(name, "connection")) {
      for_each_element(value, [&](std::string_view option) {
        close |= equals_ignore_case(option, "close");
        keep |= equals_ignore_case(option, "keep-alive");
      });
    } else if (equals_ignore_case(name, "expect")) {
      if (!equals_ignore_case(value, "100-continue")) return HttpError{417, "unsupported expectation"};
      out->expect_continue = out->minor_version == 1;
    }
  }
  if (hosts > 1) return bad("more than one Host");
  if (hosts == 0 && out->minor_version == 1) return bad("missing required Host header");
  if (out->chunked && lengths != 0) return bad("both Content-Length and Transfer-Encoding");
  if (out->chunked && out->minor_version == 0) return bad("Transfer-Encoding in HTTP/1.0");
  out->keep_alive = !close && (out->minor_version == 1 || keep);
  return {};
}

}  // namespace

bool equals_ignore_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

bool percent_decode(std::string_view text, std::string* out) {
  out->clear();
  out->reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return false;
      int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return false;
    out->push_back(c);
  }
  return true;
}

bool is_unsafe_path(std::string_view decoded) {
  for (char c : decoded)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return true;
  while (!decoded.empty()) {
    size_t slash = decoded.find_first_of("/\\");
    std::string_view segment = decoded.substr(0, slash);
    if (segment == "." || segment == "..") return true;
    if (slash == std::string_view::npos) return false;
    decoded.remove_prefix(slash + 1);
  }
  return false;
}

bool RequestHead::header(std::string_view name, std::string* out) const {
  bool found = false;
  out->clear();
  for (const auto& [key, value] : headers) {
    if (!equals_ignore_case(key, name)) continue;
    if (found) out->append(", ");
    out->append(value);
    found = true;
  }
  return found;
}

size_t find_head_end(std::string_view buffer, size_t from) {
  // The line ends are checked by the parser: a bare LF LF ends the head here, and is refused there.
  for (size_t at = buffer.find('\n', from); at != std::string_view::npos; at = buffer.find('\n', at + 1)) {
    if (at >= 1 && buffer[at - 1] == '\n') return at + 1;
    if (at >= 2 && buffer[at - 1] == '\r' && buffer[at - 2] == '\n') return at + 1;
  }
  return 0;
}

HttpError parse_request_head(std::string_view text, RequestHead* out) {
  std::string_view line;
  if (!take_line(&text, &line)) return bad("malformed request line");
  if (HttpError error = parse_request_line(line, out)) return error;
  for (;;) {
    if (!take_line(&text, &line)) return bad("malformed header");
    if (line.empty()) break;
    if (HttpError error = parse_header_line(line, out)) return error;
  }
  if (!text.empty()) return bad("malformed header");
  return parse_framing(out);
}

}  // namespace nightlight::net
