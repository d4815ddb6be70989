#include "grpc_api/selection.h"
#include "grpc_api/services.h"
#include "nightlight/v1/nightlight.grpc.pb.h"

namespace nightlight::grpc_api {
namespace {

class AdminService final : public v1::AdminService::Service {
 public:
  AdminService(const Backends& backends, CancelWatch& watch) : backends_(backends), watch_(watch) {}

  grpc::Status Status(grpc::ServerContext* context, const v1::StatusRequest* request,
                      v1::StatusResponse* response) override {
    RunningCall call(backends_, watch_, *context);
    if (grpc::Status status = call.authorize("read"); !status.ok()) return status;
    if (auto* host = static_cast<HostStatus*>(backends_.host->query(str(kHostStatusId)))) {
      for (nightlight::Status status :
           {collect(response->mutable_build_json(), [&](TextSink* out) { return host->build_json(out); }),
            collect(response->mutable_runtime_json(), [&](TextSink* out) { return host->runtime_json(out); })}) {
        if (!status.ok()) return failed(backends_.host, status);
      }
      response->set_ready(host->ready().ok());
      if (!response->ready()) response->set_not_ready_reason(std::string(view(backends_.host->last_error())));
    }
    if (backends_.admin == nullptr) return grpc::Status::OK;
    uint64_t limit = request->limit() == 0 ? 10 : request->limit();
    nightlight::Status status = collect(response->mutable_cardinality_json(), [&](TextSink* out) {
      return backends_.admin->cardinality_json(call.context(), limit, out);
    });
    if (!status.ok()) return failed(backends_.host, status);
    status = collect(response->mutable_blocks_json(),
                     [&](TextSink* out) { return backends_.admin->blocks_json(call.context(), out); });
    return answer(status);
  }

  grpc::Status RunningQueries(grpc::ServerContext* context, const v1::RunningQueriesRequest*,
                              v1::JsonResponse* response) override {
    RunningCall call(backends_, watch_, *context);
    if (grpc::Status status = call.authorize("read"); !status.ok()) return status;
    return answer(
        collect(response->mutable_json(), [&](TextSink* out) { return backends_.engine->running_json(out); }));
  }

  grpc::Status CancelQuery(grpc::ServerContext* context, const v1::CancelQueryRequest* request,
                           v1::CancelQueryResponse*) override {
    RunningCall call(backends_, watch_, *context);
    if (grpc::Status status = call.authorize("admin"); !status.ok()) return status;
    return answer(backends_.engine->cancel(request->id()));
  }

  grpc::Status DeleteSeries(grpc::ServerContext* context, const v1::DeleteSeriesRequest* request,
                            v1::DeleteSeriesResponse*) override {
    RunningCall call(backends_, watch_, *context);
    if (grpc::Status status = may_change(call); !status.ok()) return status;
    if (request->selection().match().empty()) {
      return failed(Code::kInvalidArgument, "selection.match is empty: name the series to delete");
    }
    ParsedSelection selection;
    nightlight::Status status = selection.parse(backends_, request->selection());
    for (size_t i = 0; status.ok() && i < selection.size(); ++i) {
      Select select = selection.select(i, call.context(), 0);
      status = backends_.admin->delete_series(&select);
    }
    return answer(status);
  }

  grpc::Status CleanTombstones(grpc::ServerContext* context, const v1::CleanTombstonesRequest*,
                               v1::CleanTombstonesResponse*) override {
    RunningCall call(backends_, watch_, *context);
    if (grpc::Status status = may_change(call); !status.ok()) return status;
    return answer(backends_.admin->clean_tombstones(call.context()));
  }

  grpc::Status Snapshot(grpc::ServerContext* context, const v1::SnapshotRequest* request,
                        v1::SnapshotResponse* response) override {
    RunningCall call(backends_, watch_, *context);
    if (grpc::Status status = may_change(call); !status.ok()) return status;
    return answer(collect(response->mutable_name(), [&](TextSink* out) {
      return backends_.admin->snapshot(call.context(), request->skip_head() ? 1 : 0, out);
    }));
  }

  grpc::Status SnapshotProgress(grpc::ServerContext* context, const v1::SnapshotProgressRequest*,
                                v1::SnapshotProgressResponse* response) override {
    RunningCall call(backends_, watch_, *context);
    if (grpc::Status status = may_change(call); !status.ok()) return status;
    if (backends_.snapshot_progress == nullptr)
      return failed(Code::kUnimplemented, "this storage does not tell how far a snapshot is");
    uint64_t done = 0, total = 0;
    backends_.snapshot_progress->snapshot_progress(&done, &total);
    response->set_done_series(done);
    response->set_total_series(total);
    return grpc::Status::OK;
  }

 private:
  grpc::Status may_change(RunningCall& call) {
    if (grpc::Status status = call.authorize("admin"); !status.ok()) return status;
    if (!backends_.enable_admin) return failed(Code::kUnimplemented, "admin APIs disabled");
    if (backends_.admin == nullptr) return failed(Code::kUnimplemented, "this storage has no administration");
    return grpc::Status::OK;
  }

  template <class Produce>
  static nightlight::Status collect(std::string* out, Produce&& produce) {
    TextCollector text;
    nightlight::Status status = produce(&text);
    *out = std::move(text.text);
    return status;
  }

  grpc::Status answer(nightlight::Status status) const {
    return status.ok() ? grpc::Status::OK : failed(backends_.host, status);
  }

  const Backends& backends_;
  CancelWatch& watch_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_admin_service(const Backends& backends, CancelWatch& watch) {
  return std::make_unique<AdminService>(backends, watch);
}

}  // namespace nightlight::grpc_api
