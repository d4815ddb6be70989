// Every endpoint of the API. What they answer is Prometheus' HTTP API; see call.h for how.
#ifndef NIGHTLIGHT_PROMETHEUS_API_ENDPOINTS_H_
#define NIGHTLIGHT_PROMETHEUS_API_ENDPOINTS_H_

#include "prometheus_api/call.h"

namespace nightlight::prometheus_api {

// query_endpoints.cc
Result<void> query(const Backend& backend, Call& call);
Result<void> query_range(const Backend& backend, Call& call);

// series_endpoints.cc
Result<void> labels(const Backend& backend, Call& call);
Result<void> label_values(const Backend& backend, Call& call);
Result<void> series(const Backend& backend, Call& call);

// status_endpoints.cc
Result<void> status_build_info(const Backend& backend, Call& call);

}  // namespace nightlight::prometheus_api

#endif  // NIGHTLIGHT_PROMETHEUS_API_ENDPOINTS_H_
