// The hand-written decoders against protobuf's: what both accept they read the same. (Damage that one of them refuses,
// such as a tag of more than 32 bits, the other may pass over.)
#ifndef NIGHTLIGHT_TESTS_UNIT_REMOTE_WRITE_ORACLE_H_
#define NIGHTLIGHT_TESTS_UNIT_REMOTE_WRITE_ORACLE_H_

#include <cstring>
#include <protozero/exception.hpp>
#include <string>
#include <vector>

#include "nightlight/sugar.h"
#include "remote_write/columns.h"
#include "remote_write/series_key.h"
#include "remote_write/write_v1.h"
#include "remote_write/write_v2.h"
#include "remote_write_v1.pb.h"
#include "remote_write_v2.pb.h"

namespace nightlight::remote_write {

inline std::string printable(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

// Without the sign: protobuf is of another mind about that of a damaged varint with more than 32 bits.
inline std::string describe_int32(int32_t value) { return std::to_string(value & INT32_MAX); }

inline std::string describe(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return std::to_string(bits);
}

template <class Items>
std::string describe_numbers(const Items& items) {
  std::string out = "[";
  for (auto item : items) out += std::to_string(item) + " ";
  return out + "]";
}
template <class Items>
std::string describe_doubles(const Items& items) {
  std::string out = "[";
  for (double item : items) out += describe(item) + " ";
  return out + "]";
}

inline std::string describe(const Histogram& h) {
  std::string out = std::to_string(h.flags) + "," + std::to_string(h.count_int) + "," + describe(h.count_float) + "," +
                    std::to_string(h.zero_count_int) + "," + describe(h.zero_count_float) + "," + describe(h.sum) +
                    "," + describe_int32(h.schema) + "," + describe(h.zero_threshold) + "," +
                    std::to_string(h.timestamp_ms) + "," + std::to_string(static_cast<int>(h.reset_hint)) + "," +
                    std::to_string(h.start_timestamp_ms);
  for (const auto& spans : {h.positive_spans, h.negative_spans}) {
    out += ";";
    for (auto span : spans) out += describe_int32(span.offset) + ":" + std::to_string(span.length) + " ";
  }
  return out + describe_numbers(h.positive_deltas) + describe_numbers(h.negative_deltas) +
         describe_doubles(h.positive_counts) + describe_doubles(h.negative_counts) + describe_doubles(h.custom_values);
}

inline std::string describe(const remote_write_v1::Histogram& h) {
  bool is_float = h.count_case() == remote_write_v1::Histogram::kCountFloat;
  std::string out =
      std::to_string(is_float ? 1 : 0) + "," + std::to_string(is_float ? 0 : h.count_int()) + "," +
      describe(is_float ? h.count_float() : 0.0) + "," + std::to_string(is_float ? 0 : h.zero_count_int()) + "," +
      describe(is_float ? h.zero_count_float() : 0.0) + "," + describe(h.sum()) + "," + describe_int32(h.schema()) +
      "," + describe(h.zero_threshold()) + "," + std::to_string(h.timestamp()) + "," +
      std::to_string(h.reset_hint() & 3) + "," + std::to_string(h.start_timestamp());
  for (const auto* spans : {&h.positive_spans(), &h.negative_spans()}) {
    out += ";";
    for (const auto& span : *spans) out += describe_int32(span.offset()) + ":" + std::to_string(span.length()) + " ";
  }
  std::vector<double> none;
  std::vector<int64_t> no_deltas;
  out += is_float ? describe_numbers(no_deltas) + describe_numbers(no_deltas)
                  : describe_numbers(h.positive_deltas()) + describe_numbers(h.negative_deltas());
  out += is_float ? describe_doubles(h.positive_counts()) + describe_doubles(h.negative_counts())
                  : describe_doubles(none) + describe_doubles(none);
  return out + describe_doubles(h.custom_values());
}

inline std::string describe_key(Str key) {
  std::vector<LabelPair> labels;
  read_labels(key, labels);
  std::string out = "{";
  for (const LabelPair& label : labels) out += printable(view(label.name)) + "=" + printable(view(label.value)) + ",";
  return out + "}";
}

// Series by series, what the columns hold.
inline std::vector<std::string> describe(const Columns& columns) {
  std::vector<std::string> out;
  uint32_t sample = 0, histogram = 0;
  for (size_t i = 0; i < columns.series_count(); ++i) {
    std::string text = describe_key(columns.keys[i]);
    for (; sample < columns.sample_ends[i]; ++sample) {
      text += " " + std::to_string(columns.timestamps_ms[sample]) + "@" + describe(columns.values[sample]);
      if (!columns.start_timestamps_ms.empty() && columns.start_timestamps_ms[sample] != 0) {
        text += "/" + std::to_string(columns.start_timestamps_ms[sample]);
      }
    }
    for (; histogram < columns.histogram_ends[i]; ++histogram) text += " H" + describe(*columns.histograms[histogram]);
    out.push_back(text);
  }
  return out;
}

inline std::vector<std::string> describe(const remote_write_v1::WriteRequest& request) {
  std::vector<std::string> out;
  for (const auto& series : request.timeseries()) {
    std::string text = "{";
    for (const auto& label : series.labels()) text += printable(label.name()) + "=" + printable(label.value()) + ",";
    text += "}";
    for (const auto& sample : series.samples())
      text += " " + std::to_string(sample.timestamp()) + "@" + describe(sample.value());
    for (const auto& histogram : series.histograms()) text += " H" + describe(histogram);
    out.push_back(text);
  }
  return out;
}

// Without the series that our decoder leaves out.
inline std::vector<std::string> describe(const remote_write_v2::Request& request) {
  std::vector<std::string> out;
  auto known = [&](uint32_t ref) { return ref < static_cast<uint32_t>(request.symbols_size()); };
  for (const auto& series : request.timeseries()) {
    bool sound = series.labels_refs_size() % 2 == 0 && series.samples_size() + series.histograms_size() > 0;
    for (uint32_t ref : series.labels_refs()) sound = sound && known(ref);
    for (uint32_t ref : {series.metadata().help_ref(), series.metadata().unit_ref()})
      sound = sound && (ref == 0 || known(ref));
    if (!sound) continue;
    std::string text = "{";
    for (int i = 0; i < series.labels_refs_size(); i += 2) {
      text += printable(request.symbols(static_cast<int>(series.labels_refs(i)))) + "=" +
              printable(request.symbols(static_cast<int>(series.labels_refs(i + 1)))) + ",";
    }
    text += "}";
    for (const auto& sample : series.samples()) {
      text += " " + std::to_string(sample.timestamp()) + "@" + describe(sample.value());
      if (sample.start_timestamp() != 0) text += "/" + std::to_string(sample.start_timestamp());
    }
    for (const auto& histogram : series.histograms()) text += " H" + describe(histogram);
    out.push_back(text);
  }
  return out;
}

// "" when both decoders agree on these bytes; otherwise what differs. `accepted`: whether both took them.
template <class Message>
std::string disagreement(const std::string& bytes, bool* accepted) {
  Columns columns;
  V2Faults faults;
  constexpr bool kIsV1 = std::is_same_v<Message, remote_write_v1::WriteRequest>;
  Result<void> decoded;
  if constexpr (kIsV1) {
    decoded = decode_v1(bytes, {}, columns);
  } else {
    decoded = decode_v2(bytes, {}, columns, faults);
  }
  std::vector<std::string> ours;
  try {
    if (decoded.ok()) ours = describe(columns);
  } catch (const protozero::exception& e) {
    decoded = Error{Code::kInvalidArgument, e.what()};  // Inside a label, which is read later.
  }
  *accepted = decoded.ok();
  if (!decoded.ok()) return "";
  Message message;
  *accepted = message.ParseFromString(bytes);
  if (!*accepted) return "";
  std::vector<std::string> theirs = describe(message);
  if (ours.size() != theirs.size())
    return std::to_string(ours.size()) + " series, protobuf has " + std::to_string(theirs.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    if (ours[i] != theirs[i]) return "ours: " + ours[i] + "\nprotobuf: " + theirs[i];
  }
  return "";
}

}  // namespace nightlight::remote_write

#endif  // NIGHTLIGHT_TESTS_UNIT_REMOTE_WRITE_ORACLE_H_
