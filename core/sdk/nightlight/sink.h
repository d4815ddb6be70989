// The writing side of a store. Sinks chain: a component may provide a sink and need another.
#ifndef NIGHTLIGHT_SINK_H_
#define NIGHTLIGHT_SINK_H_

#include "nightlight/columns.h"

namespace nightlight {

inline constexpr char kSinkId[] = "nightlight.sink/0";

class NIGHTLIGHT_INTERFACE Sink {
 public:
  // [any] Looks up series by the bytes in which a sender names them, so that a repeated sender need not spell out
  // labels. keys[i] is any encoding of a label set of which equal bytes always mean the same labels (for remote
  // write 1.0 the label part of the message as it came; for other forms the caller's own canonical bytes, beginning
  // with a byte >= 0x80 that tells its form). refs[i] becomes a number for WriteBatch::refs, or 0 when the key is
  // unknown: give labels and the key in the batch, and the sink may remember it. Sinks that keep no such table set
  // every ref to 0. A ref holds until it is used in an `append` that answers kAborted: refs grew stale; send the batch
  // again with refs 0.
  virtual Status resolve(const CallContext* context, View<Str> keys, uint64_t* refs) noexcept = 0;

  // [any] Stores a batch. Returns when what was accepted is as durable as the instance's config says (default: on
  // disk), so that the caller may acknowledge. Concurrent calls are grouped; a query sees all of a batch or none of it.
  //
  // Rejected samples are no error: they are counted in `result` and told to `result->rejections`; with kAllOrNothing
  // one of them rejects all. Errors, after which nothing of the batch counts as stored (a repeat is harmless):
  //   kResourceExhausted  the write buffer is full: ask the sender to come again later
  //   kUnavailable        disk full, log failed, or stopping
  //   kDeadlineExceeded   the context's deadline has passed; what became durable is unknown
  //   kCancelled          the caller had gone before the batch was looked at
  //   kUnimplemented      a tenant, and this sink serves the default one alone
  //   kAborted            stale refs, see resolve
  virtual Status append(const WriteBatch* batch, AppendResult* result) noexcept = 0;

 protected:
  ~Sink() = default;
};

}  // namespace nightlight

#endif  // NIGHTLIGHT_SINK_H_
