// A native histogram as bytes: self-contained, every bit of it kept.
#ifndef NIGHTLIGHT_GORILLA_LOG_HISTOGRAM_CODEC_H_
#define NIGHTLIGHT_GORILLA_LOG_HISTOGRAM_CODEC_H_

#include <string>

#include "gorilla/block/sample_columns.h"
#include "gorilla/log/bytes.h"

namespace nightlight::gorilla {

void encode_histogram(const Histogram& histogram, std::string& out);
// The next histogram of `in`, in memory of `arena`; null (and !in.ok()) when the bytes are none.
const Histogram* decode_histogram(ByteReader& in, SampleArena& arena);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_LOG_HISTOGRAM_CODEC_H_
