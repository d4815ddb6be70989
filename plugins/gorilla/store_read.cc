// Queries of the store.
#include <algorithm>

#include "gorilla/store.h"

namespace nightlight::gorilla {

Status Store::check_budget(const CallContext* context, uint64_t bytes, const std::string& what) {
  if (context == nullptr || bytes <= context->byte_budget) return kOkStatus;
  return host_->fail(Code::kResourceExhausted,
                     str(what + " needs " + std::to_string(bytes) + " bytes, more than the query may use"));
}

Status Store::select(const Select* select, SeriesSet** out) noexcept {
  return guard(host_, [&]() -> Status {
    if (Status admitted = admit(select->context); !admitted.ok()) return admitted;
    Result<std::vector<LabelMatcher>> matchers = LabelMatcher::compile(select->matchers);
    if (!matchers.ok()) return fail(matchers.error());
    std::unique_ptr<GorillaSeriesSet, SeriesSetDeleter> set(
        new GorillaSeriesSet(*head_, host_, select->start_ms, select->end_ms, known_series_.get()));
    set->add_head(*matchers);
    const std::shared_ptr<const OpenBlocks> open = blocks_->blocks();
    for (const auto& block : *open) {
      if (!block->overlaps(select->start_ms, select->end_ms)) continue;
      if (Status admitted = admit(select->context); !admitted.ok()) return admitted;
      if (block->block == nullptr) {
        set->warn(block->damage);
      } else if (Result<void> added = set->add_block({block->block, block->tombstones}, *matchers); !added.ok()) {
        set->warn("block " + block->meta.id.to_string() + " cannot be read: " + added.error().message);
      }
    }
    set->finish((select->flags & kSortedByLabels) != 0, select->limit);
    const std::string what = "the selection of " + std::to_string(set->size()) + " series";
    if (Status enough = check_budget(select->context, set->memory_bytes(), what); !enough.ok()) return enough;
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

// Names as they are found, in any order and more than once.
class NameList {
 public:
  explicit NameList(const CallContext* context) : budget_(context == nullptr ? UINT64_MAX : context->byte_budget) {}
  // False when it is too much already.
  bool add(std::string name) {
    bytes_ += sizeof name + name.size();
    if (bytes_ <= budget_) all_.push_back(std::move(name));
    return bytes_ <= budget_;
  }
  uint64_t bytes() const { return bytes_; }
  const std::vector<std::string>& sorted() {
    std::sort(all_.begin(), all_.end());
    all_.erase(std::unique(all_.begin(), all_.end()), all_.end());
    return all_;
  }

 private:
  const uint64_t budget_;
  uint64_t bytes_ = 0;
  std::vector<std::string> all_;
};

// What the matching series of the head have.
void add_names(const SeriesIndex& index, std::span<const LabelMatcher> matchers, const Str* label, NameList& all) {
  Bitmap selected;
  if (!matchers.empty()) selected = index.select(matchers);
  const Bitmap* among = matchers.empty() ? nullptr : &selected;
  auto used = [&](uint32_t label_id) { return index.label_in_use(label_id, among); };
  if (label != nullptr) {
    for (uint32_t id : index.labels_with_name(index.symbols().find(view(*label))))
      if (used(id) && !all.add(std::string(index.symbols().text(index.label(id).value)))) return;
    return;
  }
  for (uint32_t name : index.names()) {
    std::span<const uint32_t> ids = index.labels_with_name(name);
    if (std::any_of(ids.begin(), ids.end(), used) && !all.add(std::string(index.symbols().text(name)))) return;
  }
}

// What the matching series of one block have.
Result<void> add_names(const Block& block, std::span<const LabelMatcher> matchers, const Str* label, NameList& all) {
  std::vector<uint32_t> series;
  if (!matchers.empty()) {
    NIGHTLIGHT_ASSIGN(selected, block.select(matchers));
    if (selected.empty()) return {};
    series = std::move(selected);
  }
  const std::vector<uint32_t>* among = matchers.empty() ? nullptr : &series;
  NIGHTLIGHT_ASSIGN(names, label != nullptr ? block.label_values(view(*label), among) : block.label_names(among));
  for (std::string& name : names)
    if (!all.add(std::move(name))) return {};
  return {};
}

}  // namespace

// The label names (`label` null) or the values of `*label`, sorted and unique.
Status Store::names_of(const LabelQuery& query, const Str* label, StringSink* out) {
  if (Status admitted = admit(query.context); !admitted.ok()) return admitted;
  Result<std::vector<LabelMatcher>> matchers = LabelMatcher::compile(query.matchers);
  if (!matchers.ok()) return fail(matchers.error());
  NameList all(query.context);
  if (head_->overlaps(query.start_ms, query.end_ms))
    head_->with_index([&](const SeriesIndex& index) { add_names(index, *matchers, label, all); });
  const std::shared_ptr<const OpenBlocks> open = blocks_->blocks();
  for (const auto& block : *open) {
    if (block->block == nullptr || !block->overlaps(query.start_ms, query.end_ms)) continue;
    if (Status admitted = admit(query.context); !admitted.ok()) return admitted;
    if (Result<void> added = add_names(*block->block, *matchers, label, all); !added.ok()) return fail(added.error());
  }
  if (Status enough = check_budget(query.context, all.bytes(), "the list of names"); !enough.ok()) return enough;
  return deliver(all.sorted(), query.limit, out);
}

Status Store::label_names(const LabelQuery* query, StringSink* out) noexcept {
  return guard(host_, [&] { return names_of(*query, nullptr, out); });
}

Status Store::label_values(Str name, const LabelQuery* query, StringSink* out) noexcept {
  return guard(host_, [&] { return names_of(*query, &name, out); });
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
    uint64_t bytes = 0;
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
        bytes += sizeof(Found) + found.back().labels.size() * sizeof found.back().labels[0];
      }
    });
    const std::string what = "the selection of " + std::to_string(found.size()) + " series with exemplars";
    if (Status enough = check_budget(select->context, bytes, what); !enough.ok()) return enough;
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
