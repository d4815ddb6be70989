// Makes a damaged data directory one that a server starts with: what is damaged is moved to `quarantine/`, never
// deleted, and what is sound of a damaged block is written into a new one.
//
// Each block changes by one commit to the catalog; a repair that is interrupted is simply run again.
#ifndef NIGHTLIGHT_GORILLA_OFFLINE_REPAIR_H_
#define NIGHTLIGHT_GORILLA_OFFLINE_REPAIR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "gorilla/offline/check.h"

namespace nightlight::gorilla {

inline constexpr std::string_view kQuarantineDirectory = "quarantine";

struct RepairAction {
  std::string file;     // Within the directory.
  std::string outcome;  // What became of it, a sentence without a full stop.
};

struct RepairReport {
  std::vector<Damage> damages;  // What was found before.
  std::vector<RepairAction> actions;
  uint64_t samples_lost = 0;
};

// `now_ms` dates new blocks. Needs a directory opened with DirectoryUse::kRepair, which it leaves out of date.
Result<RepairReport> repair_directory(DataDirectory& directory, int64_t now_ms, ByteProgress& progress);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_OFFLINE_REPAIR_H_
