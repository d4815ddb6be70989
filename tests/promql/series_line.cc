#include "promql/series_line.h"

#include <bit>
#include <cctype>
#include <charconv>

#include "promql/go_text.h"
#include "promql/lexer.h"

namespace nightlight::test {
namespace {

using promql::Lexer;
using promql::Token;
using promql::TokenKind;

Error bad(std::string_view what, std::string_view text) {
  return Error{Code::kInvalidArgument, std::string(what) + ": " + std::string(text)};
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view skip_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return text;
}

// ---- numbers and repeats
// --------------------------------------------------------------------------------------------------

bool is_letter_of_number(std::string_view text, size_t at, size_t begin) {
  char c = text[at];
  if (std::isdigit(static_cast<unsigned char>(c)) || c == '.' || c == '_') return true;
  if (c == '+' || c == '-')
    return at > begin && (text[at - 1] | 0x20) == 'e' && std::isdigit(static_cast<unsigned char>(text[begin]));
  return std::isalpha(static_cast<unsigned char>(c)) && c != 'x';
}

// Takes the number at the beginning of `text`, sign included.
Result<double> take_number(std::string_view& text) {
  std::string_view whole = text;
  bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  size_t end = 0;
  while (end < text.size() && is_letter_of_number(text, end, 0)) ++end;
  std::string_view digits = text.substr(0, end);
  text.remove_prefix(end);
  if (digits.empty()) return bad("expected a number", whole);
  if (digits == "stale") return std::bit_cast<double>(kStaleNaNBits);
  char last = digits.back();
  bool word = std::isalpha(static_cast<unsigned char>(digits.front()));
  bool duration = !word && std::isalpha(static_cast<unsigned char>(last));
  std::string lower;
  for (char c : digits) lower += static_cast<char>(std::tolower(c));
  if (word && lower != "inf" && lower != "nan") return bad("expected a number", whole);
  Result<double> value = duration ? promql::parse_duration_seconds(digits) : promql::parse_number(digits);
  if (!value.ok()) return value;
  return negative ? -*value : *value;
}

// `xN` at the end of an item: N; 0 when it is not there.
Result<uint64_t> take_repeat(std::string_view item) {
  if (item.empty()) return uint64_t{0};
  uint64_t count = 0;
  auto [end, error] = std::from_chars(item.data() + 1, item.data() + item.size(), count);
  bool whole = item.front() == 'x' && error == std::errc() && end == item.data() + item.size();
  if (!whole || count > kMaxSequenceValues) return bad("expected x and a number of repeats", item);
  return count;
}

// ---- histograms
// -----------------------------------------------------------------------------------------------------------

Result<std::vector<double>> number_list(std::string_view text) {
  std::vector<double> out;
  for (text = skip_blanks(text); !text.empty(); text = skip_blanks(text)) {
    NIGHTLIGHT_ASSIGN(value, take_number(text));
    out.push_back(value);
  }
  return out;
}

struct HistogramKeys {
  FloatHistogram histogram;
  int32_t positive_offset = 0, negative_offset = 0;
  bool hint_given = false;

  Result<void> set(std::string_view key, std::string_view value);
  void finish() {
    auto span = [](BucketSide& side, int32_t offset) {
      if (!side.counts.empty()) side.spans.push_back({offset, static_cast<uint32_t>(side.counts.size())});
    };
    span(histogram.positive, positive_offset);
    span(histogram.negative, negative_offset);
  }
};

Result<void> HistogramKeys::set(std::string_view key, std::string_view value) {
  if (key == "counter_reset_hint") {
    static constexpr std::string_view kHints[] = {"unknown", "reset", "not_reset", "gauge"};
    for (uint32_t i = 0; i < 4; ++i) {
      if (value != kHints[i]) continue;
      histogram.reset_hint = static_cast<ResetHint>(i);
      hint_given = true;
      return {};
    }
    return bad("unknown counter_reset_hint", value);
  }
  if (!value.empty() && value.front() == '[') {
    if (value.back() != ']') return bad("expected ] at the end", value);
    NIGHTLIGHT_ASSIGN(numbers, number_list(value.substr(1, value.size() - 2)));
    if (key == "buckets") {
      histogram.positive.counts = std::move(numbers);
    } else if (key == "n_buckets") {
      histogram.negative.counts = std::move(numbers);
    } else if (key == "custom_values") {
      histogram.custom_values = std::move(numbers);
    } else {
      return bad("not a list of histograms", key);
    }
    return {};
  }
  NIGHTLIGHT_ASSIGN(number, take_number(value));
  if (!value.empty()) return bad("unexpected text in a histogram", value);
  if (key == "schema") {
    histogram.schema = static_cast<int32_t>(number);
  } else if (key == "offset") {
    positive_offset = static_cast<int32_t>(number);
  } else if (key == "n_offset") {
    negative_offset = static_cast<int32_t>(number);
  } else if (key == "sum") {
    histogram.sum = number;
  } else if (key == "count") {
    histogram.count = number;
  } else if (key == "z_bucket") {
    histogram.zero_count = number;
  } else if (key == "z_bucket_w") {
    histogram.zero_threshold = number;
  } else {
    return bad("unknown key of a histogram", key);
  }
  return {};
}

// Takes `{{...}}` from the beginning of `text`.
Result<SequenceValue> take_histogram(std::string_view& text) {
  size_t end = text.find("}}");
  if (!text.starts_with("{{") || end == std::string_view::npos) return bad("expected a histogram", text);
  std::string_view body = text.substr(2, end - 2);
  text.remove_prefix(end + 2);
  HistogramKeys keys;
  for (body = skip_blanks(body); !body.empty(); body = skip_blanks(body)) {
    size_t colon = body.find(':');
    if (colon == std::string_view::npos) return bad("expected key:value in a histogram", body);
    std::string_view key = body.substr(0, colon);
    body.remove_prefix(colon + 1);
    bool list = !body.empty() && body.front() == '[';
    size_t length = list ? body.find(']') : body.find_first_of(" \t");
    if (list && length == std::string_view::npos) return bad("expected ]", body);
    length = length == std::string_view::npos ? body.size() : length + (list ? 1 : 0);
    NIGHTLIGHT_TRY(keys.set(key, body.substr(0, length)));
    body.remove_prefix(length);
  }
  keys.finish();
  SequenceValue value;
  value.histogram = std::move(keys.histogram);
  value.hint_given = keys.hint_given;
  return value;
}

// ---- sequences
// ------------------------------------------------------------------------------------------------------------

class Sequence {
 public:
  explicit Sequence(std::vector<SequenceValue>& out) : out_(out) {}

  Result<void> items(std::string_view text) {
    for (text = skip_blanks(text); !text.empty(); text = skip_blanks(text)) {
      bool histogram = text.starts_with("{{");
      NIGHTLIGHT_TRY(histogram ? histogram_item(text) : item(take_item(text)));
      if (out_.size() > kMaxSequenceValues) return bad("too many values in", "a series line");
    }
    return {};
  }

 private:
  static std::string_view take_item(std::string_view& text) {
    size_t end = std::min(text.find_first_of(" \t"), text.size());
    std::string_view item = text.substr(0, end);
    text.remove_prefix(end);
    return item;
  }

  Result<void> item(std::string_view text) {
    SequenceValue value;
    if (text.front() == '_') {
      value.omitted = true;
      NIGHTLIGHT_ASSIGN(repeats, take_repeat(text.substr(1)));
      out_.insert(out_.end(), text.size() == 1 ? 1 : repeats, value);
      return {};
    }
    NIGHTLIGHT_ASSIGN(first, take_number(text));
    double delta = 0;
    bool has_delta = !text.empty() && (text.front() == '+' || text.front() == '-');
    if (has_delta) {
      NIGHTLIGHT_ASSIGN(number, take_number(text));
      delta = number;
    }
    if (has_delta && text.empty()) return bad("expected x and a number of repeats", "end of item");
    NIGHTLIGHT_ASSIGN(repeats, take_repeat(text));
    value.value = first;
    for (uint64_t i = 0; i <= repeats; ++i) {
      out_.push_back(value);
      // By repeated addition, as the language says.
      if (has_delta) value.value += delta;
    }
    return {};
  }

  Result<void> histogram_item(std::string_view& text) {
    NIGHTLIGHT_ASSIGN(first, take_histogram(text));
    std::optional<SequenceValue> delta;
    double sign = 1;
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
      sign = text.front() == '-' ? -1 : 1;
      text.remove_prefix(1);
      NIGHTLIGHT_ASSIGN(taken, take_histogram(text));
      delta = std::move(taken);
    }
    std::string_view rest = take_item(text);
    if (delta && rest.empty()) return bad("expected x and a number of repeats", "end of item");
    NIGHTLIGHT_ASSIGN(repeats, take_repeat(rest));
    SequenceValue value = first;
    if (delta) {
      // Adding must not lose resolution.
      if (delta->histogram->schema < first.histogram->schema) {
        return Error{Code::kInvalidArgument, "error combining histograms: cannot merge from schema " +
                                                 std::to_string(delta->histogram->schema) + " to " +
                                                 std::to_string(first.histogram->schema)};
      }
      value.hint_given = delta->hint_given;
    }
    for (uint64_t i = 0; i <= repeats; ++i) {
      out_.push_back(value);
      if (!delta || i == repeats) continue;
      Result<Reconciled> added =
          sign > 0 ? value.histogram->add(*delta->histogram) : value.histogram->subtract(*delta->histogram);
      if (!added.ok()) return std::move(added).error().with("error combining histograms");
    }
    return {};
  }

  std::vector<SequenceValue>& out_;
};

// -30s, 1m+1mx5, _x3
Result<void> start_timestamp_item(std::string_view text, std::vector<std::optional<int64_t>>* out) {
  if (text.front() == '_') {
    NIGHTLIGHT_ASSIGN(repeats, take_repeat(text.substr(1)));
    out->insert(out->end(), text.size() == 1 ? 1 : repeats, std::nullopt);
    return {};
  }
  const std::string_view whole = text;
  NIGHTLIGHT_ASSIGN(first, take_number(text));
  double delta = 0;
  if (!text.empty() && text.front() != 'x') {
    NIGHTLIGHT_ASSIGN(number, take_number(text));
    delta = number;
  }
  NIGHTLIGHT_ASSIGN(repeats, take_repeat(text));
  // A century to either side, so that kMaxSequenceValues steps of it do not overflow. NaN is refused, too.
  constexpr double kMaxSeconds = 100.0 * 365 * 86400;
  if (!(std::abs(first) <= kMaxSeconds) || !(std::abs(delta) <= kMaxSeconds))
    return bad("start time out of range", whole);
  auto to_ms = [](double seconds) { return static_cast<int64_t>(seconds * 1000 + (seconds < 0 ? -0.5 : 0.5)); };
  for (uint64_t i = 0; i <= repeats; ++i) out->push_back(to_ms(first) + static_cast<int64_t>(i) * to_ms(delta));
  return {};
}

// ---- labels
// ---------------------------------------------------------------------------------------------------------------

// Reads the series' name and labels; `*rest` is what follows.
Result<Labels> take_labels(std::string_view line, std::string_view* rest) {
  Lexer lexer(line, true);
  std::vector<std::pair<std::string, std::string>> pairs;
  Token token = lexer.next();
  if (token.kind != TokenKind::kLeftBrace) {
    size_t end = std::min(line.find_first_of("{@ \t"), line.size());
    if (end == 0) return bad("expected a series", line);
    pairs.emplace_back("__name__", line.substr(0, end));
    *rest = line.substr(end);
    if (!skip_blanks(*rest).starts_with("{") || skip_blanks(*rest).starts_with("{{")) return Labels(std::move(pairs));
    line = skip_blanks(*rest);
    lexer = Lexer(line, true);
    token = lexer.next();
  }
  for (token = lexer.next(); token.kind != TokenKind::kRightBrace; token = lexer.next()) {
    bool string = token.kind == TokenKind::kString;
    if (!string && token.kind != TokenKind::kIdentifier) return bad("expected a label name", line);
    std::string name = string ? promql::unquote(token.text) : std::string(token.text);
    token = lexer.next();
    if (token.kind != TokenKind::kAssign) {
      if (!string) return bad("expected = behind a label name", line);
      pairs.emplace_back("__name__", std::move(name));
    } else {
      token = lexer.next();
      if (token.kind != TokenKind::kString) return bad("expected a label value", line);
      pairs.emplace_back(std::move(name), promql::unquote(token.text));
      token = lexer.next();
    }
    if (token.kind == TokenKind::kRightBrace) break;
    if (token.kind != TokenKind::kComma) return bad("expected , or } between labels", line);
  }
  *rest = line.substr(token.span.end);
  return Labels(std::move(pairs));
}

}  // namespace

Result<SeriesLine> parse_series_line(std::string_view line) {
  SeriesLine out;
  std::string_view rest;
  NIGHTLIGHT_ASSIGN(labels, take_labels(line, &rest));
  out.labels = std::move(labels);
  if (rest.starts_with("@st")) {
    out.start_timestamps = true;
    for (rest = skip_blanks(rest.substr(3)); !rest.empty(); rest = skip_blanks(rest)) {
      size_t end = std::min(rest.find_first_of(" \t"), rest.size());
      NIGHTLIGHT_TRY(start_timestamp_item(rest.substr(0, end), &out.start_offsets_ms));
      rest.remove_prefix(end);
    }
    return out;
  }
  if (!rest.empty() && !is_blank(rest.front())) return bad("expected a blank behind the series", line);
  NIGHTLIGHT_TRY(Sequence(out.values).items(rest));
  return out;
}

Result<double> parse_signed_number(std::string_view text) {
  NIGHTLIGHT_ASSIGN(value, take_number(text));
  if (!text.empty()) return bad("unexpected text behind a number", text);
  return value;
}

}  // namespace nightlight::test
