#include "prometheus_api/api.h"

#include <new>

#include "nightlight/sugar.h"
#include "prometheus_api/endpoints.h"

namespace nightlight::prometheus_api {
namespace {

constexpr uint64_t kMaxFormBytes = 10u << 20;

// Under it, OPTIONS is answered with 204; elsewhere the listener tells the methods.
constexpr std::string_view kPrefix = "/api/v1/";

constexpr uint32_t kGetPost = kGet | kPost;
constexpr std::string_view kRead = "read";

constexpr uint32_t kPostPut = kPost | kPut;
constexpr std::string_view kAdmin = "admin";
constexpr std::string_view kSearchParameters =
    "match[] search[] start end limit batch_size fuzz_threshold fuzz_alg case_sensitive sort_by sort_dir include_score";

constexpr RouteSpec kRoutes[] = {
    {"/api/v1/query", kGetPost, &query, kRead, kCompress, "Evaluates an expression at one time.",
     "query! time timeout limit lookback_delta stats nocache trace", "QueryResult"},
    {"/api/v1/query_range", kGetPost, &query_range, kRead, kCompress, "Evaluates an expression over a range of time.",
     "query! start! end! step! timeout limit lookback_delta stats nocache trace", "QueryResult"},
    {"/api/v1/query_exemplars", kGetPost, &query_exemplars, kRead, kCompress,
     "Lists the exemplars of an expression's series.", "query! start end", "Exemplars"},
    {"/api/v1/format_query", kGetPost, &format_query, kRead, kCompress, "Prints an expression in the usual form.",
     "query!", "Text"},
    {"/api/v1/parse_query", kGetPost, &parse_query, kRead, kCompress, "Parses an expression into a tree.", "query!",
     "Expression"},
    {"/api/v1/labels", kGetPost, &labels, kRead, kCompress, "Lists label names.", "match[] start end limit", "Strings"},
    {"/api/v1/label/{name}/values", kGet, &label_values, kRead, kCompress, "Lists the values of a label.",
     "match[] start end limit", "Strings"},
    {"/api/v1/series", kGetPost, &series, kRead, kCompress, "Lists the label sets of series.",
     "match[] start end limit", "LabelSets"},
    {"/api/v1/metadata", kGet, &metadata, kRead, kCompress, "Lists type, unit and help of metrics.",
     "metric limit limit_per_metric", "MetricMetadata"},
    {"/api/v1/search/metric_names", kGetPost, &search_metric_names, kRead, 0, "Searches metric names.",
     "match[] search[] start end limit batch_size fuzz_threshold fuzz_alg case_sensitive sort_by sort_dir "
     "include_score "
     "include_metadata",
     kLines},
    {"/api/v1/search/label_names", kGetPost, &search_label_names, kRead, 0, "Searches label names.", kSearchParameters,
     kLines},
    {"/api/v1/search/label_values", kGetPost, &search_label_values, kRead, 0, "Searches the values of a label.",
     "label! match[] search[] start end limit batch_size fuzz_threshold fuzz_alg case_sensitive sort_by sort_dir "
     "include_score",
     kLines},
    {"/api/v1/targets", kGet, &targets, kRead, kCompress, "Lists scrape targets; there are none.", "scrapePool state",
     "Targets"},
    {"/api/v1/targets/metadata", kGet, &target_metadata, kRead, kCompress, "Lists metadata by target; there is none.",
     "match_target metric limit", "EmptyList"},
    {"/api/v1/targets/relabel_steps", kGet, &target_relabel_steps, kRead, kCompress,
     "Shows relabelling; no pool has any.", "scrapePool! labels!", "Strings"},
    {"/api/v1/scrape_pools", kGet, &scrape_pools, kRead, kCompress, "Lists scrape pools; there are none.", "",
     "ScrapePools"},
    {"/api/v1/scrape_pools/config", kGet, &scrape_pool_config, kRead, kCompress, "Shows a scrape pool; there is none.",
     "scrapePool!", "Texts"},
    {"/api/v1/alertmanagers", kGet, &alertmanagers, kRead, kCompress, "Lists alert managers; there are none.", "",
     "Alertmanagers"},
    {"/api/v1/alerts", kGet, &alerts, kRead, kCompress, "Lists alerts; there are none.", "", "Alerts"},
    {"/api/v1/rules", kGet, &rules, kRead, kCompress, "Lists rules; there are none.",
     "type rule_name[] rule_group[] file[] match[] exclude_alerts group_limit group_next_token", "Rules"},
    {"/api/v1/status/config", kGet, &status_config, kRead, kCompress, "Shows the configuration.", "", "Texts"},
    {"/api/v1/status/flags", kGet, &status_flags, kRead, kCompress, "Shows the settings.", "", "Texts"},
    {"/api/v1/status/buildinfo", kGet, &status_build_info, kRead, kCompress, "Says which version runs.", "", "Texts"},
    {"/api/v1/status/runtimeinfo", kGet, &status_runtime_info, kRead, kCompress, "Says how the server runs.", "",
     "RuntimeInfo"},
    {"/api/v1/status/tsdb", kGet, &status_tsdb, kRead, kCompress, "Counts series, labels and values.", "limit",
     "Cardinality"},
    {"/api/v1/status/tsdb/blocks", kGet, &status_tsdb_blocks, kRead, kCompress, "Lists the blocks on disk.", "",
     "Blocks"},
    {"/api/v1/status/walreplay", kGet, &status_wal_replay, kRead, kBeforeReady, "Shows the progress of a log replay.",
     "", "Replay"},
    {"/api/v1/status/self_metrics", kGet, &status_self_metrics, kRead, kCompress,
     "Lists the metrics of the server itself.", "metric_name_pattern", "MetricFamilies"},
    {"/api/v1/features", kGet, &features, kRead, kCompress, "Lists what this server can do.", "", "Features"},
    {"/api/v1/notifications", kGet, &notifications, kRead, kBeforeReady, "Lists notices of the server.", "",
     "Notifications"},
    {"/api/v1/notifications/live", kGet, &notifications_live, kRead, kBeforeReady, "Follows notices of the server.", "",
     kEvents},
    {"/api/v1/openapi.yaml", kGet, &openapi, kRead, 0, "This description.", "openapi_version", kDescription},
    {"/api/v1/admin/tsdb/delete_series", kPostPut, &delete_series, kAdmin, kCompress, "Deletes samples of series.",
     "match[]! start end", kNoContent},
    {"/api/v1/admin/tsdb/clean_tombstones", kPostPut, &clean_tombstones, kAdmin, kCompress,
     "Frees the space of deleted samples.", "", kNoContent},
    {"/api/v1/admin/tsdb/snapshot", kPostPut, &snapshot, kAdmin, kCompress, "Makes a copy of the data.", "skip_head",
     "Snapshot"},
    {"/federate", kGet, &federate, kRead, kCompress, "Shows the newest samples in the text format.", "match[]",
     kNoContent},
};

bool is_form(std::string_view content_type) {
  std::string_view media = content_type.substr(0, content_type.find(';'));
  while (!media.empty() && media.back() == ' ') media.remove_suffix(1);
  constexpr std::string_view kForm = "application/x-www-form-urlencoded";
  if (media.size() != kForm.size()) return false;
  for (size_t i = 0; i < media.size(); ++i) {
    char c = media[i];
    if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != kForm[i]) return false;
  }
  return true;
}

}  // namespace

View<RouteSpec> route_table() { return view_of(kRoutes); }

Api::Api(const Backend& backend) : backend_(backend) {
  backend_.live = &live_;
  for (const RouteSpec& route : kRoutes) handlers_.push_back(std::make_unique<Handler>(this, &route));
}

Status Api::add_routes(Listener* listener) {
  for (const auto& handler : handlers_) {
    Route route{};
    route.struct_size = sizeof route;
    route.flags = handler->route().flags;
    route.methods = handler->route().methods;
    route.path = str(handler->route().path);
    if (handler->route().path.substr(0, kPrefix.size()) == kPrefix) route.methods |= kOptions;
    route.role = str(handler->route().role);
    route.max_body_bytes = kMaxFormBytes;
    route.handler = handler.get();
    if (Status status = listener->add_route(&route); !status.ok()) return status;
    ++added_;
  }
  return kOkStatus;
}

void Api::remove_routes(Listener* listener) {
  live_.send_home();
  for (; added_ > 0; --added_) listener->remove_routes(handlers_[added_ - 1].get());
}

Result<void> Api::answer(const RouteSpec& route, Call& call) const {
  HttpRequest* request = call.request;
  if ((request->method() == kPost || request->method() == kPut) &&
      is_form(view(request->header(str("Content-Type"))))) {
    Str body{};
    if (Status status = request->body(&body); !status.ok()) {
      Error error = error_of(backend_.host, status);
      error.code = Code::kInvalidArgument;
      return error;
    }
    call.form.add(view(body));
  }
  call.form.add(view(request->query()));
  return route.endpoint(backend_, call);
}

void Api::Handler::handle(HttpRequest* request, HttpResponse* response) noexcept {
  try {
    if (request->method() == kOptions) {
      response->set_status(204);
      return;
    }
    Call call{request, response, Form(), JsonWriter(response)};
    Result<void> result;
    try {
      result = api_->answer(*route_, call);
    } catch (const std::bad_alloc&) {
      result = Error{Code::kResourceExhausted, "out of memory"};
    } catch (const std::exception& e) {
      result = Error{Code::kInternal, e.what()};
    }
    if (!result.ok()) answer_error(call, result.error());
  } catch (const std::exception& e) {
    log(api_->backend_.host, LogLevel::kError, "Cannot answer a request", {{"error", e.what()}});
    response->set_status(500);
  }
}

}  // namespace nightlight::prometheus_api
