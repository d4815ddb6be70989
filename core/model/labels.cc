#include "model/labels.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace nightlight {
namespace {

int compare_text(std::string_view a, std::string_view b) { return a.compare(b); }

bool is_legacy_name(std::string_view name) {
  if (name.empty()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    char c = name[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && (i == 0 || c < '0' || c > '9')) return false;
  }
  return true;
}

// A length is one byte up to 254, beyond that 255 and three bytes, little endian.
char* put_text(char* out, Str text) {
  if (text.size < 255) {
    *out++ = static_cast<char>(text.size);
  } else {
    *out++ = static_cast<char>(255);
    for (int shift = 0; shift < 24; shift += 8) *out++ = static_cast<char>(text.size >> shift);
  }
  if (text.size > 0) std::memcpy(out, text.data, text.size);
  return out + text.size;
}

// The length of the UTF-8 sequence at the start of `text`, or 0 when it is malformed.
size_t utf8_length(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char first = byte(0);
  size_t length = first < 0x80                    ? 1
                  : first >= 0xc2 && first < 0xe0 ? 2
                  : first >= 0xe0 && first < 0xf0 ? 3
                  : first >= 0xf0 && first < 0xf5 ? 4
                                                  : 0;
  if (length == 0 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  bool surrogate = first == 0xed && byte(1) >= 0xa0;
  bool beyond = first == 0xf4 && byte(1) >= 0x90;
  return overlong || surrogate || beyond ? 0 : length;
}

void append_hex_escape(std::string& out, char c) {
  constexpr char kDigits[] = "0123456789abcdef";
  auto byte = static_cast<unsigned char>(c);
  out += "\\x";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

}  // namespace

int compare_labels(View<LabelPair> a, View<LabelPair> b) {
  uint64_t common = std::min(a.size, b.size);
  for (uint64_t i = 0; i < common; ++i) {
    if (int order = compare_text(view(a[i].name), view(b[i].name)); order != 0) return order;
    if (int order = compare_text(view(a[i].value), view(b[i].value)); order != 0) return order;
  }
  return a.size < b.size ? -1 : a.size > b.size ? 1 : 0;
}

bool equal_labels(View<LabelPair> a, View<LabelPair> b) {
  if (a.size != b.size) return false;
  for (uint64_t i = 0; i < a.size; ++i) {
    if (view(a[i].name) != view(b[i].name) || view(a[i].value) != view(b[i].value)) return false;
  }
  return true;
}

uint64_t hash_labels(View<LabelPair> labels) {
  uint64_t bound = 0;
  for (const LabelPair& label : labels) bound += label.name.size + label.value.size + 8;
  char on_stack[1024];
  std::unique_ptr<char[]> on_heap;
  char* buffer = on_stack;
  if (bound > sizeof on_stack) {
    on_heap = std::make_unique<char[]>(bound);
    buffer = on_heap.get();
  }
  char* end = buffer;
  for (const LabelPair& label : labels) end = put_text(put_text(end, label.name), label.value);
  return XXH64(buffer, static_cast<size_t>(end - buffer), 0);
}

std::string_view label_value(View<LabelPair> labels, std::string_view name) {
  for (const LabelPair& label : labels) {
    if (view(label.name) == name) return view(label.value);
  }
  return {};
}

std::string quote(std::string_view text) {
  constexpr std::pair<char, char> kShort[] = {{'\a', 'a'}, {'\b', 'b'}, {'\f', 'f'},  {'\n', 'n'}, {'\r', 'r'},
                                              {'\t', 't'}, {'\v', 'v'}, {'\\', '\\'}, {'"', '"'}};
  std::string out = "\"";
  while (!text.empty()) {
    char c = text.front();
    size_t length = utf8_length(text);
    const auto* escape = std::find_if(std::begin(kShort), std::end(kShort), [&](auto pair) { return pair.first == c; });
    if (escape != std::end(kShort)) {
      out += '\\';
      out += escape->second;
    } else if (length == 0 || (length == 1 && (c < ' ' || c == 0x7f))) {
      append_hex_escape(out, c);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out + '"';
}

std::string format_labels(View<LabelPair> labels) {
  std::string out = "{";
  for (const LabelPair& label : labels) {
    if (out.size() > 1) out += ", ";
    std::string_view name = view(label.name);
    out += is_legacy_name(name) ? std::string(name) : quote(name);
    out += "=";
    out += quote(view(label.value));
  }
  return out + "}";
}

Labels::Labels(View<LabelPair> labels) : pairs_(labels.begin(), labels.end()) {
  uint64_t size = 0;
  for (const LabelPair& label : pairs_) size += label.name.size + label.value.size;
  text_ = std::make_unique<char[]>(size);
  char* end = text_.get();
  auto keep = [&](Str& text) {
    if (text.size > 0) std::memcpy(end, text.data, text.size);
    text.data = end;
    end += text.size;
  };
  for (LabelPair& label : pairs_) {
    keep(label.name);
    keep(label.value);
  }
}

Labels::Labels(std::vector<std::pair<std::string, std::string>> pairs) {
  std::sort(pairs.begin(), pairs.end());
  std::vector<LabelPair> borrowed;
  for (const auto& [name, value] : pairs) {
    if (!value.empty()) borrowed.push_back(LabelPair{str(name), str(value)});
  }
  *this = Labels(view_of(borrowed));
}

void LabelsBuilder::set(std::string_view name, std::string_view value) {
  if (value.empty()) return erase(name);
  auto at = std::lower_bound(pairs_.begin(), pairs_.end(), name,
                             [](const LabelPair& label, std::string_view wanted) { return view(label.name) < wanted; });
  if (at != pairs_.end() && view(at->name) == name) {
    at->value = str(value);
  } else {
    pairs_.insert(at, LabelPair{str(name), str(value)});
  }
}

void LabelsBuilder::erase(std::string_view name) {
  std::erase_if(pairs_, [&](const LabelPair& label) { return view(label.name) == name; });
}

void LabelsBuilder::erase_metadata() {
  std::erase_if(pairs_, [](const LabelPair& label) { return is_metadata_label(view(label.name)); });
}

void LabelsBuilder::filter(const std::vector<std::string_view>& sorted_names, bool keep_named) {
  std::erase_if(pairs_, [&](const LabelPair& label) {
    return std::binary_search(sorted_names.begin(), sorted_names.end(), view(label.name)) != keep_named;
  });
}

}  // namespace nightlight
