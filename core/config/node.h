// A YAML document as a tree that remembers where everything was written.
#ifndef NIGHTLIGHT_CONFIG_NODE_H_
#define NIGHTLIGHT_CONFIG_NODE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace nightlight::config {

// Where a piece of text stands. `source` is a file name or an option such as "--set a=b"; null: built in.
struct Mark {
  std::shared_ptr<const std::string> source;
  uint32_t line = 0;  // From 1; 0: the source has no lines.
  uint32_t column = 0;
};

// "nightlight.yaml:3:5", "--set a=b", "" for what is built in.
std::string to_string(const Mark& mark);

struct Node {
  enum class Kind : uint8_t { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  bool quoted = false;  // Quoted scalars are text, whatever they look like.
  std::string text;     // kScalar
  Mark mark;
  std::string origin;             // Of what the short form made: "short form: storage.retention_days". Else "".
  bool given = true;              // False: made from a default.
  std::vector<std::string> keys;  // kMap, in the order written, unique
  std::vector<Mark> key_marks;    // kMap, parallel to keys
  std::vector<Node> items;        // kList, and the values of kMap

  bool null() const { return kind == Kind::kNull; }
  // The value of a key of a map, or null.
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key) { return const_cast<Node*>(static_cast<const Node*>(this)->find(key)); }
  // Appends a key to a map, or replaces its value.
  Node& set(std::string_view key, Node value, Mark key_mark = {});
  void erase(std::string_view key);
};

Node scalar(std::string_view text, Mark mark = {}, std::string origin = "");

// Any node as JSON text: plain scalars become null, booleans and numbers as YAML's core schema reads them.
std::string to_json(const Node& node);

}  // namespace nightlight::config

#endif  // NIGHTLIGHT_CONFIG_NODE_H_
