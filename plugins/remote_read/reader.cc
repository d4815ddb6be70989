#include "remote_read/reader.h"

#include <snappy.h>

#include <chrono>
#include <utility>
#include <vector>

#include "nightlight/sugar.h"
#include "remote_read/messages.h"

namespace nightlight::remote_read {
namespace {

uint32_t http_status(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
      return 400;
    case Code::kResourceExhausted:
      return 400;  // As Prometheus: the sample limit is the asker's matter.
    case Code::kDeadlineExceeded:
    case Code::kUnavailable:
      return 503;
    case Code::kPermissionDenied:
      return 403;
    default:
      return 500;
  }
}

// The request's message from its snappy block. The declared size is checked before anything is allocated.
Result<std::string> decode(Str body, uint64_t max_size) {
  size_t size;
  if (!snappy::GetUncompressedLength(body.data, body.size, &size)) {
    return Error{Code::kInvalidArgument, "snappy: corrupt input"};
  }
  if (size > max_size) {
    return Error{Code::kInvalidArgument,
                 "snappy: decoded length " + std::to_string(size) + " exceeds limit " + std::to_string(max_size)};
  }
  std::string out(size, '\0');
  if (!snappy::RawUncompress(body.data, body.size, out.data())) {
    return Error{Code::kInvalidArgument, "snappy: corrupt input"};
  }
  return out;
}

void add_length_delimited(std::string& out, char tag, const std::string& payload) {
  out.push_back(tag);
  for (uint64_t size = payload.size();; size >>= 7) {
    if (size < 0x80) {
      out.push_back(static_cast<char>(size));
      break;
    }
    out.push_back(static_cast<char>((size & 0x7f) | 0x80));
  }
  out += payload;
}
constexpr char kFieldOne = 1 << 3 | 2;  // results of ReadResponse, timeseries of QueryResult

}  // namespace

class Reader::Place {
 public:
  Place(Reader& reader, const CallContext* context) : reader_(reader) {
    if (reader.options_.max_concurrency == 0) return;
    auto deadline = std::chrono::steady_clock::time_point(std::chrono::nanoseconds(context->deadline_ns));
    MutexLock lock(reader.mutex_);
    while (reader.running_ >= reader.options_.max_concurrency) {
      if (!reader.freed_.wait_until(reader.mutex_, deadline)) return;
    }
    ++reader.running_;
    held_ = true;
  }
  ~Place() {
    if (!held_) return;
    MutexLock lock(reader_.mutex_);
    --reader_.running_;
    reader_.freed_.notify_one();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool ok() const { return held_ || reader_.options_.max_concurrency == 0; }

 private:
  Reader& reader_;
  bool held_ = false;
};

void Reader::handle(HttpRequest* request, HttpResponse* response) noexcept {
  if (request->method() == kOptions) return response->set_status(204);
  bool sent = false;
  Error failure;
  Status outcome = guard(host_, [&]() -> Status {
    Result<void> result = answer(request, response, sent);
    if (result.ok()) return kOkStatus;
    failure = std::move(result).error();
    return Status{failure.code, 0};
  });
  if (outcome.ok()) return;
  bump(metrics_.failures);
  if (sent) return response->abort();  // The reader must not take half an answer for a whole one.
  if (failure.message.empty()) failure.message = std::string(view(host_->last_error()));
  response->set_status(http_status(outcome.code));
  response->set_header(str("Content-Type"), str("text/plain; charset=utf-8"));
  failure.message += '\n';
  (void)response->write(str(failure.message));
}

Result<void> Reader::answer(HttpRequest* request, HttpResponse* response, bool& sent) {
  Str body{};
  if (Status status = request->body(&body); !status.ok()) return last_error(status);
  NIGHTLIGHT_ASSIGN(message, decode(body, options_.max_decoded_bytes));
  NIGHTLIGHT_ASSIGN(asked, parse_read_request(message));
  NIGHTLIGHT_ASSIGN(type, choose_response_type(asked.accepted_types));
  Place place(*this, request->context());
  if (!place.ok()) return Error{Code::kUnavailable, "too many remote reads are running; try again later"};
  if (type == ResponseType::kStreamedXorChunks) return answer_stream(asked, request->context(), response, sent);
  return answer_samples(asked, request->context(), response);
}

Result<Owned<SeriesSet>> Reader::select(const ReadQuery& query, const CallContext* context) {
  std::vector<const Matcher*> matchers;
  for (const Matcher& matcher : query.matchers) matchers.push_back(&matcher);
  Select select{};
  select.struct_size = sizeof select;
  select.flags = kSortedByLabels;
  select.context = context;
  select.matchers = view_of(matchers);
  select.start_ms = query.start_ms;
  select.end_ms = query.end_ms;
  select.step_ms = query.step_ms;
  select.range_ms = query.range_ms;
  select.function = str(query.function);
  SeriesSet* set = nullptr;
  if (Status status = storage_->select(&select, &set); !status.ok()) return last_error(status);
  return Owned<SeriesSet>(set);
}

Result<void> Reader::answer_samples(const ReadRequest& asked, const CallContext* context, HttpResponse* response) {
  bump(metrics_.requests_sampled);
  std::string answer;
  uint64_t samples = 0;
  for (const ReadQuery& query : asked.queries) {
    NIGHTLIGHT_ASSIGN(set, select(query, context));
    SeriesCursor* opened = nullptr;
    if (Status status = set->open(0, set->size(), &opened); !status.ok()) return last_error(status);
    Owned<SeriesCursor> cursor(opened);
    std::string result;
    while (true) {
      SeriesBatch batch{};
      batch.struct_size = sizeof batch;
      if (Status status = cursor->next(&batch); !status.ok()) return last_error(status);
      if (batch.series.empty()) break;
      for (const SeriesSamples* series : batch.series) {
        samples += series->timestamps_ms.size + series->histograms.size;
        if (options_.max_samples != 0 && samples > options_.max_samples) {
          return Error{Code::kResourceExhausted,
                       "exceeded sample limit (" + std::to_string(options_.max_samples) + ")"};
        }
        add_length_delimited(result, kFieldOne, encode_time_series(encode_labels(*set, series->series), *series));
        bump(metrics_.series);
      }
    }
    add_length_delimited(answer, kFieldOne, result);
  }
  bump(metrics_.samples, samples);
  std::string compressed;
  snappy::Compress(answer.data(), answer.size(), &compressed);
  response->set_header(str("Content-Type"), str("application/x-protobuf"));
  response->set_header(str("Content-Encoding"), str("snappy"));
  response->set_content_length(compressed.size());
  if (Status status = response->write(str(compressed)); !status.ok()) return last_error(status);
  return {};
}

Result<void> Reader::answer_stream(const ReadRequest& asked, const CallContext* context, HttpResponse* response,
                                   bool& sent) {
  bump(metrics_.requests_streamed);
  response->set_header(str("Content-Type"),
                       str("application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse"));
  for (uint64_t index = 0; index < asked.queries.size(); ++index) {
    NIGHTLIGHT_ASSIGN(set, select(asked.queries[index], context));
    SeriesCursor* opened = nullptr;
    if (Status status = set->open(0, set->size(), &opened); !status.ok()) return last_error(status);
    Owned<SeriesCursor> cursor(opened);
    while (true) {
      SeriesBatch batch{};
      batch.struct_size = sizeof batch;
      if (Status status = cursor->next(&batch); !status.ok()) return last_error(status);
      if (batch.series.empty()) break;
      for (const SeriesSamples* series : batch.series) {
        bump(metrics_.series);
        bump(metrics_.samples, series->timestamps_ms.size + series->histograms.size);
        std::string labels = encode_labels(*set, series->series);
        std::vector<Chunk> chunks = encode_chunks(*series);
        for (size_t begin = 0, end = 0; begin < chunks.size(); begin = end) {
          for (size_t size = labels.size(); end < chunks.size(); ++end) {
            size += chunks[end].data.size();
            if (end > begin && size > options_.max_frame_bytes) break;
          }
          sent = true;
          std::string out = frame(encode_chunked_response(labels, &chunks[begin], &chunks[0] + end, index));
          if (Status status = response->write(str(out)); !status.ok()) return last_error(status);
        }
      }
    }
  }
  return {};
}

Error Reader::last_error(Status status) { return Error{status.code, std::string(view(host_->last_error()))}; }

}  // namespace nightlight::remote_read
