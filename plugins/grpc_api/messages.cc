#include "grpc_api/messages.h"

#include <algorithm>

#include "nightlight/sugar.h"
#include "nightlight/v1/nightlight.pb.h"

namespace nightlight::grpc_api {
namespace {

template <class Spans>
void encode_spans(View<BucketSpan> spans, Spans* out) {
  for (const BucketSpan& span : spans) {
    auto* message = out->Add();
    message->set_offset(span.offset);
    message->set_length(span.length);
  }
}

template <class Spans>
std::vector<BucketSpan> decode_spans(const Spans& spans) {
  std::vector<BucketSpan> out;
  for (const auto& span : spans) out.push_back({span.offset(), span.length()});
  return out;
}

template <class Repeated>
View<double> view_of_repeated(const Repeated& values) {
  return View<double>{values.data(), static_cast<uint64_t>(values.size())};
}

Str text(const std::string& s) { return str(s); }

}  // namespace

void encode_histogram(const Histogram& h, v1::Histogram* out) {
  out->set_timestamp_ms(h.timestamp_ms);
  out->set_schema(h.schema);
  out->set_reset_hint(static_cast<v1::Histogram::ResetHint>(h.reset_hint));
  out->set_zero_threshold(h.zero_threshold);
  out->set_zero_count(h.zero_count_float);
  out->set_count(h.count_float);
  out->set_sum(h.sum);
  encode_spans(h.positive_spans, out->mutable_positive_spans());
  out->mutable_positive_counts()->Add(h.positive_counts.begin(), h.positive_counts.end());
  encode_spans(h.negative_spans, out->mutable_negative_spans());
  out->mutable_negative_counts()->Add(h.negative_counts.begin(), h.negative_counts.end());
  out->mutable_custom_values()->Add(h.custom_values.begin(), h.custom_values.end());
}

void encode_samples(const ResultSeries& series, v1::Series* out) {
  int64_t previous = 0;
  out->mutable_timestamp_deltas_ms()->Reserve(static_cast<int>(series.timestamps_ms.size));
  for (int64_t time : series.timestamps_ms) {
    out->add_timestamp_deltas_ms(time - previous);
    previous = time;
  }
  out->mutable_values()->Add(series.values.begin(), series.values.end());
  for (const Histogram* histogram : series.histograms) encode_histogram(*histogram, out->add_histograms());
}

void encode_trailer(QueryResult& result, bool stats, v1::QueryTrailer* out) {
  for (Str warning : result.warnings()) out->add_warnings(utf8_of(warning));
  for (Str note : result.infos()) out->add_infos(utf8_of(note));
  const QueryStats* measured = stats ? result.stats() : nullptr;
  if (measured == nullptr) return;
  v1::QueryStats* message = out->mutable_stats();
  message->set_exec_total_seconds(measured->exec_total_s);
  message->set_eval_total_seconds(measured->eval_total_s);
  message->set_queue_seconds(measured->queue_s);
  message->set_total_queryable_samples(measured->total_queryable_samples);
  message->set_samples_read(measured->samples_read);
  message->set_series_touched(measured->series_touched);
  message->set_peak_samples(measured->peak_samples);
}

namespace {

// The labels of a list of symbol references, sorted; an error text when they are no label set.
template <class Refs, class Symbols>
std::string decode_refs(const Refs& refs, const Symbols& symbols, std::vector<LabelPair>& out) {
  if (refs.size() % 2 != 0) return "label_refs has an odd number of entries";
  size_t first = out.size();
  for (int i = 0; i < refs.size(); i += 2) {
    for (int at : {i, i + 1}) {
      if (refs.Get(at) >= static_cast<uint32_t>(symbols.size())) {
        return "label_refs names symbol " + std::to_string(refs.Get(at)) + " of " + std::to_string(symbols.size());
      }
    }
    const std::string& name = symbols.Get(static_cast<int>(refs.Get(i)));
    const std::string& value = symbols.Get(static_cast<int>(refs.Get(i + 1)));
    if (name.empty()) return "has a label without a name";
    if (!value.empty()) out.push_back({text(name), text(value)});
  }
  auto begin = out.begin() + static_cast<ptrdiff_t>(first);
  std::sort(begin, out.end(), [](const LabelPair& a, const LabelPair& b) { return view(a.name) < view(b.name); });
  auto twin = std::adjacent_find(begin, out.end(),
                                 [](const LabelPair& a, const LabelPair& b) { return view(a.name) == view(b.name); });
  if (twin != out.end()) return "label \"" + std::string(view(twin->name)) + "\" is given twice";
  return {};
}

Error bad_series(int series, const std::string& what) {
  return Error{Code::kInvalidArgument, "series " + std::to_string(series) + ": " + what};
}

}  // namespace

Result<void> DecodedWrite::decode_labels(const v1::WriteRequest& request, int series) {
  const auto& refs = request.series(series).label_refs();
  size_t before = labels_.size();
  if (std::string fault = decode_refs(refs, request.symbols(), labels_); !fault.empty())
    return bad_series(series, fault);
  bool named = std::any_of(labels_.begin() + static_cast<ptrdiff_t>(before), labels_.end(),
                           [](const LabelPair& label) { return view(label.name) == "__name__"; });
  if (!named) return bad_series(series, "has no metric name (label __name__)");
  label_ends_.push_back(static_cast<uint32_t>(labels_.size()));
  return {};
}

Result<void> DecodedWrite::decode(const v1::WriteRequest& request) {
  for (int i = 0; i < request.series_size(); ++i) {
    const auto& series = request.series(i);
    NIGHTLIGHT_TRY(decode_labels(request, i));
    if (series.timestamps_ms_size() != series.values_size()) {
      return bad_series(i, std::to_string(series.timestamps_ms_size()) + " timestamps for " +
                               std::to_string(series.values_size()) + " values");
    }
    if (series.start_timestamps_ms_size() != 0 && series.start_timestamps_ms_size() != series.values_size()) {
      return bad_series(i, "start_timestamps_ms must be empty or as long as values");
    }
    any_start_ |= series.start_timestamps_ms_size() != 0;
    timestamps_ms_.insert(timestamps_ms_.end(), series.timestamps_ms().begin(), series.timestamps_ms().end());
    values_.insert(values_.end(), series.values().begin(), series.values().end());
    start_timestamps_ms_.insert(start_timestamps_ms_.end(), series.start_timestamps_ms().begin(),
                                series.start_timestamps_ms().end());
    start_timestamps_ms_.resize(values_.size());
    sample_ends_.push_back(static_cast<uint32_t>(values_.size()));
    for (const v1::Histogram& h : series.histograms()) {
      spans_.push_back(decode_spans(h.positive_spans()));
      spans_.push_back(decode_spans(h.negative_spans()));
      Histogram out{};
      out.struct_size = sizeof out;
      out.flags = kFloatHistogram;
      out.timestamp_ms = h.timestamp_ms();
      out.schema = h.schema();
      out.reset_hint = static_cast<ResetHint>(static_cast<uint32_t>(h.reset_hint()) & 3u);
      out.zero_threshold = h.zero_threshold();
      out.zero_count_float = h.zero_count();
      out.count_float = h.count();
      out.sum = h.sum();
      out.positive_spans = view_of(spans_[spans_.size() - 2]);
      out.negative_spans = view_of(spans_.back());
      out.positive_counts = view_of_repeated(h.positive_counts());
      out.negative_counts = view_of_repeated(h.negative_counts());
      out.custom_values = view_of_repeated(h.custom_values());
      histograms_.push_back(out);
    }
    histogram_ends_.push_back(static_cast<uint32_t>(histograms_.size()));
    for (const v1::Exemplar& exemplar : series.exemplars()) {
      std::vector<LabelPair> labels;
      if (std::string fault = decode_refs(exemplar.label_refs(), request.symbols(), labels); !fault.empty()) {
        return bad_series(i, "exemplar: " + fault);
      }
      exemplar_labels_.push_back(std::move(labels));
      exemplars_.push_back({sizeof(Exemplar), static_cast<uint32_t>(i), exemplar.timestamp_ms(), exemplar.value(),
                            view_of(exemplar_labels_.back())});
    }
  }
  for (const v1::Metadata& metadata : request.metadata()) {
    metadata_.push_back({sizeof(Metadata), static_cast<MetricKind>(metadata.kind()), text(metadata.family()),
                         text(metadata.help()), text(metadata.unit())});
  }
  for (const Histogram& histogram : histograms_) histogram_pointers_.push_back(&histogram);
  for (const Exemplar& exemplar : exemplars_) exemplar_pointers_.push_back(&exemplar);
  for (const Metadata& metadata : metadata_) metadata_pointers_.push_back(&metadata);
  return {};
}

WriteBatch DecodedWrite::batch(const CallContext* context) const {
  WriteBatch out{};
  out.struct_size = sizeof out;
  out.context = context;
  out.series_count = label_ends_.size();
  out.labels = view_of(labels_);
  out.label_ends = view_of(label_ends_);
  out.sample_ends = view_of(sample_ends_);
  out.timestamps_ms = view_of(timestamps_ms_);
  out.values = view_of(values_);
  if (any_start_) out.start_timestamps_ms = view_of(start_timestamps_ms_);
  out.histogram_ends = view_of(histogram_ends_);
  out.histograms = view_of(histogram_pointers_);
  out.exemplars = view_of(exemplar_pointers_);
  out.metadata = view_of(metadata_pointers_);
  return out;
}

}  // namespace nightlight::grpc_api
