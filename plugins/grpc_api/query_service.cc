#include <limits>

#include "grpc_api/chunk_writer.h"
#include "grpc_api/messages.h"
#include "grpc_api/services.h"
#include "nightlight/v1/nightlight.grpc.pb.h"

namespace nightlight::grpc_api {
namespace {

constexpr uint32_t kSeriesPerChunk = 256;

v1::ResultType result_type(ValueType type) { return static_cast<v1::ResultType>(static_cast<uint32_t>(type)); }

// The exemplars of a selection, one message a series.
class ExemplarWriter final : public ExemplarSink {
 public:
  ExemplarWriter(Host* host, grpc::ServerWriter<v1::ExemplarBatch>* writer) : host_(host), writer_(writer) {}

  Status add(View<LabelPair> series, View<const Exemplar*> exemplars) noexcept override {
    return guard(host_, [&]() -> Status {
      v1::ExemplarBatch batch;
      SymbolWriter symbols(&batch);
      auto* out = batch.add_series();
      symbols.add_labels(series, out->mutable_label_refs());
      for (const Exemplar* exemplar : exemplars) {
        auto* message = out->add_exemplars();
        message->set_timestamp_ms(exemplar->timestamp_ms);
        message->set_value(exemplar->value);
        symbols.add_labels(exemplar->labels, message->mutable_label_refs());
      }
      if (!writer_->Write(batch)) return host_->fail(Code::kCancelled, str("the client has gone"));
      return kOkStatus;
    });
  }

 private:
  Host* host_;
  grpc::ServerWriter<v1::ExemplarBatch>* writer_;
};

class SelectorExemplars final : public SelectorSink {
 public:
  SelectorExemplars(const Backends& backends, Select select, ExemplarSink* out)
      : backends_(backends), select_(select), out_(out) {}

  Status add(View<const Matcher*> matchers) noexcept override {
    select_.matchers = matchers;
    return backends_.exemplars->exemplars(&select_, out_);
  }

 private:
  const Backends& backends_;
  Select select_;
  ExemplarSink* out_;
};

class QueryService final : public v1::QueryService::Service {
 public:
  QueryService(const Backends& backends, CancelWatch& watch) : backends_(backends), watch_(watch) {}

  grpc::Status Query(grpc::ServerContext* context, const v1::QueryRequest* request,
                     v1::QueryResponse* response) override {
    RunningCall call(backends_, watch_, *context);
    if (grpc::Status status = call.authorize("read"); !status.ok()) return status;
    Owned<QueryResult> result;
    if (grpc::Status status = start(call, *request, result); !status.ok()) return status;
    fill_header(*result, response->mutable_header());
    SymbolWriter symbols(response->mutable_batch());
    uint64_t bytes = 0;
    while (true) {
      ResultBatch batch{};
      batch.struct_size = sizeof batch;
      if (Status status = result->next(&batch); !status.ok()) return failed(backends_.host, status);
      if (batch.series.empty()) break;
      for (const ResultSeries* series : batch.series) {
        bytes += add_series(*series, symbols, response->mutable_batch());
        if (bytes > backends_.max_answer_bytes) {
          return failed(Code::kResourceExhausted, "the answer is larger than max_answer (" +
                                                      std::to_string(backends_.max_answer_bytes) +
                                                      " bytes): ask with QueryStream, or for less");
        }
      }
    }
    encode_trailer(*result, request->stats(), response->mutable_trailer());
    return grpc::Status::OK;
  }

  grpc::Status QueryStream(grpc::ServerContext* context, const v1::QueryRequest* request,
                           grpc::ServerWriter<v1::QueryChunk>* writer) override {
    RunningCall call(backends_, watch_, *context);
    if (grpc::Status status = call.authorize("read"); !status.ok()) return status;
    Owned<QueryResult> result;
    if (grpc::Status status = start(call, *request, result); !status.ok()) return status;
    v1::QueryChunk header;
    fill_header(*result, header.mutable_header());
    if (!writer->Write(header)) return failed(Code::kCancelled, "the client has gone");
    ChunkWriter chunks([writer](const v1::QueryChunk& chunk) { return writer->Write(chunk); },
                       request->max_series_per_chunk() == 0 ? kSeriesPerChunk : request->max_series_per_chunk());
    while (true) {
      ResultBatch batch{};
      batch.struct_size = sizeof batch;
      if (Status status = result->next(&batch); !status.ok()) return failed(backends_.host, status);
      if (batch.series.empty()) break;
      for (const ResultSeries* series : batch.series) {
        if (!chunks.add(*series)) return failed(Code::kCancelled, "the client has gone");
      }
    }
    if (!chunks.flush()) return failed(Code::kCancelled, "the client has gone");
    v1::QueryChunk trailer;
    encode_trailer(*result, request->stats(), trailer.mutable_trailer());
    writer->Write(trailer);
    return grpc::Status::OK;
  }

  grpc::Status QueryExemplars(grpc::ServerContext* context, const v1::QueryExemplarsRequest* request,
                              grpc::ServerWriter<v1::ExemplarBatch>* writer) override {
    RunningCall call(backends_, watch_, *context);
    if (grpc::Status status = call.authorize("read"); !status.ok()) return status;
    if (backends_.exemplars == nullptr) return failed(Code::kUnimplemented, "this storage keeps no exemplars");
    Select select{};
    select.struct_size = sizeof select;
    select.context = call.context();
    bool bounded = request->start_ms() != 0 || request->end_ms() != 0;
    select.start_ms = bounded ? request->start_ms() : std::numeric_limits<int64_t>::min();
    select.end_ms = bounded ? request->end_ms() : std::numeric_limits<int64_t>::max();
    ExemplarWriter out(backends_.host, writer);
    SelectorExemplars selectors(backends_, select, &out);
    return answer(backends_.engine->selectors(str(request->query()), &selectors));
  }

  grpc::Status Explain(grpc::ServerContext* context, const v1::ExplainRequest* request,
                       v1::JsonResponse* response) override {
    return text_answer(context, response->mutable_json(), [&](RunningCall& call, TextSink* out) {
      nightlight::Query query = make_query(call, request->query());
      return backends_.engine->explain_json(&query, request->analyze() ? 1 : 0, out);
    });
  }

  grpc::Status Format(grpc::ServerContext* context, const v1::ExpressionRequest* request,
                      v1::TextResponse* response) override {
    return text_answer(context, response->mutable_text(), [&](RunningCall&, TextSink* out) {
      return backends_.engine->format(str(request->query()), out);
    });
  }

  grpc::Status Parse(grpc::ServerContext* context, const v1::ExpressionRequest* request,
                     v1::JsonResponse* response) override {
    return text_answer(context, response->mutable_json(), [&](RunningCall&, TextSink* out) {
      return backends_.engine->parse_json(str(request->query()), out);
    });
  }

 private:
  // For who may read: what `produce` writes, as protobuf takes it.
  template <class Produce>
  grpc::Status text_answer(grpc::ServerContext* context, std::string* out, Produce&& produce) {
    RunningCall call(backends_, watch_, *context);
    if (grpc::Status status = call.authorize("read"); !status.ok()) return status;
    TextCollector text;
    Status status = produce(call, &text);
    *out = as_utf8(text.text);
    return answer(status);
  }

  grpc::Status answer(Status status) const { return status.ok() ? grpc::Status::OK : failed(backends_.host, status); }

  nightlight::Query make_query(const RunningCall& call, const v1::QueryRequest& request) const {
    nightlight::Query query{};
    query.struct_size = sizeof query;
    query.context = call.context();
    query.text = str(request.query());
    query.flags = (request.stats() ? uint32_t{kStats} : 0u) | (request.no_cache() ? uint32_t{kNoCache} : 0u);
    if (request.has_range()) {
      query.flags |= kRange;
      query.start_ms = request.range().start_ms();
      query.end_ms = request.range().end_ms();
      query.step_ms = request.range().step_ms();
    } else {
      query.start_ms = query.end_ms = request.time_ms() != 0 ? request.time_ms() : backends_.host->now_ms();
    }
    query.lookback_ms = request.lookback_ms();
    query.limit = request.limit();
    query.client = str(call.peer_name());
    return query;
  }

  grpc::Status start(const RunningCall& call, const v1::QueryRequest& request, Owned<QueryResult>& out) const {
    nightlight::Query query = make_query(call, request);
    QueryResult* result = nullptr;
    if (Status status = backends_.engine->query(&query, &result); !status.ok()) return failed(backends_.host, status);
    out.reset(result);
    return grpc::Status::OK;
  }

  static void fill_header(QueryResult& result, v1::QueryHeader* out) {
    out->set_type(result_type(result.type()));
    if (result.type() == ValueType::kString) out->set_string_value(utf8_of(result.string()));
  }

  // The bytes that the series adds, new symbols left out.
  static uint64_t add_series(const ResultSeries& series, SymbolWriter<v1::SeriesBatch>& symbols, v1::SeriesBatch* out) {
    v1::Series* message = out->add_series();
    symbols.add_labels(series.labels, message->mutable_label_refs());
    encode_samples(series, message);
    return message->ByteSizeLong();
  }

  const Backends& backends_;
  CancelWatch& watch_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_query_service(const Backends& backends, CancelWatch& watch) {
  return std::make_unique<QueryService>(backends, watch);
}

}  // namespace nightlight::grpc_api
