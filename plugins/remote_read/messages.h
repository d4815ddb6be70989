// The messages of an answer, written without an intermediate object.
#ifndef NIGHTLIGHT_REMOTE_READ_MESSAGES_H_
#define NIGHTLIGHT_REMOTE_READ_MESSAGES_H_

#include <cstdint>
#include <string>

#include "nightlight/storage.h"
#include "remote_read/chunks.h"

namespace nightlight::remote_read {

// The `labels` fields (number 1) of a series of a set.
std::string encode_labels(SeriesSet& set, uint64_t series);

// prometheus.TimeSeries: labels, samples, histograms.
std::string encode_time_series(std::string_view labels, const SeriesSamples& samples);

// prometheus.ChunkedReadResponse with one series and the chunks [begin, end).
std::string encode_chunked_response(std::string_view labels, const Chunk* begin, const Chunk* end,
                                    uint64_t query_index);

// Length as a varint, CRC32C big-endian, then the message: a frame of the stream.
std::string frame(const std::string& message);

}  // namespace nightlight::remote_read

#endif  // NIGHTLIGHT_REMOTE_READ_MESSAGES_H_
