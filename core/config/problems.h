// Everything that is wrong with a config, so that a user mends it in one go.
#ifndef NIGHTLIGHT_CONFIG_PROBLEMS_H_
#define NIGHTLIGHT_CONFIG_PROBLEMS_H_

#include <string>
#include <string_view>
#include <vector>

#include "config/node.h"

namespace nightlight::config {

class Problems {
 public:
  // `path` is dotted ("instances.api.storage") or "". `text` says what is wrong and how to mend it: lower case, no full
  // stop.
  void add(const Mark& mark, std::string_view path, std::string text);

  void add_all(const Problems& others);

  bool empty() const { return items_.empty(); }
  // "file:line:column: path: what, how to mend it", in the order of the file.
  std::vector<std::string> lines() const;

 private:
  struct Item {
    Mark mark;
    std::string path, text;
  };
  std::vector<Item> items_;
};

// The name among `known` that `name` was probably meant to be; "" when none is near.
std::string nearest(std::string_view name, const std::vector<std::string>& known);
// `, did you mean "x"?`, or "" when nothing is near.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& known);
// "a, b and c"
std::string join(const std::vector<std::string>& words);

}  // namespace nightlight::config

#endif  // NIGHTLIGHT_CONFIG_PROBLEMS_H_
