// Which blocks make up the store. A block that no catalog generation names does not exist: a new one is put into the
// bucket first and committed after, an old one is removed from the catalog first and deleted after. So a compaction's
// swap (its inputs out, its output in) is one commit.
#ifndef NIGHTLIGHT_GORILLA_CATALOG_CATALOG_H_
#define NIGHTLIGHT_GORILLA_CATALOG_CATALOG_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gorilla/block/block_meta.h"

namespace nightlight::gorilla {

class Bucket;

struct CatalogState {
  uint64_t generation = 0;        // Grows by one with each commit; 0: nothing was committed.
  std::vector<BlockMeta> blocks;  // Sorted by (min_time_ms, id).
};

class Catalog {
 public:
  virtual ~Catalog() = default;

  // [any] The newest committed state, immutable.
  virtual std::shared_ptr<const CatalogState> state() const = 0;
  // [any] Removes, then adds (the same id in both replaces its meta); durable when it returns. kAborted when `expected`
  // is not the generation any more: read again and decide again. kInvalidArgument: an id to remove that is not there,
  // or to add that is.
  // After any other error the commit may have happened: state() tells, and no block that was to be added may be
  // deleted.
  virtual Result<std::shared_ptr<const CatalogState>> commit(std::span<const BlockMeta> add,
                                                             std::span<const Ulid> remove, uint64_t expected) = 0;
};

// A catalog kept as one object of the bucket, replaced by compare and swap. kDataLoss when it is damaged.
Result<std::unique_ptr<Catalog>> open_catalog(Bucket& bucket, std::string key = "catalog");

// The bytes of that object (docs/formats/catalog.md).
std::string encode_catalog(const CatalogState& state);
Result<CatalogState> decode_catalog(std::string_view bytes);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_CATALOG_CATALOG_H_
