// Every endpoint of the API. What they answer is Prometheus' HTTP API; see call.h for how.
#ifndef NIGHTLIGHT_PROMETHEUS_API_ENDPOINTS_H_
#define NIGHTLIGHT_PROMETHEUS_API_ENDPOINTS_H_

#include "prometheus_api/call.h"

namespace nightlight::prometheus_api {

// query_endpoints.cc
Result<void> query(const Backend& backend, Call& call);
Result<void> query_range(const Backend& backend, Call& call);

// expression_endpoints.cc
Result<void> query_exemplars(const Backend& backend, Call& call);
Result<void> format_query(const Backend& backend, Call& call);
Result<void> parse_query(const Backend& backend, Call& call);

// series_endpoints.cc
Result<void> labels(const Backend& backend, Call& call);
Result<void> label_values(const Backend& backend, Call& call);
Result<void> series(const Backend& backend, Call& call);

// metadata_endpoints.cc: metadata, and what a server that neither scrapes nor evaluates rules has to say
Result<void> metadata(const Backend& backend, Call& call);
Result<void> targets(const Backend& backend, Call& call);
Result<void> target_metadata(const Backend& backend, Call& call);
Result<void> target_relabel_steps(const Backend& backend, Call& call);
Result<void> scrape_pools(const Backend& backend, Call& call);
Result<void> scrape_pool_config(const Backend& backend, Call& call);
Result<void> alertmanagers(const Backend& backend, Call& call);
Result<void> alerts(const Backend& backend, Call& call);
Result<void> rules(const Backend& backend, Call& call);

// search_endpoints.cc
Result<void> search_metric_names(const Backend& backend, Call& call);
Result<void> search_label_names(const Backend& backend, Call& call);
Result<void> search_label_values(const Backend& backend, Call& call);

// status_endpoints.cc
Result<void> status_config(const Backend& backend, Call& call);
Result<void> status_flags(const Backend& backend, Call& call);
Result<void> status_build_info(const Backend& backend, Call& call);
Result<void> status_runtime_info(const Backend& backend, Call& call);
Result<void> status_tsdb(const Backend& backend, Call& call);
Result<void> status_tsdb_blocks(const Backend& backend, Call& call);
Result<void> status_wal_replay(const Backend& backend, Call& call);

// notification_endpoints.cc
Result<void> notifications(const Backend& backend, Call& call);
Result<void> notifications_live(const Backend& backend, Call& call);

// self_metrics_endpoint.cc
Result<void> status_self_metrics(const Backend& backend, Call& call);

// features_endpoint.cc
Result<void> features(const Backend& backend, Call& call);

// admin_endpoints.cc
Result<void> delete_series(const Backend& backend, Call& call);
Result<void> clean_tombstones(const Backend& backend, Call& call);
Result<void> snapshot(const Backend& backend, Call& call);

// federate_endpoint.cc
Result<void> federate(const Backend& backend, Call& call);

// openapi_endpoint.cc
Result<void> openapi(const Backend& backend, Call& call);

}  // namespace nightlight::prometheus_api

#endif  // NIGHTLIGHT_PROMETHEUS_API_ENDPOINTS_H_
