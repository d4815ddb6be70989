// What is counted for each sender: whoever sends too much, or what is refused, is found by name.
#ifndef NIGHTLIGHT_REMOTE_WRITE_SENDERS_H_
#define NIGHTLIGHT_REMOTE_WRITE_SENDERS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "nightlight/host.h"
#include "nightlight/listener.h"

namespace nightlight::remote_write {

// The common name of the client's certificate; without one its address, without the port.
std::string sender_name(const Peer& peer);

class Senders {
 public:
  // So many have figures of their own, those that come later share "other".
  static constexpr size_t kMost = 100;

  explicit Senders(Host* host) : host_(host) {}

  // [any] One request and its answer.
  void count(const Peer& peer, bool failed, uint64_t samples) EXCLUDES(mutex_);

 private:
  struct Cells {
    uint64_t *requests, *failed, *samples;  // Null: the host has no room for them.
  };
  Cells register_cells(std::string_view sender);

  Host* const host_;
  Mutex mutex_;
  std::map<std::string, Cells, std::less<>> by_name_ GUARDED_BY(mutex_);
};

}  // namespace nightlight::remote_write

#endif  // NIGHTLIGHT_REMOTE_WRITE_SENDERS_H_
