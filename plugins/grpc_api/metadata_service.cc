#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "grpc_api/messages.h"
#include "grpc_api/selection.h"
#include "grpc_api/services.h"
#include "nightlight/v1/nightlight.grpc.pb.h"

namespace nightlight::grpc_api {
namespace {

constexpr int kSeriesPerMessage = 1000;

class Strings final : public StringSink {
 public:
  Status add(View<Str> strings) noexcept override {
    for (Str text : strings) sorted.emplace(text.data, text.size);
    return kOkStatus;
  }
  std::set<std::string> sorted;
};

class MetadataWriter final : public MetadataSink {
 public:
  explicit MetadataWriter(v1::MetadataResponse* out) : out_(out) {}
  Status add(const Metadata* metadata) noexcept override {
    v1::Metadata* message = out_->add_metadata();
    message->set_family(utf8_of(metadata->family));
    message->set_kind(static_cast<v1::MetricKind>(metadata->kind));
    message->set_help(utf8_of(metadata->help));
    message->set_unit(utf8_of(metadata->unit));
    return kOkStatus;
  }

 private:
  v1::MetadataResponse* out_;
};

class MetadataService final : public v1::MetadataService::Service {
 public:
  MetadataService(const Backends& backends, CancelWatch& watch) : backends_(backends), watch_(watch) {}

  grpc::Status LabelNames(grpc::ServerContext* context, const v1::LabelNamesRequest* request,
                          v1::StringsResponse* response) override {
    return strings(context, request->selection(), response, [&](const LabelQuery& query, StringSink* out) {
      return backends_.storage->label_names(&query, out);
    });
  }

  grpc::Status LabelValues(grpc::ServerContext* context, const v1::LabelValuesRequest* request,
                           v1::StringsResponse* response) override {
    if (request->name().empty()) return failed(Code::kInvalidArgument, "name is empty");
    return strings(context, request->selection(), response, [&](const LabelQuery& query, StringSink* out) {
      return backends_.storage->label_values(str(request->name()), &query, out);
    });
  }

  grpc::Status Series(grpc::ServerContext* context, const v1::SeriesRequest* request,
                      grpc::ServerWriter<v1::SeriesBatch>* writer) override {
    RunningCall call(backends_, watch_, *context);
    if (grpc::Status status = call.authorize("read"); !status.ok()) return status;
    ParsedSelection selection;
    if (Status status = selection.parse(backends_, request->selection()); !status.ok()) {
      return failed(backends_.host, status);
    }
    SeriesStream out(writer, selection.limit());
    for (size_t i = 0; i < selection.size(); ++i) {
      Select select = selection.select(i, call.context(), kLabelsOnly | kSortedByLabels);
      SeriesSet* opened = nullptr;
      if (Status status = backends_.storage->select(&select, &opened); !status.ok()) {
        return failed(backends_.host, status);
      }
      Owned<SeriesSet> set(opened);
      if (!out.add(*set, call, selection.size() > 1)) return failed(Code::kCancelled, "the client has gone");
    }
    return out.flush() ? grpc::Status::OK : failed(Code::kCancelled, "the client has gone");
  }

  grpc::Status Metadata(grpc::ServerContext* context, const v1::MetadataRequest* request,
                        v1::MetadataResponse* response) override {
    RunningCall call(backends_, watch_, *context);
    if (grpc::Status status = call.authorize("read"); !status.ok()) return status;
    if (backends_.metadata == nullptr) return failed(Code::kUnimplemented, "this storage keeps no metadata");
    MetadataWriter out(response);
    Status status = backends_.metadata->metadata(call.context(), str(request->family()), &out);
    return status.ok() ? grpc::Status::OK : failed(backends_.host, status);
  }

 private:
  // Series of several sets as messages of bounded size, each label set once.
  class SeriesStream {
   public:
    SeriesStream(grpc::ServerWriter<v1::SeriesBatch>* writer, uint64_t limit) : writer_(writer), limit_(limit) {}

    bool add(SeriesSet& set, const RunningCall& call, bool may_repeat) {
      View<Str> symbols = set.symbols();
      for (uint64_t i = 0; i < set.size(); ++i) {
        if (call.cancelled()) return false;
        if (limit_ != 0 && sent_ == limit_) return true;
        std::vector<LabelPair> labels;
        std::string key;
        for (const LabelRef& label : set.labels(i)) {
          labels.push_back({symbols[label.name], symbols[label.value]});
          if (may_repeat)
            key.append(view(labels.back().name)).append(1, '\0').append(view(labels.back().value)).append(1, '\0');
        }
        if (may_repeat && !seen_.insert(std::move(key)).second) continue;
        if (!writer_batch_) writer_batch_ = std::make_unique<Batch>();
        writer_batch_->symbols.add_labels(view_of(labels), writer_batch_->message.add_series()->mutable_label_refs());
        ++sent_;
        if (writer_batch_->message.series_size() >= kSeriesPerMessage && !flush()) return false;
      }
      return true;
    }

    bool flush() {
      if (!writer_batch_) return true;
      bool written = writer_->Write(writer_batch_->message);
      writer_batch_.reset();
      return written;
    }

   private:
    struct Batch {
      v1::SeriesBatch message;
      SymbolWriter<v1::SeriesBatch> symbols{&message};
    };
    grpc::ServerWriter<v1::SeriesBatch>* writer_;
    uint64_t limit_, sent_ = 0;
    std::set<std::string> seen_;
    std::unique_ptr<Batch> writer_batch_;
  };

  template <class Ask>
  grpc::Status strings(grpc::ServerContext* context, const v1::Selection& wanted, v1::StringsResponse* response,
                       Ask&& ask) {
    RunningCall call(backends_, watch_, *context);
    if (grpc::Status status = call.authorize("read"); !status.ok()) return status;
    ParsedSelection selection;
    if (Status status = selection.parse(backends_, wanted); !status.ok()) return failed(backends_.host, status);
    Strings found;
    for (size_t i = 0; i < selection.size(); ++i) {
      LabelQuery query = selection.label_query(i, call.context());
      if (query.limit != 0) ++query.limit;  // One more tells that there is more.
      if (Status status = ask(query, &found); !status.ok()) return failed(backends_.host, status);
    }
    for (const std::string& text : found.sorted) {
      if (selection.limit() != 0 && static_cast<uint64_t>(response->values_size()) == selection.limit()) {
        response->add_warnings("results truncated due to limit");
        break;
      }
      response->add_values(as_utf8(text));
    }
    return grpc::Status::OK;
  }

  const Backends& backends_;
  CancelWatch& watch_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_metadata_service(const Backends& backends, CancelWatch& watch) {
  return std::make_unique<MetadataService>(backends, watch);
}

}  // namespace nightlight::grpc_api
