#include <array>

#include "nightlight_client/result.h"
#include "nightlight_client/types.h"

namespace nightlight::client {
namespace {

constexpr std::array<std::string_view, 17> kCodeNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

constexpr std::array<const char*, 8> kKindNames = {"unknown",        "counter", "gauge", "histogram",
                                                   "gaugehistogram", "summary", "info",  "stateset"};

// A name of the old form, which needs no quotes. Metric names may have colons.
bool is_plain_name(const std::string& name, bool colons) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (char c : name) {
    bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!word && !(colons && c == ':')) return false;
  }
  return true;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

std::string_view name_of(Code code) {
  auto at = static_cast<size_t>(code);
  return at < kCodeNames.size() ? kCodeNames[at] : kCodeNames[2];
}

const char* name_of(MetricKind kind) {
  auto at = static_cast<size_t>(kind);
  return at < kKindNames.size() ? kKindNames[at] : kKindNames[0];
}

std::string Error::text() const { return std::string(name_of(code)) + ": " + message; }

bool Error::may_succeed_later() const {
  switch (code) {
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
    case Code::kResourceExhausted:
    case Code::kAborted:
      return true;
    default:
      return false;
  }
}

std::string to_string(const Labels& labels) {
  std::string name, inner;
  auto separate = [&] {
    if (!inner.empty()) inner += ',';
  };
  for (const Label& label : labels) {
    if (label.name != "__name__") continue;
    if (is_plain_name(label.value, true)) {
      name = label.value;
    } else {
      inner = quoted(label.value);
    }
  }
  for (const Label& label : labels) {
    if (label.name == "__name__") continue;
    separate();
    inner += is_plain_name(label.name, false) ? label.name : quoted(label.name);
    inner += '=' + quoted(label.value);
  }
  return inner.empty() && !name.empty() ? name : name + '{' + inner + '}';
}

}  // namespace nightlight::client
