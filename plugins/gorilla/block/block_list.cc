#include "gorilla/block/block_list.h"

#include <algorithm>
#include <set>

#include "gorilla/bucket/bucket.h"

namespace nightlight::gorilla {
namespace {

constexpr uint64_t kMaxTombstoneBytes = uint64_t{256} << 20;
constexpr std::string_view kBlockSuffix = ".nlb", kTombstoneSuffix = ".nlt";

// Samples of an earlier sealed block were there first; a compacted block stands for its oldest source.
bool stored_before(const std::shared_ptr<const OpenBlock>& a, const std::shared_ptr<const OpenBlock>& b) {
  // The log knows best; clocks may have been set back between two seals.
  const std::vector<LogRange>&of_a = a->meta.log_ranges, &of_b = b->meta.log_ranges;
  if (!of_a.empty() && !of_b.empty() && of_a.front().first != of_b.front().first)
    return of_a.front().first < of_b.front().first;
  auto first = [](const BlockMeta& meta) { return meta.sources.empty() ? meta.id : meta.sources.front(); };
  Ulid x = first(a->meta), y = first(b->meta);
  return x != y ? x < y : a->meta.id < b->meta.id;
}

}  // namespace

Result<void> BlockList::open() {
  NIGHTLIGHT_ASSIGN(catalog, open_catalog(bucket_));
  catalog_ = std::move(catalog);
  std::shared_ptr<const CatalogState> state = catalog_->state();
  if (state->generation == 0) {
    NIGHTLIGHT_ASSIGN(keys, bucket_.list(""));
    if (std::any_of(keys.begin(), keys.end(), [](const std::string& key) { return key.ends_with(kBlockSuffix); })) {
      return Error{Code::kFailedPrecondition,
                   "there are blocks, but the catalog that names them is missing: restore it, or run `nightlight "
                   "storage repair` to make a new one of the blocks that are sound"};
    }
    // From now on a missing catalog is a loss, not a beginning.
    NIGHTLIGHT_ASSIGN(begun, catalog_->commit({}, {}, 0));
    state = begun;
  }
  NIGHTLIGHT_TRY(remove_orphans());
  publish(*state);
  return {};
}

Result<void> BlockList::remove_orphans() {
  std::set<std::string> named;
  std::shared_ptr<const CatalogState> state = catalog_->state();
  for (const BlockMeta& meta : state->blocks) {
    named.insert(block_key(meta.id));
    if (!meta.tombstones_key.empty()) named.insert(meta.tombstones_key);
  }
  NIGHTLIGHT_ASSIGN(keys, bucket_.list(""));
  for (const std::string& key : keys) {
    const bool ours = key.ends_with(kBlockSuffix) || key.ends_with(kTombstoneSuffix);
    if (ours && !named.contains(key)) NIGHTLIGHT_TRY(bucket_.remove(key));
  }
  return {};
}

std::shared_ptr<const OpenBlock> BlockList::open_block(const BlockMeta& meta) {
  auto out = std::make_shared<OpenBlock>();
  out->meta = meta;
  auto read = [&]() -> Result<void> {
    NIGHTLIGHT_ASSIGN(object, bucket_.open(block_key(meta.id)));
    NIGHTLIGHT_ASSIGN(block, Block::open(std::move(object), cache_));
    if (!meta.tombstones_key.empty()) {
      NIGHTLIGHT_ASSIGN(bytes, bucket_.get_all(meta.tombstones_key, kMaxTombstoneBytes));
      NIGHTLIGHT_ASSIGN(tombstones, Tombstones::decode(bytes));
      out->tombstones = std::make_shared<Tombstones>(std::move(tombstones));
    }
    out->block = std::move(block);
    return {};
  };
  if (Result<void> done = read(); !done.ok())
    out->damage = "block " + meta.id.to_string() + " cannot be read: " + done.error().message;
  return out;
}

void BlockList::publish(const CatalogState& state) {
  std::shared_ptr<const OpenBlocks> before = blocks();
  auto next = std::make_shared<OpenBlocks>();
  for (const BlockMeta& meta : state.blocks) {
    std::shared_ptr<const OpenBlock> same;
    if (before != nullptr) {
      auto at = std::find_if(before->begin(), before->end(), [&](const auto& b) { return b->meta == meta; });
      if (at != before->end()) same = *at;
    }
    next->push_back(same != nullptr ? std::move(same) : open_block(meta));
  }
  std::sort(next->begin(), next->end(), stored_before);
  MutexLock lock(mutex_);
  blocks_ = std::move(next);
}

std::shared_ptr<const OpenBlocks> BlockList::blocks() const {
  MutexLock lock(mutex_);
  return blocks_;
}

Result<void> BlockList::change(std::span<const BlockMeta> add, std::span<const Ulid> remove) {
  MutexLock one_at_a_time(change_mutex_);
  std::shared_ptr<const CatalogState> old_state = catalog_->state();
  NIGHTLIGHT_ASSIGN(next, catalog_->commit(add, remove, old_state->generation));
  publish(*next);
  std::set<std::string> named;
  for (const BlockMeta& meta : next->blocks) {
    named.insert(block_key(meta.id));
    named.insert(meta.tombstones_key);
  }
  // What cannot be deleted now is an orphan, which the next start deletes.
  for (const BlockMeta& meta : old_state->blocks) {
    for (const std::string& key : {block_key(meta.id), meta.tombstones_key}) {
      if (!key.empty() && !named.contains(key)) (void)bucket_.remove(key);
    }
  }
  return {};
}

uint64_t BlockList::sealed_position() const {
  uint64_t out = 0;
  const std::shared_ptr<const OpenBlocks> open = blocks();
  for (const auto& block : *open) {
    for (const LogRange& range : block->meta.log_ranges) out = std::max(out, range.last);
  }
  return out;
}

}  // namespace nightlight::gorilla
