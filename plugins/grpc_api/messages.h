// Between the contract's columns and the messages of nightlight.v1.
#ifndef NIGHTLIGHT_GRPC_API_MESSAGES_H_
#define NIGHTLIGHT_GRPC_API_MESSAGES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/utf8.h"
#include "nightlight/engine.h"
#include "nightlight/sink.h"

namespace nightlight::v1 {
class Histogram;
class QueryTrailer;
class Series;
class SeriesBatch;
class WriteRequest;
}  // namespace nightlight::v1

namespace nightlight::grpc_api {

// Stored texts and those that expressions make may be no UTF-8; a message with such a text could not be read.
inline std::string utf8_of(Str text) { return as_utf8(std::string_view(text.data, text.size)); }

// The symbol table of one message while it is being filled: each distinct string once.
template <class Message>
class SymbolWriter {
 public:
  explicit SymbolWriter(Message* message) : message_(message) {}

  uint32_t operator()(Str text) {
    auto [at, is_new] = refs_.try_emplace(std::string(text.data, text.size), static_cast<uint32_t>(refs_.size()));
    if (is_new) message_->add_symbols(as_utf8(at->first));
    return at->second;
  }
  template <class Refs>
  void add_labels(View<LabelPair> labels, Refs* refs) {
    for (const LabelPair& label : labels) {
      refs->Add((*this)(label.name));
      refs->Add((*this)(label.value));
    }
  }

 private:
  Message* message_;
  std::unordered_map<std::string, uint32_t> refs_;
};

// The times, values and histograms of a result; labels are the caller's.
void encode_samples(const ResultSeries& series, v1::Series* out);
void encode_histogram(const Histogram& histogram, v1::Histogram* out);
void encode_trailer(QueryResult& result, bool stats, v1::QueryTrailer* out);

// A WriteBatch over the memory of a request, which must outlive it.
class DecodedWrite {
 public:
  // kInvalidArgument names the series whose references or columns do not fit together.
  Result<void> decode(const v1::WriteRequest& request);
  WriteBatch batch(const CallContext* context) const;

 private:
  Result<void> decode_labels(const v1::WriteRequest& request, int series);

  std::vector<LabelPair> labels_;
  std::vector<uint32_t> label_ends_, sample_ends_, histogram_ends_;
  std::vector<int64_t> timestamps_ms_, start_timestamps_ms_;
  std::vector<double> values_;
  std::vector<Histogram> histograms_;
  std::vector<std::vector<BucketSpan>> spans_;
  std::vector<const Histogram*> histogram_pointers_;
  std::vector<Exemplar> exemplars_;
  std::vector<std::vector<LabelPair>> exemplar_labels_;
  std::vector<const Exemplar*> exemplar_pointers_;
  std::vector<Metadata> metadata_;
  std::vector<const Metadata*> metadata_pointers_;
  bool any_start_ = false;
};

}  // namespace nightlight::grpc_api

#endif  // NIGHTLIGHT_GRPC_API_MESSAGES_H_
