// Requests of nightlight.v1 to the services themselves, behind the connection: the first byte chooses the call, the
// second whether the rest is the message as it comes over the wire, or choices of its fields. Whatever the request
// says, the call ends with an answer that holds together, or with a status that blames the request.
#include "grpc_api/services.h"  // First: gRPC brings thread annotations of its own.

#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>

#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "fuzz/choices.h"
#include "fuzz/query_world.h"
#include "gorilla/file/simulated.h"
#include "gorilla/store.h"
#include "nightlight/v1/nightlight.grpc.pb.h"

namespace {

using namespace nightlight;
using fuzz::Choices;
using fuzz::require;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int kWritesOfAStore = 500;

// A store on a disk in memory, and a new one before it grows.
class FreshStore {
 public:
  explicit FreshStore(Host* host) : host_(host) {}
  gorilla::Store& get() {
    if (store_ != nullptr && ++uses_ < kWritesOfAStore) return *store_;
    uses_ = 0;
    store_.reset();
    files_ = std::make_unique<gorilla::SimulatedFileSystem>(1);
    gorilla::StoreOptions options;
    options.path = "data";
    options.head.out_of_order_window_ms = 1800 * 1000;
    options.head.max_exemplars = 100;
    store_.reset(new gorilla::Store(host_, *files_, options));
    require(store_->start().ok());
    return *store_;
  }

 private:
  struct Release {
    void operator()(gorilla::Store* store) const { store->release(); }
  };
  Host* host_;
  std::unique_ptr<gorilla::SimulatedFileSystem> files_;
  std::unique_ptr<gorilla::Store, Release> store_;
  int uses_ = 0;
};

struct World : fuzz::QueryWorld {
  World() {
    google::protobuf::SetLogHandler(nullptr);  // It tells of every text that is no UTF-8.
    fill();
    backends.host = &host;
    backends.engine = &engine();
    backends.storage = &storage;
    backends.enable_admin = true;
    backends.max_answer_bytes = 100'000;
    use_store();
  }
  void use_store() {
    gorilla::Store& now = store.get();
    backends.sink = &now;
    backends.metadata = &now;
    backends.admin = &now;
    backends.snapshot_progress = &now;
  }

  FreshStore store{&host};
  grpc_api::Backends backends;
  grpc_api::CancelWatch watch;
  std::unique_ptr<grpc::Service> query = grpc_api::make_query_service(backends, watch);
  std::unique_ptr<grpc::Service> metadata = grpc_api::make_metadata_service(backends, watch);
  std::unique_ptr<grpc::Service> ingest = grpc_api::make_ingest_service(backends, watch);
  std::unique_ptr<grpc::Service> admin = grpc_api::make_admin_service(backends, watch);
};

// ---- requests ----

std::string text(Choices& choices) {
  if (choices.one_in(4)) return as_utf8(choices.raw(16));  // Other texts do not come through protobuf.
  if (choices.one_in(2)) return choices.of(fuzz::kQueries);
  return choices.of(
      {"__name__", "a", "job", "x", "", "le", "1", "é", "label_replace(a, \"x\", \"\\xff\", \"\", \"\")"});
}

int64_t integer(Choices& choices, int64_t now_ms) {
  switch (choices.below(4)) {
    case 0:
      return static_cast<int64_t>(choices.bits());
    case 1:
      return now_ms + static_cast<int64_t>(choices.byte()) * 1000 - 200'000;
    case 2:
      return static_cast<int64_t>(choices.byte()) * 2000;
    default:
      return choices.byte() % 8;
  }
}

void fill(Message& message, Choices& choices, int64_t now_ms);

void set(Message& message, const FieldDescriptor& field, Choices& choices, int64_t now_ms) {
  const auto& reflection = *message.GetReflection();
  auto put = [&](auto value, auto add_one, auto set_one) {
    (reflection.*(field.is_repeated() ? add_one : set_one))(&message, &field, value);
  };
  using R = google::protobuf::Reflection;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return put(static_cast<int32_t>(integer(choices, now_ms)), &R::AddInt32, &R::SetInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return put(integer(choices, now_ms), &R::AddInt64, &R::SetInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return put(static_cast<uint32_t>(choices.one_in(16) ? choices.bits() : choices.below(6)), &R::AddUInt32,
                 &R::SetUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return put(static_cast<uint64_t>(integer(choices, now_ms)), &R::AddUInt64, &R::SetUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return put(choices.number(), &R::AddDouble, &R::SetDouble);
    case FieldDescriptor::CPPTYPE_BOOL:
      return put(choices.one_in(2), &R::AddBool, &R::SetBool);
    case FieldDescriptor::CPPTYPE_ENUM:
      return put(static_cast<int>(choices.one_in(8) ? choices.bits() : choices.below(9)), &R::AddEnumValue,
                 &R::SetEnumValue);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return fill(
          field.is_repeated() ? *reflection.AddMessage(&message, &field) : *reflection.MutableMessage(&message, &field),
          choices, now_ms);
    default:
      if (field.is_repeated()) return reflection.AddString(&message, &field, text(choices));
      return reflection.SetString(&message, &field, text(choices));
  }
}

void fill(Message& message, Choices& choices, int64_t now_ms) {
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    size_t count = field.is_repeated() ? choices.below(7) : choices.below(2);
    if (choices.at_end()) count = 0;
    for (; count > 0; --count) set(message, field, choices, now_ms);
  }
}

// Makes columns as long as each other and gives every series a name, as the requests of clients have it.
void align(v1::WriteRequest& request) {
  while (request.symbols_size() < 4)
    request.add_symbols(std::string(1, static_cast<char>('a' + request.symbols_size())));
  request.set_symbols(0, "__name__");
  for (v1::WriteRequest::WriteSeries& series : *request.mutable_series()) {
    while (series.timestamps_ms_size() < series.values_size()) series.add_timestamps_ms(series.timestamps_ms_size());
    series.mutable_timestamps_ms()->Truncate(series.values_size());
    if (series.start_timestamps_ms_size() < series.values_size()) series.clear_start_timestamps_ms();
    series.mutable_start_timestamps_ms()->Truncate(std::min(series.start_timestamps_ms_size(), series.values_size()));
    std::vector<uint32_t> values(series.label_refs().begin(), series.label_refs().end());
    series.clear_label_refs();
    for (uint32_t name = 0; name < 2; ++name) {
      series.add_label_refs(name);
      series.add_label_refs(values.size() > name ? values[name] % static_cast<uint32_t>(request.symbols_size()) : 3);
    }
    for (v1::Exemplar& exemplar : *series.mutable_exemplars()) {
      if (exemplar.label_refs_size() % 2 != 0) exemplar.mutable_label_refs()->RemoveLast();
    }
  }
}

// ---- answers ----

void check(const v1::QueryResponse& response) {
  for (const v1::Series& series : response.batch().series()) {
    for (uint32_t ref : series.label_refs()) require(ref < static_cast<uint32_t>(response.batch().symbols_size()));
    require(series.label_refs_size() % 2 == 0 && series.timestamp_deltas_ms_size() == series.values_size());
  }
}
void check(const v1::JsonResponse& response) { require(nlohmann::json::accept(response.json())); }
void check(const v1::StatusResponse& response) {
  require(nlohmann::json::accept(response.cardinality_json()) && nlohmann::json::accept(response.blocks_json()));
}
void check(const v1::SnapshotProgressResponse& response) { require(response.done_series() <= response.total_series()); }
void check(const v1::SnapshotResponse& response) { require(!response.name().empty()); }
void check(const Message&) {}

void check(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::OK:
      return;
    case grpc::INVALID_ARGUMENT:
    case grpc::OUT_OF_RANGE:
    case grpc::NOT_FOUND:
    case grpc::FAILED_PRECONDITION:
    case grpc::RESOURCE_EXHAUSTED:
    case grpc::DEADLINE_EXCEEDED:
      return require(!status.error_message().empty());
    default:
      std::fprintf(stderr, "%d %s\n", status.error_code(), status.error_message().c_str());
      std::abort();
  }
}

template <class Service, class Request, class Response>
void call(grpc::Service& service, grpc::Status (Service::*method)(grpc::ServerContext*, const Request*, Response*),
          Choices& choices, int64_t now_ms) {
  Request request;
  if (choices.one_in(4)) {
    if (!request.ParseFromString(choices.rest())) return;
  } else {
    bool exactly = choices.one_in(4);
    fill(request, choices, now_ms);
    if constexpr (std::is_same_v<Request, v1::WriteRequest>) {
      if (!exactly) align(request);
    }
  }
  grpc::ServerContext context;
  Response response;
  grpc::Status status = (static_cast<Service&>(service).*method)(&context, &request, &response);
  if (std::getenv("NIGHTLIGHT_FUZZ_PRINT") != nullptr) {
    std::fprintf(stderr, "%s\n%s-> %d %s %s\n", request.GetTypeName().c_str(), request.DebugString().c_str(),
                 status.error_code(), status.error_message().c_str(), response.ShortDebugString().c_str());
  }
  check(status);
  if (!status.ok()) return;
  check(response);
  require(Response().ParseFromString(response.SerializeAsString()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static World world;
  Choices choices(data, size);
  const int64_t now_ms = world.host.now_ms();
  using Query = v1::QueryService::Service;
  using Metadata = v1::MetadataService::Service;
  using Ingest = v1::IngestService::Service;
  using Admin = v1::AdminService::Service;
  switch (choices.below(16)) {
    case 0:
      return call(*world.query, &Query::Explain, choices, now_ms), 0;
    case 1:
      return call(*world.query, &Query::Format, choices, now_ms), 0;
    case 2:
      return call(*world.query, &Query::Parse, choices, now_ms), 0;
    case 3:
      return call(*world.metadata, &Metadata::LabelNames, choices, now_ms), 0;
    case 4:
      return call(*world.metadata, &Metadata::LabelValues, choices, now_ms), 0;
    case 5:
      return call(*world.metadata, &Metadata::Metadata, choices, now_ms), 0;
    case 6:
      return call(*world.admin, &Admin::Status, choices, now_ms), 0;
    case 7:
      return call(*world.admin, &Admin::CancelQuery, choices, now_ms), 0;
    case 8:
      return call(*world.admin, &Admin::DeleteSeries, choices, now_ms), 0;
    case 9:
    case 10:
    case 11:
      return call(*world.query, &Query::Query, choices, now_ms), 0;
    case 12:
      if (choices.one_in(8)) call(*world.admin, &Admin::Snapshot, choices, now_ms);
      return call(*world.admin, &Admin::SnapshotProgress, choices, now_ms), 0;
    default:
      world.use_store();
      return call(*world.ingest, &Ingest::Write, choices, now_ms), 0;
  }
}
