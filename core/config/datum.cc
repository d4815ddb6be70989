#include "config/datum.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>

#include "base/parse.h"
#include "config/problems.h"
#include "nightlight/sugar.h"

namespace nightlight::config {
namespace {

constexpr size_t kMaxSecretBytes = 1 << 20;

Error invalid(std::string text) { return Error{Code::kInvalidArgument, std::move(text)}; }

std::string quote(std::string_view text) {
  constexpr size_t kShown = 80;
  return "\"" + std::string(text.substr(0, kShown)) + (text.size() > kShown ? "..." : "") + "\"";
}

Error expected(FieldType type, std::string_view text) {
  return invalid(quote(text) + " is not " + std::string(describe(type)));
}

bool is_variable_name(std::string_view name) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (name.empty() || !letter(name[0])) return false;
  for (char c : name) {
    if (!letter(c) && (c < '0' || c > '9')) return false;
  }
  return true;
}

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || text.empty()) return std::nullopt;
  return value;
}

Result<Datum> parse_duration(std::string_view text) {
  Datum out{ValueKind::kInteger};
  if (auto seconds = number<double>(text)) {  // A bare number is seconds.
    if (!(*seconds >= 0 && *seconds < 9e12)) return expected(FieldType::kDuration, text);
    out.integer = std::llround(*seconds * 1000);
    return out;
  }
  auto parsed = parse_duration_ms(text);
  if (!parsed.ok()) return expected(FieldType::kDuration, text);
  out.integer = *parsed;
  return out;
}

// format_bytes rounds, and what print-config shows must read back as the same number.
std::string exact_bytes(int64_t size) {
  static constexpr std::pair<const char*, int64_t> kUnits[] = {
      {"TiB", 1ll << 40}, {"GiB", 1ll << 30}, {"MiB", 1ll << 20}, {"KiB", 1ll << 10}};
  for (auto [unit, bytes] : kUnits) {
    if (size != 0 && size % bytes == 0) return std::to_string(size / bytes) + unit;
  }
  return std::to_string(size) + "B";
}

Result<Datum> parse_size(std::string_view text) {
  auto parsed = parse_bytes(text);
  if (!parsed.ok() || *parsed > INT64_MAX) return expected(FieldType::kBytes, text);
  return Datum{ValueKind::kInteger, static_cast<int64_t>(*parsed)};
}

Result<Datum> parse_address(std::string text) {
  size_t colon = text.rfind(':');
  if (colon == std::string::npos) return expected(FieldType::kAddress, text);
  std::string_view host = std::string_view(text).substr(0, colon);
  auto port = number<uint16_t>(std::string_view(text).substr(colon + 1));
  bool brackets = host.starts_with('[') && host.ends_with(']');
  if (!port || (!brackets && host.find_first_of(": []/") != std::string_view::npos)) {
    return expected(FieldType::kAddress, text);
  }
  Datum out{ValueKind::kText};
  out.text = std::move(text);
  return out;
}

Result<Datum> parse_secret(std::string text, const Surroundings& surroundings) {
  Datum out{ValueKind::kText};
  if (!text.starts_with("file:")) {
    out.text = std::move(text);
    return out;
  }
  NIGHTLIGHT_ASSIGN(content, surroundings.read_file(text.substr(5)));
  while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) content.pop_back();
  if (content.empty()) return invalid("the secret's file " + text.substr(5) + " is empty");
  out.text = std::move(content);
  return out;
}

Result<Datum> parse_choice(std::string text, const ConfigField& field) {
  std::vector<std::string> choices;
  for (Str choice : field.choices) choices.emplace_back(view(choice));
  for (const std::string& choice : choices) {
    if (choice == text) {
      Datum out{ValueKind::kText};
      out.text = std::move(text);
      return out;
    }
  }
  return invalid(quote(text) + " is not one of " + join(choices) + did_you_mean(text, choices));
}

Result<Datum> convert(std::string text, bool quoted, FieldType type, const ConfigField& bounds,
                      const Surroundings& surroundings) {
  switch (type) {
    case FieldType::kBool:
      if (!quoted && (text == "true" || text == "false")) return Datum{ValueKind::kBool, text == "true"};
      return expected(type, text);
    case FieldType::kInt:
      if (auto value = number<int64_t>(text)) return Datum{ValueKind::kInteger, *value};
      return expected(type, text);
    case FieldType::kFloat:
      if (auto value = number<double>(text); value && std::isfinite(*value)) return Datum{ValueKind::kReal, 0, *value};
      return expected(type, text);
    case FieldType::kDuration:
      return parse_duration(text);
    case FieldType::kBytes:
      return parse_size(text);
    case FieldType::kEnum:
      return parse_choice(std::move(text), bounds);
    case FieldType::kSecret:
      return parse_secret(std::move(text), surroundings);
    case FieldType::kAddress:
      return parse_address(std::move(text));
    case FieldType::kPath:
      if (text.empty()) return expected(type, text);
      [[fallthrough]];
    case FieldType::kString:
    case FieldType::kRef: {
      Datum out{ValueKind::kText};
      out.text = std::move(text);
      return out;
    }
    case FieldType::kList:
    case FieldType::kMap:
    case FieldType::kFree:
      return expected(type, text);
  }
  return invalid("has a type that this host does not know: the plugin is newer");
}

// Compares numbers of one type; other types have no order.
std::optional<int> compare(const Datum& a, const Datum& b) {
  if (a.kind != b.kind) return std::nullopt;
  if (a.kind == ValueKind::kInteger) return a.integer < b.integer ? -1 : a.integer > b.integer;
  if (a.kind == ValueKind::kReal) return a.real < b.real ? -1 : a.real > b.real;
  return std::nullopt;
}

Result<void> check_bounds(const Datum& value, FieldType type, const ConfigField& field,
                          const Surroundings& surroundings) {
  for (bool low : {true, false}) {
    std::string_view text = view(low ? field.minimum : field.maximum);
    if (text.empty()) continue;
    auto bound = convert(std::string(text), false, type, field, surroundings);
    if (!bound.ok()) return invalid("the component's own limit is unreadable: " + bound.error().message);
    auto order = compare(value, *bound);
    if (order && (low ? *order < 0 : *order > 0)) {
      return invalid(to_text(value, type) + " is " + (low ? "below the minimum " : "above the maximum ") +
                     std::string(text));
    }
  }
  return {};
}

}  // namespace

Surroundings real_surroundings() {
  return Surroundings{
      [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
      },
      [](const std::string& path) { return read_small_file(path, kMaxSecretBytes); },
  };
}

Result<std::string> read_small_file(const std::string& path, size_t max_bytes) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Code::kNotFound, "cannot open " + path};
  std::string content(max_bytes + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.bad() || (file.fail() && !file.eof())) return Error{Code::kUnavailable, "cannot read " + path};
  content.resize(static_cast<size_t>(file.gcount()));
  if (content.size() > max_bytes) {
    return Error{Code::kResourceExhausted, path + " is larger than " + format_bytes(max_bytes)};
  }
  return content;
}

Result<std::string> expand_variables(std::string_view text, const Surroundings& surroundings) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size() || (text[i + 1] != '$' && text[i + 1] != '{')) {
      out.push_back(text[i]);
      continue;
    }
    if (text[++i] == '$') {
      out.push_back('$');
      continue;
    }
    size_t end = text.find('}', i);
    if (end == std::string_view::npos) return invalid("\"${\" is not closed, write $$ for a dollar");
    std::string_view inside = text.substr(i + 1, end - i - 1);
    size_t fallback = inside.find(":-");
    std::string name(inside.substr(0, fallback));
    if (!is_variable_name(name)) {
      return invalid("\"${" + name + "}\" does not name an environment variable, write $$ for a dollar");
    }
    auto value = surroundings.variable(name);
    bool has_fallback = fallback != std::string_view::npos;
    if (!value && !has_fallback) {
      return invalid("the environment variable " + name + " is not set, set it or write ${" + name + ":-default}");
    }
    if (has_fallback && (!value || value->empty())) value = inside.substr(fallback + 2);
    out += *value;
    i = end;
  }
  return out;
}

Result<Datum> parse_scalar(const Node& node, FieldType type, const ConfigField& bounds,
                           const Surroundings& surroundings) {
  if (node.kind != Node::Kind::kScalar) {
    const char* found = node.kind == Node::Kind::kMap ? "a map" : node.kind == Node::Kind::kList ? "a list" : "nothing";
    return invalid(std::string("found ") + found + ", expected " + std::string(describe(type)));
  }
  NIGHTLIGHT_ASSIGN(text, expand_variables(node.text, surroundings));
  // Inside {} and [], YAML needs quotes around ${NAME}: they do not make its value text.
  bool quoted = node.quoted && text == node.text;
  NIGHTLIGHT_ASSIGN(value, convert(std::move(text), quoted, type, bounds, surroundings));
  NIGHTLIGHT_TRY(check_bounds(value, type, bounds, surroundings));
  return value;
}

std::string to_text(const Datum& datum, FieldType type) {
  switch (datum.kind) {
    case ValueKind::kNull:
      return "null";
    case ValueKind::kBool:
      return datum.integer != 0 ? "true" : "false";
    case ValueKind::kInteger:
      if (type == FieldType::kDuration) return format_duration_ms(datum.integer);
      if (type == FieldType::kBytes) return exact_bytes(datum.integer);
      return std::to_string(datum.integer);
    case ValueKind::kReal:
      return format_double_g(datum.real);
    case ValueKind::kText:
    case ValueKind::kList:
    case ValueKind::kMap:
      break;
  }
  return type == FieldType::kSecret ? "***" : datum.text;
}

std::string_view describe(FieldType type) {
  switch (type) {
    case FieldType::kBool:
      return "true or false";
    case FieldType::kInt:
      return "an integer";
    case FieldType::kFloat:
      return "a number";
    case FieldType::kString:
      return "text";
    case FieldType::kDuration:
      return "a duration such as 15d, 1h30m or 250ms (a bare number is seconds)";
    case FieldType::kBytes:
      return "a size such as 512MiB or 2GB";
    case FieldType::kEnum:
      return "one of a few words";
    case FieldType::kSecret:
      return "text or file:PATH";
    case FieldType::kPath:
      return "a path";
    case FieldType::kAddress:
      return "an address such as 127.0.0.1:9101 or [::1]:9101";
    case FieldType::kRef:
      return "the name of an instance";
    case FieldType::kList:
      return "a list such as [a, b]";
    case FieldType::kMap:
      return "a map such as {a: b}";
    case FieldType::kFree:
      return "any YAML";
  }
  return "of an unknown type";
}

std::string_view type_name(FieldType type) {
  switch (type) {
    case FieldType::kBool:
      return "bool";
    case FieldType::kInt:
      return "int";
    case FieldType::kFloat:
      return "float";
    case FieldType::kString:
      return "string";
    case FieldType::kDuration:
      return "duration";
    case FieldType::kBytes:
      return "bytes";
    case FieldType::kEnum:
      return "enum";
    case FieldType::kSecret:
      return "secret";
    case FieldType::kPath:
      return "path";
    case FieldType::kAddress:
      return "address";
    case FieldType::kRef:
      return "ref";
    case FieldType::kList:
      return "list";
    case FieldType::kMap:
      return "map";
    case FieldType::kFree:
      return "free";
  }
  return "unknown";
}

}  // namespace nightlight::config
