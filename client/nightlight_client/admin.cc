#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <cmath>

#include "nightlight_client/connection.h"
#include "nightlight_client/messages.h"

namespace nightlight::client {
namespace {

double number_of(const google::protobuf::Struct& object, const char* name) {
  auto at = object.fields().find(name);
  return at == object.fields().end() ? 0 : at->second.number_value();
}

std::string text_of(const google::protobuf::Struct& object, const char* name) {
  auto at = object.fields().find(name);
  return at == object.fields().end() ? std::string() : at->second.string_value();
}

// A whole number that a double holds exactly; 0 for what is none.
template <class Integer>
Integer whole(double number) {
  return number >= 0 && number < 9007199254740992.0 ? static_cast<Integer>(number) : Integer{0};
}

Result<void> done(const grpc::Status& status) {
  if (!status.ok()) return error_of(status);
  return {};
}

}  // namespace

Result<ServerStatus> Client::status(uint64_t limit, const CallOptions& options) const {
  v1::StatusRequest message;
  message.set_limit(limit);
  grpc::ClientContext context;
  connection_->prepare(&context, options);
  v1::StatusResponse response;
  if (grpc::Status status = connection_->admin->Status(&context, message, &response); !status.ok()) {
    return error_of(status);
  }
  return ServerStatus{response.ready(),        response.not_ready_reason(), response.build_json(),
                      response.runtime_json(), response.cardinality_json(), response.blocks_json()};
}

Result<std::vector<RunningQuery>> Client::running_queries(const CallOptions& options) const {
  grpc::ClientContext context;
  connection_->prepare(&context, options);
  v1::JsonResponse response;
  grpc::Status status = connection_->admin->RunningQueries(&context, v1::RunningQueriesRequest(), &response);
  if (!status.ok()) return error_of(status);
  google::protobuf::ListValue list;
  if (!google::protobuf::util::JsonStringToMessage(response.json(), &list).ok()) {
    return Error{Code::kInternal, "unexpected answer: the list of running queries is no JSON array", "", 0};
  }
  std::vector<RunningQuery> out;
  for (const google::protobuf::Value& value : list.values()) {
    const google::protobuf::Struct& object = value.struct_value();
    out.push_back({whole<uint64_t>(number_of(object, "id")), text_of(object, "query"), text_of(object, "client"),
                   whole<int64_t>(number_of(object, "startMs")), number_of(object, "elapsedSeconds")});
  }
  return out;
}

Result<void> Client::cancel_query(uint64_t id, const CallOptions& options) const {
  v1::CancelQueryRequest message;
  message.set_id(id);
  grpc::ClientContext context;
  connection_->prepare(&context, options);
  v1::CancelQueryResponse response;
  return done(connection_->admin->CancelQuery(&context, message, &response));
}

Result<void> Client::delete_series(const Selection& selection, const CallOptions& options) const {
  v1::DeleteSeriesRequest message;
  encode(selection, message.mutable_selection());
  grpc::ClientContext context;
  connection_->prepare(&context, options);
  v1::DeleteSeriesResponse response;
  return done(connection_->admin->DeleteSeries(&context, message, &response));
}

Result<void> Client::clean_tombstones(const CallOptions& options) const {
  grpc::ClientContext context;
  connection_->prepare(&context, options);
  v1::CleanTombstonesResponse response;
  return done(connection_->admin->CleanTombstones(&context, v1::CleanTombstonesRequest(), &response));
}

Result<std::string> Client::snapshot(bool skip_head, const CallOptions& options) const {
  v1::SnapshotRequest message;
  message.set_skip_head(skip_head);
  grpc::ClientContext context;
  connection_->prepare(&context, options);
  v1::SnapshotResponse response;
  if (grpc::Status status = connection_->admin->Snapshot(&context, message, &response); !status.ok()) {
    return error_of(status);
  }
  return response.name();
}

Result<SnapshotProgress> Client::snapshot_progress(const CallOptions& options) const {
  grpc::ClientContext context;
  connection_->prepare(&context, options);
  v1::SnapshotProgressResponse response;
  grpc::Status status = connection_->admin->SnapshotProgress(&context, v1::SnapshotProgressRequest(), &response);
  if (!status.ok()) return error_of(status);
  return SnapshotProgress{response.done_series(), response.total_series()};
}

}  // namespace nightlight::client
