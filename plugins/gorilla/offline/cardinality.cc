#include <algorithm>
#include <set>
#include <unordered_map>

#include "gorilla/block/block.h"
#include "gorilla/block/page_cache.h"
#include "gorilla/offline/figures.h"

namespace nightlight::gorilla {
namespace {

constexpr uint64_t kCacheBytes = uint64_t{16} << 20;

// One block, at the series that comes next.
struct Source {
  std::shared_ptr<const Block> block;
  std::unique_ptr<LabelReader> reader;
  uint32_t next = 0;
  std::span<const LabelView> labels;

  Result<void> load() {
    if (next == block->series_count()) return {};
    NIGHTLIGHT_ASSIGN(read, reader->labels(next));
    labels = read;
    return {};
  }
};

bool less(std::span<const LabelView> a, std::span<const LabelView> b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

using Counts = std::vector<std::pair<std::string, uint64_t>>;

Counts top(Counts counts, size_t limit) {
  std::sort(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (counts.size() > limit) counts.resize(limit);
  return counts;
}

// All blocks walk through their series together, in the order of labels: each label set is met once.
Result<void> count_series(std::vector<Source>& sources, Cardinality* out, size_t limit) {
  std::unordered_map<std::string, uint64_t> metrics;
  for (Source& source : sources) NIGHTLIGHT_TRY(source.load());
  std::vector<Source*> equal;
  while (true) {
    equal.clear();
    for (Source& source : sources) {
      if (source.next == source.block->series_count()) continue;
      if (!equal.empty() && less(source.labels, equal.front()->labels)) equal.clear();
      if (equal.empty() || !less(equal.front()->labels, source.labels)) equal.push_back(&source);
    }
    if (equal.empty()) break;
    ++out->series;
    std::string metric;
    for (const LabelView& label : equal.front()->labels)
      if (label.first == "__name__") metric = label.second;
    ++metrics[metric];
    for (Source* source : equal) {
      ++source->next;
      NIGHTLIGHT_TRY(source->load());
    }
  }
  out->metrics = top({metrics.begin(), metrics.end()}, limit);
  return {};
}

Result<void> count_values(const std::vector<Source>& sources, Cardinality* out, size_t limit) {
  std::set<std::string> names;
  for (const Source& source : sources) {
    NIGHTLIGHT_ASSIGN(of_block, source.block->label_names());
    names.insert(of_block.begin(), of_block.end());
  }
  Counts counts;
  for (const std::string& name : names) {
    std::vector<std::string> all;
    for (const Source& source : sources) {
      NIGHTLIGHT_ASSIGN(values, source.block->label_values(name));
      std::vector<std::string> both;
      std::set_union(all.begin(), all.end(), values.begin(), values.end(), std::back_inserter(both));
      all = std::move(both);
    }
    counts.emplace_back(name, all.size());
  }
  out->labels = top(std::move(counts), limit);
  return {};
}

}  // namespace

Result<Cardinality> cardinality_of(const DataDirectory& directory, size_t limit, ByteProgress& progress) {
  Cardinality out;
  if (!directory.catalog.ok()) return out;
  PageCache cache(kCacheBytes);
  std::vector<Source> sources;
  for (const BlockMeta& meta : directory.catalog->blocks) {
    NIGHTLIGHT_ASSIGN(object, directory.bucket->open(block_key(meta.id)));
    progress.expect(object->size_bytes());
    NIGHTLIGHT_ASSIGN(block, Block::open(watched(std::move(object), progress), cache));
    std::unique_ptr<LabelReader> reader = block->label_reader();
    sources.push_back({std::move(block), std::move(reader), 0, {}});
  }
  NIGHTLIGHT_TRY(count_series(sources, &out, limit));
  NIGHTLIGHT_TRY(count_values(sources, &out, limit));
  return out;
}

}  // namespace nightlight::gorilla
