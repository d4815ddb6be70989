// Which handler answers a path. Patterns are literal segments, `{name}` for one segment, and a last `*` for everything
// below; a literal beats a parameter, which beats `*`.
#ifndef NIGHTLIGHT_NET_ROUTER_H_
#define NIGHTLIGHT_NET_ROUTER_H_

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "nightlight/listener.h"

namespace nightlight::net {

// A registered route, and what a listener remembers about it.
struct RouteEntry {
  uint32_t flags = 0;
  uint32_t methods = 0;
  std::string path;
  std::string role;
  uint64_t max_body_bytes = 0;
  HttpHandler* handler = nullptr;
  std::vector<std::string> segments;
  std::string allow;                 // "GET, OPTIONS, POST"
  std::shared_ptr<void> attachment;  // The listener's metric cells of this route.
  std::atomic<uint64_t> calls{0};    // Running now.
};

// A route that was found. While it lives, Router::remove waits.
class RouteMatch {
 public:
  RouteMatch() = default;
  explicit RouteMatch(std::shared_ptr<RouteEntry> entry) : entry_(std::move(entry)) {}
  RouteMatch(RouteMatch&&) = default;
  RouteMatch& operator=(RouteMatch&&) = delete;
  ~RouteMatch();

  explicit operator bool() const { return entry_ != nullptr; }
  const RouteEntry& route() const { return *entry_; }
  std::vector<std::pair<std::string_view, std::string>> parameters;  // Name in the pattern, decoded value.

 private:
  std::shared_ptr<RouteEntry> entry_;
};

class Router {
 public:
  // kInvalidArgument for a malformed pattern, kAlreadyExists when the path is taken.
  Result<void> add(const Route& route, std::shared_ptr<void> attachment) EXCLUDES(mutex_);

  // Removes every route of `handler` and returns when none of its calls runs any more.
  void remove(const HttpHandler* handler) EXCLUDES(mutex_);

  // The route for `path`, as sent; methods are the caller's concern.
  RouteMatch find(std::string_view path) EXCLUDES(mutex_);

 private:
  SharedMutex mutex_;
  std::vector<std::shared_ptr<RouteEntry>> routes_ GUARDED_BY(mutex_);
};

}  // namespace nightlight::net

#endif  // NIGHTLIGHT_NET_ROUTER_H_
