// label_replace and label_join: the values stay, one label changes.
#include <re2/re2.h>

#include "base/utf8.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "promql_std/definition.h"
#include "promql_std/output.h"

namespace nightlight::promql_std {
namespace {

bool is_label_name(std::string_view name) { return !name.empty() && is_utf8(name); }

// The input column under other labels. A name that was set stays, whatever was going to drop it.
Status add_relabelled(const Scope& scope, const Column& in, std::string_view changed, View<LabelPair> labels,
                      ColumnSink& out) {
  bool ok = false;
  View<LabelPair> kept = store_labels(scope, labels, ok);
  auto* column = scope.allocate<Column>(1);
  if (!ok || column == nullptr) return Scope::out_of_memory();
  *column = in;
  column->labels = kept;
  if (changed == kMetricNameLabel) column->flags &= ~static_cast<uint32_t>(kDropName);
  return out.add(column);
}

// A replacement text taken apart: literals and references to groups, in Go's notation ($1, ${1}, $name, ${name}, $$).
class Template {
 public:
  Template(std::string_view text, const re2::RE2& expression) {
    while (!text.empty()) {
      size_t dollar = text.find('$');
      literal(text.substr(0, dollar));
      if (dollar == std::string_view::npos) break;
      text.remove_prefix(dollar + 1);
      if (text.substr(0, 1) == "$") {
        literal("$");
        text.remove_prefix(1);
      } else if (size_t size = reference(text, expression); size > 0) {
        text.remove_prefix(size);
      } else {
        literal("$");  // Malformed: Go takes it literally.
      }
    }
  }

  std::string expand(const std::vector<re2::StringPiece>& groups) const {
    std::string out;
    for (const Part& part : parts_) {
      out += part.literal;
      if (part.group >= 0 && static_cast<size_t>(part.group) < groups.size()) {
        const re2::StringPiece& group = groups[static_cast<size_t>(part.group)];
        out.append(group.data() == nullptr ? "" : group.data(), group.size());
      }
    }
    return out;
  }

 private:
  struct Part {
    std::string literal;
    int group = -1;  // Follows the literal; -1: none.
  };

  void literal(std::string_view text) {
    if (!text.empty()) parts_.push_back({std::string(text), -1});
  }

  // Adds the reference at the start of `text` and returns its size, 0 when there is none.
  size_t reference(std::string_view text, const re2::RE2& expression) {
    bool braces = text.substr(0, 1) == "{";
    size_t begin = braces ? 1 : 0, end = begin;
    auto is_word = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
             static_cast<unsigned char>(c) >= 0x80;
    };
    while (end < text.size() && is_word(text[end])) ++end;
    if (end == begin || (braces && (end == text.size() || text[end] != '}'))) return 0;
    parts_.push_back({"", group_of(text.substr(begin, end - begin), expression)});
    return braces ? end + 1 : end;
  }

  static int group_of(std::string_view name, const re2::RE2& expression) {
    int number = 0;
    for (char c : name) {
      if (c < '0' || c > '9' || number >= 100'000'000) {
        number = -1;
        break;
      }
      number = number * 10 + (c - '0');
    }
    if (number >= 0 && (name.size() == 1 || name[0] != '0')) return number;
    auto named = expression.NamedCapturingGroups().find(std::string(name));
    return named == expression.NamedCapturingGroups().end() ? -1 : named->second;
  }

  std::vector<Part> parts_;
};

Status label_replace(Scope& scope, ColumnSink& out) {
  std::string_view target = scope.text(1), source = scope.text(3);
  auto expression = compile_anchored(scope.text(4));
  if (!expression.ok()) {
    return scope.fail(Code::kFailedPrecondition,
                      "invalid regular expression in label_replace(): " + std::string(scope.text(4)));
  }
  if (!is_label_name(target)) {
    return scope.fail(Code::kFailedPrecondition,
                      "invalid destination label name in label_replace(): " + std::string(target));
  }
  const re2::RE2& re = **expression;
  Template replacement(scope.text(2), re);
  std::vector<re2::StringPiece> groups(static_cast<size_t>(re.NumberOfCapturingGroups()) + 1);
  LabelsBuilder builder;
  for (const Column* column : scope.argument(0).vector) {
    std::string_view value = label_value(column->labels, source);
    re2::StringPiece text(value.data(), value.size());
    if (!re.Match(text, 0, text.size(), re2::RE2::ANCHOR_BOTH, groups.data(), static_cast<int>(groups.size()))) {
      if (Status status = out.add(column); !status.ok()) return status;
      continue;
    }
    std::string replaced = replacement.expand(groups);
    builder.reset(column->labels);
    builder.set(target, replaced);
    if (Status status = add_relabelled(scope, *column, target, builder.labels(), out); !status.ok()) return status;
  }
  return kOkStatus;
}

Status label_join(Scope& scope, ColumnSink& out) {
  std::string_view target = scope.text(1), separator = scope.text(2);
  for (uint32_t i = 3; i < scope.argument_count(); ++i) {
    if (!is_label_name(scope.text(i))) {
      return scope.fail(Code::kFailedPrecondition,
                        "invalid source label name in label_join(): " + std::string(scope.text(i)));
    }
  }
  if (!is_label_name(target)) {
    return scope.fail(Code::kFailedPrecondition,
                      "invalid destination label name in label_join(): " + std::string(target));
  }
  LabelsBuilder builder;
  for (const Column* column : scope.argument(0).vector) {
    std::string joined;
    for (uint32_t i = 3; i < scope.argument_count(); ++i) {
      if (i > 3) joined += separator;
      joined += label_value(column->labels, scope.text(i));
    }
    builder.reset(column->labels);
    builder.set(target, joined);
    if (Status status = add_relabelled(scope, *column, target, builder.labels(), out); !status.ok()) return status;
  }
  return kOkStatus;
}

constexpr ValueType kReplaceArguments[] = {ValueType::kVector, ValueType::kString, ValueType::kString,
                                           ValueType::kString, ValueType::kString};
constexpr ValueType kJoinArguments[] = {ValueType::kVector, ValueType::kString, ValueType::kString, ValueType::kString};

constexpr Definition kFunctions[] = {
    vector_function("label_replace", view_of(kReplaceArguments), label_replace,
                    "Sets a label from another one's value by a regular expression.", kStringsFirst),
    vector_function("label_join", view_of(kJoinArguments), label_join, "Sets a label to the values of others, joined.",
                    kStringsFirst, -1),
};

}  // namespace

std::span<const Definition> label_functions() { return kFunctions; }

}  // namespace nightlight::promql_std
