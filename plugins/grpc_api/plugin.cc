// The component `grpc_api`: nightlight.v1 on a port of its own, with the TLS material of the host.
#include "grpc_api/call.h"  // First: gRPC brings thread annotations of its own.

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/support/server_interceptor.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "grpc_api/call_metrics.h"
#include "grpc_api/credentials.h"
#include "grpc_api/services.h"
#include "nightlight/plugin.h"

namespace nightlight::grpc_api {
namespace {

constexpr ConfigField kListen = field("listen", FieldType::kAddress, "127.0.0.1:9100", "Where gRPC is served.");
constexpr ConfigField kTls = ref_field("tls", kTlsId, "TLS; without it only loopback addresses may be listened on.", 0);
constexpr ConfigField kInsecure =
    field("insecure", FieldType::kBool, "false", "Allows plain text on an address that others can reach.");
constexpr ConfigField kEngine = ref_field("engine", kEngineId, "What evaluates queries.");
constexpr ConfigField kStorage = ref_field("storage", kStorageId, "Where series are looked up.");
constexpr ConfigField kSink = ref_field("sink", kSinkId, "Where writes go; without it they are refused.", 0);
constexpr ConfigField kMaxStreams =
    bounded(field("max_concurrent_streams", FieldType::kInt, "100", "The most calls of one connection at a time."), "1",
            "100000");
constexpr ConfigField kMaxThreads =
    bounded(field("max_threads", FieldType::kInt, "64",
                  "The most threads that work on calls; further calls wait or are refused."),
            "2", "10000");
constexpr ConfigField kMaxMessage =
    bounded(field("max_message", FieldType::kBytes, "16MiB", "The largest message that is taken."), "1KiB", "1GiB");
constexpr ConfigField kMaxAnswer = bounded(
    field("max_answer", FieldType::kBytes, "64MiB", "The largest unary answer of a query; streams have no limit."),
    "1KiB", "1GiB");
constexpr ConfigField kReflection = field("reflection", FieldType::kBool, "true",
                                          "Answers the reflection service, so that tools can list the methods.");
constexpr ConfigField kEnableAdmin =
    field("enable_admin_api", FieldType::kBool, "false", "Allows deleting series, cleaning tombstones and snapshots.");
constexpr const ConfigField* kFields[] = {&kListen,     &kTls,       &kInsecure,   &kEngine,
                                          &kStorage,    &kSink,      &kMaxStreams, &kMaxThreads,
                                          &kMaxMessage, &kMaxAnswer, &kReflection, &kEnableAdmin};

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address.starts_with("localhost:") || address.starts_with("[::1]:");
}

class GrpcApi final : public Instance {
 public:
  explicit GrpcApi(Host* host) : host_(host) { backends_.host = host; }

  void* query(Str) noexcept override { return nullptr; }

  Status configure(Config* config) noexcept override {
    return guard(host_, [&]() -> Status {
      Settings settings(config);
      listen_ = settings.text("listen");
      backends_.tls = settings.ref<Tls>("tls", kTlsId);
      backends_.engine = settings.ref<Engine>("engine", kEngineId);
      backends_.storage = settings.ref<Storage>("storage", kStorageId);
      backends_.exemplars = settings.ref<ExemplarStorage>("storage", kExemplarStorageId);
      backends_.metadata = settings.ref<MetadataStorage>("storage", kMetadataStorageId);
      backends_.admin = settings.ref<StorageAdmin>("storage", kStorageAdminId);
      backends_.snapshot_progress = settings.ref<SnapshotProgress>("storage", kSnapshotProgressId);
      backends_.sink = settings.ref<Sink>("sink", kSinkId);
      backends_.enable_admin = settings.boolean("enable_admin_api");
      max_streams_ = static_cast<int>(settings.integer("max_concurrent_streams"));
      max_threads_ = static_cast<int>(settings.integer("max_threads"));
      max_message_bytes_ = static_cast<int>(settings.integer("max_message"));
      backends_.max_answer_bytes = static_cast<uint64_t>(settings.integer("max_answer"));
      reflection_ = settings.boolean("reflection");
      if (backends_.tls == nullptr && !settings.boolean("insecure") && !is_loopback(listen_)) {
        return host_->fail(Code::kInvalidArgument,
                           str(settings.position("listen") + ": plain text on " + listen_ +
                               ": set tls, listen on a loopback address, or set insecure: true"));
      }
      return kOkStatus;
    });
  }

  Status start() noexcept override {
    return guard(host_, [&]() -> Status {
      credentials_ = std::make_unique<Credentials>(host_, backends_.tls);
      auto credentials = credentials_->open();
      if (!credentials.ok()) return host_->fail(credentials.error().code, str(credentials.error().message));
      watch_ = std::make_unique<CancelWatch>();
      services_.push_back(make_query_service(backends_, *watch_));
      services_.push_back(make_metadata_service(backends_, *watch_));
      services_.push_back(make_admin_service(backends_, *watch_));
      if (backends_.sink != nullptr) services_.push_back(make_ingest_service(backends_, *watch_));
      return serve(*credentials);
    });
  }

  Status drain(int64_t deadline_ns) noexcept override {
    if (server_ == nullptr) return kOkStatus;
    if (auto* health = server_->GetHealthCheckService()) health->SetServingStatus(false);  // Of every service.
    auto left = std::chrono::nanoseconds(deadline_ns - host_->monotonic_ns());
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::duration_cast<std::chrono::microseconds>(left));
    return kOkStatus;
  }

  Status stop() noexcept override {
    if (watch_ != nullptr) watch_->cancel_all();
    if (server_ != nullptr) {
      server_->Shutdown(std::chrono::system_clock::now());
      server_->Wait();
    }
    server_.reset();
    services_.clear();
    watch_.reset();
    credentials_.reset();
    return kOkStatus;
  }

  Status reconfigure(Config*) noexcept override {
    return host_->fail(Code::kUnimplemented, str("grpc_api has no field that can change without a restart"));
  }
  Status health() noexcept override { return kOkStatus; }
  void release() noexcept override { delete this; }

 private:
  Status serve(const std::shared_ptr<grpc::ServerCredentials>& credentials) {
    grpc::EnableDefaultHealthCheckService(true);
    if (reflection_) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(listen_, credentials, &port);
    for (auto& service : services_) builder.RegisterService(service.get());
    builder.SetMaxReceiveMessageSize(max_message_bytes_);
    builder.SetMaxSendMessageSize(-1);  // Unary answers are as large as the query's limits let them be.
    grpc::ResourceQuota quota("nightlight");
    quota.SetMaxThreads(max_threads_);
    builder.SetResourceQuota(quota);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, max_streams_);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
    interceptors.push_back(make_call_metrics(host_));
    builder.experimental().SetInterceptorCreators(std::move(interceptors));
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      return host_->fail(Code::kUnavailable, str("cannot listen on " + listen_ + ": is the port taken?"));
    }
    if (auto* health = server_->GetHealthCheckService()) {
      for (const char* name : {"QueryService", "MetadataService", "AdminService"}) {
        health->SetServingStatus(std::string("nightlight.v1.") + name, true);
      }
      if (backends_.sink != nullptr) health->SetServingStatus("nightlight.v1.IngestService", true);
    }
    size_t colon = listen_.rfind(':');
    log(host_, LogLevel::kInfo, "listening",
        {{"address", listen_.substr(0, colon + 1) + std::to_string(port)},
         {"protocol", "grpc"},
         {"tls", backends_.tls != nullptr ? "yes" : "no"}});
    return kOkStatus;
  }

  Host* host_;
  Backends backends_;
  std::string listen_;
  int max_streams_ = 0, max_threads_ = 0, max_message_bytes_ = 0;
  bool reflection_ = true;
  std::unique_ptr<Credentials> credentials_;
  std::unique_ptr<CancelWatch> watch_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<grpc::Server> server_;
};

Status create(Host* host, Instance** out) noexcept {
  return guard(host, [&] {
    *out = new GrpcApi(host);
    return kOkStatus;
  });
}

constexpr Component kComponent{sizeof(Component),     Stability::kBeta,
                               str("grpc_api"),       str("Queries, metadata, writes and administration over gRPC."),
                               View<Str>{nullptr, 0}, View<Str>{nullptr, 0},
                               view_of(kFields),      &create};
constexpr const Component* kComponents[] = {&kComponent};
constexpr Plugin kPlugin{
    sizeof(Plugin), NIGHTLIGHT_SDK_MINOR, str("grpc_api"),     str(NIGHTLIGHT_PLUGIN_VERSION), str("MIT OR Apache-2.0"),
    str(""),        str(__VERSION__),     view_of(kComponents)};

}  // namespace
}  // namespace nightlight::grpc_api

NIGHTLIGHT_PLUGIN_ENTRY { return &nightlight::grpc_api::kPlugin; }
