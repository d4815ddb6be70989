#include <map>
#include <set>
#include <tuple>

#include "model/labels.h"
#include "nightlight/sugar.h"
#include "prometheus_api/endpoints.h"
#include "prometheus_api/metadata_list.h"
#include "prometheus_api/parameters.h"

namespace nightlight::prometheus_api {
namespace {

Error bad_data(std::string message) { return Error{Code::kInvalidArgument, std::move(message)}; }

// A whole answer that does not depend on the request.
Result<void> answer_constant(Call& call, std::string_view data) {
  begin_success(call.json);
  call.json.raw(data);
  end_success(call.json, {});
  return {};
}

// -1 when the parameter is absent.
Result<int64_t> count_parameter(const Form& form, std::string_view name) {
  std::string_view text = form.first(name);
  if (text.empty()) return int64_t{-1};
  auto number = parse_int(text);
  if (!number.ok()) return bad_data(std::string(name) + " must be a number");
  return number;
}

Result<void> check_rule_page(const Form& form) {
  std::string_view limit = form.first("group_limit"), token = form.first("group_next_token");
  if (limit.empty() && !token.empty()) {
    return invalid_parameter("group_next_token",
                             "group_limit needs to be present in order to paginate over the groups");
  }
  if (!limit.empty()) {
    auto number = parse_int(limit);
    if (!number.ok()) {
      std::string text = number.error().message;
      text.replace(text.find("Atoi"), 4, "ParseInt");
      return invalid_parameter("group_limit", "group_limit needs to be a valid number: " + text);
    }
    if (*number <= 0) return invalid_parameter("group_limit", "group_limit needs to be greater than 0");
  }
  if (!token.empty()) {
    return invalid_parameter("group_next_token",
                             "invalid group_next_token '" + std::string(token) + "'. were rule groups changed?");
  }
  return {};
}

}  // namespace

Result<void> metadata(const Backend& backend, Call& call) {
  NIGHTLIGHT_ASSIGN(limit, count_parameter(call.form, "limit"));
  NIGHTLIGHT_ASSIGN(per_metric, count_parameter(call.form, "limit_per_metric"));
  MetadataList found;
  NIGHTLIGHT_TRY(read_metadata(backend, call.context(), call.form.first("metric"), &found));
  std::map<std::string, std::set<std::tuple<std::string_view, std::string, std::string>>> families;
  for (const auto& entry : found.list) {
    auto& family = families[entry.family];
    if (per_metric > 0 && family.size() >= static_cast<uint64_t>(per_metric)) continue;
    family.emplace(name_of(entry.kind), entry.help, entry.unit);
  }
  begin_success(call.json);
  call.json.raw("{");
  int64_t written = 0;
  for (const auto& [family, entries] : families) {
    if (limit >= 0 && written >= limit) break;
    if (written++ > 0) call.json.raw(",");
    call.json.string(family);
    call.json.raw(":[");
    bool first = true;
    for (const auto& [type, help, unit] : entries) {
      call.json.raw(first ? "{\"type\":" : ",{\"type\":");
      first = false;
      call.json.string(type);
      call.json.raw(",\"unit\":");
      call.json.string(unit);
      call.json.raw(",\"help\":");
      call.json.string(help);
      call.json.raw("}");
    }
    call.json.raw("]");
  }
  call.json.raw("}");
  end_success(call.json, {});
  return {};
}

Result<void> targets(const Backend&, Call& call) {
  std::string_view state = call.form.first("state");
  bool dropped = state.empty() || state == "any" || state == "dropped";
  return answer_constant(call, dropped ? R"({"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":{}})"
                                       : R"({"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":null})");
}

Result<void> target_metadata(const Backend& backend, Call& call) {
  NIGHTLIGHT_TRY(count_parameter(call.form, "limit"));
  if (std::string_view match = call.form.first("match_target"); !match.empty()) {
    auto selectors = selectors_of(backend, {match}, true);
    if (!selectors.ok()) return invalid_parameter("match_target", selectors.error().message);
  }
  return answer_constant(call, "[]");
}

Result<void> target_relabel_steps(const Backend&, Call& call) {
  if (call.form.first("scrapePool").empty()) return bad_data("no scrapePool parameter provided");
  if (call.form.first("labels").empty()) return bad_data("no labels parameter provided");
  return bad_data("error retrieving scrape config: scrape pool " + quote(call.form.first("scrapePool")) + " not found");
}

Result<void> scrape_pools(const Backend&, Call& call) { return answer_constant(call, R"({"scrapePools":[]})"); }

Result<void> scrape_pool_config(const Backend&, Call& call) {
  if (call.form.first("scrapePool").empty()) return bad_data("no scrapePool parameter provided");
  return bad_data("error retrieving scrape config: scrape pool " + quote(call.form.first("scrapePool")) + " not found");
}

Result<void> alertmanagers(const Backend&, Call& call) {
  return answer_constant(call, R"({"activeAlertmanagers":[],"droppedAlertmanagers":[]})");
}

Result<void> alerts(const Backend&, Call& call) { return answer_constant(call, R"({"alerts":[]})"); }

Result<void> rules(const Backend& backend, Call& call) {
  NIGHTLIGHT_TRY(selectors_of(backend, call.form.all("match[]")));
  if (std::string_view type = call.form.first("type"); !type.empty() && type != "alert" && type != "record") {
    return invalid_parameter("type", "not supported value " + quote(type));
  }
  if (std::string_view exclude = call.form.first("exclude_alerts"); !exclude.empty() && !parse_bool(exclude)) {
    return invalid_parameter("exclude_alerts", "error converting exclude_alerts: strconv.ParseBool: parsing " +
                                                   quote(exclude) + ": invalid syntax");
  }
  NIGHTLIGHT_TRY(check_rule_page(call.form));
  return answer_constant(call, R"({"groups":[]})");
}

}  // namespace nightlight::prometheus_api
