#include "promql/exec/notes.h"

#include "nightlight/sugar.h"
#include "promql/parser.h"

namespace nightlight::promql {

void Notes::add(Note note) {
  std::string key = std::to_string(static_cast<uint32_t>(note.kind)) + note.text + '\0' + note.position;
  auto [at, added] = places_.try_emplace(std::move(key), notes_.size());
  if (added) {
    notes_.push_back(std::move(note));
  } else {
    notes_[at->second].count += note.count;
  }
}

void Notes::add(NoteKind kind, std::string_view text, Span at) {
  add({kind, std::string(text), position_text(query_, at.start), false, 1});
}

void Notes::add_counted(NoteKind kind, std::string_view text, Span at) {
  add({kind, std::string(text), position_text(query_, at.start), true, 1});
}

void Notes::add_foreign_warning(std::string_view text) { add({NoteKind::kWarning, std::string(text), "", false, 1}); }

void Notes::merge(const Notes& other) {
  for (const Note& note : other.notes_) add(note);
}

std::vector<std::string> Notes::texts(NoteKind kind) const {
  std::vector<std::string> out;
  for (const Note& note : notes_) {
    if (note.kind != kind) continue;
    if (note.position.empty()) {
      out.push_back(note.text);
      continue;
    }
    std::string text = (kind == NoteKind::kWarning ? "PromQL warning: " : "PromQL info: ") + note.text;
    if (note.counted && note.count > 1) text += " (" + std::to_string(note.count) + " occurrences)";
    out.push_back(text + " (" + note.position + ")");
  }
  return out;
}

void CallNotes::add(NoteKind kind, Str text, uint32_t argument) noexcept {
  notes_.add(kind, view(text), span(argument));
}

void CallNotes::add_counted(NoteKind kind, Str text, uint32_t argument) noexcept {
  notes_.add_counted(kind, view(text), span(argument));
}

}  // namespace nightlight::promql
