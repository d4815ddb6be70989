#include "model/histogram_validation.h"

#include <cmath>
#include <limits>

#include "base/parse.h"
#include "model/bucket_bounds.h"

namespace nightlight {
namespace {

constexpr std::string_view kNegativeOffset = "histogram has a span whose offset is negative";
constexpr std::string_view kIndexOutOfRange = "histogram has a span whose bucket index is out of range";
constexpr std::string_view kBucketMismatch = "histogram spans specify different number of buckets than provided";
constexpr std::string_view kNegativeBucket = "histogram has a bucket whose observation count is negative";

std::string text(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (std::string_view part : parts) out += part;
  return out;
}

std::string mismatch(uint64_t needed, uint64_t have) {
  return text(
      {"spans need ", std::to_string(needed), " buckets, have ", std::to_string(have), " buckets: ", kBucketMismatch});
}

std::string negative_offset(size_t number, int32_t offset) {
  return text({"span number ", std::to_string(number), " with offset ", std::to_string(offset), ": ", kNegativeOffset});
}

Error invalid(std::string message) { return Error{Code::kInvalidArgument, std::move(message)}; }

// Go's %f.
std::string fixed(double value) {
  if (!std::isfinite(value)) return format_double_plain(value);
  char buffer[400];
  int size = std::snprintf(buffer, sizeof buffer, "%f", value);
  return std::string(buffer, static_cast<size_t>(size));
}

std::string custom_error(const Histogram& h, uint64_t bucket_count) {
  double previous = -std::numeric_limits<double>::infinity();
  for (uint64_t i = 0; i < h.custom_values.size; ++i) {
    double bound = h.custom_values[i];
    if (std::isnan(bound)) return "histogram custom bounds must not be NaN";
    if (i > 0 && bound <= previous) {
      return text({"previous bound is ", fixed(previous), " and current is ", fixed(bound),
                   ": histogram custom bounds must be in strictly increasing order"});
    }
    previous = bound;
  }
  if (previous == std::numeric_limits<double>::infinity()) {
    return "last +Inf bound must not be explicitly defined: histogram custom bounds must be finite";
  }
  uint64_t buckets = 0;
  int64_t covered = 0;
  for (size_t i = 0; i < h.positive_spans.size; ++i) {
    BucketSpan span = h.positive_spans[i];
    if (span.offset < 0) return negative_offset(i + 1, span.offset);
    buckets += span.length;
    covered += static_cast<int64_t>(span.offset) + span.length;
  }
  if (buckets != bucket_count) return mismatch(buckets, bucket_count);
  if (static_cast<int64_t>(h.custom_values.size) + 1 < covered) {
    return text({"only ", std::to_string(h.custom_values.size),
                 " custom bounds defined which is insufficient to cover total span length of ", std::to_string(covered),
                 ": histogram custom bounds are too few"});
  }
  return {};
}

// Adds up integer buckets; the text of the first negative one.
std::string delta_error(View<int64_t> deltas, uint64_t& total) {
  int64_t count = 0;
  for (uint64_t i = 0; i < deltas.size; ++i) {
    count = static_cast<int64_t>(static_cast<uint64_t>(count) + static_cast<uint64_t>(deltas[i]));
    if (count < 0) {
      return text({"bucket number ", std::to_string(i + 1), " has observation count of ", std::to_string(count), ": ",
                   kNegativeBucket});
    }
    total += static_cast<uint64_t>(count);
  }
  return {};
}

std::string count_error(View<double> counts) {
  for (uint64_t i = 0; i < counts.size; ++i) {
    if (counts[i] < 0) {
      return text({"bucket number ", std::to_string(i + 1), " has observation count of ", format_double_g(counts[i]),
                   ": ", kNegativeBucket});
    }
  }
  return {};
}

Result<void> validate_totals(const Histogram& h, uint64_t in_buckets) {
  in_buckets += h.zero_count_int;
  bool sum_is_nan = std::isnan(h.sum);
  if (sum_is_nan ? in_buckets <= h.count_int : in_buckets == h.count_int) return {};
  return invalid(text({std::to_string(in_buckets), " observations found in buckets, but the Count field is ",
                       std::to_string(h.count_int), ": histogram's observation count should ",
                       sum_is_nan ? "be at least the number of observations found in the buckets"
                                  : "equal the number of observations found in the buckets (in absence of NaN)"}));
}

}  // namespace

std::string span_error(View<BucketSpan> spans, uint64_t bucket_count) {
  uint64_t buckets = 0;
  int64_t end = 0;
  for (size_t i = 0; i < spans.size; ++i) {
    BucketSpan span = spans[i];
    if (i > 0 && span.offset < 0) return negative_offset(i + 1, span.offset);
    if (i == 0 && span.offset == std::numeric_limits<int32_t>::min()) {
      return text({"span number 1 starts at bucket index ", std::to_string(span.offset), ": ", kIndexOutOfRange});
    }
    buckets += span.length;
    end += static_cast<int64_t>(span.offset) + span.length;
    if (end - 1 > std::numeric_limits<int32_t>::max()) {
      return text({"span number ", std::to_string(i + 1), " ends at bucket index ", std::to_string(end - 1), ": ",
                   kIndexOutOfRange});
    }
  }
  return buckets == bucket_count ? "" : mismatch(buckets, bucket_count);
}

Result<void> validate_histogram(const Histogram& h) {
  bool floats = (h.flags & kFloatHistogram) != 0;
  uint64_t positive_count = floats ? h.positive_counts.size : h.positive_deltas.size;
  uint64_t negative_count = floats ? h.negative_counts.size : h.negative_deltas.size;
  uint64_t in_buckets = 0;
  auto side_error = [&](View<double> counts, View<int64_t> deltas) {
    return floats ? count_error(counts) : delta_error(deltas, in_buckets);
  };
  if (h.schema == kCustomBucketsSchema) {
    if (std::string error = custom_error(h, positive_count); !error.empty()) return invalid("custom buckets: " + error);
    bool zero_count = floats ? h.zero_count_float != 0 : h.zero_count_int != 0;
    if (zero_count) return invalid("custom buckets: must have zero count of 0");
    if (h.zero_threshold != 0) return invalid("custom buckets: must have zero threshold of 0");
    if (!h.negative_spans.empty()) return invalid("custom buckets: must not have negative spans");
    if (negative_count > 0) return invalid("custom buckets: must not have negative buckets");
  } else if (h.schema >= kMinExponentialSchema && h.schema <= kMaxExponentialSchema) {
    if (std::string error = span_error(h.positive_spans, positive_count); !error.empty()) {
      return invalid("positive side: " + error);
    }
    std::string error = span_error(h.negative_spans, negative_count);
    if (error.empty()) error = side_error(h.negative_counts, h.negative_deltas);
    if (!error.empty()) return invalid("negative side: " + error);
    if (floats && h.zero_count_float < 0) {
      return invalid(
          text({"zero bucket has observation count of ", format_double_g(h.zero_count_float), ": ", kNegativeBucket}));
    }
    if (!h.custom_values.empty()) return invalid("histogram with exponential schema must not have custom bounds");
  } else {
    return invalid(
        "histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom "
        "buckets, "
        "got schema " +
        std::to_string(h.schema));
  }
  if (floats && h.count_float < 0) {
    return invalid(text(
        {"observation count is  ", format_double_g(h.count_float), ": histogram's observation count is negative"}));
  }
  if (std::string error = side_error(h.positive_counts, h.positive_deltas); !error.empty()) {
    return invalid("positive side: " + error);
  }
  if (floats) return {};
  return validate_totals(h, in_buckets);
}

IntegerSide reduce_integer_side(View<BucketSpan> spans, View<int64_t> deltas, int32_t from_schema, int32_t to_schema) {
  IntegerSide out;
  int64_t index = 0, end = 0, count = 0, merged = 0, written = 0;
  size_t position = 0;
  // Deltas of the merged counts: `merged` collects the open bucket, `written` is the absolute count of the one before.
  auto close = [&] {
    out.deltas.push_back(merged - written);
    written = merged;
  };
  for (BucketSpan span : spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length && position < deltas.size; ++i, ++index, ++position) {
      count += deltas[position];
      int64_t target = coarser_index(index, from_schema - to_schema);
      if (!out.spans.empty() && target == end - 1) {
        merged += count;
        continue;
      }
      if (!out.spans.empty()) close();
      if (!out.spans.empty() && target == end) {
        ++out.spans.back().length;
      } else {
        out.spans.push_back(BucketSpan{static_cast<int32_t>(target - end), 1});
      }
      merged = count;
      end = target + 1;
    }
  }
  if (!out.spans.empty()) close();
  return out;
}

}  // namespace nightlight
