#include "gorilla/compact/compactor.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "gorilla/bucket/bucket.h"
#include "gorilla/compact/merge.h"
#include "nightlight/sugar.h"

namespace nightlight::gorilla {
namespace {

std::vector<BlockMeta> metas_of(const OpenBlocks& blocks) {
  std::vector<BlockMeta> out;
  for (const auto& block : blocks) out.push_back(block->meta);
  return out;
}

// Of so many series, one has deleted samples: then its block is worth rewriting.
constexpr uint64_t kSeriesPerWornOne = 20;

std::vector<Ulid> worn_among(const OpenBlocks& blocks) {
  std::vector<Ulid> out;
  for (const auto& block : blocks) {
    if (block->tombstones != nullptr &&
        block->tombstones->series().size() * kSeriesPerWornOne >= block->meta.stats.series)
      out.push_back(block->meta.id);
  }
  return out;
}

}  // namespace

bool Compactor::wait(int64_t ns) const {
  constexpr int64_t kPieceNs = 50'000'000;
  for (; ns > 0 && go_on_(); ns -= kPieceNs)
    std::this_thread::sleep_for(std::chrono::nanoseconds(std::min(ns, kPieceNs)));
  return go_on_();
}

uint64_t Compactor::debt(const LadderOptions& options) const {
  const std::shared_ptr<const OpenBlocks> open = blocks_.blocks();
  return compaction_debt(metas_of(*open), options, worn_among(*open));
}

Result<void> Compactor::rewrite(const std::vector<Ulid>& sources, uint32_t level) {
  auto begin = std::chrono::steady_clock::now();
  OpenBlocks from;
  const std::shared_ptr<const OpenBlocks> open = blocks_.blocks();
  for (const auto& block : *open) {
    if (std::find(sources.begin(), sources.end(), block->meta.id) != sources.end()) from.push_back(block);
  }
  BlockMeta meta;
  meta.id = Ulid::make(host_->now_ms());
  meta.level = level;
  BlockOptions options = block_options_of_level(level);
  options.gorilla_only = gorilla_only_;
  NIGHTLIGHT_ASSIGN(merged, merge_blocks(from, bucket_, meta, options, go_on_));
  std::vector<BlockMeta> add;
  if (merged) add.push_back(*merged);
  NIGHTLIGHT_TRY(blocks_.change(add, sources));
  for (const auto& block : from) stats_.bytes_in += block->meta.stats.size_bytes;
  if (merged) stats_.bytes_out += merged->stats.size_bytes;
  ++stats_.runs;
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  stats_.seconds.store(stats_.seconds.load() + seconds);
  log(host_, LogLevel::kInfo, "blocks compacted",
      {{"sources", std::to_string(from.size())},
       {"level", std::to_string(level)},
       {"block", merged ? merged->id.to_string() : "none"},
       {"seconds", std::to_string(seconds)}});
  return {};
}

Result<bool> Compactor::run_one(const LadderOptions& options, uint64_t room) {
  std::shared_ptr<const OpenBlocks> blocks = blocks_.blocks();
  for (const auto& block : *blocks) {
    if (block->block == nullptr && std::find(damaged_.begin(), damaged_.end(), block->meta.id) == damaged_.end())
      damaged_.push_back(block->meta.id);
  }
  CompactionPlan plan = plan_compaction(metas_of(*blocks), options, damaged_, worn_among(*blocks));
  if (plan.sources.empty()) return false;
  uint64_t size = 0;
  for (const auto& block : *blocks) {
    const bool is_source = std::find(plan.sources.begin(), plan.sources.end(), block->meta.id) != plan.sources.end();
    size += is_source ? block->meta.stats.size_bytes : 0;
  }
  if (size > room) {
    log(host_, LogLevel::kWarn, "no room on the disk to compact blocks: free some",
        {{"bytes", std::to_string(size)}, {"room", std::to_string(room)}});
    return false;
  }
  Result<void> done = rewrite(plan.sources, plan.level);
  if (done.ok()) return true;
  if (done.error().code == Code::kCancelled) return false;
  ++stats_.failures;
  // What cannot be read stays as it is, for people to look at: queries tell of it.
  if (done.error().code == Code::kDataLoss) damaged_.insert(damaged_.end(), plan.sources.begin(), plan.sources.end());
  return std::move(done).error().with("compacting blocks");
}

Result<void> Compactor::purge_tombstones() {
  const std::shared_ptr<const OpenBlocks> open = blocks_.blocks();
  for (const auto& block : *open) {
    if (block->meta.tombstones_key.empty() || block->block == nullptr) continue;
    NIGHTLIGHT_TRY(rewrite({block->meta.id}, block->meta.level));
  }
  return {};
}

Result<bool> Compactor::drop_expired(int64_t retention_ms, uint64_t most_bytes) {
  std::vector<BlockMeta> blocks = metas_of(*blocks_.blocks());
  std::sort(blocks.begin(), blocks.end(),
            [](const BlockMeta& a, const BlockMeta& b) { return a.max_time_ms < b.max_time_ms; });
  std::vector<Ulid> expired;
  uint64_t bytes = 0;
  for (const BlockMeta& meta : blocks) bytes += meta.stats.size_bytes;
  for (const BlockMeta& meta : blocks) {
    const bool too_old = retention_ms > 0 && blocks.back().max_time_ms - meta.max_time_ms >= retention_ms;
    const bool too_much = most_bytes > 0 && bytes > most_bytes;
    if (!too_old && !too_much) break;
    bytes -= meta.stats.size_bytes;
    expired.push_back(meta.id);
  }
  if (expired.empty()) return false;
  NIGHTLIGHT_TRY(blocks_.change({}, expired));
  stats_.blocks_dropped += expired.size();
  log(host_, LogLevel::kInfo, "expired blocks dropped", {{"blocks", std::to_string(expired.size())}});
  return true;
}

}  // namespace nightlight::gorilla
