// What a data directory holds, in figures: blocks, codecs, bytes, series.
#ifndef NIGHTLIGHT_GORILLA_OFFLINE_FIGURES_H_
#define NIGHTLIGHT_GORILLA_OFFLINE_FIGURES_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gorilla/block/block_meta.h"
#include "gorilla/offline/data_directory.h"

namespace nightlight::gorilla {

struct CodecFigures {
  uint64_t chunks = 0, samples = 0;
  uint64_t raw_bytes = 0;  // Of the values, before pages are compressed.
};

struct BlockFigures {
  BlockMeta meta;
  std::string damage;  // Why the rest is not complete; "" when it is.
  uint64_t tombstone_ranges = 0;
  std::map<std::string, CodecFigures> codecs;
  // Stored bytes by what they are for: data, timestamps, series, values, postings, directories. They add up to the
  // block's size.
  std::map<std::string, uint64_t> parts;
};

struct LogFigures {
  uint64_t segments = 0, bytes = 0, quarantined = 0;
};

struct DirectoryFigures {
  std::vector<BlockFigures> blocks;  // By time.
  std::string catalog_damage;        // Then the blocks are those whose own words can be read.
  std::vector<std::string> unnamed;  // Blocks that the next start deletes.
  LogFigures log;
  uint64_t series_snapshot_bytes = 0;
};

Result<DirectoryFigures> figures_of(const DataDirectory& directory, ByteProgress& progress);

// The sum of all blocks of a level.
struct LevelFigures {
  uint64_t blocks = 0, samples = 0, bytes = 0;
  std::map<std::string, CodecFigures> codecs;
  std::map<std::string, uint64_t> parts;
};
std::map<uint32_t, LevelFigures> levels_of(const DirectoryFigures& figures);

// How many different series there are in all blocks together, and of what.
struct Cardinality {
  uint64_t series = 0;
  std::vector<std::pair<std::string, uint64_t>> metrics;  // Series by metric name, most first.
  std::vector<std::pair<std::string, uint64_t>> labels;   // Values by label name, most first.
};
// The first `limit` of each list. kDataLoss: a block's index is damaged.
Result<Cardinality> cardinality_of(const DataDirectory& directory, size_t limit, ByteProgress& progress);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_OFFLINE_FIGURES_H_
