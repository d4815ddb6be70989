#include "remote_read/messages.h"

#include <protozero/pbf_writer.hpp>
#include <protozero/varint.hpp>

#include "base/crc32c.h"
#include "nightlight/sugar.h"

namespace nightlight::remote_read {
namespace {

using protozero::pbf_writer;

void add_spans(pbf_writer& message, protozero::pbf_tag_type tag, View<BucketSpan> spans) {
  for (const BucketSpan& span : spans) {
    pbf_writer inner(message, tag);
    inner.add_sint32(1, span.offset);
    inner.add_uint32(2, span.length);
  }
}

void add_histogram(pbf_writer& series, const Histogram& h) {
  pbf_writer message(series, 4);
  if ((h.flags & kFloatHistogram) != 0) {
    message.add_double(2, h.count_float);
  } else {
    message.add_uint64(1, h.count_int);
  }
  message.add_double(3, h.sum);
  message.add_sint32(4, h.schema);
  message.add_double(5, h.zero_threshold);
  if ((h.flags & kFloatHistogram) != 0) {
    message.add_double(7, h.zero_count_float);
  } else {
    message.add_uint64(6, h.zero_count_int);
  }
  add_spans(message, 8, h.negative_spans);
  message.add_packed_sint64(9, h.negative_deltas.begin(), h.negative_deltas.end());
  message.add_packed_double(10, h.negative_counts.begin(), h.negative_counts.end());
  add_spans(message, 11, h.positive_spans);
  message.add_packed_sint64(12, h.positive_deltas.begin(), h.positive_deltas.end());
  message.add_packed_double(13, h.positive_counts.begin(), h.positive_counts.end());
  message.add_enum(14, static_cast<int32_t>(h.reset_hint));
  message.add_int64(15, h.timestamp_ms);
  message.add_packed_double(16, h.custom_values.begin(), h.custom_values.end());
}

}  // namespace

std::string encode_labels(SeriesSet& set, uint64_t series) {
  std::string out;
  pbf_writer message(out);
  View<Str> symbols = set.symbols();
  for (const LabelRef& label : set.labels(series)) {
    pbf_writer pair(message, 1);
    pair.add_string(1, symbols[label.name].data, symbols[label.name].size);
    pair.add_string(2, symbols[label.value].data, symbols[label.value].size);
  }
  return out;
}

std::string encode_time_series(std::string_view labels, const SeriesSamples& samples) {
  std::string out(labels);
  pbf_writer message(out);
  for (uint64_t i = 0; i < samples.timestamps_ms.size; ++i) {
    pbf_writer sample(message, 2);
    sample.add_double(1, samples.values[i]);
    sample.add_int64(2, samples.timestamps_ms[i]);
  }
  for (const Histogram* histogram : samples.histograms) add_histogram(message, *histogram);
  return out;
}

std::string encode_chunked_response(std::string_view labels, const Chunk* begin, const Chunk* end,
                                    uint64_t query_index) {
  std::string out;
  std::string series(labels);
  pbf_writer chunks(series);
  for (const Chunk* chunk = begin; chunk != end; ++chunk) {
    pbf_writer message(chunks, 2);
    message.add_int64(1, chunk->min_time_ms);
    message.add_int64(2, chunk->max_time_ms);
    message.add_enum(3, static_cast<int32_t>(chunk->encoding));
    message.add_bytes(4, chunk->data);
  }
  pbf_writer response(out);
  response.add_message(1, series);
  response.add_int64(2, static_cast<int64_t>(query_index));
  return out;
}

std::string frame(const std::string& message) {
  std::string out;
  protozero::add_varint_to_buffer(&out, message.size());
  uint32_t sum = crc32c(message);
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(sum >> shift & 0xff));
  return out += message;
}

}  // namespace nightlight::remote_read
