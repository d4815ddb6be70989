// Answers remote write: POST /api/v1/write. A 2xx is sent when the sink says that the samples are stored.
//
// 1.0 is all or nothing, but series with invalid labels are skipped silently, as in Prometheus. 2.0 stores what it can
// and tells the rest.
#ifndef NIGHTLIGHT_REMOTE_WRITE_RECEIVER_H_
#define NIGHTLIGHT_REMOTE_WRITE_RECEIVER_H_

#include <memory>
#include <vector>

#include "base/mutex.h"
#include "nightlight/listener.h"
#include "nightlight/sink.h"
#include "remote_write/body.h"
#include "remote_write/columns.h"
#include "remote_write/metrics.h"
#include "remote_write/senders.h"
#include "remote_write/series_key.h"
#include "remote_write/write_v2.h"

namespace nightlight::remote_write {

struct ReceiverOptions {
  uint64_t max_decoded_bytes = 32u << 20;
  int64_t max_future_ms = 600'000;  // 0: no limit
  NonFinite non_finite = NonFinite::kAccept;
  LabelLimits limits;
};

// What one request needs while it is worked on.
struct Scratch {
  Buffer body;
  Columns columns;
};

class ScratchPool {
 public:
  std::unique_ptr<Scratch> take() EXCLUDES(mutex_);
  void give_back(std::unique_ptr<Scratch> scratch) EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  std::vector<std::unique_ptr<Scratch>> idle_ GUARDED_BY(mutex_);
};

class Receiver final : public HttpHandler {
 public:
  // `metrics` is configured and outlives the receiver.
  Receiver(Host* host, Sink* sink, Metrics* metrics, ReceiverOptions options)
      : host_(host), sink_(sink), metrics_(metrics), senders_(host), options_(options) {}

  // [control] No call may be running.
  void set_options(const ReceiverOptions& options) { options_ = options; }

  void handle(HttpRequest* request, HttpResponse* response) noexcept override;

 private:
  // An answer: 204, or a text with another status.
  struct Answer {
    uint32_t status = 204;
    std::string text;
    bool retry_later = false;
  };
  // A request on its way through.
  struct Work {
    Scratch& scratch;
    Protocol protocol = Protocol::kV1;
    const CallContext* context = nullptr;
    V2Faults faults;
    AppendResult result{};
    bool decoded = false;
  };

  Answer receive(HttpRequest* request, Work& work);
  Answer store(Work& work);
  Answer answer_rejections(Work& work, const std::vector<Rejection>& rejected);
  Answer fail(Failure why, uint32_t status, std::string text);
  Answer fail_storing(Status status);
  void label_unknown(Work& work);
  void note_label_fault(Work& work, uint64_t series, LabelFault fault, const std::string& text);

  Host* host_;
  Sink* sink_;
  Metrics* metrics_;
  Senders senders_;
  ReceiverOptions options_;
  ScratchPool pool_;
};

}  // namespace nightlight::remote_write

#endif  // NIGHTLIGHT_REMOTE_WRITE_RECEIVER_H_
