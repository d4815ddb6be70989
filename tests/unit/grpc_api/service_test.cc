// The services behind a real port of this process, over a sink that answers what a test tells it to.
#include "grpc_api/services.h"  // First: gRPC brings thread annotations of its own.

#include <doctest/doctest.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/server_interceptor.h>

#include <algorithm>

#include "fakes/host.h"
#include "grpc_api/call_metrics.h"
#include "nightlight/v1/nightlight.grpc.pb.h"

namespace nightlight::grpc_api {
namespace {

class TellingSink final : public Sink {
 public:
  explicit TellingSink(Host& host) : host_(host) {}
  Status resolve(const CallContext*, View<Str> keys, uint64_t* refs) noexcept override {
    std::fill(refs, refs + keys.size, 0);
    return kOkStatus;
  }
  Status append(const WriteBatch* batch, AppendResult* result) noexcept override {
    if (code != Code::kOk) return host_.fail(code, str("told to"));
    result->samples_written = batch->values.size;
    return kOkStatus;
  }
  Code code = Code::kOk;

 private:
  Host& host_;
};

class World {
 public:
  World() {
    backends.host = &host;
    backends.sink = &sink;
    service_ = make_ingest_service(backends, watch_);
    admin_service_ = make_admin_service(backends, watch_);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(service_.get());
    builder.RegisterService(admin_service_.get());
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
    interceptors.push_back(make_call_metrics(&host));
    builder.experimental().SetInterceptorCreators(std::move(interceptors));
    server_ = builder.BuildAndStart();
    auto channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials());
    stub_ = v1::IngestService::NewStub(channel);
    admin_stub_ = v1::AdminService::NewStub(channel);
  }
  ~World() { server_->Shutdown(); }

  static v1::WriteRequest request() {
    v1::WriteRequest out;
    for (const char* symbol : {"__name__", "up"}) out.add_symbols(symbol);
    auto* series = out.add_series();
    series->add_label_refs(0);
    series->add_label_refs(1);
    series->add_timestamps_ms(1);
    series->add_values(1);
    return out;
  }

  grpc::Status write(const v1::WriteRequest& request) {
    grpc::ClientContext context;
    v1::WriteResponse response;
    return stub_->Write(&context, request, &response);
  }

  grpc::Status snapshot() {
    grpc::ClientContext context;
    v1::SnapshotResponse response;
    return admin_stub_->Snapshot(&context, {}, &response);
  }

  grpc::Status snapshot_progress(v1::SnapshotProgressResponse* response) {
    grpc::ClientContext context;
    return admin_stub_->SnapshotProgress(&context, {}, response);
  }

  fakes::FakeHost host;
  TellingSink sink{host};
  Backends backends;

 private:
  CancelWatch watch_;
  std::unique_ptr<grpc::Service> service_, admin_service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::IngestService::Stub> stub_;
  std::unique_ptr<v1::AdminService::Stub> admin_stub_;
};

// The delay of a google.rpc.RetryInfo in the details, in milliseconds; -1 without one.
int64_t retry_delay_ms(const grpc::Status& status) {
  v1::StatusDetails details;
  REQUIRE(details.ParseFromString(status.error_details()));
  for (const google::protobuf::Any& any : details.details()) {
    if (any.type_url() != "type.googleapis.com/google.rpc.RetryInfo") continue;
    v1::RetryInfo retry;
    REQUIRE(retry.ParseFromString(any.value()));
    return retry.retry_delay().seconds() * 1000 + retry.retry_delay().nanos() / 1'000'000;
  }
  return -1;
}

std::string error_type(const grpc::Status& status) {
  v1::StatusDetails details;
  v1::ErrorInfo info;
  REQUIRE(details.ParseFromString(status.error_details()));
  REQUIRE(details.details_size() > 0);
  REQUIRE(details.details(0).UnpackTo(&info));
  return info.error_type();
}

TEST_CASE("a write that finds the buffer full is told when to come again, any other failure is not") {
  World world;
  CHECK(world.write(World::request()).ok());
  world.sink.code = Code::kResourceExhausted;
  grpc::Status full = world.write(World::request());
  CHECK(full.error_code() == grpc::RESOURCE_EXHAUSTED);
  CHECK(full.error_message() == "told to");
  CHECK(retry_delay_ms(full) == 1000);
  CHECK(error_type(full) == "execution");
  world.sink.code = Code::kUnavailable;
  grpc::Status stopping = world.write(World::request());
  CHECK(stopping.error_code() == grpc::UNAVAILABLE);
  CHECK(retry_delay_ms(stopping) == -1);
}

TEST_CASE("what is switched off is no reason to try again") {
  World world;
  grpc::Status off = world.snapshot();
  CHECK(off.error_code() == grpc::UNIMPLEMENTED);
  CHECK(off.error_message() == "admin APIs disabled");
  CHECK(error_type(off) == "unavailable");
}

TEST_CASE("how far a snapshot is is told where snapshots are allowed and the storage knows it") {
  struct Admin final : StorageAdmin {
    Status cardinality_json(const CallContext*, uint64_t, TextSink*) noexcept override { return kOkStatus; }
    Status blocks_json(const CallContext*, TextSink*) noexcept override { return kOkStatus; }
    Status delete_series(const Select*) noexcept override { return kOkStatus; }
    Status clean_tombstones(const CallContext*) noexcept override { return kOkStatus; }
    Status snapshot(const CallContext*, uint32_t, TextSink*) noexcept override { return kOkStatus; }
  } admin;
  struct Telling final : SnapshotProgress {
    void snapshot_progress(uint64_t* done, uint64_t* total) noexcept override { *done = 3, *total = 7; }
  } telling;
  World world;
  v1::SnapshotProgressResponse far;
  world.backends.admin = &admin;
  world.backends.snapshot_progress = &telling;
  CHECK(world.snapshot_progress(&far).error_message() == "admin APIs disabled");
  world.backends.enable_admin = true;
  REQUIRE(world.snapshot_progress(&far).ok());
  CHECK(far.done_series() == 3);
  CHECK(far.total_series() == 7);
  world.backends.snapshot_progress = nullptr;
  CHECK(world.snapshot_progress(&far).error_code() == grpc::UNIMPLEMENTED);
}

TEST_CASE("a label without a name is refused") {
  World world;
  v1::WriteRequest request = World::request();
  request.add_symbols("");
  request.mutable_series(0)->add_label_refs(2);
  request.mutable_series(0)->add_label_refs(1);
  grpc::Status refused = world.write(request);
  CHECK(refused.error_code() == grpc::INVALID_ARGUMENT);
  CHECK(refused.error_message() == "series 0: has a label without a name");
  CHECK(error_type(refused) == "bad_data");
}

TEST_CASE("calls are counted by method and code, and timed") {
  World world;
  for (int i = 0; i < 3; ++i) CHECK(world.write(World::request()).ok());
  world.sink.code = Code::kUnavailable;
  for (int i = 0; i < 2; ++i) CHECK_FALSE(world.write(World::request()).ok());
  const std::string calls = "nightlight_grpc_calls_total,method=IngestService/Write,code=";
  CHECK(world.host.count(calls + "OK") == 3);
  CHECK(world.host.count(calls + "UNAVAILABLE") == 2);
  // The clock of the fake stands still: every call fell into the first bucket.
  CHECK(world.host.count("nightlight_grpc_call_duration_seconds,method=IngestService/Write") == 5);
}

}  // namespace
}  // namespace nightlight::grpc_api
