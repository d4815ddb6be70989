#include "remote_write/write_v2.h"

#include <protozero/pbf_reader.hpp>

#include "model/labels.h"
#include "nightlight/sugar.h"
#include "remote_write/exemplars.h"
#include "remote_write/histogram.h"
#include "remote_write/series_key.h"

namespace nightlight::remote_write {
namespace {

using protozero::pbf_wire_type;
using protozero::tag_and_type;

std::string_view bytes(protozero::data_view text) { return {text.data(), text.size()}; }

void read_refs(protozero::pbf_reader& reader, std::vector<uint32_t>& out) {
  if (reader.wire_type() == pbf_wire_type::varint) {
    out.push_back(reader.get_uint32());
  } else if (reader.wire_type() == pbf_wire_type::length_delimited) {
    // By hand: this runs for every series, and a range of iterators decodes each number twice.
    protozero::data_view packed = reader.get_view();
    const char* at = packed.data();
    const char* end = at + packed.size();
    while (at != end) out.push_back(static_cast<uint32_t>(protozero::decode_varint(&at, end)));
  } else {
    reader.skip();
  }
}

std::string format_refs(const std::vector<uint32_t>& refs) {
  std::string out = "[";
  for (size_t i = 0; i < refs.size(); ++i) out.append(i == 0 ? "" : " ").append(std::to_string(refs[i]));
  return out + "]";
}

struct MetadataRefs {
  MetricKind kind = MetricKind::kUnknown;
  uint32_t help = 0, unit = 0;
};

// A message that comes twice is one, with the later fields over the earlier, as in every protobuf decoder.
void merge_metadata(protozero::data_view message, MetadataRefs& out) {
  protozero::pbf_reader reader(message);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case tag_and_type(1, pbf_wire_type::varint): {
        int32_t kind = reader.get_enum();
        out.kind = kind >= 0 && kind <= 7 ? static_cast<MetricKind>(kind) : MetricKind::kUnknown;
        break;
      }
      case tag_and_type(3, pbf_wire_type::varint):
        out.help = reader.get_uint32();
        break;
      case tag_and_type(4, pbf_wire_type::varint):
        out.unit = reader.get_uint32();
        break;
      default:
        reader.skip();
    }
  }
}

// The family that a series of this kind and name belongs to.
std::string_view family_of(std::string_view name, MetricKind kind) {
  bool buckets = kind == MetricKind::kHistogram || kind == MetricKind::kGaugeHistogram;
  if (!buckets && kind != MetricKind::kSummary) return name;
  for (std::string_view suffix : {"_bucket", "_count", "_sum"}) {
    if (suffix == "_bucket" && !buckets) continue;
    if (name.size() > suffix.size() && name.substr(name.size() - suffix.size()) == suffix) {
      return name.substr(0, name.size() - suffix.size());
    }
  }
  return name;
}

class Decoder {
 public:
  Decoder(const SamplePolicy& policy, Columns& columns, V2Faults& faults)
      : policy_(policy), columns_(columns), faults_(faults) {}

  void decode(std::string_view body) {
    // Symbols may stand behind the series, in theory: find them first.
    protozero::pbf_reader table(body.data(), body.size());
    while (table.next()) {
      if (table.tag_and_type() == tag_and_type(4, pbf_wire_type::length_delimited)) {
        add_symbol(bytes(table.get_view()));
      } else {
        table.skip();
      }
    }
    described_.assign(symbols_.size(), false);
    protozero::pbf_reader reader(body.data(), body.size());
    while (reader.next(5, pbf_wire_type::length_delimited)) read_series(reader.get_view());
    if (!has_start_) columns_.start_timestamps_ms.clear();
  }

 private:
  void add_symbol(std::string_view text) {
    if (text == kMetricNameLabel) name_symbol_ = static_cast<uint32_t>(symbols_.size());
    symbols_.push_back(str(text));
  }

  void read_sample(protozero::data_view message) {
    double value = 0;
    int64_t timestamp_ms = 0, start_ms = 0;
    protozero::pbf_reader reader(message);
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case tag_and_type(1, pbf_wire_type::fixed64):
          value = reader.get_double();
          break;
        case tag_and_type(2, pbf_wire_type::varint):
          timestamp_ms = reader.get_int64();
          break;
        case tag_and_type(3, pbf_wire_type::varint):
          start_ms = reader.get_int64();
          break;
        default:
          reader.skip();
      }
    }
    columns_.add_sample(timestamp_ms, value, policy_);
    if (columns_.values.size() > columns_.start_timestamps_ms.size()) columns_.start_timestamps_ms.push_back(start_ms);
    has_start_ |= start_ms != 0;
  }

  // Null when the references are sound.
  std::string fault_of(const std::vector<uint32_t>& refs) const {
    if (refs.size() % 2 != 0) return "invalid labelRefs length " + std::to_string(refs.size());
    for (size_t i = 0; i < refs.size(); i += 2) {
      if (refs[i] < symbols_.size() && refs[i + 1] < symbols_.size()) continue;
      return "labelRefs " + std::to_string(refs[i]) + " (name) = " + std::to_string(refs[i + 1]) +
             " (value) outside of symbols table (size " + std::to_string(symbols_.size()) + ")";
    }
    return {};
  }

  std::string fault_of(const MetadataRefs& metadata) const {
    for (auto [what, ref] : {std::pair{"unit_ref", metadata.unit}, std::pair{"help_ref", metadata.help}}) {
      if (ref < symbols_.size() || (ref == 0 && symbols_.empty())) continue;
      return std::string("metadata ") + what + " " + std::to_string(ref) + " outside of symbols table (size " +
             std::to_string(symbols_.size()) + ")";
    }
    return {};
  }

  LabelPair label_at(size_t i) const { return {symbols_[refs_[i]], symbols_[refs_[i + 1]]}; }

  Str make_key() {
    size_t size = 1;
    for (size_t i = 0; i < refs_.size(); i += 2) size += canonical_size(label_at(i));
    char* key = columns_.make_array<char>(size);
    *key = kCanonicalForm;
    char* end = key + 1;
    for (size_t i = 0; i < refs_.size(); i += 2) end = write_canonical(end, label_at(i));
    return Str{key, size};
  }

  void read_exemplar(protozero::data_view message) {
    std::vector<uint32_t> refs;
    double value = 0;
    int64_t timestamp_ms = 0;
    protozero::pbf_reader reader(message);
    while (reader.next()) {
      if (reader.tag() == 1) {
        read_refs(reader, refs);
        continue;
      }
      switch (reader.tag_and_type()) {
        case tag_and_type(2, pbf_wire_type::fixed64):
          value = reader.get_double();
          break;
        case tag_and_type(3, pbf_wire_type::varint):
          timestamp_ms = reader.get_int64();
          break;
        default:
          reader.skip();
      }
    }
    if (std::string fault = fault_of(refs); !fault.empty()) {
      exemplar_faults_.push_back(std::move(fault));
      return;
    }
    std::vector<LabelPair> labels;
    for (size_t i = 0; i < refs.size(); i += 2) labels.push_back({symbols_[refs[i]], symbols_[refs[i + 1]]});
    add_exemplar(labels, timestamp_ms, value, policy_, columns_);
  }

  void read_series(protozero::data_view message) {
    refs_.clear();
    exemplar_faults_.clear();
    MetadataRefs metadata;
    uint64_t given = 0;
    size_t first_sample = columns_.values.size(), first_histogram = columns_.histograms.size();
    size_t first_exemplar = columns_.exemplars.size(), first_rejection = columns_.rejections.size();
    protozero::pbf_reader reader(message);
    while (reader.next()) {
      if (reader.tag() == 1) {
        read_refs(reader, refs_);
        continue;
      }
      switch (reader.tag_and_type()) {
        case tag_and_type(2, pbf_wire_type::length_delimited):
          read_sample(reader.get_view());
          ++given;
          break;
        case tag_and_type(3, pbf_wire_type::length_delimited):
          columns_.add_histogram(read_histogram(bytes(reader.get_view()), columns_), policy_);
          ++given;
          break;
        case tag_and_type(4, pbf_wire_type::length_delimited):
          read_exemplar(reader.get_view());
          break;
        case tag_and_type(5, pbf_wire_type::length_delimited):
          merge_metadata(reader.get_view(), metadata);
          break;
        default:
          reader.skip();
      }
    }
    std::string fault = fault_of(refs_);
    std::string what = fault.empty() ? "metadata" : "labels";
    if (fault.empty()) fault = fault_of(metadata);
    if (!fault.empty()) {
      faults_.texts.push_back("parsing " + what + " for series " + format_refs(refs_) + ": " + fault);
      faults_.samples += given;
    }
    Str key = fault.empty() ? make_key() : Str{};
    if (fault.empty() && given == 0) {
      fault = "TimeSeries must contain at least one sample or histogram for series " + format_key(key);
      faults_.texts.push_back(fault);
    }
    if (!fault.empty()) {
      columns_.timestamps_ms.resize(first_sample);
      columns_.values.resize(first_sample);
      columns_.start_timestamps_ms.resize(first_sample);
      columns_.histograms.resize(first_histogram);
      columns_.exemplars.resize(first_exemplar);
      columns_.rejections.resize(first_rejection);
      return;
    }
    for (const std::string& text : exemplar_faults_) {
      faults_.texts.push_back("parsing exemplar for series " + format_key(key) + ": " + text);
    }
    if (columns_.exemplars.size() - first_exemplar > 1) sort_exemplars(first_exemplar, columns_);
    describe(metadata);
    columns_.end_series(key);
  }

  // Metadata comes with every series, but is of a whole family: hand over the first of each name.
  void describe(const MetadataRefs& refs) {
    if (refs.kind == MetricKind::kUnknown && refs.help == 0 && refs.unit == 0) return;
    for (size_t i = 0; i < refs_.size(); i += 2) {
      uint32_t name = refs_[i + 1];
      if (refs_[i] != name_symbol_ || described_[name]) continue;
      described_[name] = true;
      Metadata metadata{};
      metadata.struct_size = sizeof metadata;
      metadata.kind = refs.kind;
      metadata.family = str(family_of(view(symbols_[name]), refs.kind));
      metadata.help = symbols_[refs.help];
      metadata.unit = symbols_[refs.unit];
      columns_.metadata.push_back(columns_.make(metadata));
    }
  }

  const SamplePolicy& policy_;
  Columns& columns_;
  V2Faults& faults_;
  std::vector<Str> symbols_;
  std::vector<bool> described_;  // By the symbol of a metric's name.
  uint32_t name_symbol_ = UINT32_MAX;
  std::vector<uint32_t> refs_;
  std::vector<std::string> exemplar_faults_;
  bool has_start_ = false;
};

bool is_v1(std::string_view body) {
  protozero::pbf_reader reader(body.data(), body.size());
  return reader.next() && reader.tag_and_type() == tag_and_type(1, pbf_wire_type::length_delimited);
}

}  // namespace

Result<void> decode_v2(std::string_view body, const SamplePolicy& policy, Columns& columns, V2Faults& faults) try {
  if (is_v1(body)) {
    return Error{Code::kInvalidArgument,
                 "the content type says io.prometheus.write.v2.Request, but the body is a prometheus.WriteRequest"};
  }
  Decoder(policy, columns, faults).decode(body);
  return {};
} catch (const protozero::exception& e) {
  return Error{Code::kInvalidArgument, std::string("cannot decode io.prometheus.write.v2.Request: ") + e.what()};
}

}  // namespace nightlight::remote_write
