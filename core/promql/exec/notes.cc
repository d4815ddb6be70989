#include "promql/exec/notes.h"

#include <tuple>

#include "nightlight/sugar.h"
#include "promql/parser.h"

namespace nightlight::promql {

Notes::Note* Notes::find_or_add(NoteKind kind, std::string_view text) {
  std::string key = std::to_string(static_cast<uint32_t>(kind)) + std::string(text);
  auto [at, added] = places_.try_emplace(std::move(key), notes_.size());
  if (added) notes_.push_back({kind, std::string(text), std::nullopt, {}, 0});
  return &notes_[at->second];
}

void Notes::add(NoteKind kind, std::string_view text, Span at, Span speaker) {
  Note& note = *find_or_add(kind, text);
  const bool later = std::tie(speaker.end, note.speaker.start) >= std::tie(note.speaker.end, speaker.start);
  if (note.at && !later) return;
  note.at = at;
  note.speaker = speaker;
}

void Notes::add_counted(NoteKind kind, std::string_view text, Span at) {
  Note& note = *find_or_add(kind, text);
  if (!note.at) note.at = at;
  ++note.count;
}

void Notes::add_foreign_warning(std::string_view text) { find_or_add(NoteKind::kWarning, text); }

void Notes::add_all(const Notes& part) {
  for (const Note& note : part.notes_) {
    if (note.count > 0) {
      Note& sum = *find_or_add(note.kind, note.text);
      if (!sum.at) sum.at = note.at;
      sum.count += note.count;
    } else if (note.at) {
      add(note.kind, note.text, *note.at, note.speaker);
    } else {
      find_or_add(note.kind, note.text);
    }
  }
}

std::vector<std::string> Notes::texts(NoteKind kind) const {
  std::vector<std::string> out;
  for (const Note& note : notes_) {
    if (note.kind != kind) continue;
    if (!note.at) {
      out.push_back(note.text);
      continue;
    }
    std::string text = (kind == NoteKind::kWarning ? "PromQL warning: " : "PromQL info: ") + note.text;
    if (note.count > 1) text += " (" + std::to_string(note.count) + " occurrences)";
    out.push_back(text + " (" + position_text(query_, note.at->start) + ")");
  }
  return out;
}

void CallNotes::add(NoteKind kind, Str text, uint32_t argument) noexcept {
  notes_.add(kind, view(text), span(argument), call_);
}

void CallNotes::add_counted(NoteKind kind, Str text, uint32_t argument) noexcept {
  notes_.add_counted(kind, view(text), span(argument));
}

}  // namespace nightlight::promql
