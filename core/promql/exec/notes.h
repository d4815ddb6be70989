// The annotations of a query: warnings and infos beside its answer.
#ifndef NIGHTLIGHT_PROMQL_EXEC_NOTES_H_
#define NIGHTLIGHT_PROMQL_EXEC_NOTES_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nightlight/function.h"
#include "promql/ast.h"

namespace nightlight::promql {

// Collects texts in the order in which they first came. Of equal texts one stays, with the position of whoever spoke
// last: an expression after its operands, and the right operand after the left one, whatever the order in which they
// are evaluated here. One thread at a time.
class Notes {
 public:
  // `query` is the text that positions refer to; it outlives the object.
  explicit Notes(std::string_view query) : query_(query) {}

  // "PromQL warning: <text> (<line>:<column>)" with the position of `at`. `speaker` is the expression that has found
  // it.
  void add(NoteKind kind, std::string_view text, Span at, Span speaker);
  void add(NoteKind kind, std::string_view text, Span at) { add(kind, text, at, at); }
  // As add, but repeats are counted: " (N occurrences)" follows the text from the second on; the first position stays.
  void add_counted(NoteKind kind, std::string_view text, Span at);
  // A sentence of the storage's, shown as it is.
  void add_foreign_warning(std::string_view text);

  // Adds what a part of the query had to say, as if it had been said here.
  void add_all(const Notes& part);
  bool empty() const { return notes_.empty(); }
  void clear() {
    notes_.clear();
    places_.clear();
  }
  std::string_view query() const { return query_; }
  std::vector<std::string> texts(NoteKind kind) const;

 private:
  struct Note {
    NoteKind kind;
    std::string text;
    std::optional<Span> at;
    Span speaker;
    uint64_t count;  // 0: not counted.
  };
  Note* find_or_add(NoteKind kind, std::string_view text);

  std::string_view query_;
  std::vector<Note> notes_;
  std::map<std::string, size_t, std::less<>> places_;  // By kind and text.
};

// What a function sees of them: it speaks of its arguments, which stand somewhere in the query.
class CallNotes final : public Annotations {
 public:
  // `call` is the span of the whole call, `arguments` those of the arguments.
  CallNotes(Notes& notes, Span call, std::vector<Span> arguments)
      : notes_(notes), call_(call), arguments_(std::move(arguments)) {}

  // The same call's, that go elsewhere.
  CallNotes to(Notes& notes) const { return {notes, call_, arguments_}; }

  void add(NoteKind kind, Str text, uint32_t argument) noexcept override;
  void add_counted(NoteKind kind, Str text, uint32_t argument) noexcept override;

 private:
  Span span(uint32_t argument) const { return argument < arguments_.size() ? arguments_[argument] : call_; }

  Notes& notes_;
  const Span call_;
  const std::vector<Span> arguments_;
};

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_NOTES_H_
