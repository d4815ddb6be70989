#include "grpc_api/chunk_writer.h"

#include <algorithm>

#include "grpc_api/messages.h"
#include "nightlight/v1/nightlight.pb.h"

namespace nightlight::grpc_api {

struct ChunkWriter::Open {
  v1::QueryChunk message;
  SymbolWriter<v1::SeriesBatch> symbols{message.mutable_batch()};
  uint64_t samples = 0;
};

ChunkWriter::ChunkWriter(std::function<bool(const v1::QueryChunk&)> send, uint32_t most_series)
    : send_(std::move(send)), most_series_(most_series) {}

ChunkWriter::~ChunkWriter() = default;

uint64_t ChunkWriter::room() const {
  return kSamplesPerChunk - (open_ ? std::min(open_->samples, kSamplesPerChunk) : 0);
}

bool ChunkWriter::add(const ResultSeries& series) {
  if (open_ && static_cast<uint32_t>(open_->message.batch().series_size()) >= most_series_ && !flush()) return false;
  uint64_t samples = 0, histograms = 0;
  bool continued = false;
  do {
    if (room() < kSamplesPerHistogram && !flush()) return false;
    ResultSeries piece = series;
    uint64_t left = room();
    uint64_t count = std::min(series.values.size - samples, left);
    piece.timestamps_ms = {series.timestamps_ms.data + samples, count};
    piece.values = {series.values.data + samples, count};
    samples += count;
    count = std::min(series.histograms.size - histograms, (left - count) / kSamplesPerHistogram);
    piece.histograms = {series.histograms.data + histograms, count};
    histograms += count;
    add_piece(piece, continued);
    continued = true;
  } while (samples < series.values.size || histograms < series.histograms.size);
  return true;
}

void ChunkWriter::add_piece(const ResultSeries& piece, bool continued) {
  if (!open_) open_ = std::make_unique<Open>();
  v1::Series* message = open_->message.mutable_batch()->add_series();
  message->set_continued(continued);
  if (!continued) open_->symbols.add_labels(piece.labels, message->mutable_label_refs());
  encode_samples(piece, message);
  open_->samples += piece.values.size + piece.histograms.size * kSamplesPerHistogram;
}

bool ChunkWriter::flush() {
  if (!open_) return true;
  bool sent = send_(open_->message);
  open_.reset();
  return sent;
}

}  // namespace nightlight::grpc_api
