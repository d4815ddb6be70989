#include "gorilla/offline/repair.h"

#include <algorithm>
#include <set>

#include "gorilla/offline/block_parts.h"
#include "gorilla/offline/salvage.h"
#include "gorilla/seal/series_snapshot.h"

namespace nightlight::gorilla {
namespace {

constexpr uint64_t kMaxTombstoneBytes = uint64_t{256} << 20;

class Repair {
 public:
  Repair(DataDirectory& directory, int64_t now_ms, RepairReport& report)
      : directory_(directory), now_ms_(now_ms), report_(report) {}

  Result<void> run() {
    NIGHTLIGHT_TRY(repair_catalog());
    NIGHTLIGHT_ASSIGN(catalog, open_catalog(*directory_.bucket));
    catalog_ = std::move(catalog);
    const std::shared_ptr<const CatalogState> state = catalog_->state();
    for (const BlockMeta& meta : state->blocks) NIGHTLIGHT_TRY(repair_block(meta));
    if (is_damaged(directory_.file_of(kSeriesKey))) NIGHTLIGHT_TRY(repair_snapshot());
    tell_of_log();
    return {};
  }

 private:
  void act(const std::string& file, std::string outcome) { report_.actions.push_back({file, std::move(outcome)}); }

  bool is_damaged(const std::string& file) const {
    return std::any_of(report_.damages.begin(), report_.damages.end(), [&](const Damage& d) { return d.file == file; });
  }

  Result<void> quarantine(const std::string& key) {
    NIGHTLIGHT_TRY(copy_to_quarantine(key));
    return directory_.bucket->remove(key);
  }

  // A link, so that the object is safe before anything else changes. A second one of the same name gets a number.
  Result<void> copy_to_quarantine(const std::string& key) {
    const std::string from = directory_.path + "/" + directory_.file_of(key);
    const std::string to = directory_.path + "/" + std::string(kQuarantineDirectory);
    NIGHTLIGHT_TRY(directory_.files.create_directories(to));
    for (int copy = 0;; ++copy) {
      const std::string name = to + "/" + key + (copy == 0 ? "" : "." + std::to_string(copy));
      Result<void> linked = directory_.files.link(from, name);
      if (!linked.ok() && linked.error().code == Code::kAlreadyExists) continue;
      NIGHTLIGHT_TRY(std::move(linked));
      return directory_.files.sync_directory(to);
    }
  }

  // A catalog that is damaged or missing is made anew of what the blocks say of themselves.
  Result<void> repair_catalog() {
    if (directory_.catalog.ok() || !is_damaged(directory_.file_of(kCatalogKey))) return {};
    if (directory_.has(std::string(kCatalogKey))) NIGHTLIGHT_TRY(quarantine(std::string(kCatalogKey)));
    std::vector<BlockMeta> metas;
    for (const std::string& key : directory_.keys) {
      if (!key.ends_with(".nlb")) continue;
      NIGHTLIGHT_ASSIGN(object, directory_.bucket->open(key));
      PageCache cache(0);
      auto parts = open_block_parts(object, cache);
      if (parts.ok() && block_key((*parts)->meta.id) == key) {
        metas.push_back((*parts)->meta);
      } else {
        NIGHTLIGHT_TRY(quarantine(key));
        act(directory_.file_of(key), "moved to quarantine: it does not say what it is");
      }
    }
    drop_compacted(metas);
    NIGHTLIGHT_ASSIGN(catalog, open_catalog(*directory_.bucket));
    NIGHTLIGHT_ASSIGN(state, catalog->commit(metas, {}, 0));
    act(directory_.file_of(kCatalogKey),
        "made anew of " + std::to_string(metas.size()) +
            " blocks; samples of them that were deleted and not purged yet are back: delete them again");
    // What the old one hid behind its damage is looked at now.
    for (const BlockMeta& meta : state->blocks) {
      NIGHTLIGHT_ASSIGN(object, directory_.bucket->open(block_key(meta.id)));
      std::vector<Damage> damages = check_block(std::move(object), directory_.file_of(block_key(meta.id)));
      report_.damages.insert(report_.damages.end(), damages.begin(), damages.end());
    }
    return {};
  }

  // A crash between a compaction and the deletion of its sources leaves both: the sources say nothing more. Of two
  // with the same sources the newer one is the rewritten one.
  static void drop_compacted(std::vector<BlockMeta>& metas) {
    const std::vector<BlockMeta> all = metas;
    std::erase_if(metas, [&](const BlockMeta& meta) {
      return std::any_of(all.begin(), all.end(), [&](const BlockMeta& other) {
        if (other.id == meta.id) return false;
        const bool within =
            std::includes(other.sources.begin(), other.sources.end(), meta.sources.begin(), meta.sources.end());
        return within && (other.sources.size() > meta.sources.size() || other.id > meta.id);
      });
    });
  }

  Result<void> commit(std::span<const BlockMeta> add, const Ulid& remove) {
    const Ulid removed[] = {remove};
    auto done = catalog_->commit(add, removed, catalog_->state()->generation);
    return done.ok() ? Result<void>() : std::move(done).error();
  }

  Result<void> repair_block(const BlockMeta& meta) {
    const std::string key = block_key(meta.id), file = directory_.file_of(key);
    if (!directory_.has(key)) {
      NIGHTLIGHT_TRY(commit({}, meta.id));
      report_.samples_lost += meta.stats.float_samples + meta.stats.histogram_samples;
      act(file, "taken out of the catalog: it is not there");
      return {};
    }
    Tombstones tombstones;
    BlockMeta next = meta;
    if (!meta.tombstones_key.empty()) {
      if (is_damaged(directory_.file_of(meta.tombstones_key))) {
        NIGHTLIGHT_TRY(drop_tombstones(&next));
      } else {
        NIGHTLIGHT_ASSIGN(bytes, directory_.bucket->get_all(meta.tombstones_key, kMaxTombstoneBytes));
        NIGHTLIGHT_ASSIGN(decoded, Tombstones::decode(bytes));
        tombstones = std::move(decoded);
      }
    }
    return is_damaged(file) ? replace(next, tombstones) : Result<void>();
  }

  Result<void> drop_tombstones(BlockMeta* meta) {
    const std::string key = meta->tombstones_key;
    meta->tombstones_key.clear();
    const BlockMeta without[] = {*meta};
    if (directory_.has(key)) NIGHTLIGHT_TRY(copy_to_quarantine(key));
    NIGHTLIGHT_TRY(commit(without, meta->id));
    if (directory_.has(key)) NIGHTLIGHT_TRY(directory_.bucket->remove(key));
    act(directory_.file_of(key),
        "moved to quarantine: what it hid in block " + meta->id.to_string() + " is visible again, delete it again");
    return {};
  }

  // The damaged block goes to quarantine, what can be read of it takes its place.
  Result<void> replace(const BlockMeta& meta, const Tombstones& tombstones) {
    const std::string key = block_key(meta.id);
    NIGHTLIGHT_ASSIGN(object, directory_.bucket->open(key));
    NIGHTLIGHT_ASSIGN(salvage,
                      salvage_block(std::move(object), meta, Ulid::make(now_ms_), tombstones, *directory_.bucket));
    std::vector<BlockMeta> add;
    uint64_t kept = 0;
    if (salvage.block) {
      BlockMeta& made = add.emplace_back(*salvage.block);
      kept = made.stats.float_samples + made.stats.histogram_samples;
      if (!salvage.tombstones.empty()) {
        made.tombstones_key = Ulid::make(now_ms_).to_string() + ".nlt";
        auto put = directory_.bucket->put_all(made.tombstones_key, salvage.tombstones.encode(), PutCondition::absent());
        if (!put.ok()) return std::move(put).error();
      }
    }
    NIGHTLIGHT_TRY(copy_to_quarantine(key));
    NIGHTLIGHT_TRY(commit(add, meta.id));
    NIGHTLIGHT_TRY(directory_.bucket->remove(key));
    const uint64_t had = meta.stats.float_samples + meta.stats.histogram_samples;
    report_.samples_lost += had - std::min(kept, had);
    act(directory_.file_of(key), add.empty()
                                     ? "moved to quarantine: nothing of it can be read"
                                     : "moved to quarantine; block " + add.front().id.to_string() + " holds " +
                                           std::to_string(kept) + " of its " + std::to_string(had) + " samples");
    return {};
  }

  Result<void> repair_snapshot() {
    NIGHTLIGHT_TRY(quarantine(kSeriesKey));
    act(directory_.file_of(kSeriesKey),
        "moved to quarantine: exemplars, metadata, and samples that are in the log but in no block yet, of series that "
        "it named, are lost");
    return {};
  }

  // The server steps over damaged records by itself, and keeps a copy of their file.
  void tell_of_log() {
    std::set<std::string> told;
    for (const Damage& damage : report_.damages) {
      if (damage.file.starts_with(kLogDirectory) && told.insert(damage.file).second)
        act(damage.file, "left as it is: the next start replays what is sound, and keeps a copy in wal/quarantine");
    }
  }

  DataDirectory& directory_;
  const int64_t now_ms_;
  RepairReport& report_;
  std::unique_ptr<Catalog> catalog_;
};

}  // namespace

Result<RepairReport> repair_directory(DataDirectory& directory, int64_t now_ms, ByteProgress& progress) {
  RepairReport report;
  NIGHTLIGHT_ASSIGN(checked, check_directory(directory, progress));
  report.damages = std::move(checked.damages);
  if (report.damages.empty()) return report;
  for (const Damage& damage : report.damages) {
    if (damage.newer)
      return Error{Code::kUnimplemented, damage.file + " needs a newer version to be repaired: " + damage.what};
  }
  NIGHTLIGHT_TRY(Repair(directory, now_ms, report).run());
  return report;
}

}  // namespace nightlight::gorilla
