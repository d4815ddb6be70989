// The bytes by which a sender names a series (see Sink::resolve), and the labels that they spell. Two forms:
//   * the label fields of a remote-write 1.0 TimeSeries as they came, each one beginning with byte 0x0A;
//   * byte 0x82 and then for each label its name and its value, each with its length as a varint before it.
#ifndef NIGHTLIGHT_REMOTE_WRITE_SERIES_KEY_H_
#define NIGHTLIGHT_REMOTE_WRITE_SERIES_KEY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nightlight/abi.h"

namespace nightlight::remote_write {

inline constexpr char kLabelField = 0x0a;  // Field 1, length-delimited.
inline constexpr char kCanonicalForm = '\x82';

// Writes the second form into `out`, which must have room for canonical_size, and returns its end.
size_t canonical_size(const LabelPair& label);
char* write_canonical(char* out, const LabelPair& label);

// Appends the labels in the sender's order. Throws protozero::exception when the bytes are damaged.
void read_labels(Str key, std::vector<LabelPair>& out);

struct LabelLimits {
  uint64_t max_labels = 0, max_name_bytes = 0, max_value_bytes = 0;  // 0: none.
};

enum class LabelFault { kNone, kInvalid, kDuplicate, kLimit };

// Sorts labels[first..], checks them as Prometheus does for UTF-8 names, and removes those with an empty value. On a
// fault they stay sorted and complete, and `text` says what is wrong, without the series.
LabelFault settle_labels(std::vector<LabelPair>& labels, size_t first, const LabelLimits& limits, std::string* text);

// The series for error texts: {__name__="up", job="x"}.
std::string format_key(Str key);

}  // namespace nightlight::remote_write

#endif  // NIGHTLIGHT_REMOTE_WRITE_SERIES_KEY_H_
