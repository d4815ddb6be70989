// What a seal leaves of the head besides samples: which series there are under which ids, each one's newest sample, the
// exemplars and the metadata. With it, the log up to the seal is not needed any more.
//
// One object of the bucket, replaced by each seal (docs/formats/series.md).
#ifndef NIGHTLIGHT_GORILLA_SEAL_SERIES_SNAPSHOT_H_
#define NIGHTLIGHT_GORILLA_SEAL_SERIES_SNAPSHOT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "gorilla/head/generation.h"

namespace nightlight::gorilla {

class Bucket;
class Head;

inline constexpr char kSeriesKey[] = "series";

// Writes the snapshot that belongs to the log up to `position`; `last` are the newest samples as of then.
Result<void> write_series_snapshot(Bucket& bucket, const Head& head, const std::vector<SeriesLast>& last,
                                   uint64_t position);

struct SeriesSnapshot {
  uint64_t position = 0;  // 0: there is none.
  uint64_t series = 0;
  uint64_t id_end = 0;  // No id that was ever given until then is as great.
};
// Rebuilds the head from it. kDataLoss: damaged, which ids are that the object has no room for: of each it tells
// whether there was a newest sample.
Result<SeriesSnapshot> read_series_snapshot(Bucket& bucket, Head& head);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_SEAL_SERIES_SNAPSHOT_H_
