#include "ctl/exposition.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "ctl/values.h"

namespace nightlight::ctl {
namespace {

client::Error fault(std::string what) { return client::Error{client::Code::kInvalidArgument, std::move(what), "", 0}; }

void skip_blanks(std::string_view* text) {
  while (!text->empty() && (text->front() == ' ' || text->front() == '\t')) text->remove_prefix(1);
}

// Up to the next blank.
std::string_view take_word(std::string_view* text) {
  size_t end = std::min(text->find_first_of(" \t"), text->size());
  std::string_view out = text->substr(0, end);
  text->remove_prefix(end);
  skip_blanks(text);
  return out;
}

// A name of letters, digits, `_` and, for metrics, `:`; empty when there is none.
std::string_view take_name(std::string_view* text, bool colons) {
  size_t end = 0;
  while (end < text->size()) {
    char c = (*text)[end];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':');
    if (!letter && !(end > 0 && c >= '0' && c <= '9')) break;
    ++end;
  }
  std::string_view out = text->substr(0, end);
  text->remove_prefix(end);
  return out;
}

// `"..."` with \\, \" and \n; the opening quote is at the front.
client::Result<std::string> take_quoted(std::string_view* text) {
  std::string out;
  for (size_t i = 1; i < text->size(); ++i) {
    char c = (*text)[i];
    if (c == '"') {
      text->remove_prefix(i + 1);
      return out;
    }
    if (c == '\\' && i + 1 < text->size()) {
      char escaped = (*text)[++i];
      if (escaped == 'n') {
        out += '\n';
      } else {
        if (escaped != '\\' && escaped != '"') out += '\\';
        out += escaped;
      }
    } else {
      out += c;
    }
  }
  return fault("a quoted text has no end");
}

// `{a="b",...}`, where a name may be quoted, and a quoted text alone is the metric's name.
client::Result<void> take_labels(std::string_view* text, client::Labels* out) {
  text->remove_prefix(1);
  skip_blanks(text);
  while (!text->starts_with('}')) {
    std::string name;
    bool quoted = text->starts_with('"');
    if (quoted) {
      client::Result<std::string> taken = take_quoted(text);
      if (!taken.ok()) return std::move(taken).error();
      name = *std::move(taken);
    } else {
      name = take_name(text, false);
    }
    skip_blanks(text);
    if (name.empty()) return fault("a label name is expected before " + std::string(text->substr(0, 20)));
    if (text->starts_with('=')) {
      text->remove_prefix(1);
      skip_blanks(text);
      if (!text->starts_with('"')) return fault("label " + name + " has no quoted value");
      client::Result<std::string> value = take_quoted(text);
      if (!value.ok()) return std::move(value).error();
      out->push_back({std::move(name), *std::move(value)});
    } else if (quoted) {
      out->push_back({"__name__", std::move(name)});
    } else {
      return fault("label " + name + " has no value");
    }
    skip_blanks(text);
    if (text->starts_with(',')) {
      text->remove_prefix(1);
      skip_blanks(text);
    } else if (!text->starts_with('}')) {
      return fault(text->empty() ? "the labels have no end" : "a comma is missing between labels");
    }
  }
  text->remove_prefix(1);
  return {};
}

std::string unescape_help(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 'n' || text[i + 1] == '\\')) {
      out += text[++i] == 'n' ? '\n' : '\\';
    } else {
      out += text[i];
    }
  }
  return out;
}

std::optional<client::MetricKind> kind_of(std::string_view text) {
  if (text == "untyped") return client::MetricKind::kUnknown;
  for (uint32_t i = 0; i < 8; ++i) {
    if (text == name_of(static_cast<client::MetricKind>(i))) return static_cast<client::MetricKind>(i);
  }
  return std::nullopt;
}

}  // namespace

client::Metadata& ExpositionReader::about(std::string family, std::optional<client::Metadata>* done) {
  if (family_ && family_->family != family) *done = std::exchange(family_, std::nullopt);
  if (!family_) family_ = client::Metadata{std::move(family), client::MetricKind::kUnknown, "", ""};
  return *family_;
}

std::optional<client::Metadata> ExpositionReader::finish() { return std::exchange(family_, std::nullopt); }

client::Result<ParsedLine> ExpositionReader::parse_comment(std::string_view line) {
  line.remove_prefix(1);
  skip_blanks(&line);
  std::string_view keyword = take_word(&line);
  if (keyword != "HELP" && keyword != "TYPE" && keyword != "UNIT") return ParsedLine{};
  std::string family(take_word(&line));
  if (family.empty()) return fault(std::string(keyword) + " names no metric");
  ParsedLine out;
  if (keyword == "TYPE") {
    std::optional<client::MetricKind> kind = kind_of(line);
    if (!kind) return fault("unknown type \"" + std::string(line) + "\" of " + family);
    about(std::move(family), &out.metadata).kind = *kind;
  } else if (keyword == "HELP") {
    about(std::move(family), &out.metadata).help = unescape_help(line);
  } else {
    about(std::move(family), &out.metadata).unit = std::string(line);
  }
  return out;
}

client::Result<ParsedLine> ExpositionReader::parse(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  skip_blanks(&line);
  if (line.empty()) return ParsedLine{};
  if (line[0] == '#') return parse_comment(line);
  client::WriteSeries series;
  std::string_view name = take_name(&line, true);
  if (!name.empty()) series.labels.push_back({"__name__", std::string(name)});
  skip_blanks(&line);
  if (line.starts_with('{')) {
    if (client::Result<void> taken = take_labels(&line, &series.labels); !taken.ok()) return std::move(taken).error();
    skip_blanks(&line);
  }
  if (series.labels.empty()) return fault("a line begins with a metric name");
  std::string_view word = take_word(&line);
  std::optional<double> value = parse_value(word);
  if (!value) return fault(word.empty() ? "there is no value" : "\"" + std::string(word) + "\" is not a number");
  int64_t time_ms = now_ms_;
  if (!line.empty()) {
    word = take_word(&line);
    auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), time_ms);
    if (error != std::errc() || end != word.data() + word.size()) {
      return fault("\"" + std::string(word) + "\" is not a time in milliseconds");
    }
  }
  if (!line.empty()) return fault("unexpected text at the end: \"" + std::string(line.substr(0, 40)) + "\"");
  series.samples.push_back({time_ms, *value});
  return ParsedLine{std::move(series), finish()};
}

client::Result<ParsedLine> parse_json_line(std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return ParsedLine{};
  nlohmann::json object = nlohmann::json::parse(line, nullptr, false);
  if (object.is_discarded()) return fault("this is no JSON");
  if (!object.is_object() || !object.contains("metric") || !object["metric"].is_object()) {
    return fault("a JSON object with \"metric\", \"values\" and \"timestamps\" is expected");
  }
  client::WriteSeries series;
  for (const auto& [name, value] : object["metric"].items()) {
    if (!value.is_string()) return fault("the value of label " + name + " is no text");
    series.labels.push_back({name, value.get<std::string>()});
  }
  const nlohmann::json values = object.value("values", nlohmann::json()),
                       times = object.value("timestamps", nlohmann::json());
  if (!values.is_array() || !times.is_array() || values.size() != times.size()) {
    return fault("\"values\" and \"timestamps\" must be arrays of the same length");
  }
  for (size_t i = 0; i < values.size(); ++i) {
    std::optional<double> value;
    if (values[i].is_number()) value = values[i].get<double>();
    if (values[i].is_null()) value = std::numeric_limits<double>::quiet_NaN();
    if (values[i].is_string()) value = parse_value(values[i].get<std::string>());
    if (!value) return fault("value " + std::to_string(i) + " is not a number: " + values[i].dump());
    if (!times[i].is_number_integer()) return fault("timestamp " + std::to_string(i) + " is not in milliseconds");
    series.samples.push_back({times[i].get<int64_t>(), *value});
  }
  return ParsedLine{std::move(series), std::nullopt};
}

}  // namespace nightlight::ctl
