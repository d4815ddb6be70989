#include "nightlight_client/connection.h"
#include "nightlight_client/messages.h"

namespace nightlight::client {
namespace {

class QuerySource final : public QueryStream::Source {
 public:
  ~QuerySource() override {
    if (reader_ != nullptr && !ended_) {
      context.TryCancel();
      (void)reader_->Finish();
    }
  }

  // Reads the header, so that the caller learns at once of a query that cannot be made.
  Result<void> begin(std::unique_ptr<grpc::ClientReader<v1::QueryChunk>> reader) {
    reader_ = std::move(reader);
    v1::QueryChunk chunk;
    if (!reader_->Read(&chunk)) return finish();
    if (!chunk.has_header()) return unexpected("an answer does not begin with its header");
    type = decode_type(chunk.header());
    string_value = chunk.header().string_value();
    return {};
  }

  Result<std::vector<Series>> next() override {
    std::vector<Series> out;
    while (!ended_ && out.empty()) {
      v1::QueryChunk chunk;
      if (!reader_->Read(&chunk)) {
        if (Result<void> finished = finish(); !finished.ok()) return std::move(finished).error();
        if (!has_trailer_) return unexpected("an answer ends without its trailer");
      } else if (chunk.has_batch()) {
        if (Result<void> decoded = decoder_.decode(chunk.batch(), &out); !decoded.ok()) {
          return std::move(decoded).error();
        }
      } else if (chunk.has_trailer()) {
        summary = decode(chunk.trailer());
        has_trailer_ = true;
      }
    }
    return out;
  }

  grpc::ClientContext context;

 private:
  Result<void> finish() {
    ended_ = true;
    grpc::Status status = reader_->Finish();
    if (!status.ok()) return error_of(status);
    return {};
  }

  static Error unexpected(const char* what) {
    return Error{Code::kInternal, std::string("unexpected answer: ") + what, "", 0};
  }

  std::unique_ptr<grpc::ClientReader<v1::QueryChunk>> reader_;
  SeriesDecoder decoder_;
  bool ended_ = false, has_trailer_ = false;
};

// Pieces of one series, which follow each other, as one.
void append_joined(std::vector<Series> part, std::vector<Series>* out) {
  for (Series& piece : part) {
    if (out->empty() || out->back().labels != piece.labels) {
      out->push_back(std::move(piece));
      continue;
    }
    Series& whole = out->back();
    whole.samples.insert(whole.samples.end(), piece.samples.begin(), piece.samples.end());
    for (Histogram& histogram : piece.histograms) whole.histograms.push_back(std::move(histogram));
  }
}

}  // namespace

Result<QueryStream> Client::query_stream(const QueryRequest& request, const CallOptions& options) const {
  auto source = std::make_unique<QuerySource>();
  connection_->prepare(&source->context, options);
  v1::QueryRequest message;
  encode(request, &message);
  if (Result<void> begun = source->begin(connection_->query->QueryStream(&source->context, message)); !begun.ok()) {
    return std::move(begun).error();
  }
  return QueryStream(std::move(source));
}

Result<QueryAnswer> Client::query(const QueryRequest& request, const CallOptions& options) const {
  Result<QueryStream> stream = query_stream(request, options);
  if (!stream.ok()) return std::move(stream).error();
  QueryAnswer out;
  out.type = stream->type();
  out.string_value = stream->string_value();
  while (true) {
    Result<std::vector<Series>> part = stream->next();
    if (!part.ok()) return std::move(part).error();
    if (part->empty()) break;
    append_joined(*std::move(part), &out.series);
  }
  out.summary = stream->summary();
  return out;
}

Result<Stream<SeriesExemplars>> Client::exemplars(const std::string& query, int64_t start_ms, int64_t end_ms,
                                                  const CallOptions& options) const {
  v1::QueryExemplarsRequest message;
  message.set_query(query);
  message.set_start_ms(start_ms);
  message.set_end_ms(end_ms);
  auto context = std::make_unique<grpc::ClientContext>();
  connection_->prepare(context.get(), options);
  auto reader = connection_->query->QueryExemplars(context.get(), message);
  auto source = std::make_unique<MessageSource<SeriesExemplars, v1::ExemplarBatch, &decode>>(std::move(context));
  source->reader = std::move(reader);
  return Stream<SeriesExemplars>(std::move(source));
}

Result<std::string> Client::explain(const QueryRequest& request, bool analyze, const CallOptions& options) const {
  v1::ExplainRequest message;
  encode(request, message.mutable_query());
  message.set_analyze(analyze);
  grpc::ClientContext context;
  connection_->prepare(&context, options);
  v1::JsonResponse response;
  if (grpc::Status status = connection_->query->Explain(&context, message, &response); !status.ok()) {
    return error_of(status);
  }
  return std::move(*response.mutable_json());
}

Result<std::string> Client::format(const std::string& query, const CallOptions& options) const {
  v1::ExpressionRequest message;
  message.set_query(query);
  grpc::ClientContext context;
  connection_->prepare(&context, options);
  v1::TextResponse response;
  if (grpc::Status status = connection_->query->Format(&context, message, &response); !status.ok()) {
    return error_of(status);
  }
  return std::move(*response.mutable_text());
}

Result<std::string> Client::parse(const std::string& query, const CallOptions& options) const {
  v1::ExpressionRequest message;
  message.set_query(query);
  grpc::ClientContext context;
  connection_->prepare(&context, options);
  v1::JsonResponse response;
  if (grpc::Status status = connection_->query->Parse(&context, message, &response); !status.ok()) {
    return error_of(status);
  }
  return std::move(*response.mutable_json());
}

}  // namespace nightlight::client
