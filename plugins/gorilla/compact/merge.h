// Several blocks become one: series by series in label order, with bounded memory.
#ifndef NIGHTLIGHT_GORILLA_COMPACT_MERGE_H_
#define NIGHTLIGHT_GORILLA_COMPACT_MERGE_H_

#include <functional>
#include <optional>

#include "gorilla/block/block_list.h"
#include "gorilla/block/block_writer.h"

namespace nightlight::gorilla {

// Writes and publishes the union of the sources' samples, without what their tombstones hide. The sources are in the
// order of BlockList: at one time, the sample of the earlier source stays. `meta` gives id and level. Nothing when
// nothing is left. `go_on` is asked now and then; kCancelled when it says no.
Result<std::optional<BlockMeta>> merge_blocks(const OpenBlocks& sources, Bucket& bucket, BlockMeta meta,
                                              const BlockOptions& options, const std::function<bool()>& go_on);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_COMPACT_MERGE_H_
