// Many writes: batches, several of them under way at once, repeats, and a bounded queue.
//
//   Writer writer(client, {});
//   writer.add({.labels = {{"__name__", "temperature_celsius"}, {"room", "attic"}}, .samples = {{now_ms, 19.5}}});
//   ...
//   auto flushed = writer.flush(std::chrono::seconds(10));   // all of it is durable, or why not
//
// Samples of one series reach the server in the order in which they were added: a series always belongs to the same of
// the Writer's lanes, and a lane sends one batch at a time. A batch that the server could not take now (not reached,
// busy, stopping, too slow) is repeated with growing, random pauses until `give_up_after`; repeats are harmless,
// because the same sample twice is one sample. A batch that the server refuses is not repeated. Either way its fate is
// told to `on_batch` and counted.
#ifndef NIGHTLIGHT_CLIENT_WRITER_H_
#define NIGHTLIGHT_CLIENT_WRITER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "nightlight_client/client.h"

namespace nightlight::client {

// What became of one batch: `ack` when it was stored, `error` when it was given up.
struct BatchOutcome {
  WriteBatch batch;
  uint64_t attempts = 0;
  std::optional<WriteAck> ack;
  Error error;
};

struct WriterOptions {
  // A batch is sent when it has so many samples (histograms and exemplars count as samples), or when its oldest has
  // waited so long.
  uint64_t max_batch_samples = 5'000;
  std::chrono::milliseconds max_batch_age{500};
  // Samples that wait or are under way; beyond it `add` waits or refuses. At least one batch.
  uint64_t max_queued_samples = 100'000;
  // Batches under way at once.
  uint32_t lanes = 4;
  // The deadline of one attempt.
  std::chrono::milliseconds timeout{10'000};
  // The pause before a repeat: random up to a bound that doubles from the first to the last. What the server asks for
  // is kept.
  std::chrono::milliseconds min_backoff{50}, max_backoff{5'000};
  // How long a batch is repeated before it is given up; 0: for ever.
  std::chrono::milliseconds give_up_after{0};
  // Called from a lane's thread, one call a lane at a time. May be empty. Must not call the Writer.
  std::function<void(const BatchOutcome&)> on_batch;
};

struct WriterStats {
  uint64_t added_samples = 0;     // Taken by `add`.
  uint64_t written_samples = 0;   // Acknowledged as stored.
  uint64_t rejected_samples = 0;  // Acknowledged, but refused by the server one by one.
  uint64_t lost_samples = 0;      // Of batches that were refused or given up.
  uint64_t queued_samples = 0;
  uint64_t batches = 0, repeats = 0;
};

// Any number of threads may add at once.
class NIGHTLIGHT_CLIENT_API Writer {
 public:
  Writer(Client client, WriterOptions options);
  // Gives up what has not been stored yet: flush first. Waits for attempts under way, so up to `timeout`.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Queues the samples of a series, in several batches when it is longer than one. Waits up to `patience` for room,
  // then kResourceExhausted. kInvalidArgument when the series has no name, a label twice, no samples or columns that do
  // not fit together; nothing of it is queued then.
  Result<void> add(WriteSeries series, std::chrono::milliseconds patience = std::chrono::milliseconds(0));
  // Queues what is known of a metric family, which counts as one sample.
  Result<void> add(Metadata metadata, std::chrono::milliseconds patience = std::chrono::milliseconds(0));

  // Sends what is queued and waits until everything that was added before has its fate. kDeadlineExceeded when that
  // takes longer than `patience` (everything stays queued), otherwise the first error of a batch that was lost since
  // the last flush.
  Result<void> flush(std::chrono::milliseconds patience);

  WriterStats stats() const;

 private:
  class Lanes;
  std::unique_ptr<Lanes> lanes_;
};

}  // namespace nightlight::client

#endif  // NIGHTLIGHT_CLIENT_WRITER_H_
