// The order in which instances start: providers first, ties by name.
#ifndef NIGHTLIGHT_CONFIG_GRAPH_H_
#define NIGHTLIGHT_CONFIG_GRAPH_H_

#include <map>
#include <set>
#include <string>
#include <vector>

namespace nightlight::config {

// Name -> the names that it needs. Needed names that are no keys are ignored.
using Needs = std::map<std::string, std::set<std::string>>;

struct Order {
  std::vector<std::string> names;  // Complete when `cycle` is empty.
  std::vector<std::string> cycle;  // "a", "b", "a": a needs b needs a.
};

Order start_order(const Needs& needs);

}  // namespace nightlight::config

#endif  // NIGHTLIGHT_CONFIG_GRAPH_H_
