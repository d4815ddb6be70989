// Queries of the store.
#include <algorithm>

#include "gorilla/store.h"

namespace nightlight::gorilla {

Status Store::select(const Select* select, SeriesSet** out) noexcept {
  return guard(host_, [&]() -> Status {
    if (Status admitted = admit(select->context); !admitted.ok()) return admitted;
    Result<std::vector<LabelMatcher>> matchers = LabelMatcher::compile(select->matchers);
    if (!matchers.ok()) return fail(matchers.error());
    std::unique_ptr<GorillaSeriesSet, SeriesSetDeleter> set(
        new GorillaSeriesSet(*head_, host_, select->start_ms, select->end_ms));
    set->add_head(*matchers);
    const std::shared_ptr<const OpenBlocks> open = blocks_->blocks();
    for (const auto& block : *open) {
      if (!block->overlaps(select->start_ms, select->end_ms)) continue;
      if (block->block == nullptr) {
        set->warn(block->damage);
      } else if (Result<void> added = set->add_block({block->block, block->tombstones}, *matchers); !added.ok()) {
        set->warn("block " + block->meta.id.to_string() + " cannot be read: " + added.error().message);
      }
    }
    set->finish((select->flags & kSortedByLabels) != 0, select->limit);
    if (select->context != nullptr && set->memory_bytes() > select->context->byte_budget)
      return host_->fail(Code::kResourceExhausted,
                         str("the selection of " + std::to_string(set->size()) + " series needs " +
                             std::to_string(set->memory_bytes()) + " bytes, more than the query may use"));
    *out = set.release();
    return kOkStatus;
  });
}

namespace {

// Hands a sorted list over in pieces.
Status deliver(const std::vector<std::string>& all, uint64_t limit, StringSink* out) {
  constexpr size_t kPiece = 512;
  size_t n = limit == 0 ? all.size() : std::min<uint64_t>(limit, all.size());
  std::vector<Str> piece;
  for (size_t i = 0; i < n;) {
    piece.clear();
    for (; i < n && piece.size() < kPiece; ++i) piece.push_back(str(all[i]));
    if (Status taken = out->add(view_of(piece)); !taken.ok()) return taken;
  }
  return kOkStatus;
}

// What the matching series of one block have.
Result<void> add_names(const Block& block, std::span<const LabelMatcher> matchers, const Str* label,
                       std::vector<std::string>& all) {
  std::vector<uint32_t> series;
  if (!matchers.empty()) {
    NIGHTLIGHT_ASSIGN(selected, block.select(matchers));
    if (selected.empty()) return {};
    series = std::move(selected);
  }
  const std::vector<uint32_t>* among = matchers.empty() ? nullptr : &series;
  NIGHTLIGHT_ASSIGN(names, label != nullptr ? block.label_values(view(*label), among) : block.label_names(among));
  all.insert(all.end(), std::make_move_iterator(names.begin()), std::make_move_iterator(names.end()));
  return {};
}

}  // namespace

// The label names (`label` null) or the values of `*label`, sorted and unique.
Result<std::vector<std::string>> Store::names_of(const LabelQuery& query, const Str* label) {
  NIGHTLIGHT_ASSIGN(matchers, LabelMatcher::compile(query.matchers));
  std::vector<std::string> all;
  if (head_->overlaps(query.start_ms, query.end_ms)) {
    head_->with_index([&](const SeriesIndex& index) {
      Bitmap selected;
      if (!matchers.empty()) selected = index.select(matchers);
      const Bitmap* among = matchers.empty() ? nullptr : &selected;
      auto used = [&](uint32_t label_id) { return index.label_in_use(label_id, among); };
      if (label != nullptr) {
        for (uint32_t id : index.labels_with_name(index.symbols().find(view(*label))))
          if (used(id)) all.emplace_back(index.symbols().text(index.label(id).value));
        return;
      }
      for (uint32_t name : index.names()) {
        std::span<const uint32_t> ids = index.labels_with_name(name);
        if (std::any_of(ids.begin(), ids.end(), used)) all.emplace_back(index.symbols().text(name));
      }
    });
  }
  const std::shared_ptr<const OpenBlocks> open = blocks_->blocks();
  for (const auto& block : *open) {
    if (block->block == nullptr || !block->overlaps(query.start_ms, query.end_ms)) continue;
    NIGHTLIGHT_TRY(add_names(*block->block, matchers, label, all));
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

Status Store::label_names(const LabelQuery* query, StringSink* out) noexcept {
  return guard(host_, [&]() -> Status {
    if (Status admitted = admit(query->context); !admitted.ok()) return admitted;
    auto names = names_of(*query, nullptr);
    return names.ok() ? deliver(*names, query->limit, out) : fail(names.error());
  });
}

Status Store::label_values(Str name, const LabelQuery* query, StringSink* out) noexcept {
  return guard(host_, [&]() -> Status {
    if (Status admitted = admit(query->context); !admitted.ok()) return admitted;
    auto values = names_of(*query, &name);
    return values.ok() ? deliver(*values, query->limit, out) : fail(values.error());
  });
}

uint64_t Store::generation(Str, int64_t until_ms) noexcept {
  return running_.load(std::memory_order_acquire) ? head_->changes().last_change(until_ms) : UINT64_MAX;
}

Status Store::exemplars(const Select* select, ExemplarSink* out) noexcept {
  return guard(host_, [&]() -> Status {
    if (Status admitted = admit(select->context); !admitted.ok()) return admitted;
    Result<std::vector<LabelMatcher>> matchers = LabelMatcher::compile(select->matchers);
    if (!matchers.ok()) return fail(matchers.error());
    struct Found {
      std::vector<std::pair<std::string, std::string>> labels;
      uint32_t id;
    };
    std::vector<Found> found;
    std::vector<uint32_t> with = head_->exemplars().series();
    head_->with_index([&](const SeriesIndex& index) {
      Bitmap selected = index.select(*matchers);
      for (uint32_t id : with) {
        if (!index.exists(id) || !selected.contains(id)) continue;
        found.push_back({{}, id});
        index.each_label(id, [&](uint32_t label_id) {
          LabelRef l = index.label(label_id);
          found.back().labels.emplace_back(index.symbols().text(l.name), index.symbols().text(l.value));
        });
      }
    });
    std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.labels < b.labels; });
    auto pairs = [](const std::vector<std::pair<std::string, std::string>>& labels) {
      std::vector<LabelPair> out_pairs;
      for (const auto& [n, v] : labels) out_pairs.push_back({str(n), str(v)});
      return out_pairs;
    };
    for (const Found& f : found) {
      std::vector<StoredExemplar> stored = head_->exemplars().of(f.id, select->start_ms, select->end_ms);
      if (stored.empty()) continue;
      std::vector<std::vector<LabelPair>> labels;
      std::vector<Exemplar> all;
      std::vector<const Exemplar*> pointers;
      for (const StoredExemplar& e : stored) labels.push_back(pairs(e.labels));
      for (size_t i = 0; i < stored.size(); ++i)
        all.push_back({sizeof(Exemplar), 0, stored[i].timestamp_ms, stored[i].value, view_of(labels[i])});
      for (const Exemplar& e : all) pointers.push_back(&e);
      std::vector<LabelPair> series = pairs(f.labels);
      if (Status taken = out->add(view_of(series), view_of(pointers)); !taken.ok()) return taken;
    }
    return kOkStatus;
  });
}

Status Store::metadata(const CallContext* context, Str family, MetadataSink* out) noexcept {
  return guard(host_, [&]() -> Status {
    if (Status admitted = admit(context); !admitted.ok()) return admitted;
    for (const auto& [name, m] : head_->metadata(view(family))) {
      Metadata item{sizeof(Metadata), m.kind, str(name), str(m.help), str(m.unit)};
      if (Status taken = out->add(&item); !taken.ok()) return taken;
    }
    return kOkStatus;
  });
}

}  // namespace nightlight::gorilla
