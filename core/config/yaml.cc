#include "config/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <optional>
#include <sstream>

namespace nightlight::config {
namespace {

constexpr size_t kMaxTextBytes = 4 << 20;
constexpr size_t kMaxDepth = 64;
constexpr size_t kMaxNodes = 20'000;

// Ends the parse where a limit is passed; yaml-cpp's own errors have a mark too.
class LimitError final : public YAML::Exception {
 public:
  using YAML::Exception::Exception;
};

size_t count_nodes(const Node& node) {
  size_t count = 1;
  for (const Node& item : node.items) count += count_nodes(item);
  return count;
}

// Builds the tree from parse events: unlike YAML::Node, these keep the marks of keys and show duplicates.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::shared_ptr<const std::string> source, Problems* problems)
      : source_(std::move(source)), problems_(problems) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.mark = at(mark);
    place(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw LimitError(mark, "an alias inside the very node that it stands for");
    nodes_ += count_nodes(found->second);
    check_nodes(mark);
    Node node = found->second;
    place(std::move(node), 0, at(mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node;
    node.mark = at(mark);
    node.quoted = tag == "!";
    bool null =
        !node.quoted && (value.empty() || value == "~" || value == "null" || value == "Null" || value == "NULL");
    node.kind = null ? Node::Kind::kNull : Node::Kind::kScalar;
    node.text = value;
    place(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::kList, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::kMap, mark, anchor);
  }
  void OnMapEnd() override { close(); }

  // What is still open when the text ends with an error belongs into the tree as well.
  void close_all() {
    while (!open_.empty()) close();
  }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor;
    bool has_key = false;
    bool drop_value = false;  // The value of a duplicate key.
    std::string key;
    Mark key_mark;
  };

  Mark at(const YAML::Mark& mark) const {
    return Mark{source_, static_cast<uint32_t>(mark.line + 1), static_cast<uint32_t>(mark.column + 1)};
  }

  void check_nodes(const YAML::Mark& mark) const {
    if (nodes_ > kMaxNodes) throw LimitError(mark, "too many values: at most 20000 are read, aliases included");
  }

  void open(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (open_.size() >= kMaxDepth) throw LimitError(mark, "nested deeper than 64 levels");
    ++nodes_;
    check_nodes(mark);
    Open opened;
    opened.node.kind = kind;
    opened.node.mark = at(mark);
    opened.anchor = anchor;
    open_.push_back(std::move(opened));
  }

  void close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    place(std::move(closed.node), closed.anchor);
  }

  void place(Node node, YAML::anchor_t anchor, Mark alias = {}) {
    ++nodes_;
    if (anchor != 0) anchors_[anchor] = node;
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Node::Kind::kList) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.has_key) {
      take_key(&parent, node, alias.source ? alias : node.mark);
    } else {
      parent.has_key = false;
      if (!parent.drop_value) parent.node.set(parent.key, std::move(node), parent.key_mark);
      parent.drop_value = false;
    }
  }

  void take_key(Open* parent, const Node& key, const Mark& mark) {
    parent->has_key = true;
    parent->key_mark = mark;
    if (key.kind != Node::Kind::kScalar) {
      problems_->add(mark, "", "a key must be a word");
      parent->drop_value = true;
      return;
    }
    parent->key = key.text;
    for (size_t i = 0; i < parent->node.keys.size(); ++i) {
      if (parent->node.keys[i] != key.text) continue;
      problems_->add(mark, "",
                     "\"" + key.text + "\" was already given at line " +
                         std::to_string(parent->node.key_marks[i].line) + ", remove one of the two");
      parent->drop_value = true;
    }
  }

  std::shared_ptr<const std::string> source_;
  Problems* problems_;
  Node root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Node> anchors_;
  size_t nodes_ = 0;
};

// Notices only that there is one.
class SecondDocument final : public YAML::EventHandler {
 public:
  explicit SecondDocument(std::shared_ptr<const std::string> source) : source_(std::move(source)) {}

  std::optional<Mark> mark;

  void OnDocumentStart(const YAML::Mark& at) override {
    mark = Mark{source_, static_cast<uint32_t>(at.line + 1), static_cast<uint32_t>(at.column + 1)};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  std::shared_ptr<const std::string> source_;
};

}  // namespace

Node parse_yaml(std::string_view text, std::shared_ptr<const std::string> source, Problems* problems) {
  TreeBuilder builder(source, problems);
  if (text.size() > kMaxTextBytes) {
    problems->add(Mark{source, 0, 0}, "", "larger than 4 MiB, which no config needs");
    return Node{};
  }
  if (size_t zero = text.find('\0'); zero != std::string_view::npos) {
    problems->add(Mark{source, 0, 0}, "", "byte " + std::to_string(zero) + " is zero: not a text file");
    return Node{};
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    SecondDocument second(source);
    parser.HandleNextDocument(second);
    if (second.mark) problems->add(*second.mark, "", "a second document begins, a config is one document");
  } catch (const YAML::Exception& e) {
    problems->add(Mark{source, static_cast<uint32_t>(e.mark.line + 1), static_cast<uint32_t>(e.mark.column + 1)}, "",
                  e.msg);
  } catch (const std::exception& e) {
    problems->add(Mark{source, 0, 0}, "", std::string("cannot be read as YAML: ") + e.what());
  }
  builder.close_all();
  return builder.take();
}

}  // namespace nightlight::config
