#include <map>

#include "nightlight/sugar.h"
#include "prometheus_api/endpoints.h"

namespace nightlight::prometheus_api {
namespace {

using Features = std::map<std::string, bool>;

bool parses(const Backend& backend, const std::string& example) {
  TextBuffer ignored;
  return backend.engine->format(str(example), &ignored).ok();
}

Features api_features(const Backend& backend) {
  return {{"admin", backend.admin_enabled},
          {"exclude_alerts", true},
          {"label_values_match", true},
          {"lifecycle", setting_in_force(backend, "enable_lifecycle") == "true"},
          {"openapi_3.1", true},
          {"openapi_3.2", true},
          {"otlp_write_receiver", false},
          {"query_cost", false},
          {"query_stats", true},
          {"query_warnings", true},
          {"remote_write_receiver", true},
          {"search", true},
          {"search_fuzz_alg_jarowinkler", true},
          {"search_fuzz_alg_subsequence", true},
          {"time_range_labels", true},
          {"time_range_series", true}};
}

// What the language has, found out by asking the engine to parse an example of it, or from the config.
Features language_features(const Backend& backend) {
  constexpr std::pair<const char*, const char*> kExamples[] = {{"anchored", "a[5m] anchored"},
                                                               {"at_modifier", "a @ 1"},
                                                               {"bool", "1 > bool 2"},
                                                               {"by", "sum by (b) (a)"},
                                                               {"duration_expr", "a[1m + 1m]"},
                                                               {"fill", "a + fill(0) b"},
                                                               {"fill_left", "a + fill_left(0) b"},
                                                               {"fill_right", "a + fill_right(0) b"},
                                                               {"group_left", "a * on (b) group_left c"},
                                                               {"group_right", "a * on (b) group_right c"},
                                                               {"ignoring", "a * ignoring (b) c"},
                                                               {"negative_offset", "a offset -5m"},
                                                               {"offset", "a offset 5m"},
                                                               {"on", "a * on (b) c"},
                                                               {"smoothed", "a smoothed"},
                                                               {"subqueries", "a[5m:1m]"},
                                                               {"unquoted_utf8_names", "a.b"},
                                                               {"without", "sum without (b) (a)"}};
  Features out{{"per_query_lookback_delta", true}, {"per_step_stats", true}};
  for (auto [name, example] : kExamples) out[name] = parses(backend, example);
  for (const char* name : {"delayed_name_removal", "type_and_unit_labels"})
    out[name] = setting_in_force(backend, name) == "true";
  return out;
}

Features operator_features(const Backend& backend) {
  Features out;
  for (const char* op :
       {"+", "-", "*", "/", "%", "^", "==", "!=", "<", "<=", ">", ">=", "and", "or", "unless", "atan2", "</", ">/"}) {
    out[op] = parses(backend, std::string("a ") + op + " b");
  }
  for (const char* op : {"avg", "count", "group", "max", "min", "stddev", "stdvar", "sum"}) {
    out[op] = parses(backend, std::string(op) + "(a)");
  }
  for (const char* op : {"bottomk", "topk", "quantile", "limitk", "limit_ratio"}) {
    out[op] = parses(backend, std::string(op) + "(1, a)");
  }
  out["count_values"] = parses(backend, "count_values(\"l\", a)");
  out["=~"] = out["!~"] = out["@"] = true;
  return out;
}

void write_category(JsonWriter& json, std::string_view name, const Features& features, bool first = false) {
  json.raw(first ? "\"" : ",\"");
  json.raw(name);
  json.raw("\":{");
  bool comma = false;
  for (const auto& [feature, on] : features) {
    if (comma) json.raw(",");
    comma = true;
    json.string(feature);
    json.raw(on ? ":true" : ":false");
  }
  json.raw("}");
}

}  // namespace

Result<void> features(const Backend& backend, Call& call) {
  Features functions;
  const bool experimental = parses(backend, "limitk(1, a)");
  for (const FunctionSpec* function : backend.engine->functions())
    functions[std::string(view(function->name))] = experimental || (function->flags & kExperimental) == 0;
  begin_success(call.json);
  call.json.raw("{");
  write_category(call.json, "api", api_features(backend), true);
  write_category(call.json, "prometheus", {{"agent_mode", false}, {"server_mode", true}});
  write_category(call.json, "promql", language_features(backend));
  write_category(call.json, "promql_functions", functions);
  write_category(call.json, "promql_operators", operator_features(backend));
  write_category(call.json, "tsdb",
                 {{"exemplar_storage", backend.exemplars != nullptr},
                  {"isolation", true},
                  {"metadata", backend.metadata != nullptr},
                  {"native_histograms", true},
                  {"st_storage", true}});
  call.json.raw("}");
  end_success(call.json, {});
  return {};
}

}  // namespace nightlight::prometheus_api
