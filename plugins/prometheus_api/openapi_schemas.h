// The schemas of the API's description, as YAML: of every parameter by its name, and of what endpoints answer.
#ifndef NIGHTLIGHT_PROMETHEUS_API_OPENAPI_SCHEMAS_H_
#define NIGHTLIGHT_PROMETHEUS_API_OPENAPI_SCHEMAS_H_

#include <string_view>

namespace nightlight::prometheus_api {

// On one line. A parameter that is not in the table is a string.
std::string_view parameter_schema(std::string_view name);

// The member `components`, with every schema that RouteSpec::answer names.
extern const std::string_view kOpenapiComponents;

}  // namespace nightlight::prometheus_api

#endif  // NIGHTLIGHT_PROMETHEUS_API_OPENAPI_SCHEMAS_H_
