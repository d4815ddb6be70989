#include "net/router.h"

#include <algorithm>

#include "net/request_head.h"
#include "nightlight/sugar.h"

namespace nightlight::net {
namespace {

constexpr size_t kMaxSegments = 32;

bool is_parameter(const std::string& segment) { return !segment.empty() && segment.front() == '{'; }

// Splits what stands after the leading slash. False when there are too many pieces.
template <class Piece>
bool split_path(std::string_view path, std::vector<Piece>* out) {
  path.remove_prefix(1);
  for (;;) {
    if (out->size() == kMaxSegments) return false;
    size_t slash = path.find('/');
    out->emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

std::string allow_header(uint32_t methods) {
  std::string out;
  const std::pair<uint32_t, const char*> names[] = {{kDelete, "DELETE"},   {kGet, "GET"},   {kHead, "HEAD"},
                                                    {kOptions, "OPTIONS"}, {kPost, "POST"}, {kPut, "PUT"}};
  for (const auto& [bit, name] : names) {
    if ((methods & bit) == 0 && bit != kOptions) continue;  // OPTIONS is answered for every path.
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

bool matches(const RouteEntry& route, const std::vector<std::string>& segments) {
  size_t n = route.segments.size();
  bool wildcard = route.segments.back() == "*";
  if (wildcard ? segments.size() < n : segments.size() != n) return false;
  for (size_t i = 0; i + (wildcard ? 1 : 0) < n; ++i) {
    if (is_parameter(route.segments[i])) {
      if (segments[i].empty()) return false;
    } else if (route.segments[i] != segments[i]) {
      return false;
    }
  }
  return true;
}

// Literal before parameter before wildcard, segment by segment.
bool more_specific(const RouteEntry& a, const RouteEntry& b) {
  auto rank = [](const std::string& segment) { return segment == "*" ? 2 : is_parameter(segment) ? 1 : 0; };
  for (size_t i = 0; i < std::min(a.segments.size(), b.segments.size()); ++i) {
    int left = rank(a.segments[i]), right = rank(b.segments[i]);
    if (left != right) return left < right;
  }
  return a.segments.size() > b.segments.size();
}

// The pattern with its parameters' names left out: two routes of one shape cannot be told apart.
std::string shape(const std::vector<std::string>& segments) {
  std::string out;
  for (const std::string& segment : segments) out.append("/").append(is_parameter(segment) ? "{}" : segment);
  return out;
}

Result<void> check_pattern(const RouteEntry& route) {
  for (size_t i = 0; i < route.segments.size(); ++i) {
    const std::string& segment = route.segments[i];
    bool last = i + 1 == route.segments.size();
    if (segment == "*" ? last : segment.find('*') == std::string::npos) {
      if (!is_parameter(segment) || (segment.size() > 2 && segment.back() == '}')) continue;
    }
    return Error{Code::kInvalidArgument, "malformed route \"" + route.path + "\""};
  }
  return {};
}

}  // namespace

RouteMatch::~RouteMatch() {
  if (entry_ != nullptr && entry_->calls.fetch_sub(1, std::memory_order_acq_rel) == 1) entry_->calls.notify_all();
}

Result<void> Router::add(const Route& route, std::shared_ptr<void> attachment) {
  auto entry = std::make_shared<RouteEntry>();
  entry->flags = route.flags;
  entry->methods = route.methods;
  entry->path = view(route.path);
  entry->role = view(route.role);
  entry->max_body_bytes = route.max_body_bytes;
  entry->handler = route.handler;
  entry->allow = allow_header(route.methods);
  entry->attachment = std::move(attachment);
  if (entry->path.empty() || entry->path.front() != '/' || route.handler == nullptr ||
      !split_path(entry->path, &entry->segments))
    return Error{Code::kInvalidArgument, "malformed route \"" + entry->path + "\""};
  NIGHTLIGHT_TRY(check_pattern(*entry));

  WriterLock lock(mutex_);
  for (const auto& other : routes_)
    if (shape(other->segments) == shape(entry->segments))
      return Error{Code::kAlreadyExists, "route \"" + entry->path + "\" is already taken by \"" + other->path + "\""};
  auto at =
      std::find_if(routes_.begin(), routes_.end(), [&](const auto& other) { return more_specific(*entry, *other); });
  routes_.insert(at, std::move(entry));
  return {};
}

void Router::remove(const HttpHandler* handler) {
  std::vector<std::shared_ptr<RouteEntry>> removed;
  {
    WriterLock lock(mutex_);
    auto kept = std::stable_partition(routes_.begin(), routes_.end(),
                                      [&](const auto& route) { return route->handler != handler; });
    removed.assign(kept, routes_.end());
    routes_.erase(kept, routes_.end());
  }
  // No new call can begin: find() counts under the lock.
  for (const auto& route : removed)
    for (uint64_t calls = route->calls.load(std::memory_order_acquire); calls != 0;
         calls = route->calls.load(std::memory_order_acquire))
      route->calls.wait(calls, std::memory_order_acquire);
}

RouteMatch Router::find(std::string_view path) {
  if (path.empty() || path.front() != '/') return {};
  std::vector<std::string_view> pieces;
  if (!split_path(path, &pieces)) return {};
  std::vector<std::string> segments(pieces.size());
  for (size_t i = 0; i < pieces.size(); ++i)
    if (!percent_decode(pieces[i], &segments[i])) return {};

  ReaderLock lock(mutex_);
  for (const auto& route : routes_) {
    if (!matches(*route, segments)) continue;
    route->calls.fetch_add(1, std::memory_order_relaxed);
    RouteMatch match(route);
    for (size_t i = 0; i < route->segments.size(); ++i) {
      const std::string& name = route->segments[i];
      if (is_parameter(name))
        match.parameters.emplace_back(std::string_view(name).substr(1, name.size() - 2), std::move(segments[i]));
    }
    return match;
  }
  return {};
}

}  // namespace nightlight::net
