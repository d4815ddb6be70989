#include "remote_write/write_v1.h"

#include <protozero/pbf_reader.hpp>

#include "nightlight/sugar.h"
#include "remote_write/exemplars.h"
#include "remote_write/histogram.h"
#include "remote_write/series_key.h"

namespace nightlight::remote_write {
namespace {

using protozero::pbf_wire_type;
using protozero::tag_and_type;

Str borrow(protozero::data_view text) { return Str{text.data(), text.size()}; }
std::string_view bytes(protozero::data_view text) { return {text.data(), text.size()}; }

struct Sample {
  double value = 0;
  int64_t timestamp_ms = 0;
};

Sample read_sample(protozero::data_view message) {
  Sample sample;
  protozero::pbf_reader reader(message);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case tag_and_type(1, pbf_wire_type::fixed64):
        sample.value = reader.get_double();
        break;
      case tag_and_type(2, pbf_wire_type::varint):
        sample.timestamp_ms = reader.get_int64();
        break;
      default:
        reader.skip();
    }
  }
  return sample;
}

void read_exemplar(protozero::data_view message, const SamplePolicy& policy, Columns& columns) {
  std::vector<LabelPair> labels;
  Sample sample;
  protozero::pbf_reader reader(message);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case tag_and_type(1, pbf_wire_type::length_delimited): {
        // A label is the message of a key with one field.
        LabelPair label{};
        protozero::pbf_reader pair(reader.get_view());
        while (pair.next()) {
          if (pair.tag_and_type() == tag_and_type(1, pbf_wire_type::length_delimited)) {
            label.name = borrow(pair.get_view());
          } else if (pair.tag_and_type() == tag_and_type(2, pbf_wire_type::length_delimited)) {
            label.value = borrow(pair.get_view());
          } else {
            pair.skip();
          }
        }
        labels.push_back(label);
        break;
      }
      case tag_and_type(2, pbf_wire_type::fixed64):
        sample.value = reader.get_double();
        break;
      case tag_and_type(3, pbf_wire_type::varint):
        sample.timestamp_ms = reader.get_int64();
        break;
      default:
        reader.skip();
    }
  }
  add_exemplar(labels, sample.timestamp_ms, sample.value, policy, columns);
}

// The end of the label fields with which `message` begins.
const char* skip_labels(const char* at, const char* end) {
  while (at != end && *at == kLabelField) {
    ++at;
    uint64_t size = protozero::decode_varint(&at, end);
    if (size > static_cast<uint64_t>(end - at)) throw protozero::end_of_buffer_exception();
    at += size;
  }
  return at;
}

// For messages whose labels do not stand together at the beginning: the key's other form.
Str gather_key(std::string_view message, Columns& columns) {
  std::string fields;
  protozero::pbf_reader reader(message.data(), message.size());
  while (reader.next(1, pbf_wire_type::length_delimited)) {
    protozero::data_view label = reader.get_view();
    fields += kLabelField;
    char length[protozero::max_varint_length];
    fields.append(length, static_cast<size_t>(protozero::write_varint(length, label.size())));
    fields.append(label.data(), label.size());
  }
  std::vector<LabelPair> labels;
  read_labels(str(fields), labels);
  size_t size = 1;
  for (const LabelPair& label : labels) size += canonical_size(label);
  char* key = columns.make_array<char>(size);
  *key = kCanonicalForm;
  char* end = key + 1;
  for (const LabelPair& label : labels) end = write_canonical(end, label);
  return Str{key, size};
}

void read_series(std::string_view message, const SamplePolicy& policy, Columns& columns) {
  const char* begin = message.data();
  const char* end = begin + message.size();
  const char* labels_end = skip_labels(begin, end);
  Str key{begin, static_cast<uint64_t>(labels_end - begin)};
  bool scattered = false;
  size_t first_exemplar = columns.exemplars.size();
  protozero::pbf_reader reader(labels_end, static_cast<size_t>(end - labels_end));
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case tag_and_type(1, pbf_wire_type::length_delimited):
        scattered = true;
        reader.skip();
        break;
      case tag_and_type(2, pbf_wire_type::length_delimited): {
        Sample sample = read_sample(reader.get_view());
        columns.add_sample(sample.timestamp_ms, sample.value, policy);
        break;
      }
      case tag_and_type(3, pbf_wire_type::length_delimited):
        read_exemplar(reader.get_view(), policy, columns);
        break;
      case tag_and_type(4, pbf_wire_type::length_delimited):
        columns.add_histogram(read_histogram(bytes(reader.get_view()), columns), policy);
        break;
      default:
        reader.skip();
    }
  }
  if (scattered) key = gather_key(message, columns);
  if (columns.exemplars.size() - first_exemplar > 1) sort_exemplars(first_exemplar, columns);
  columns.end_series(key);
}

const Metadata* read_metadata(protozero::data_view message, Columns& columns) {
  Metadata metadata{};
  metadata.struct_size = sizeof metadata;
  protozero::pbf_reader reader(message);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case tag_and_type(1, pbf_wire_type::varint): {
        int32_t kind = reader.get_enum();
        metadata.kind = kind >= 0 && kind <= 7 ? static_cast<MetricKind>(kind) : MetricKind::kUnknown;
        break;
      }
      case tag_and_type(2, pbf_wire_type::length_delimited):
        metadata.family = borrow(reader.get_view());
        break;
      case tag_and_type(4, pbf_wire_type::length_delimited):
        metadata.help = borrow(reader.get_view());
        break;
      case tag_and_type(5, pbf_wire_type::length_delimited):
        metadata.unit = borrow(reader.get_view());
        break;
      default:
        reader.skip();
    }
  }
  return columns.make(metadata);
}

}  // namespace

Result<void> decode_v1(std::string_view body, const SamplePolicy& policy, Columns& columns) try {
  protozero::pbf_reader reader(body.data(), body.size());
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case tag_and_type(1, pbf_wire_type::length_delimited):
        read_series(bytes(reader.get_view()), policy, columns);
        break;
      case tag_and_type(3, pbf_wire_type::length_delimited):
        columns.metadata.push_back(read_metadata(reader.get_view(), columns));
        break;
      case tag_and_type(4, pbf_wire_type::length_delimited):
      case tag_and_type(5, pbf_wire_type::length_delimited):
        return Error{
            Code::kInvalidArgument,
            "the content type says prometheus.WriteRequest, but the body is an io.prometheus.write.v2.Request"};
      default:
        reader.skip();
    }
  }
  return {};
} catch (const protozero::exception& e) {
  return Error{Code::kInvalidArgument, std::string("cannot decode prometheus.WriteRequest: ") + e.what()};
}

}  // namespace nightlight::remote_write
