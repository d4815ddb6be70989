#include "nightlight_client/messages.h"

#include <string_view>
#include <unordered_map>

#include "nightlight/v1/nightlight.pb.h"

namespace nightlight::client {
namespace {

Error bad_answer(const std::string& what) {
  return Error{Code::kInternal, "the server's answer contradicts itself: " + what, "", 0};
}

template <class Refs, class Symbols>
Result<Labels> decode_labels(const Refs& refs, const Symbols& symbols) {
  if (refs.size() % 2 != 0) return bad_answer("an odd number of label_refs");
  Labels out;
  out.reserve(static_cast<size_t>(refs.size()) / 2);
  for (int i = 0; i < refs.size(); i += 2) {
    auto size = static_cast<uint32_t>(symbols.size());
    if (refs.Get(i) >= size || refs.Get(i + 1) >= size) return bad_answer("a reference beyond the symbols");
    out.push_back({symbols.Get(static_cast<int>(refs.Get(i))), symbols.Get(static_cast<int>(refs.Get(i + 1)))});
  }
  return out;
}

template <class Spans>
std::vector<BucketSpan> decode_spans(const Spans& spans) {
  std::vector<BucketSpan> out;
  for (const auto& span : spans) out.push_back({span.offset(), span.length()});
  return out;
}

template <class Spans>
void encode_spans(const std::vector<BucketSpan>& spans, Spans* out) {
  for (const BucketSpan& span : spans) {
    auto* message = out->Add();
    message->set_offset(span.offset);
    message->set_length(span.length);
  }
}

Histogram decode_histogram(const v1::Histogram& h) {
  Histogram out;
  out.timestamp_ms = h.timestamp_ms();
  out.schema = h.schema();
  out.reset_hint = static_cast<ResetHint>(static_cast<uint32_t>(h.reset_hint()) & 3u);
  out.zero_threshold = h.zero_threshold();
  out.zero_count = h.zero_count();
  out.count = h.count();
  out.sum = h.sum();
  out.positive_spans = decode_spans(h.positive_spans());
  out.negative_spans = decode_spans(h.negative_spans());
  out.positive_counts.assign(h.positive_counts().begin(), h.positive_counts().end());
  out.negative_counts.assign(h.negative_counts().begin(), h.negative_counts().end());
  out.custom_values.assign(h.custom_values().begin(), h.custom_values().end());
  return out;
}

void encode_histogram(const Histogram& h, v1::Histogram* out) {
  out->set_timestamp_ms(h.timestamp_ms);
  out->set_schema(h.schema);
  out->set_reset_hint(static_cast<v1::Histogram::ResetHint>(h.reset_hint));
  out->set_zero_threshold(h.zero_threshold);
  out->set_zero_count(h.zero_count);
  out->set_count(h.count);
  out->set_sum(h.sum);
  encode_spans(h.positive_spans, out->mutable_positive_spans());
  encode_spans(h.negative_spans, out->mutable_negative_spans());
  out->mutable_positive_counts()->Add(h.positive_counts.begin(), h.positive_counts.end());
  out->mutable_negative_counts()->Add(h.negative_counts.begin(), h.negative_counts.end());
  out->mutable_custom_values()->Add(h.custom_values.begin(), h.custom_values.end());
}

// Each distinct string of a message once. The texts outlive the object.
class Symbols {
 public:
  explicit Symbols(v1::WriteRequest* out) : out_(out) {}

  template <class Refs>
  void add(const Labels& labels, Refs* refs) {
    for (const Label& label : labels) {
      refs->Add(ref(label.name));
      refs->Add(ref(label.value));
    }
  }

 private:
  uint32_t ref(std::string_view text) {
    auto [at, is_new] = refs_.try_emplace(text, static_cast<uint32_t>(refs_.size()));
    if (is_new) out_->add_symbols(std::string(text));
    return at->second;
  }

  v1::WriteRequest* out_;
  std::unordered_map<std::string_view, uint32_t> refs_;
};

}  // namespace

void encode(const QueryRequest& request, v1::QueryRequest* out) {
  out->set_query(request.query);
  out->set_time_ms(request.time_ms);
  if (request.range) {
    auto* range = out->mutable_range();
    range->set_start_ms(request.range->start_ms);
    range->set_end_ms(request.range->end_ms);
    range->set_step_ms(request.range->step_ms);
  }
  out->set_lookback_ms(request.lookback_ms);
  out->set_limit(request.limit);
  out->set_stats(request.stats);
  out->set_no_cache(request.no_cache);
}

void encode(const Selection& selection, v1::Selection* out) {
  for (const std::string& match : selection.match) out->add_match(match);
  out->set_start_ms(selection.start_ms);
  out->set_end_ms(selection.end_ms);
  out->set_limit(selection.limit);
}

void encode(const WriteBatch& batch, v1::WriteRequest* out) {
  Symbols symbols(out);
  for (const WriteSeries& series : batch.series) {
    auto* message = out->add_series();
    symbols.add(series.labels, message->mutable_label_refs());
    for (const Sample& sample : series.samples) {
      message->add_timestamps_ms(sample.timestamp_ms);
      message->add_values(sample.value);
    }
    message->mutable_start_timestamps_ms()->Add(series.start_timestamps_ms.begin(), series.start_timestamps_ms.end());
    for (const Histogram& histogram : series.histograms) encode_histogram(histogram, message->add_histograms());
    for (const Exemplar& exemplar : series.exemplars) {
      auto* one = message->add_exemplars();
      one->set_timestamp_ms(exemplar.timestamp_ms);
      one->set_value(exemplar.value);
      symbols.add(exemplar.labels, one->mutable_label_refs());
    }
  }
  for (const Metadata& metadata : batch.metadata) {
    auto* message = out->add_metadata();
    message->set_family(metadata.family);
    message->set_kind(static_cast<v1::MetricKind>(metadata.kind));
    message->set_help(metadata.help);
    message->set_unit(metadata.unit);
  }
}

Result<void> SeriesDecoder::decode(const v1::SeriesBatch& batch, std::vector<Series>* out) {
  for (const v1::Series& message : batch.series()) {
    if (!message.continued()) {
      Result<Labels> labels = decode_labels(message.label_refs(), batch.symbols());
      if (!labels.ok()) return std::move(labels).error();
      last_ = *std::move(labels);
    }
    if (message.timestamp_deltas_ms_size() != message.values_size()) return bad_answer("more values than times");
    Series& series = out->emplace_back();
    series.labels = last_;
    series.samples.reserve(static_cast<size_t>(message.values_size()));
    uint64_t time_ms = 0;  // Unsigned: a hostile sum wraps.
    for (int i = 0; i < message.values_size(); ++i) {
      time_ms += static_cast<uint64_t>(message.timestamp_deltas_ms(i));
      series.samples.push_back({static_cast<int64_t>(time_ms), message.values(i)});
    }
    series.histograms.reserve(static_cast<size_t>(message.histograms_size()));
    for (const v1::Histogram& histogram : message.histograms())
      series.histograms.push_back(decode_histogram(histogram));
  }
  return {};
}

Result<void> decode(const v1::SeriesBatch& batch, std::vector<Labels>* out) {
  for (const v1::Series& message : batch.series()) {
    Result<Labels> labels = decode_labels(message.label_refs(), batch.symbols());
    if (!labels.ok()) return std::move(labels).error();
    out->push_back(*std::move(labels));
  }
  return {};
}

Result<void> decode(const v1::ExemplarBatch& batch, std::vector<SeriesExemplars>* out) {
  for (const auto& message : batch.series()) {
    Result<Labels> labels = decode_labels(message.label_refs(), batch.symbols());
    if (!labels.ok()) return std::move(labels).error();
    SeriesExemplars& series = out->emplace_back();
    series.labels = *std::move(labels);
    for (const v1::Exemplar& exemplar : message.exemplars()) {
      Result<Labels> own = decode_labels(exemplar.label_refs(), batch.symbols());
      if (!own.ok()) return std::move(own).error();
      series.exemplars.push_back({exemplar.timestamp_ms(), exemplar.value(), *std::move(own)});
    }
  }
  return {};
}

ResultType decode_type(const v1::QueryHeader& header) {
  return static_cast<ResultType>(static_cast<uint32_t>(header.type()) & 3u);
}

QuerySummary decode(const v1::QueryTrailer& trailer) {
  QuerySummary out;
  out.warnings.assign(trailer.warnings().begin(), trailer.warnings().end());
  out.infos.assign(trailer.infos().begin(), trailer.infos().end());
  const v1::QueryStats& stats = trailer.stats();
  out.stats = {
      stats.exec_total_seconds(), stats.eval_total_seconds(), stats.queue_seconds(), stats.total_queryable_samples(),
      stats.samples_read(),       stats.series_touched(),     stats.peak_samples()};
  return out;
}

Metadata decode(const v1::Metadata& metadata) {
  return {metadata.family(), static_cast<MetricKind>(static_cast<uint32_t>(metadata.kind()) & 7u), metadata.help(),
          metadata.unit()};
}

WriteAck decode(const v1::WriteResponse& response) {
  WriteAck out;
  out.samples_written = response.samples_written();
  out.histograms_written = response.histograms_written();
  out.exemplars_written = response.exemplars_written();
  out.rejected = response.rejected();
  for (const auto& rejection : response.rejections())
    out.rejections.push_back({rejection.series(), rejection.reason()});
  return out;
}

}  // namespace nightlight::client
