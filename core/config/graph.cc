#include "config/graph.h"

#include <algorithm>

namespace nightlight::config {
namespace {

// Every instance that is left needs another one that is left, so that walking along must come round.
std::vector<std::string> find_cycle(const Needs& left) {
  std::vector<std::string> path{left.begin()->first};
  while (true) {
    const std::set<std::string>& needed = left.at(path.back());
    auto next =
        std::find_if(needed.begin(), needed.end(), [&](const std::string& name) { return left.contains(name); });
    auto seen = std::find(path.begin(), path.end(), *next);
    bool closed = seen != path.end();
    auto from = seen - path.begin();
    path.push_back(*next);
    if (closed) return {path.begin() + from, path.end()};
  }
}

}  // namespace

Order start_order(const Needs& needs) {
  Order out;
  Needs left = needs;
  while (!left.empty()) {
    auto ready = std::find_if(left.begin(), left.end(), [&](const auto& entry) {
      return std::none_of(entry.second.begin(), entry.second.end(),
                          [&](const std::string& name) { return left.contains(name); });
    });
    if (ready == left.end()) {
      out.cycle = find_cycle(left);
      return out;
    }
    out.names.push_back(ready->first);
    left.erase(ready);
  }
  return out;
}

}  // namespace nightlight::config
