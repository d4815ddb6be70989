#include "gorilla/chunk/integers.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "gorilla/chunk/frame.h"
#include "gorilla/chunk/huffman.h"
#include "gorilla/chunk/prediction.h"
#include "gorilla/chunk/stream_vbyte.h"

namespace nightlight::gorilla {
namespace {

using Values = std::span<const int64_t>;
using Residuals = std::array<uint64_t, kMaxChunkSamples>;

// ---- linear
// ----------------------------------------------------------------------------------------------------------------

bool is_linear(Values values) {
  if (values.size() < 3) return true;
  int64_t step = wrap_sub(values[1], values[0]);
  for (size_t i = 2; i < values.size(); ++i)
    if (wrap_sub(values[i], values[i - 1]) != step) return false;
  return true;
}

bool encode_linear(Values values, Bytes& out) {
  if (!is_linear(values)) return false;
  put_signed(out, values[0]);
  // A step of zero is left out: constants are the commonest chunk of all.
  int64_t step = values.size() > 1 ? wrap_sub(values[1], values[0]) : 0;
  if (step != 0) put_signed(out, step);
  return true;
}

bool decode_linear(ByteView bytes, size_t count, int64_t* out) {
  BoundedReader in(bytes);
  int64_t value = in.signed_varint();
  int64_t step = in.remaining() > 0 ? in.signed_varint() : 0;
  if (!in.finished()) return false;
  for (size_t i = 0; i < count; ++i, value = wrap_add(value, step)) out[i] = value;
  return true;
}

// ---- runs
// ------------------------------------------------------------------------------------------------------------------
// (length - 1, difference to the run before) as varints.

size_t run_length_size(Values values, size_t limit) {
  size_t size = 0;
  int64_t before = 0;
  for (size_t i = 0; i < values.size() && size < limit;) {
    size_t end = i + 1;
    while (end < values.size() && values[end] == values[i]) ++end;
    size += varint_size(end - i - 1) + varint_size(zigzag(wrap_sub(values[i], before)));
    before = values[i];
    i = end;
  }
  return size;
}

bool encode_run_length(Values values, Bytes& out) {
  int64_t before = 0;
  for (size_t i = 0; i < values.size();) {
    size_t end = i + 1;
    while (end < values.size() && values[end] == values[i]) ++end;
    put_varint(out, end - i - 1);
    put_signed(out, wrap_sub(values[i], before));
    before = values[i];
    i = end;
  }
  return true;
}

bool decode_run_length(ByteView bytes, size_t count, int64_t* out) {
  BoundedReader in(bytes);
  int64_t value = 0;
  for (size_t i = 0; i < count;) {
    uint64_t length = in.varint();
    value = wrap_add(value, in.signed_varint());
    if (!in.ok() || length >= count - i) return false;
    std::fill_n(out + i, length + 1, value);
    i += length + 1;
  }
  return in.finished();
}

// ---- differences
// ----------------------------------------------------------------------------------------------------------- The first
// value (and, for Delta2, the first difference) as zigzag varints, then the residuals.

size_t deltas(Values values, Residuals& residuals) {
  for (size_t i = 1; i < values.size(); ++i) residuals[i - 1] = zigzag(wrap_sub(values[i], values[i - 1]));
  return values.size() - 1;
}

size_t deltas2(Values values, Residuals& residuals) {
  if (values.size() < 3) return 0;
  int64_t before = wrap_sub(values[1], values[0]);
  for (size_t i = 2; i < values.size(); ++i) {
    int64_t delta = wrap_sub(values[i], values[i - 1]);
    residuals[i - 2] = zigzag(wrap_sub(delta, before));
    before = delta;
  }
  return values.size() - 2;
}

// The least difference, so that the rest is not negative. Resets of a counter would drag it far down: the least but for
// one in 64 is taken, and what is below wraps around and is patched.
int64_t offset_base(Values values) {
  int64_t least = INT64_MAX;
  for (size_t at = 1; at < values.size(); at += kFrameValues) {
    int64_t first = INT64_MAX, second = INT64_MAX;
    for (size_t i = at; i < std::min(values.size(), at + kFrameValues); ++i) {
      int64_t delta = wrap_sub(values[i], values[i - 1]);
      second = std::min(second, std::max(first, delta));
      first = std::min(first, delta);
    }
    least = std::min(least, first >= 0 || second == INT64_MAX ? first : second);
  }
  return least;
}

size_t offsets(Values values, int64_t base, Residuals& residuals) {
  for (size_t i = 1; i < values.size(); ++i)
    residuals[i - 1] = static_cast<uint64_t>(wrap_sub(wrap_sub(values[i], values[i - 1]), base));
  return values.size() - 1;
}

void put_head2(Values values, Bytes& out) {
  put_signed(out, values[0]);
  if (values.size() > 1) put_signed(out, wrap_sub(values[1], values[0]));
}

bool encode_svb_delta(Values values, Bytes& out) {
  Residuals residuals;
  size_t count = deltas(values, residuals);
  size_t before = out.size();
  put_signed(out, values[0]);
  if (put_stream_vbyte({residuals.data(), count}, out)) return true;
  out.resize(before);
  return false;
}

bool encode_svb_delta2(Values values, Bytes& out) {
  Residuals residuals;
  size_t count = deltas2(values, residuals);
  size_t before = out.size();
  put_head2(values, out);
  if (put_stream_vbyte({residuals.data(), count}, out)) return true;
  out.resize(before);
  return false;
}

bool encode_frame_delta(Values values, Bytes& out) {
  Residuals residuals;
  size_t count = deltas(values, residuals);
  put_signed(out, values[0]);
  put_frames({residuals.data(), count}, out);
  return true;
}

bool encode_frame_delta2(Values values, Bytes& out) {
  Residuals residuals;
  size_t count = deltas2(values, residuals);
  put_head2(values, out);
  put_frames({residuals.data(), count}, out);
  return true;
}

bool encode_frame_offset(Values values, Bytes& out) {
  if (values.size() < 2) return false;
  Residuals residuals;
  int64_t base = offset_base(values);
  size_t count = offsets(values, base, residuals);
  put_signed(out, values[0]);
  put_signed(out, base);
  put_frames({residuals.data(), count}, out);
  return true;
}

// Adds up `count` differences behind out[-1].
void sum_deltas(const uint64_t* residuals, size_t count, int64_t* out) {
  auto value = static_cast<uint64_t>(out[-1]);
  for (size_t i = 0; i < count; ++i) {
    value += static_cast<uint64_t>(unzigzag(residuals[i]));
    out[i] = static_cast<int64_t>(value);
  }
}

void sum_deltas2(const uint64_t* residuals, size_t count, int64_t* out) {
  auto value = static_cast<uint64_t>(out[-1]);
  uint64_t delta = value - static_cast<uint64_t>(out[-2]);
  for (size_t i = 0; i < count; ++i) {
    delta += static_cast<uint64_t>(unzigzag(residuals[i]));
    value += delta;
    out[i] = static_cast<int64_t>(value);
  }
}

void sum_offsets(const uint64_t* residuals, size_t count, uint64_t base, int64_t* out) {
  auto value = static_cast<uint64_t>(out[-1]);
  for (size_t i = 0; i < count; ++i) {
    value += residuals[i] + base;
    out[i] = static_cast<int64_t>(value);
  }
}

bool decode_svb_delta(ByteView bytes, size_t count, int64_t* out) {
  BoundedReader in(bytes);
  Residuals residuals;
  out[0] = in.signed_varint();
  if (!read_stream_vbyte(in, count - 1, residuals.data()) || !in.finished()) return false;
  sum_deltas(residuals.data(), count - 1, out + 1);
  return true;
}

// Reads the first two values of a Delta2 encoding.
bool read_head2(BoundedReader& in, size_t count, int64_t* out) {
  out[0] = in.signed_varint();
  if (count > 1) out[1] = wrap_add(out[0], in.signed_varint());
  return in.ok();
}

bool decode_svb_delta2(ByteView bytes, size_t count, int64_t* out) {
  BoundedReader in(bytes);
  if (!read_head2(in, count, out)) return false;
  if (count < 3) return in.finished();
  Residuals residuals;
  if (!read_stream_vbyte(in, count - 2, residuals.data()) || !in.finished()) return false;
  sum_deltas2(residuals.data(), count - 2, out + 2);
  return true;
}

template <class Sum>
bool decode_frames(BoundedReader& in, size_t from, size_t count, int64_t* out, Sum sum) {
  std::array<uint64_t, kFrameValues> frame;
  for (size_t at = from; at < count; at += kFrameValues) {
    size_t size = std::min(kFrameValues, count - at);
    if (!read_frame(in, size, frame.data())) return false;
    sum(frame.data(), size, out + at);
  }
  return in.finished();
}

bool decode_frame_delta(ByteView bytes, size_t count, int64_t* out) {
  BoundedReader in(bytes);
  out[0] = in.signed_varint();
  return in.ok() && decode_frames(in, 1, count, out, sum_deltas);
}

bool decode_frame_delta2(ByteView bytes, size_t count, int64_t* out) {
  BoundedReader in(bytes);
  return read_head2(in, count, out) && decode_frames(in, 2, count, out, sum_deltas2);
}

bool decode_frame_offset(ByteView bytes, size_t count, int64_t* out) {
  BoundedReader in(bytes);
  out[0] = in.signed_varint();
  auto base = static_cast<uint64_t>(in.signed_varint());
  return in.ok() && decode_frames(in, 1, count, out, [base](const uint64_t* residuals, size_t size, int64_t* to) {
           sum_offsets(residuals, size, base, to);
         });
}

// ---- predictions
// ----------------------------------------------------------------------------------------------------------- The
// predictor, the residuals in buckets.

// Fewer values do not pay for the table of codes.
constexpr size_t kLeastSmoothed = 32;
constexpr unsigned kSteadyTrend = 15;
// What is read more slowly must be smaller by one part in so many.
constexpr size_t kWorthwhile = 100;

void put_predictor(const Predictor& predictor, Bytes& out) {
  const unsigned trend_shift = predictor.steady ? kSteadyTrend : predictor.trend_shift;
  out.push_back(static_cast<uint8_t>(predictor.level_shift | trend_shift << 3));
  const unsigned zeros = predictor.trend == 0 ? 0 : static_cast<unsigned>(std::countr_zero(predictor.trend));
  out.push_back(static_cast<uint8_t>(zeros));
  put_signed(out, static_cast<int64_t>(predictor.trend) >> zeros);
  put_signed(out, predictor.first);
}

bool read_predictor(BoundedReader& in, Predictor* out) {
  const uint8_t shifts = in.byte();
  const uint8_t zeros = in.byte();
  const auto trend = static_cast<uint64_t>(in.signed_varint());
  out->first = in.signed_varint();
  out->level_shift = shifts & 7u;
  out->trend_shift = shifts >> 3;
  out->steady = out->trend_shift == kSteadyTrend;
  if (out->steady) out->trend_shift = 0;
  if (!in.ok() || !out->valid() || zeros > 63) return false;
  out->trend = trend << zeros;
  return true;
}

// False, and nothing appended, when it would take `limit` bytes or more.
bool try_smoothed(Values values, size_t limit, Bytes& out) {
  if (values.size() < kLeastSmoothed) return false;
  const size_t before = out.size();
  const Predictor predictor = choose_predictor(values);
  put_predictor(predictor, out);
  std::array<int64_t, kMaxChunkSamples> residuals;
  predict(values, predictor, residuals.data());
  const size_t head = out.size() - before;
  if (head < limit && put_buckets({residuals.data(), values.size()}, limit - head, out)) return true;
  out.resize(before);
  return false;
}

bool encode_smoothed(Values values, Bytes& out) { return try_smoothed(values, SIZE_MAX, out); }

bool decode_smoothed(ByteView bytes, size_t count, int64_t* out) {
  BoundedReader in(bytes);
  Predictor predictor;
  if (!read_predictor(in, &predictor) || !read_buckets(in, count, out)) return false;
  Prediction prediction(predictor);
  for (size_t i = 0; i < count; ++i) {
    const auto residual = static_cast<uint64_t>(out[i]);
    out[i] = static_cast<int64_t>(prediction.next() + residual);
    prediction.learn(residual);
  }
  return true;
}

constexpr std::array<IntegerCodec, kIntegerEncodings> kCodecs{{
    {IntegerEncoding::kLinear, "linear", encode_linear, decode_linear},
    {IntegerEncoding::kRunLength, "run-length", encode_run_length, decode_run_length},
    {IntegerEncoding::kSvbDelta, "svb-delta", encode_svb_delta, decode_svb_delta},
    {IntegerEncoding::kSvbDelta2, "svb-delta2", encode_svb_delta2, decode_svb_delta2},
    {IntegerEncoding::kFrameDelta, "frame-delta", encode_frame_delta, decode_frame_delta},
    {IntegerEncoding::kFrameDelta2, "frame-delta2", encode_frame_delta2, decode_frame_delta2},
    {IntegerEncoding::kFrameOffset, "frame-offset", encode_frame_offset, decode_frame_offset},
    {IntegerEncoding::kSmoothed, "smoothed", encode_smoothed, decode_smoothed},
}};

}  // namespace

std::span<const IntegerCodec> integer_codecs() { return kCodecs; }

bool encode_integers_as(IntegerEncoding encoding, Values values, Bytes& out) {
  NIGHTLIGHT_DCHECK(!values.empty() && values.size() <= kMaxChunkSamples, "a chunk's number of samples");
  return kCodecs[static_cast<size_t>(encoding)].encode(values, out);
}

IntegerEncoding encode_integers(Values values, Bytes& out, IntegerChoice choice) {
  NIGHTLIGHT_DCHECK(!values.empty() && values.size() <= kMaxChunkSamples, "a chunk's number of samples");
  if (encode_linear(values, out)) return IntegerEncoding::kLinear;
  // Every candidate is sized, only the smallest is written.
  Residuals residuals, residuals2, residuals_offset;
  size_t count = deltas(values, residuals);
  size_t count2 = deltas2(values, residuals2);
  int64_t base = offset_base(values);
  offsets(values, base, residuals_offset);
  size_t delta = frames_size({residuals.data(), count});
  size_t delta2 = frames_size({residuals2.data(), count2}) + varint_size(zigzag(wrap_sub(values[1], values[0])));
  size_t offset = frames_size({residuals_offset.data(), count}) + varint_size(zigzag(base));
  size_t least = std::min({delta, delta2, offset});
  size_t head = varint_size(zigzag(values[0]));
  if (run_length_size(values, least + head) < least + head) {
    encode_run_length(values, out);
    return IntegerEncoding::kRunLength;
  }
  // A code takes a bit at the least; and so little is better left to the compression of the page.
  if (choice == IntegerChoice::kDense && least * 8 > 2 * values.size() &&
      try_smoothed(values, least + head - least / kWorthwhile, out))
    return IntegerEncoding::kSmoothed;
  if (least == delta) {
    put_signed(out, values[0]);
    put_frames({residuals.data(), count}, out);
    return IntegerEncoding::kFrameDelta;
  }
  if (least == offset) {
    put_signed(out, values[0]);
    put_signed(out, base);
    put_frames({residuals_offset.data(), count}, out);
    return IntegerEncoding::kFrameOffset;
  }
  put_head2(values, out);
  put_frames({residuals2.data(), count2}, out);
  return IntegerEncoding::kFrameDelta2;
}

bool decode_integers(IntegerEncoding encoding, ByteView bytes, size_t count, int64_t* out) {
  if (count == 0 || count > kMaxChunkSamples || static_cast<uint8_t>(encoding) >= kIntegerEncodings) return false;
  return kCodecs[static_cast<size_t>(encoding)].decode(bytes, count, out);
}

}  // namespace nightlight::gorilla
