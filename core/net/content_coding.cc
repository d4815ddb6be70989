#include "net/content_coding.h"

#include <algorithm>

#include "net/request_head.h"

namespace nightlight::net {
namespace {

constexpr int kMostQ = 1000;

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// What stands before the next `separator`, trimmed; both are taken from `rest`.
std::string_view next_part(std::string_view& rest, char separator) {
  size_t end = rest.find(separator);
  std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return trim(part);
}

// "0.25" in thousandths: 0 or 1 with at most three decimals. -1 for anything else.
int parse_q(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1') || (text.size() > 1 && text[1] != '.'))
    return -1;
  int q = (text[0] - '0') * kMostQ;
  int unit = kMostQ / 10;
  for (char digit : text.substr(std::min<size_t>(2, text.size()))) {
    if (digit < '0' || digit > '9') return -1;
    q += (digit - '0') * unit;
    unit /= 10;
  }
  return q <= kMostQ ? q : -1;
}

// Of the parameters behind a coding. What is malformed counts as a refusal: the plain answer is always understood.
int q_of(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view value = next_part(parameters, ';');
    std::string_view name = next_part(value, '=');
    if (!equals_ignore_case(name, "q")) continue;
    return std::max(0, parse_q(trim(value)));
  }
  return kMostQ;
}

}  // namespace

std::string_view name_of(Encoding encoding) {
  constexpr std::string_view kNames[] = {"identity", "gzip", "deflate", "zstd"};
  return kNames[static_cast<size_t>(encoding)];
}

Encoding choose_encoding(std::string_view accept_encoding) {
  Encoding best = Encoding::kIdentity;
  int best_q = 0, identity_q = 0;
  while (!accept_encoding.empty()) {
    std::string_view parameters = next_part(accept_encoding, ',');
    std::string_view name = next_part(parameters, ';');
    int q = q_of(parameters);
    if (equals_ignore_case(name, "identity")) identity_q = q;
    for (Encoding known : {Encoding::kGzip, Encoding::kDeflate, Encoding::kZstd}) {
      if (!equals_ignore_case(name, name_of(known)) || q < best_q || (q == best_q && known != Encoding::kZstd))
        continue;
      best = known;
      best_q = q;
    }
  }
  return best_q > 0 && best_q >= identity_q ? best : Encoding::kIdentity;
}

}  // namespace nightlight::net
