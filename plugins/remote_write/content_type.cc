#include "remote_write/content_type.h"

#include <string>

namespace nightlight::remote_write {
namespace {

constexpr std::string_view kMediaType = "application/x-protobuf";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view cut(std::string_view& rest) {
  size_t end = rest.find(';');
  std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

}  // namespace

Result<Protocol> protocol_of(std::string_view content_type) {
  std::string whole(trimmed(content_type));
  if (whole.empty()) return Protocol::kV1;
  std::string_view rest = whole;
  bool has_parameters = rest.find(';') != std::string_view::npos;
  if (std::string_view media = cut(rest); media != kMediaType) {
    return Error{Code::kInvalidArgument,
                 "expected " + std::string(kMediaType) + " as the first (media) part, got " + whole + " content-type"};
  }
  while (has_parameters) {
    has_parameters = rest.find(';') != std::string_view::npos;
    std::string_view parameter = cut(rest);
    size_t equals = parameter.find('=');
    if (equals == std::string_view::npos || parameter.find('=', equals + 1) != std::string_view::npos) {
      return Error{
          Code::kInvalidArgument,
          "as per https://www.rfc-editor.org/rfc/rfc9110#parameter expected parameters to be key-values, got " +
              std::string(parameter) + " in " + whole + " content-type"};
    }
    if (parameter.substr(0, equals) != "proto") continue;
    std::string_view message = parameter.substr(equals + 1);
    if (message == "prometheus.WriteRequest") return Protocol::kV1;
    if (message == "io.prometheus.write.v2.Request") return Protocol::kV2;
    return Error{Code::kInvalidArgument,
                 "got " + whole + " content type; unknown type for remote write protobuf message " +
                     std::string(message) + ", supported: prometheus.WriteRequest, io.prometheus.write.v2.Request"};
  }
  return Protocol::kV1;
}

}  // namespace nightlight::remote_write
