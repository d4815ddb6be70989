#include "prometheus_api/json_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/utf8.h"
#include "model/buckets.h"
#include "nightlight/sugar.h"

namespace nightlight::prometheus_api {
namespace {

// More than any single number, escape or punctuation needs.
constexpr size_t kSlack = 1024;
static_assert(kSlack > 2 * kMaxNumberText);

// Bytes that a string may not hold as they are, or that need a closer look (everything beyond ASCII).
constexpr std::array<bool, 256> kSpecial = [] {
  std::array<bool, 256> out{};
  for (size_t c = 0; c < 256; ++c) {
    out[c] = c < 0x20 || c >= 0x80 || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&';
  }
  return out;
}();

constexpr char kHex[] = "0123456789abcdef";

char* write_unicode_escape(char* out, uint32_t code) {
  *out++ = '\\';
  *out++ = 'u';
  for (int shift = 12; shift >= 0; shift -= 4) *out++ = kHex[code >> shift & 15];
  return out;
}

// One character that is not copied as it is; returns the end.
char* write_special_rune(char* out, std::string_view rune, uint32_t code, bool for_web_pages) {
  switch (code) {
    case '"':
    case '\\':
      *out++ = '\\';
      *out++ = static_cast<char>(code);
      return out;
    case '\n':
      return std::copy_n("\\n", 2, out);
    case '\r':
      return std::copy_n("\\r", 2, out);
    case '\t':
      return std::copy_n("\\t", 2, out);
    case '<':
    case '>':
    case '&':
    case 0x2028:
    case 0x2029:
      if (for_web_pages) return write_unicode_escape(out, code);
      return std::copy(rune.begin(), rune.end(), out);
    default:
      break;
  }
  if (code < 0x80) return write_unicode_escape(out, code);
  return std::copy(rune.begin(), rune.end(), out);
}

}  // namespace

char* JsonWriter::room(size_t size) {
  if (buffer_ == nullptr) buffer_.reset(new char[kPieceBytes + kSlack]);
  if (used_ + size > kPieceBytes + kSlack || used_ >= kPieceBytes) flush();
  return buffer_.get() + used_;
}

void JsonWriter::begin() {
  response_->set_status(status_);
  response_->set_header(str("Content-Type"), str(content_type_));
}

void JsonWriter::flush() {
  if (!started_) begin();
  started_ = true;
  if (failure_.ok() && used_ != 0) failure_ = response_->write(Str{buffer_.get(), used_});
  used_ = 0;
}

Status JsonWriter::finish() {
  if (!started_) {
    begin();
    response_->set_content_length(used_);
    started_ = true;
  }
  flush();
  return failure_;
}

void JsonWriter::raw(std::string_view text) {
  while (text.size() > kSlack) {
    std::memcpy(room(kSlack), text.data(), kSlack);
    used_ += kSlack;
    text.remove_prefix(kSlack);
  }
  std::memcpy(room(text.size()), text.data(), text.size());
  used_ += text.size();
}

void JsonWriter::string(std::string_view text) { escaped(text, true); }

void JsonWriter::escaped(std::string_view text, bool for_web_pages) {
  raw("\"");
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && !kSpecial[static_cast<uint8_t>(text[plain])]) ++plain;
    raw(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    Rune rune = first_rune(text);
    char* out = room(kSlack);
    char* end;
    if (rune.size_bytes == 0) {
      end = write_unicode_escape(out, 0xfffd);
      rune.size_bytes = 1;
    } else {
      end = write_special_rune(out, text.substr(0, rune.size_bytes), rune.code_point, for_web_pages);
    }
    used_ += static_cast<size_t>(end - out);
    text.remove_prefix(rune.size_bytes);
  }
  raw("\"");
}

void JsonWriter::integer(int64_t value) {
  char* out = room(24);
  used_ += static_cast<size_t>(std::to_chars(out, out + 24, value).ptr - out);
}

void JsonWriter::number(double value) {
  char* out = room(kMaxNumberText);
  double shown = std::isfinite(value) ? value : 0;  // JSON has no other numbers.
  char* end = write_value(out, shown);
  // Go writes 1e-7 here and 1e-07 in sample values.
  if (end - out > 4 && end[-4] == 'e' && end[-3] == '-' && end[-2] == '0') {
    end[-2] = end[-1];
    --end;
  }
  used_ += static_cast<size_t>(end - out);
}

void JsonWriter::timestamp(int64_t time_ms) {
  char* out = room(32);
  used_ += static_cast<size_t>(write_timestamp(out, time_ms) - out);
}

void JsonWriter::value(double value) {
  char* out = room(kMaxNumberText + 2);
  *out = '"';
  char* end = write_value(out + 1, value);
  *end++ = '"';
  used_ += static_cast<size_t>(end - out);
}

void JsonWriter::scalar_value(double value) {
  char* out = room(kMaxNumberText + 2);
  *out = '"';
  char* end = write_scalar(out + 1, value);
  *end++ = '"';
  used_ += static_cast<size_t>(end - out);
}

void JsonWriter::labels(View<LabelPair> labels) {
  raw("{");
  for (uint64_t i = 0; i < labels.size; ++i) {
    if (i != 0) raw(",");
    escaped(view(labels[i].name), false);
    raw(":");
    escaped(view(labels[i].value), false);
  }
  raw("}");
}

JsonWriter::PointHead JsonWriter::point_head(int64_t time_ms) {
  PointHead out{time_ms, 0, {}};
  char text[40] = "[";
  char* end = write_timestamp(text + 1, time_ms);
  end = std::copy_n(",\"", 2, end);
  const auto size = static_cast<size_t>(end - text);
  if (size > sizeof out.text) return out;  // No time of this age of the world.
  std::memcpy(out.text, text, sizeof out.text);
  out.size = static_cast<uint32_t>(size);
  return out;
}

void JsonWriter::points(View<int64_t> times_ms, View<double> values) {
  constexpr size_t kMostPointText = 80, kGroup = kSlack / kMostPointText;
  if (times_ms.size > heads_.size()) {
    heads_.clear();
    heads_.reserve(times_ms.size);
    for (int64_t time_ms : times_ms) heads_.push_back(point_head(time_ms));
  }
  auto head = heads_.begin();
  NumberHabit habit;
  for (uint64_t i = 0; i < times_ms.size;) {
    char* const begin = room(kSlack);
    char* out = begin;
    for (const uint64_t end = std::min<uint64_t>(i + kGroup, times_ms.size); i < end; ++i) {
      if (i != 0) *out++ = ',';
      while (head != heads_.end() && head->time_ms < times_ms[i]) ++head;
      if (head != heads_.end() && head->time_ms == times_ms[i] && head->size > 0) {
        std::memcpy(out, head->text, sizeof head->text);
        out += head->size;
      } else {
        *out++ = '[';
        out = write_timestamp(out, times_ms[i]);
        out = std::copy_n(",\"", 2, out);
      }
      out = write_value(out, values[i], habit);
      out = std::copy_n("\"]", 2, out);
    }
    used_ += static_cast<size_t>(out - begin);
  }
}

void JsonWriter::histogram(const Histogram& histogram) {
  raw("{\"count\":");
  value(histogram.count_float);
  raw(",\"sum\":");
  value(histogram.sum);
  FloatHistogram copy(histogram);
  AscendingBuckets buckets(copy);
  bool any = false;
  for (Bucket bucket; buckets.next(bucket);) {
    if (bucket.count == 0) continue;
    raw(any ? ",[" : ",\"buckets\":[[");
    any = true;
    // 0: (lower, upper], 1: [lower, upper), 2: both open, 3: both closed.
    bool low = bucket.lower_inclusive, high = bucket.upper_inclusive;
    raw(low && high ? "3," : low ? "1," : high ? "0," : "2,");
    value(bucket.lower);
    raw(",");
    value(bucket.upper);
    raw(",");
    value(bucket.count);
    raw("]");
  }
  raw(any ? "]}" : "}");
}

}  // namespace nightlight::prometheus_api
