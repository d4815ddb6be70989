// The four services of nightlight.v1. Each call runs on one of the server's threads.
#ifndef NIGHTLIGHT_GRPC_API_SERVICES_H_
#define NIGHTLIGHT_GRPC_API_SERVICES_H_

#include <memory>
#include <vector>

#include "grpc_api/call.h"

namespace grpc {
class Service;
}

namespace nightlight::grpc_api {

// `backends` and `watch` outlive the services.
std::unique_ptr<grpc::Service> make_query_service(const Backends& backends, CancelWatch& watch);
std::unique_ptr<grpc::Service> make_metadata_service(const Backends& backends, CancelWatch& watch);
std::unique_ptr<grpc::Service> make_ingest_service(const Backends& backends, CancelWatch& watch);
std::unique_ptr<grpc::Service> make_admin_service(const Backends& backends, CancelWatch& watch);

}  // namespace nightlight::grpc_api

#endif  // NIGHTLIGHT_GRPC_API_SERVICES_H_
