#include "config/node.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace nightlight::config {
namespace {

void append_json_string(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (c == '\n') {
      out->append("\\n");
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out->append("\\u00");
      out->push_back(kHex[static_cast<unsigned char>(c) >> 4]);
      out->push_back(kHex[static_cast<unsigned char>(c) & 15]);
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

// JSON's number grammar, which is narrower than what from_chars takes.
bool is_json_number(std::string_view text) {
  size_t i = text.starts_with('-') ? 1 : 0;
  auto digits = [&] {
    size_t first = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i - first;
  };
  size_t integer_at = i;
  size_t integer_digits = digits();
  if (integer_digits == 0 || (integer_digits > 1 && text[integer_at] == '0')) return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

void append_json(const Node& node, std::string* out) {
  switch (node.kind) {
    case Node::Kind::kNull:
      out->append("null");
      return;
    case Node::Kind::kScalar:
      if (!node.quoted && (node.text == "true" || node.text == "false" || is_json_number(node.text))) {
        out->append(node.text);
      } else {
        append_json_string(node.text, out);
      }
      return;
    case Node::Kind::kList:
      out->push_back('[');
      for (size_t i = 0; i < node.items.size(); ++i) {
        if (i > 0) out->push_back(',');
        append_json(node.items[i], out);
      }
      out->push_back(']');
      return;
    case Node::Kind::kMap:
      out->push_back('{');
      for (size_t i = 0; i < node.items.size(); ++i) {
        if (i > 0) out->push_back(',');
        append_json_string(node.keys[i], out);
        out->push_back(':');
        append_json(node.items[i], out);
      }
      out->push_back('}');
      return;
  }
}

}  // namespace

std::string to_string(const Mark& mark) {
  if (mark.source == nullptr) return "";
  if (mark.line == 0) return *mark.source;
  return *mark.source + ":" + std::to_string(mark.line) + ":" + std::to_string(mark.column);
}

const Node* Node::find(std::string_view key) const {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == key) return &items[i];
  }
  return nullptr;
}

Node& Node::set(std::string_view key, Node value, Mark key_mark) {
  if (Node* there = find(key)) {
    *there = std::move(value);
    return *there;
  }
  kind = Kind::kMap;
  keys.emplace_back(key);
  key_marks.push_back(std::move(key_mark));
  items.push_back(std::move(value));
  return items.back();
}

void Node::erase(std::string_view key) {
  auto at = std::find(keys.begin(), keys.end(), key);
  if (at == keys.end()) return;
  auto i = at - keys.begin();
  keys.erase(at);
  key_marks.erase(key_marks.begin() + i);
  items.erase(items.begin() + i);
}

Node scalar(std::string_view text, Mark mark, std::string origin) {
  Node node;
  node.kind = Node::Kind::kScalar;
  node.text = text;
  node.mark = std::move(mark);
  node.origin = std::move(origin);
  return node;
}

std::string to_json(const Node& node) {
  std::string out;
  append_json(node, &out);
  return out;
}

}  // namespace nightlight::config
