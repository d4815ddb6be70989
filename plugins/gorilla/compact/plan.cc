#include "gorilla/compact/plan.h"

#include <algorithm>
#include <map>

namespace nightlight::gorilla {
namespace {

constexpr int64_t kDayMs = int64_t{24} * 3600 * 1000;
constexpr int64_t kLeastRetentionOfDaysMs = 3 * kDayMs;
// So many blocks of about one size are joined in a window that is not over yet, or queries would have to look into each
// seal's. Since the window's end has them all rewritten, only those that follow one another within so much of it.
constexpr size_t kAlike = 4;
constexpr int64_t kPartsOfWindow = 4;

int64_t window_of(int64_t time_ms, int64_t span_ms) { return time_ms / span_ms - (time_ms % span_ms < 0 ? 1 : 0); }

bool is_in(std::span<const Ulid> ids, const Ulid& id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

using Windows = std::map<int64_t, std::vector<const BlockMeta*>>;

Windows windows_of(std::span<const BlockMeta> blocks, int64_t span_ms, uint32_t up_to_level,
                   std::span<const Ulid> skip) {
  Windows out;
  for (const BlockMeta& meta : blocks) {
    if (meta.level > up_to_level || is_in(skip, meta.id)) continue;
    out[window_of(meta.max_time_ms, span_ms)].push_back(&meta);
  }
  return out;
}

using Chosen = std::vector<const BlockMeta*>;

bool overlap(const BlockMeta& a, const BlockMeta& b) {
  return a.min_time_ms <= b.max_time_ms && b.min_time_ms <= a.max_time_ms;
}

// What blocks become stands where the first of them stood. A block that was stored between them, and has times in
// common with a later one, would lose there what it wins now: it is taken along.
void take_along(std::span<const BlockMeta> blocks, std::span<const Ulid> skip, Chosen& chosen) {
  auto is_chosen = [&](const BlockMeta& meta) {
    return std::find(chosen.begin(), chosen.end(), &meta) != chosen.end();
  };
  for (bool grown = true; grown;) {
    grown = false;
    const auto first = std::find_if(blocks.begin(), blocks.end(), is_chosen);
    for (auto between = first; between != blocks.end(); ++between) {
      if (is_chosen(*between) || is_in(skip, between->id)) continue;
      const bool overtaken = std::any_of(
          between, blocks.end(), [&](const BlockMeta& later) { return is_chosen(later) && overlap(*between, later); });
      if (!overtaken) continue;
      chosen.push_back(&*between);
      grown = true;
    }
  }
}

CompactionPlan plan_of(std::span<const BlockMeta> blocks, std::span<const Ulid> skip, Chosen chosen, uint32_t level) {
  take_along(blocks, skip, chosen);
  CompactionPlan plan;
  plan.level = level;
  std::sort(chosen.begin(), chosen.end());  // The order of `blocks`.
  for (const BlockMeta* meta : chosen) {
    plan.sources.push_back(meta->id);
    plan.level = std::max(plan.level, meta->level);
  }
  return plan;
}

// The blocks of the oldest window of a rung that is over and not one block of the rung's level.
Chosen choose_rung(const Windows& windows, int64_t current, uint32_t level) {
  for (const auto& [window, blocks] : windows) {
    if (window >= current) break;
    if (blocks.size() > 1 || blocks.front()->level < level) return blocks;
  }
  return {};
}

// The first of these blocks that are alike and enough to be joined. What counts is how many seals they were made of,
// and their newest samples: any may have some that came late.
Chosen choose_alike(const Chosen& blocks, int64_t window_ms) {
  std::map<int, Chosen> by_size;
  for (const BlockMeta* meta : blocks) {
    if (meta->level != 0) continue;
    int fourfolds = 0;
    for (size_t seals = meta->sources.size(); seals >= kAlike; seals /= kAlike) ++fourfolds;
    Chosen& alike = by_size[fourfolds];
    alike.push_back(meta);
    if (alike.size() < kAlike) continue;
    if (meta->max_time_ms - alike.front()->max_time_ms <= window_ms / kPartsOfWindow) return alike;
    alike.erase(alike.begin());
  }
  return {};
}

CompactionPlan plan_rungs(std::span<const BlockMeta> blocks, const LadderOptions& options, std::span<const Ulid> skip) {
  int64_t newest_ms = INT64_MIN;
  for (const BlockMeta& meta : blocks) newest_ms = std::max(newest_ms, meta.max_time_ms);
  const int64_t current = window_of(newest_ms, options.block_duration_ms);
  Windows first = windows_of(blocks, options.block_duration_ms, 1, skip);
  if (Chosen due = choose_rung(first, current, 1); !due.empty()) return plan_of(blocks, skip, std::move(due), 1);
  if (auto at = first.find(current); at != first.end()) {
    if (Chosen alike = choose_alike(at->second, options.block_duration_ms); !alike.empty())
      return plan_of(blocks, skip, std::move(alike), 0);
  }
  const bool days = options.retention_ms == 0 || options.retention_ms >= kLeastRetentionOfDaysMs;
  if (!days || options.block_duration_ms >= kDayMs) return {};
  Chosen due = choose_rung(windows_of(blocks, kDayMs, 2, skip), window_of(newest_ms, kDayMs), 2);
  return due.empty() ? CompactionPlan() : plan_of(blocks, skip, std::move(due), 2);
}

}  // namespace

CompactionPlan plan_compaction(std::span<const BlockMeta> blocks, const LadderOptions& options,
                               std::span<const Ulid> skip, std::span<const Ulid> worn) {
  if (blocks.empty()) return {};
  if (CompactionPlan plan = plan_rungs(blocks, options, skip); !plan.sources.empty()) return plan;
  for (const BlockMeta& meta : blocks) {
    if (is_in(worn, meta.id) && !is_in(skip, meta.id)) return {{meta.id}, meta.level};
  }
  return {};
}

uint64_t compaction_debt(std::span<const BlockMeta> blocks, const LadderOptions& options, std::span<const Ulid> worn) {
  std::vector<BlockMeta> left(blocks.begin(), blocks.end());
  uint64_t debt = 0;
  // Each plan takes its sources away, so this ends.
  for (CompactionPlan plan = plan_compaction(left, options, {}, worn); !plan.sources.empty();
       plan = plan_compaction(left, options, {}, worn)) {
    debt += plan.sources.size();
    std::erase_if(left, [&](const BlockMeta& meta) { return is_in(plan.sources, meta.id); });
  }
  return debt;
}

}  // namespace nightlight::gorilla
