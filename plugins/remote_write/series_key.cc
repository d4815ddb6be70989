#include "remote_write/series_key.h"

#include <algorithm>
#include <cstring>
#include <protozero/pbf_reader.hpp>

#include "base/utf8.h"
#include "model/labels.h"

namespace nightlight::remote_write {
namespace {

Str borrow(protozero::data_view text) { return Str{text.data(), text.size()}; }

LabelPair read_label(protozero::data_view message) {
  LabelPair label{};
  protozero::pbf_reader reader(message);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case protozero::tag_and_type(1, protozero::pbf_wire_type::length_delimited):
        label.name = borrow(reader.get_view());
        break;
      case protozero::tag_and_type(2, protozero::pbf_wire_type::length_delimited):
        label.value = borrow(reader.get_view());
        break;
      default:
        reader.skip();
    }
  }
  return label;
}

Str read_text(const char** at, const char* end) {
  uint64_t size = protozero::decode_varint(at, end);
  if (size > static_cast<uint64_t>(end - *at)) throw protozero::end_of_buffer_exception();
  Str text{*at, size};
  *at += size;
  return text;
}

char* write_text(char* out, Str text) {
  out += protozero::write_varint(out, text.size);
  if (text.size != 0) std::memcpy(out, text.data, text.size);
  return out + text.size;
}

size_t size_with_length(Str text) {
  return static_cast<size_t>(protozero::length_of_varint(text.size)) + static_cast<size_t>(text.size);
}

LabelFault check_label(const LabelPair& label, const LabelLimits& limits, std::string* text) {
  std::string_view name = view(label.name), value = view(label.value);
  if (name.empty() || !is_utf8(name) || !is_utf8(value)) return LabelFault::kInvalid;
  if (limits.max_name_bytes != 0 && name.size() > limits.max_name_bytes) {
    *text =
        "label name of " + std::to_string(name.size()) + " bytes, more than " + std::to_string(limits.max_name_bytes);
    return LabelFault::kLimit;
  }
  if (limits.max_value_bytes != 0 && value.size() > limits.max_value_bytes) {
    *text = "label value of " + std::to_string(value.size()) + " bytes, more than " +
            std::to_string(limits.max_value_bytes);
    return LabelFault::kLimit;
  }
  return LabelFault::kNone;
}

}  // namespace

size_t canonical_size(const LabelPair& label) { return size_with_length(label.name) + size_with_length(label.value); }

char* write_canonical(char* out, const LabelPair& label) {
  return write_text(write_text(out, label.name), label.value);
}

void read_labels(Str key, std::vector<LabelPair>& out) {
  const char* at = key.data;
  const char* end = at + key.size;
  if (at != end && *at == kCanonicalForm) {
    ++at;
    while (at != end) {
      Str name = read_text(&at, end);
      out.push_back({name, read_text(&at, end)});
    }
    return;
  }
  protozero::pbf_reader reader(at, key.size);
  while (reader.next(1, protozero::pbf_wire_type::length_delimited)) out.push_back(read_label(reader.get_view()));
}

LabelFault settle_labels(std::vector<LabelPair>& labels, size_t first, const LabelLimits& limits, std::string* text) {
  auto begin = labels.begin() + static_cast<std::ptrdiff_t>(first);
  auto by_name = [](const LabelPair& a, const LabelPair& b) { return view(a.name) < view(b.name); };
  if (!std::is_sorted(begin, labels.end(), by_name)) std::stable_sort(begin, labels.end(), by_name);

  bool named = false;
  for (auto label = begin; label != labels.end(); ++label) {
    if (LabelFault fault = check_label(*label, limits, text); fault != LabelFault::kNone) return fault;
    if (view(label->name) == kMetricNameLabel) {
      named = label->value.size != 0;
      if (!named) return LabelFault::kInvalid;
    }
  }
  if (!named) return LabelFault::kInvalid;
  auto same_name = [](const LabelPair& a, const LabelPair& b) { return view(a.name) == view(b.name); };
  if (auto twin = std::adjacent_find(begin, labels.end(), same_name); twin != labels.end()) {
    *text = view(twin->name);
    return LabelFault::kDuplicate;
  }
  auto count = static_cast<uint64_t>(labels.end() - begin);
  if (limits.max_labels != 0 && count > limits.max_labels) {
    *text = std::to_string(count) + " labels, more than " + std::to_string(limits.max_labels);
    return LabelFault::kLimit;
  }
  labels.erase(std::remove_if(begin, labels.end(), [](const LabelPair& label) { return label.value.size == 0; }),
               labels.end());
  return LabelFault::kNone;
}

std::string format_key(Str key) {
  std::vector<LabelPair> labels;
  read_labels(key, labels);
  std::stable_sort(labels.begin(), labels.end(),
                   [](const LabelPair& a, const LabelPair& b) { return view(a.name) < view(b.name); });
  return format_labels(view_of(labels));
}

}  // namespace nightlight::remote_write
