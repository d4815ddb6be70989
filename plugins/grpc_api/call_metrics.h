// What the server counts of each method: calls by status code, and how long they took.
#ifndef NIGHTLIGHT_GRPC_API_CALL_METRICS_H_
#define NIGHTLIGHT_GRPC_API_CALL_METRICS_H_

#include <memory>

#include "nightlight/host.h"

namespace grpc::experimental {
class ServerInterceptorFactoryInterface;
}

namespace nightlight::grpc_api {

// Counts every call of a nightlight.v1 method, refused ones included. `host` outlives the server. A method's series
// appear with its first call.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> make_call_metrics(Host* host);

}  // namespace nightlight::grpc_api

#endif  // NIGHTLIGHT_GRPC_API_CALL_METRICS_H_
