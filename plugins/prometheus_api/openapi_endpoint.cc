// /api/v1/openapi.yaml, made from the table of routes.
#include "nightlight/sugar.h"
#include "prometheus_api/api.h"
#include "prometheus_api/endpoints.h"

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

std::string parameter(std::string_view name, std::string_view place, bool required, bool repeated) {
  std::string out = "        - name: \"" + std::string(name) + "\"\n          in: " + std::string(place) +
                    "\n          required: " + (required ? "true" : "false") + "\n          schema:\n";
  return out + (repeated ? "            type: array\n            items:\n              type: string\n"
                         : "            type: string\n");
}

std::string parameters_of(const RouteSpec& route) {
  std::string out;
  if (size_t begin = route.path.find('{'); begin != std::string_view::npos) {
    out += parameter(route.path.substr(begin + 1, route.path.find('}') - begin - 1), "path", true, false);
  }
  std::string_view rest = route.parameters;
  for (std::string_view word = next_word(rest); !word.empty(); word = next_word(rest)) {
    bool required = word.back() == '!';
    if (required) word.remove_suffix(1);
    out += parameter(word, "query", required, word.size() > 2 && word.substr(word.size() - 2) == "[]");
  }
  return out.empty() ? out : "      parameters:\n" + out;
}

std::string operation(const RouteSpec& route, std::string_view method) {
  return "    " + std::string(method) + ":\n      summary: \"" + std::string(route.summary) + "\"\n" +
         parameters_of(route) +
         "      responses:\n        \"2XX\":\n          description: Success.\n"
         "        default:\n          description: An error, with its type and text.\n";
}

}  // namespace

Result<void> openapi(const Backend&, Call& call) {
  std::string out =
      "openapi: 3.1.0\ninfo:\n  title: Nightlight\n  description: Prometheus' HTTP API.\n  version: \"1\"\n"
      "servers:\n  - url: /api/v1\npaths:\n";
  for (const RouteSpec& route : route_table()) {
    if (route.path.substr(0, kPrefix.size()) != kPrefix) continue;
    out += "  " + std::string(route.path.substr(kPrefix.size())) + ":\n";
    if ((route.methods & kGet) != 0) out += operation(route, "get");
    if ((route.methods & kPost) != 0) out += operation(route, "post");
    if ((route.methods & kPut) != 0) out += operation(route, "put");
  }
  call.response->set_header(str("Cache-Control"), str("no-cache, no-store, must-revalidate"));
  answer_text(call.response, 200, out, "application/yaml; charset=utf-8");
  return {};
}

}  // namespace nightlight::prometheus_api
