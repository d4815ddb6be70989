// One call: who asks, whether they may, how long they wait, and how its failure is told.
#ifndef NIGHTLIGHT_GRPC_API_CALL_H_
#define NIGHTLIGHT_GRPC_API_CALL_H_

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/mutex.h"
#include "nightlight/plugin.h"

namespace grpc {
class ServerContextBase;
class Status;
}  // namespace grpc

namespace nightlight::grpc_api {

// What every service works with. Members that the config left out are null.
struct Backends {
  Host* host = nullptr;
  Tls* tls = nullptr;
  Engine* engine = nullptr;
  Storage* storage = nullptr;
  ExemplarStorage* exemplars = nullptr;
  MetadataStorage* metadata = nullptr;
  StorageAdmin* admin = nullptr;
  SnapshotProgress* snapshot_progress = nullptr;
  Sink* sink = nullptr;
  bool enable_admin = false;
  uint64_t max_answer_bytes = 0;  // Of a unary query.
};

// Looks after running calls: sets their `cancelled` word soon after the client has gone.
class CancelWatch {
 public:
  CancelWatch() : thread_([this](std::stop_token stop) { run(stop); }) {}

  struct Entry {
    grpc::ServerContextBase* context;
    uint32_t cancelled = 0;
  };
  void add(Entry* entry) EXCLUDES(mutex_);
  void remove(Entry* entry) EXCLUDES(mutex_);
  // Cancels what runs and what comes: the server is stopping.
  void cancel_all() EXCLUDES(mutex_);

 private:
  void run(std::stop_token stop);

  Mutex mutex_;
  std::unordered_set<Entry*> entries_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

class RunningCall {
 public:
  RunningCall(const Backends& backends, CancelWatch& watch, grpc::ServerContextBase& context);
  ~RunningCall();
  RunningCall(const RunningCall&) = delete;
  RunningCall& operator=(const RunningCall&) = delete;

  // kOk when the client may do `role`. To be asked before anything is done.
  grpc::Status authorize(std::string_view role);

  const CallContext* context() const { return &context_; }
  std::string_view peer_name() const { return peer_name_; }
  bool cancelled() const { return __atomic_load_n(&entry_.cancelled, __ATOMIC_RELAXED) != 0; }

 private:
  const Backends& backends_;
  CancelWatch& watch_;
  CancelWatch::Entry entry_;
  CallContext context_{};
  std::string tenant_;
  std::string peer_name_, common_name_, serial_, issuer_;
  std::vector<std::string> dns_names_, uris_;
};

// The status of a failed interface call, its text from the host, its details for clients.
grpc::Status failed(Host* host, Status status);
grpc::Status failed(Code code, std::string_view text);
// The same, telling the client that a repeat after `retry_ms` may succeed.
grpc::Status failed_for_now(Host* host, Status status, int64_t retry_ms);

// Collects a TextSink's pieces.
class TextCollector final : public TextSink {
 public:
  Status write(Str piece) noexcept override {
    text.append(piece.data, piece.size);
    return kOkStatus;
  }
  std::string text;
};

}  // namespace nightlight::grpc_api

#endif  // NIGHTLIGHT_GRPC_API_CALL_H_
