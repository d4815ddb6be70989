#include "config/print.h"

#include <algorithm>

#include "nightlight/sugar.h"

namespace nightlight::config {
namespace {

bool is_plain(std::string_view text) {
  if (text.empty() || text == "true" || text == "false" || text == "null" || text == "~") return false;
  bool letter = false;
  for (char c : text) {
    bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/';
    letter |= word;
    if (!word && (c < '0' || c > '9') && c != '.' && c != '-') return false;
  }
  return letter && text[0] != '-';
}

// Dollars are doubled, because reading expands variables.
std::string yaml_text(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out.push_back('\\');
    if (byte < 0x20) {
      out.append("\\x").push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
      continue;
    }
    out.push_back(c);
    if (c == '$') out.push_back('$');
  }
  return out + "\"";
}

std::string yaml_value(const Datum& datum, FieldType type, FieldType item_type) {
  std::string out;
  switch (type) {
    case FieldType::kBool:
    case FieldType::kInt:
    case FieldType::kFloat:
    case FieldType::kDuration:
    case FieldType::kBytes:
      return to_text(datum, type);
    case FieldType::kFree:
      return datum.text;  // JSON is YAML.
    case FieldType::kList:
      for (const Datum& item : datum.items) out += (out.empty() ? "" : ", ") + yaml_value(item, item_type, item_type);
      return "[" + out + "]";
    case FieldType::kMap:
      for (size_t i = 0; i < datum.keys.size(); ++i) {
        out += (i == 0 ? "" : ", ") + yaml_text(datum.keys[i]) + ": " + yaml_text(datum.items[i].text);
      }
      return "{" + out + "}";
    case FieldType::kString:
    case FieldType::kEnum:
    case FieldType::kSecret:
    case FieldType::kPath:
    case FieldType::kAddress:
    case FieldType::kRef:
      return yaml_text(to_text(datum, type));
  }
  return "null";
}

struct Line {
  std::string text, origin;
};

void add_fields(const std::vector<CheckedField>& fields, std::string_view indent, std::vector<Line>* out) {
  for (const CheckedField& field : fields) {
    if (field.value.kind == ValueKind::kNull) continue;
    out->push_back(Line{std::string(indent) + std::string(view(field.field->name)) + ": " +
                            yaml_value(field.value, field.field->type, field.field->item_type),
                        field.origin});
  }
}

void add_section(std::string_view name, const std::vector<CheckedField>& fields, std::vector<Line>* out) {
  out->push_back(Line{std::string(name) + ":", ""});
  size_t before = out->size();
  add_fields(fields, "  ", out);
  if (out->size() == before) out->pop_back();
}

}  // namespace

std::string print_effective(const CheckedConfig& config, Origins origins) {
  std::vector<Line> lines;
  add_section("log", config.settings.log, &lines);
  add_section("plugins", config.settings.plugins, &lines);
  add_section("host", config.settings.host, &lines);
  lines.push_back(Line{config.instances.empty() ? "instances: {}" : "instances:", ""});
  for (const CheckedInstance& instance : config.instances) {
    lines.push_back(Line{"  " + instance.name + ":", ""});
    lines.push_back(Line{"    type: " + std::string(view(instance.component->type)), ""});
    add_fields(instance.fields, "    ", &lines);
  }
  size_t width = 0;
  for (const Line& line : lines) width = std::max(width, std::min<size_t>(line.text.size(), 60));
  std::string out;
  for (const Line& line : lines) {
    out += line.text;
    if (origins == Origins::kShown && !line.origin.empty()) {
      out.append(line.text.size() < width ? width - line.text.size() : 0, ' ');
      out += "  # " + line.origin;
    }
    out += "\n";
  }
  return out;
}

std::string print_dot(const CheckedConfig& config) {
  std::string out = "digraph nightlight {\n  rankdir=LR;\n  node [shape=box];\n";
  for (const CheckedInstance& instance : config.instances) {
    out += "  \"" + instance.name + "\" [label=\"" + instance.name + "\\n" +
           std::string(view(instance.component->type)) + "\"];\n";
    for (const CheckedField& field : instance.fields) {
      auto arrow = [&](const Datum& target) {
        out += "  \"" + instance.name + "\" -> \"" + target.text + "\" [label=\"" +
               std::string(view(field.field->name)) + "\"];\n";
      };
      if (field.field->type == FieldType::kRef && field.value.kind == ValueKind::kText) arrow(field.value);
      if (field.field->type == FieldType::kList && field.field->item_type == FieldType::kRef) {
        for (const Datum& item : field.value.items) arrow(item);
      }
    }
  }
  return out + "}\n";
}

}  // namespace nightlight::config
