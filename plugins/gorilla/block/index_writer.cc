#include "gorilla/block/index_writer.h"

#include <algorithm>
#include <numeric>

#include "gorilla/block/label_fingerprint.h"
#include "gorilla/block/postings.h"

namespace nightlight::gorilla {
namespace {

constexpr int kIndexZstdLevel = 3;
constexpr size_t kIndexPageBytes = 16 * 1024;
constexpr size_t kInlinePostings = 512;  // Longer lists have a page of their own.
constexpr size_t kSeriesPerPage = 256;

}  // namespace

std::string_view IndexWriter::keep(std::string_view text) {
  constexpr size_t kPiece = 64 * 1024;
  if (text_capacity_ - text_used_ < text.size()) {
    text_capacity_ = std::max(kPiece, text.size());
    text_used_ = 0;
    text_pieces_.push_back(std::make_unique_for_overwrite<char[]>(text_capacity_));
  }
  char* at = text_pieces_.empty() ? nullptr : text_pieces_.back().get() + text_used_;
  std::copy(text.begin(), text.end(), at);
  text_used_ += text.size();
  return {at, text.size()};
}

uint32_t IndexWriter::name_of(std::string_view text) {
  if (auto found = name_ids_.find(text); found != name_ids_.end()) return found->second;
  auto id = static_cast<uint32_t>(names_.size());
  names_.emplace_back().text = std::string(text);
  name_ids_.emplace(std::string(text), id);
  return id;
}

void IndexWriter::add(std::span<const LabelView> labels) {
  set_scratch_.clear();
  for (const auto& [name, value] : labels) {
    uint32_t id = name_of(name);
    set_scratch_.push_back(id);
    Name& entry = names_[id];
    auto found = entry.ids.find(value);
    if (found == entry.ids.end()) {
      std::string_view kept = keep(value);
      found = entry.ids.emplace(kept, static_cast<uint32_t>(entry.values.size())).first;
      entry.values.push_back(kept);
    }
    rows_.push_back(found->second);
  }
  auto [set, fresh] = name_sets_.try_emplace(set_scratch_, static_cast<uint32_t>(sets_.size()));
  if (fresh) sets_.push_back(&set->first);
  set_of_series_.push_back(set->second);
  row_ends_.push_back(rows_.size());
}

void IndexWriter::sort() {
  names_by_rank_.resize(names_.size());
  std::iota(names_by_rank_.begin(), names_by_rank_.end(), 0u);
  std::sort(names_by_rank_.begin(), names_by_rank_.end(),
            [&](uint32_t a, uint32_t b) { return names_[a].text < names_[b].text; });
  uint64_t pairs = 0;
  for (uint32_t rank = 0; rank < names_by_rank_.size(); ++rank) {
    Name& name = names_[names_by_rank_[rank]];
    name.rank = rank;
    name.first_pair = pairs;
    pairs += name.values.size();
    name.ids.clear();
    name.id_of_rank.resize(name.values.size());
    std::iota(name.id_of_rank.begin(), name.id_of_rank.end(), 0u);
    std::sort(name.id_of_rank.begin(), name.id_of_rank.end(),
              [&](uint32_t a, uint32_t b) { return name.values[a] < name.values[b]; });
    name.rank_of_id.resize(name.values.size());
    for (uint32_t r = 0; r < name.id_of_rank.size(); ++r) name.rank_of_id[name.id_of_rank[r]] = r;
  }
  // From here on rows hold ranks.
  size_t at = 0;
  for (uint32_t set : set_of_series_)
    for (uint32_t name : *sets_[set]) {
      rows_[at] = names_[name].rank_of_id[rows_[at]];
      ++at;
    }
  posting_ends_.assign(pairs, 0);
}

// Counts, then fills: ordinals ascend within each list because series are visited in order.
void IndexWriter::collect_postings() {
  auto each = [&](auto visit) {
    size_t at = 0;
    for (uint32_t ordinal = 0; ordinal < set_of_series_.size(); ++ordinal)
      for (uint32_t name : *sets_[set_of_series_[ordinal]]) visit(names_[name].first_pair + rows_[at++], ordinal);
  };
  each([&](uint64_t pair, uint32_t) { ++posting_ends_[pair]; });
  std::exclusive_scan(posting_ends_.begin(), posting_ends_.end(), posting_ends_.begin(), uint64_t{0});
  postings_.resize(rows_.size());
  each([&](uint64_t pair, uint32_t ordinal) { postings_[posting_ends_[pair]++] = ordinal; });
}

Result<void> IndexWriter::write(PageFile& file) {
  sort();
  collect_postings();
  NIGHTLIGHT_TRY(write_values(file));
  NIGHTLIGHT_TRY(write_series(file));
  NIGHTLIGHT_TRY(write_names(file));
  return write_fingerprint(file);
}

Result<void> IndexWriter::write_fingerprint(PageFile& file) const {
  LabelFingerprinter all;
  for (uint32_t id : names_by_rank_) {
    const Name& name = names_[id];
    all.add_name(name.text, name.values.size());
    for (uint32_t value : name.id_of_rank) all.add_value(name.values[value]);
  }
  std::vector<uint32_t> ranks;
  for (const std::vector<uint32_t>* set : sets_) {
    ranks.clear();
    for (uint32_t name : *set) ranks.push_back(names_[name].rank);
    all.add_name_set(ranks);
  }
  for (size_t i = 0; i < set_of_series_.size(); ++i) {
    const uint64_t begin = i == 0 ? 0 : row_ends_[i - 1];
    all.add_series(set_of_series_[i], std::span(rows_).subspan(begin, row_ends_[i] - begin));
  }
  const LabelFingerprint fingerprint = all.finish();
  Bytes section;
  put_fixed(section, fingerprint.low);
  put_fixed(section, fingerprint.high);
  return file.put_section(SectionType::kLabelFingerprint, section, false);
}

Result<void> IndexWriter::write_names(PageFile& file) const {
  Bytes names;
  put_varint(names, names_.size());
  for (uint32_t id : names_by_rank_) {
    put_text(names, names_[id].text);
    put_varint(names, names_[id].values.size());
  }
  NIGHTLIGHT_TRY(file.put_section(SectionType::kNames, names));
  Bytes sets;
  put_varint(sets, sets_.size());
  for (const std::vector<uint32_t>* set : sets_) {
    put_varint(sets, set->size());
    for (uint32_t name : *set) put_varint(sets, names_[name].rank);
  }
  return file.put_section(SectionType::kNameSets, sets);
}

// A page of values: their number, the values, for each the number of its series and the size of its postings (low bit:
// in a page of their own, whose place follows), then all other postings.
Result<void> IndexWriter::write_values(PageFile& file) const {
  Bytes directory, texts, refs, inlined, list, page;
  uint64_t pages = 0;
  for (uint32_t id : names_by_rank_) {
    const Name& name = names_[id];
    uint32_t first = 0;
    for (uint32_t rank = 0; rank < name.values.size(); ++rank) {
      uint64_t pair = name.first_pair + rank;
      uint64_t begin = pair == 0 ? 0 : posting_ends_[pair - 1];
      list.clear();
      put_postings({postings_.data() + begin, posting_ends_[pair] - begin}, list);
      put_text(texts, name.values[name.id_of_rank[rank]]);
      put_varint(refs, posting_ends_[pair] - begin);
      if (list.size() <= kInlinePostings) {
        put_varint(refs, list.size() << 1);
        put_bytes(inlined, list);
      } else {
        NIGHTLIGHT_ASSIGN(external, file.put(PageKind::kPostings, list, kIndexZstdLevel));
        put_varint(refs, uint64_t{external.size} << 1 | 1);
        put_varint(refs, external.offset);
      }
      bool last = rank + 1 == name.values.size();
      if (!last && texts.size() + refs.size() + inlined.size() < kIndexPageBytes) continue;
      page.clear();
      put_varint(page, rank + 1 - first);
      for (const Bytes* part : {&texts, &refs, &inlined}) put_bytes(page, *part);
      NIGHTLIGHT_ASSIGN(ref, file.put(PageKind::kValues, page, kIndexZstdLevel));
      put_varint(directory, name.rank);
      put_varint(directory, first);
      put_text(directory, name.values[name.id_of_rank[first]]);
      put_varint(directory, ref.offset);
      put_varint(directory, ref.size);
      ++pages;
      first = rank + 1;
      texts.clear();
      refs.clear();
      inlined.clear();
    }
  }
  Bytes section;
  put_varint(section, pages);
  put_bytes(section, directory);
  return file.put_section(SectionType::kValuePages, section);
}

// A page of series: for each its name set, then the ranks of its values as differences to the last series of that set
// in the page.
Result<void> IndexWriter::write_series(PageFile& file) const {
  Bytes section, page;
  size_t pages = (set_of_series_.size() + kSeriesPerPage - 1) / kSeriesPerPage;
  put_varint(section, kSeriesPerPage);
  put_varint(section, pages);
  std::unordered_map<uint32_t, uint64_t> last;  // Where the row of the last series of a set begins.
  for (size_t first = 0; first < set_of_series_.size(); first += kSeriesPerPage) {
    page.clear();
    last.clear();
    for (size_t i = first; i < std::min(set_of_series_.size(), first + kSeriesPerPage); ++i) {
      uint32_t set = set_of_series_[i];
      uint64_t begin = i == 0 ? 0 : row_ends_[i - 1];
      put_varint(page, set);
      auto before = last.find(set);
      for (size_t k = 0; k < sets_[set]->size(); ++k) {
        int64_t base = before == last.end() ? 0 : rows_[before->second + k];
        put_signed(page, int64_t{rows_[begin + k]} - base);
      }
      last[set] = begin;
    }
    NIGHTLIGHT_ASSIGN(ref, file.put(PageKind::kSeries, page, kIndexZstdLevel));
    put_varint(section, ref.offset);
    put_varint(section, ref.size);
  }
  return file.put_section(SectionType::kSeriesPages, section);
}

}  // namespace nightlight::gorilla
