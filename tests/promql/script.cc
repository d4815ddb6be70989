#include "promql/script.h"

#include <cctype>

#include "base/parse.h"
#include "promql/go_text.h"

namespace nightlight::test {
namespace {

Error bad(std::string_view what, std::string_view text) {
  return Error{Code::kInvalidArgument, std::string(what) + ": " + std::string(text)};
}

std::string_view trim(std::string_view text) {
  auto blank = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// The next word of `text`; "" at the end.
std::string_view take_word(std::string_view& text) {
  text = trim(text);
  size_t end = 0;
  while (end < text.size() && !std::isspace(static_cast<unsigned char>(text[end]))) ++end;
  std::string_view word = text.substr(0, end);
  text = trim(text.substr(end));
  return word;
}

bool take_words(std::string_view& text, std::initializer_list<std::string_view> words) {
  std::string_view rest = text;
  for (std::string_view word : words) {
    if (take_word(rest) != word) return false;
  }
  text = rest;
  return true;
}

Result<int64_t> take_duration(std::string_view& text) { return parse_duration_ms(take_word(text), true); }

std::string lower(std::string_view text) {
  std::string out;
  for (char c : text) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

class Parser {
 public:
  explicit Parser(std::string_view text) {
    while (!text.empty()) {
      size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = trim(text.substr(0, end));
      lines_.push_back(line.starts_with("#") ? std::string_view() : line);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  Result<std::vector<Command>> script() {
    std::vector<Command> out;
    while (at_ < lines_.size()) {
      if (lines_[at_].empty()) {
        ++at_;
        continue;
      }
      Command command;
      command.line = static_cast<int>(at_) + 1;
      Result<void> read = this->command(&command);
      if (!read.ok()) return std::move(read).error().with("line " + std::to_string(at_ + 1));
      out.push_back(std::move(command));
    }
    return out;
  }

 private:
  Result<void> command(Command* out) {
    std::string_view line = lines_[at_];
    std::string word = lower(take_word(line));
    if (word == "clear") {
      ++at_;
      return {};
    }
    if (word.starts_with("load")) return load(word, line, out->what.emplace<LoadCommand>());
    if (word.starts_with("eval")) return eval(word, line, out->what.emplace<EvalCommand>());
    return bad("unknown command", lines_[at_]);
  }

  Result<void> load(std::string_view word, std::string_view rest, LoadCommand& out) {
    out.with_nhcb = word == "load_with_nhcb";
    if (!out.with_nhcb && word != "load") return bad("unknown command", word);
    NIGHTLIGHT_ASSIGN(step_ms, take_duration(rest));
    out.step_ms = step_ms;
    for (++at_; at_ < lines_.size() && !lines_[at_].empty(); ++at_) {
      NIGHTLIGHT_ASSIGN(series, parse_series_line(lines_[at_]));
      out.series.push_back(std::move(series));
    }
    return {};
  }

  Result<void> eval(std::string_view word, std::string_view rest, EvalCommand& out) {
    if (word == "eval_fail") {
      out.fail.emplace();
    } else if (word == "eval_warn") {
      out.some_warning = true;
    } else if (word == "eval_info") {
      out.some_info = true;
    } else if (word == "eval_ordered") {
      out.ordered = true;
    } else if (word != "eval") {
      return bad("unknown command", word);
    }
    if (take_words(rest, {"instant"})) {
      if (take_words(rest, {"at"})) {
        NIGHTLIGHT_ASSIGN(time_ms, take_duration(rest));
        out.start_ms = out.end_ms = time_ms;
      }
    } else if (take_words(rest, {"range", "from"})) {
      out.range = true;
      NIGHTLIGHT_ASSIGN(start_ms, take_duration(rest));
      if (!take_words(rest, {"to"})) return bad("expected to", rest);
      NIGHTLIGHT_ASSIGN(end_ms, take_duration(rest));
      if (!take_words(rest, {"step"})) return bad("expected step", rest);
      NIGHTLIGHT_ASSIGN(step_ms, take_duration(rest));
      out.start_ms = start_ms;
      out.end_ms = end_ms;
      out.step_ms = step_ms;
      if (end_ms < start_ms) return bad("the end is before the start", lines_[at_]);
    } else {
      return bad("expected instant or range", rest);
    }
    out.expression = std::string(rest);
    for (++at_; at_ < lines_.size() && !lines_[at_].empty(); ++at_) {
      NIGHTLIGHT_ASSIGN(more, body_line(lines_[at_], out));
      if (more) continue;
      ++at_;
      break;
    }
    return check(out);
  }

  // False when the block ends with this line.
  Result<bool> body_line(std::string_view line, EvalCommand& out) {
    std::string_view rest = line;
    if (take_words(rest, {"expect"})) {
      NIGHTLIGHT_TRY(expectation(rest, out));
      return true;
    }
    bool message = line.starts_with("expected_fail_message");
    if (message || line.starts_with("expected_fail_regexp")) {
      take_word(rest);
      out.fail = TextMatch{message ? TextMatch::Kind::kEqual : TextMatch::Kind::kRegex, std::string(rest)};
      return false;
    }
    if (Result<double> number = parse_signed_number(line); number.ok()) {
      out.scalar = *number;
      return false;
    }
    NIGHTLIGHT_ASSIGN(series, parse_series_line(line));
    out.series.push_back(std::move(series));
    return true;
  }

  Result<void> expectation(std::string_view rest, EvalCommand& out) {
    if (take_words(rest, {"range", "vector", "from"})) {
      NIGHTLIGHT_ASSIGN(start_ms, take_duration(rest));
      if (!take_words(rest, {"to"})) return bad("expected to", rest);
      NIGHTLIGHT_ASSIGN(end_ms, take_duration(rest));
      if (!take_words(rest, {"step"})) return bad("expected step", rest);
      NIGHTLIGHT_ASSIGN(step_ms, take_duration(rest));
      out.range_vector = true;
      out.start_ms = start_ms;
      out.end_ms = end_ms;
      out.step_ms = step_ms;
      return {};
    }
    std::string_view kind = take_word(rest);
    if (kind == "string") {
      bool quoted = rest.size() >= 2 && (rest.front() == '"' || rest.front() == '`') && rest.back() == rest.front();
      if (!quoted) return bad("expected a quoted string", rest);
      out.string = promql::unquote(rest);
      return {};
    }
    TextMatch match;
    if (rest.starts_with("msg:")) match = {TextMatch::Kind::kEqual, std::string(trim(rest.substr(4)))};
    if (rest.starts_with("regex:")) match = {TextMatch::Kind::kRegex, std::string(trim(rest.substr(6)))};
    if (match.kind == TextMatch::Kind::kAny && !rest.empty()) return bad("expected msg: or regex:", rest);
    if (kind == "fail") {
      if (out.fail) return bad("more than one expect fail", rest);
      out.fail = std::move(match);
    } else if (kind == "warn") {
      out.warnings.push_back(std::move(match));
    } else if (kind == "info") {
      out.infos.push_back(std::move(match));
    } else if (kind == "no_warn") {
      out.no_warning = true;
    } else if (kind == "no_info") {
      out.no_info = true;
    } else if (kind == "ordered") {
      out.ordered = true;
    } else {
      return bad("unknown expectation", kind);
    }
    return {};
  }

  static Result<void> check(const EvalCommand& eval) {
    if (eval.no_warning && !eval.warnings.empty()) return bad("both warn and no_warn are expected", eval.expression);
    if (eval.no_info && !eval.infos.empty()) return bad("both info and no_info are expected", eval.expression);
    for (const SeriesLine& line : eval.series) {
      if (line.start_timestamps) return bad("start timestamps cannot be expected", eval.expression);
      if (!eval.range && !eval.range_vector && line.values.size() != 1) {
        return bad("an instant query has exactly one value a series", eval.expression);
      }
    }
    return {};
  }

  std::vector<std::string_view> lines_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<Command>> parse_script(std::string_view text) { return Parser(text).script(); }

}  // namespace nightlight::test
