// Answers Prometheus' remote read: POST /api/v1/read, as samples in one message or as a stream of chunks.
#ifndef NIGHTLIGHT_REMOTE_READ_READER_H_
#define NIGHTLIGHT_REMOTE_READ_READER_H_

#include <cstdint>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "nightlight/listener.h"
#include "nightlight/storage.h"
#include "nightlight/sugar.h"
#include "remote_read/read_request.h"

namespace nightlight::remote_read {

struct ReaderOptions {
  uint64_t max_decoded_bytes = 32u << 20;
  uint64_t max_samples = 50'000'000;    // Of a sampled answer; 0: no limit.
  uint64_t max_concurrency = 10;        // Requests at once; others wait. 0: no limit.
  uint64_t max_frame_bytes = 1u << 20;  // A series that needs more continues in the next frame.
};

struct ReaderMetrics {
  uint64_t* requests_sampled = nullptr;
  uint64_t* requests_streamed = nullptr;
  uint64_t* failures = nullptr;
  uint64_t* series = nullptr;
  uint64_t* samples = nullptr;
};

class Reader final : public HttpHandler {
 public:
  Reader(Host* host, Storage* storage, ReaderMetrics metrics, ReaderOptions options)
      : host_(host), storage_(storage), metrics_(metrics), options_(options) {}

  void handle(HttpRequest* request, HttpResponse* response) noexcept override;

 private:
  // Holds one of the places, which it waited for until the request's deadline.
  class Place;

  Result<void> answer(HttpRequest* request, HttpResponse* response, bool& sent);
  Result<void> answer_samples(const ReadRequest& asked, const CallContext* context, HttpResponse* response);
  Result<void> answer_stream(const ReadRequest& asked, const CallContext* context, HttpResponse* response, bool& sent);
  Result<Owned<SeriesSet>> select(const ReadQuery& query, const CallContext* context);
  Error last_error(Status status);

  Host* host_;
  Storage* storage_;
  ReaderMetrics metrics_;
  ReaderOptions options_;
  Mutex mutex_;
  ConditionVariable freed_;
  uint64_t running_ GUARDED_BY(mutex_) = 0;
};

}  // namespace nightlight::remote_read

#endif  // NIGHTLIGHT_REMOTE_READ_READER_H_
