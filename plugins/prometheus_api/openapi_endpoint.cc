// /api/v1/openapi.yaml, made from the table of routes.
#include "nightlight/sugar.h"
#include "prometheus_api/api.h"
#include "prometheus_api/endpoints.h"
#include "prometheus_api/openapi_schemas.h"

namespace nightlight::prometheus_api {
namespace {

constexpr std::string_view kPrefix = "/api/v1";

std::string_view next_word(std::string_view& rest) {
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  size_t end = rest.find(' ');
  std::string_view word = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  return word;
}

struct Parameter {
  std::string_view name;
  bool required;
};

std::vector<Parameter> parameters_of(const RouteSpec& route) {
  std::vector<Parameter> out;
  std::string_view rest = route.parameters;
  for (std::string_view word = next_word(rest); !word.empty(); word = next_word(rest)) {
    bool required = word.back() == '!';
    if (required) word.remove_suffix(1);
    out.push_back({word, required});
  }
  return out;
}

std::string line(size_t indent, std::initializer_list<std::string_view> parts) {
  std::string out(indent, ' ');
  for (std::string_view part : parts) out += part;
  return out + "\n";
}

std::string parameter(const Parameter& parameter, std::string_view place) {
  return line(8, {"- name: '", parameter.name, "'"}) + line(10, {"in: ", place}) +
         line(10, {"required: ", parameter.required ? "true" : "false"}) +
         line(10, {"schema: ", parameter_schema(parameter.name)});
}

// What may stand in the path and in the URL's query.
std::string url_parameters(const RouteSpec& route, bool in_query) {
  std::string out;
  if (size_t begin = route.path.find('{'); begin != std::string_view::npos) {
    out += parameter({route.path.substr(begin + 1, route.path.find('}') - begin - 1), true}, "path");
  }
  if (in_query) {
    for (const Parameter& p : parameters_of(route)) out += parameter(p, "query");
  }
  return out.empty() ? out : "      parameters:\n" + out;
}

// The same parameters as a form.
std::string form(const RouteSpec& route) {
  std::string properties, required;
  for (const Parameter& p : parameters_of(route)) {
    properties += line(16, {"'", p.name, "': ", parameter_schema(p.name)});
    if (p.required) required += (required.empty() ? "'" : ", '") + std::string(p.name) + "'";
  }
  if (properties.empty()) return {};
  return line(6, {"requestBody:"}) + line(8, {"required: ", required.empty() ? "false" : "true"}) +
         "        content:\n          application/x-www-form-urlencoded:\n            schema:\n              type: "
         "object\n" +
         (required.empty() ? "" : line(14, {"required: [", required, "]"})) + line(14, {"properties:"}) + properties;
}

// An answer that kOpenapiComponents describes.
std::string known_response(std::string_view status, std::string_view name) {
  return line(8, {"'", status, "': {$ref: '#/components/responses/", name, "'}"});
}

std::string success(const RouteSpec& route) {
  if (route.answer == kNoContent) return known_response("204", "Done");
  if (route.answer == kLines) return known_response("200", "Lines");
  if (route.answer == kEvents) return known_response("200", "Events") + known_response("204", "Done");
  if (route.answer == kDescription) return known_response("200", "Description");
  return line(8, {"'200':"}) + line(10, {"description: Success."}) + line(10, {"content:"}) +
         line(12, {"application/json:"}) + line(14, {"schema:"}) + line(16, {"type: object"}) +
         line(16, {"required: [status, data]"}) + line(16, {"properties:"}) + line(18, {"status: {const: success}"}) +
         line(18, {"data: {$ref: '#/components/schemas/", route.answer, "'}"}) +
         (route.parameters.find("trace") == std::string_view::npos ? "" : line(18, {"trace: {type: object}"})) +
         line(18, {"warnings: {$ref: '#/components/schemas/Strings'}"}) +
         line(18, {"infos: {$ref: '#/components/schemas/Strings'}"}) + line(16, {"additionalProperties: false"});
}

std::string responses(const RouteSpec& route, bool has_body) {
  std::string out = line(6, {"responses:"}) + success(route);
  if (route.endpoint == &query_exemplars) out += known_response("204", "Done");
  if (route.path.find('{') != std::string_view::npos || !route.parameters.empty()) {
    out += known_response("400", "BadData");
  }
  out += known_response("403", "Forbidden");
  if (has_body) out += known_response("413", "TooLarge");
  return out + known_response("422", "TooMuch") + known_response("500", "Failed") +
         known_response("503", "Unavailable");
}

std::string operation(const RouteSpec& route, std::string_view method) {
  std::string id(method);
  for (char c : route.path.substr(kPrefix.size())) {
    if (c != '{' && c != '}') id += c == '/' || c == '.' ? '_' : c;
  }
  bool has_body = method != "get";
  return line(4, {method, ":"}) + line(6, {"operationId: ", id}) + line(6, {"summary: \"", route.summary, "\""}) +
         url_parameters(route, !has_body) + (has_body ? form(route) : "") + responses(route, has_body);
}

}  // namespace

Result<void> openapi(const Backend&, Call& call) {
  // All that is said here is said the same way in both versions.
  std::string_view wanted = call.form.first("openapi_version");
  std::string out = wanted == "3.2" || wanted == "3.2.0" ? "openapi: 3.2.0\n" : "openapi: 3.1.0\n";
  out +=
      "info:\n  title: Nightlight\n  description: Prometheus' HTTP API.\n  version: \"1\"\n"
      "servers:\n  - url: /api/v1\npaths:\n";
  for (const RouteSpec& route : route_table()) {
    if (route.path.substr(0, kPrefix.size()) != kPrefix) continue;
    out += "  " + std::string(route.path.substr(kPrefix.size())) + ":\n";
    if ((route.methods & kGet) != 0) out += operation(route, "get");
    if ((route.methods & kPost) != 0) out += operation(route, "post");
    if ((route.methods & kPut) != 0) out += operation(route, "put");
  }
  out += kOpenapiComponents;
  call.response->set_header(str("Cache-Control"), str("no-cache, no-store, must-revalidate"));
  answer_text(call.response, 200, out, "application/yaml; charset=utf-8");
  return {};
}

}  // namespace nightlight::prometheus_api
