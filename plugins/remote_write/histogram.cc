#include "remote_write/histogram.h"

#include <algorithm>
#include <protozero/pbf_reader.hpp>
#include <vector>

namespace nightlight::remote_write {
namespace {

using protozero::pbf_wire_type;
using protozero::tag_and_type;

template <class T>
View<T> keep(const std::vector<T>& items, Columns& columns) {
  T* out = columns.make_array<T>(items.size());
  std::copy(items.begin(), items.end(), out);
  return View<T>{out, items.size()};
}

BucketSpan read_span(protozero::data_view message) {
  BucketSpan span{};
  protozero::pbf_reader reader(message);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case tag_and_type(1, pbf_wire_type::varint):
        span.offset = reader.get_sint32();
        break;
      case tag_and_type(2, pbf_wire_type::varint):
        span.length = reader.get_uint32();
        break;
      default:
        reader.skip();
    }
  }
  return span;
}

// Repeated scalars come packed or one by one.
void read_deltas(protozero::pbf_reader& reader, std::vector<int64_t>& out) {
  if (reader.wire_type() == pbf_wire_type::varint) {
    out.push_back(reader.get_sint64());
  } else if (reader.wire_type() == pbf_wire_type::length_delimited) {
    auto range = reader.get_packed_sint64();
    out.insert(out.end(), range.begin(), range.end());
  } else {
    reader.skip();
  }
}

void read_doubles(protozero::pbf_reader& reader, std::vector<double>& out) {
  if (reader.wire_type() == pbf_wire_type::fixed64) {
    out.push_back(reader.get_double());
  } else if (reader.wire_type() == pbf_wire_type::length_delimited) {
    auto range = reader.get_packed_double();
    out.insert(out.end(), range.begin(), range.end());
  } else {
    reader.skip();
  }
}

}  // namespace

const Histogram* read_histogram(std::string_view message, Columns& columns) {
  Histogram h{};
  h.struct_size = sizeof h;
  std::vector<BucketSpan> positive_spans, negative_spans;
  std::vector<int64_t> positive_deltas, negative_deltas;
  std::vector<double> positive_counts, negative_counts, custom_values;
  protozero::pbf_reader reader(message.data(), message.size());
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      // `count` and `zero_count` are each a choice of two: the last one stands.
      case tag_and_type(1, pbf_wire_type::varint):
        h.count_int = reader.get_uint64();
        h.flags &= ~static_cast<uint32_t>(kFloatHistogram);
        continue;
      case tag_and_type(2, pbf_wire_type::fixed64):
        h.count_float = reader.get_double();
        h.flags |= kFloatHistogram;
        continue;
      case tag_and_type(3, pbf_wire_type::fixed64):
        h.sum = reader.get_double();
        continue;
      case tag_and_type(4, pbf_wire_type::varint):
        h.schema = reader.get_sint32();
        continue;
      case tag_and_type(5, pbf_wire_type::fixed64):
        h.zero_threshold = reader.get_double();
        continue;
      case tag_and_type(6, pbf_wire_type::varint):
        h.zero_count_int = reader.get_uint64();
        h.zero_count_float = 0;
        continue;
      case tag_and_type(7, pbf_wire_type::fixed64):
        h.zero_count_float = reader.get_double();
        h.zero_count_int = 0;
        continue;
      case tag_and_type(8, pbf_wire_type::length_delimited):
        negative_spans.push_back(read_span(reader.get_view()));
        continue;
      case tag_and_type(11, pbf_wire_type::length_delimited):
        positive_spans.push_back(read_span(reader.get_view()));
        continue;
      case tag_and_type(14, pbf_wire_type::varint):
        h.reset_hint = static_cast<ResetHint>(reader.get_enum() & 3);
        continue;
      case tag_and_type(15, pbf_wire_type::varint):
        h.timestamp_ms = reader.get_int64();
        continue;
      case tag_and_type(17, pbf_wire_type::varint):
        h.start_timestamp_ms = reader.get_int64();
        continue;
      default:
        break;
    }
    switch (reader.tag()) {
      case 9:
        read_deltas(reader, negative_deltas);
        break;
      case 10:
        read_doubles(reader, negative_counts);
        break;
      case 12:
        read_deltas(reader, positive_deltas);
        break;
      case 13:
        read_doubles(reader, positive_counts);
        break;
      case 16:
        read_doubles(reader, custom_values);
        break;
      default:
        reader.skip();
    }
  }
  // An integer histogram has no float counts and the other way round, whatever was sent.
  if ((h.flags & kFloatHistogram) != 0) {
    h.count_int = h.zero_count_int = 0;
    h.positive_counts = keep(positive_counts, columns);
    h.negative_counts = keep(negative_counts, columns);
  } else {
    h.count_float = h.zero_count_float = 0;
    h.positive_deltas = keep(positive_deltas, columns);
    h.negative_deltas = keep(negative_deltas, columns);
  }
  h.positive_spans = keep(positive_spans, columns);
  h.negative_spans = keep(negative_spans, columns);
  h.custom_values = keep(custom_values, columns);
  return columns.make(h);
}

}  // namespace nightlight::remote_write
