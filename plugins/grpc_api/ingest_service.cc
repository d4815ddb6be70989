#include "grpc_api/messages.h"
#include "grpc_api/services.h"
#include "nightlight/v1/nightlight.grpc.pb.h"

namespace nightlight::grpc_api {
namespace {

constexpr int kRejectionsTold = 100;
// When a write that found the buffer full may come again.
constexpr int64_t kRetryMs = 1000;

class Rejections final : public RejectionSink {
 public:
  explicit Rejections(v1::WriteResponse* response) : response_(response) {}

  void rejected(uint64_t series, RejectReason, Str text) noexcept override {
    if (response_->rejections_size() >= kRejectionsTold) return;
    auto* rejection = response_->add_rejections();
    rejection->set_series(series);
    rejection->set_reason(utf8_of(text));
  }

 private:
  v1::WriteResponse* response_;
};

class IngestService final : public v1::IngestService::Service {
 public:
  IngestService(const Backends& backends, CancelWatch& watch) : backends_(backends), watch_(watch) {}

  grpc::Status Write(grpc::ServerContext* context, const v1::WriteRequest* request,
                     v1::WriteResponse* response) override {
    RunningCall call(backends_, watch_, *context);
    if (grpc::Status status = call.authorize("write"); !status.ok()) return status;
    return store(call, *request, response);
  }

  grpc::Status WriteStream(grpc::ServerContext* context,
                           grpc::ServerReaderWriter<v1::WriteResponse, v1::WriteRequest>* stream) override {
    RunningCall call(backends_, watch_, *context);
    if (grpc::Status status = call.authorize("write"); !status.ok()) return status;
    for (v1::WriteRequest request; stream->Read(&request);) {
      v1::WriteResponse response;
      if (grpc::Status status = store(call, request, &response); !status.ok()) return status;
      if (!stream->Write(response)) return failed(Code::kCancelled, "the client has gone");
    }
    return grpc::Status::OK;
  }

 private:
  grpc::Status store(const RunningCall& call, const v1::WriteRequest& request, v1::WriteResponse* response) {
    DecodedWrite decoded;
    if (Result<void> result = decoded.decode(request); !result.ok()) {
      return failed(result.error().code, result.error().message);
    }
    WriteBatch batch = decoded.batch(call.context());
    Rejections rejections(response);
    AppendResult result{};
    result.struct_size = sizeof result;
    result.rejections = &rejections;
    if (Status status = backends_.sink->append(&batch, &result); !status.ok()) {
      return status.code == Code::kResourceExhausted ? failed_for_now(backends_.host, status, kRetryMs)
                                                     : failed(backends_.host, status);
    }
    response->set_id(request.id());
    response->set_samples_written(result.samples_written);
    response->set_histograms_written(result.histograms_written);
    response->set_exemplars_written(result.exemplars_written);
    response->set_rejected(result.rejected);
    return grpc::Status::OK;
  }

  const Backends& backends_;
  CancelWatch& watch_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_ingest_service(const Backends& backends, CancelWatch& watch) {
  return std::make_unique<IngestService>(backends, watch);
}

}  // namespace nightlight::grpc_api
