#include "gorilla/block/index_reader.h"

#include <algorithm>

#include "model/matcher.h"

namespace nightlight::gorilla {

// ---- pages
// -----------------------------------------------------------------------------------------------------------------

std::shared_ptr<const ValuesPage> ValuesPage::parse(Bytes raw) {
  auto page = std::make_shared<ValuesPage>();
  page->raw_ = std::move(raw);
  BoundedReader in{ByteView(page->raw_)};
  size_t count = in.bounded(in.remaining() / 3);
  page->values_.resize(count);
  for (std::string_view& value : page->values_) value = in.text();
  page->postings_.resize(count);
  std::vector<uint64_t> sizes(count);
  for (size_t i = 0; i < count; ++i) {
    Postings& postings = page->postings_[i];
    postings.series = in.varint();
    uint64_t size = in.varint();
    if ((size & 1) != 0) {
      postings.external = {in.varint(), static_cast<uint32_t>(std::min<uint64_t>(size >> 1, UINT32_MAX))};
    } else {
      sizes[i] = size >> 1;
    }
  }
  for (size_t i = 0; i < count; ++i) page->postings_[i].inlined = in.bytes(sizes[i]);
  bool ascending = std::is_sorted(page->values_.begin(), page->values_.end(), std::less_equal<>());
  return in.finished() && count > 0 && (count == 1 || ascending) ? page : nullptr;
}

uint32_t ValuesPage::lower_bound(std::string_view text) const {
  return static_cast<uint32_t>(std::lower_bound(values_.begin(), values_.end(), text) - values_.begin());
}

// ---- directories
// -----------------------------------------------------------------------------------------------------------

Error IndexReader::wrong_section(SectionType type) const {
  return file_.damaged(file_.sections().at(type).offset, "a section contradicts itself");
}

Result<std::unique_ptr<IndexReader>> IndexReader::open(const BlockFile& file, uint32_t series_count) {
  std::unique_ptr<IndexReader> index(new IndexReader(file, series_count));
  NIGHTLIGHT_TRY(index->read_names());
  NIGHTLIGHT_TRY(index->read_name_sets());
  NIGHTLIGHT_TRY(index->read_value_pages());
  NIGHTLIGHT_TRY(index->read_series_pages());
  // A block is read without it, too: its damage is for verify to tell.
  if (auto fingerprint = index->read_fingerprint(); fingerprint.ok()) index->fingerprint_ = *fingerprint;
  return index;
}

Result<void> IndexReader::read_names() {
  NIGHTLIGHT_ASSIGN(bytes, file_.section(SectionType::kNames));
  BoundedReader in{ByteView(bytes)};
  names_.resize(in.bounded(in.remaining() / 2));
  for (size_t i = 0; i < names_.size(); ++i) {
    names_[i].text = std::string(in.text());
    names_[i].values = static_cast<uint32_t>(in.bounded(series_count_));
    if (i > 0 && names_[i - 1].text >= names_[i].text) return wrong_section(SectionType::kNames);
  }
  return in.finished() ? Result<void>() : wrong_section(SectionType::kNames);
}

Result<void> IndexReader::read_name_sets() {
  NIGHTLIGHT_ASSIGN(bytes, file_.section(SectionType::kNameSets));
  BoundedReader in{ByteView(bytes)};
  name_sets_.resize(in.bounded(in.remaining()));
  for (std::vector<uint32_t>& set : name_sets_) {
    set.resize(in.bounded(in.remaining()));
    for (uint32_t& name : set) {
      uint64_t rank = in.varint();
      if (rank >= names_.size() || (&name != set.data() && rank <= *(&name - 1)))
        return wrong_section(SectionType::kNameSets);
      name = static_cast<uint32_t>(rank);
    }
  }
  return in.finished() ? Result<void>() : wrong_section(SectionType::kNameSets);
}

Result<void> IndexReader::read_value_pages() {
  NIGHTLIGHT_ASSIGN(bytes, file_.section(SectionType::kValuePages));
  BoundedReader in{ByteView(bytes)};
  size_t count = in.bounded(in.remaining() / 5);
  uint32_t name = 0;
  for (size_t i = 0; i < count; ++i) {
    uint64_t of_name = in.varint();
    ValuePageRef ref;
    uint64_t first_rank = in.varint();
    ref.first_value = std::string(in.text());
    ref.page = {in.varint(), static_cast<uint32_t>(in.bounded(kMaxPageBytes))};
    if (!in.ok() || of_name >= names_.size() || of_name < name) return wrong_section(SectionType::kValuePages);
    name = static_cast<uint32_t>(of_name);
    Name& entry = names_[name];
    bool first = entry.end_page == 0;
    if (first) entry.first_page = static_cast<uint32_t>(i);
    // Ranks begin at 0 and ascend, and so do the values.
    if (first ? first_rank != 0
              : first_rank <= value_pages_.back().first_rank || ref.first_value <= value_pages_.back().first_value)
      return wrong_section(SectionType::kValuePages);
    if (first_rank >= entry.values) return wrong_section(SectionType::kValuePages);
    ref.first_rank = static_cast<uint32_t>(first_rank);
    entry.end_page = static_cast<uint32_t>(i + 1);
    value_pages_.push_back(std::move(ref));
  }
  bool all = std::all_of(names_.begin(), names_.end(), [](const Name& n) { return n.end_page > n.first_page; });
  return in.finished() && all ? Result<void>() : wrong_section(SectionType::kValuePages);
}

Result<void> IndexReader::read_series_pages() {
  NIGHTLIGHT_ASSIGN(bytes, file_.section(SectionType::kSeriesPages));
  BoundedReader in{ByteView(bytes)};
  uint64_t per_page = in.bounded(1 << 20);
  uint64_t count = in.bounded(in.remaining() / 2);
  if (!in.ok() || per_page == 0 || count != (series_count_ + per_page - 1) / per_page)
    return wrong_section(SectionType::kSeriesPages);
  series_per_page_ = static_cast<uint32_t>(per_page);
  series_pages_.resize(count);
  for (PageRef& page : series_pages_) page = {in.varint(), static_cast<uint32_t>(in.bounded(kMaxPageBytes))};
  return in.finished() ? Result<void>() : wrong_section(SectionType::kSeriesPages);
}

Result<std::optional<LabelFingerprint>> IndexReader::read_fingerprint() const {
  if (!file_.sections().contains(SectionType::kLabelFingerprint)) return std::optional<LabelFingerprint>();
  NIGHTLIGHT_ASSIGN(bytes, file_.section(SectionType::kLabelFingerprint));
  BoundedReader in{ByteView(bytes)};
  const LabelFingerprint out{in.fixed<uint64_t>(), in.fixed<uint64_t>()};
  if (!in.finished()) return wrong_section(SectionType::kLabelFingerprint);
  return std::optional<LabelFingerprint>(out);
}

std::optional<uint32_t> IndexReader::find_name(std::string_view text) const {
  auto found = std::lower_bound(names_.begin(), names_.end(), text,
                                [](const Name& name, std::string_view t) { return name.text < t; });
  if (found == names_.end() || found->text != text) return std::nullopt;
  return static_cast<uint32_t>(found - names_.begin());
}

// ---- values
// ----------------------------------------------------------------------------------------------------------------

Result<std::shared_ptr<const ValuesPage>> IndexReader::load_values(const ValuePageRef& ref) const {
  return file_.cached<ValuesPage>(PageKind::kValues, ref.page,
                                  [](Bytes raw) { return ValuesPage::parse(std::move(raw)); });
}

Result<void> IndexReader::each_page(uint32_t name, std::string_view from, const PageVisitor& visit) const {
  auto begin = value_pages_.begin() + names_[name].first_page, end = value_pages_.begin() + names_[name].end_page;
  auto at =
      std::upper_bound(begin, end, from, [](std::string_view t, const ValuePageRef& r) { return t < r.first_value; });
  if (at != begin) --at;
  for (; at != end; ++at) {
    NIGHTLIGHT_ASSIGN(page, load_values(*at));
    NIGHTLIGHT_ASSIGN(more, visit(*page, at->first_rank));
    if (!more) break;
  }
  return {};
}

Result<std::shared_ptr<const ValuesPage>> IndexReader::values_page(uint32_t name, uint32_t rank,
                                                                   uint32_t* first_rank) const {
  auto begin = value_pages_.begin() + names_[name].first_page, end = value_pages_.begin() + names_[name].end_page;
  auto at =
      std::upper_bound(begin, end, rank, [](uint32_t r, const ValuePageRef& ref) { return r < ref.first_rank; }) - 1;
  *first_rank = at->first_rank;
  NIGHTLIGHT_ASSIGN(page, load_values(*at));
  if (rank - at->first_rank >= page->size()) return file_.damaged(at->page.offset, "a page has too few values");
  return page;
}

namespace {

// `take` answers whether they are sound.
template <class Take>
Result<void> take_postings(const BlockFile& file, const ValuesPage::Postings& postings, Take take) {
  if (postings.external.size == 0) {
    if (take(postings.inlined)) return {};
    return file.damaged(0, "a postings list is wrong");
  }
  NIGHTLIGHT_ASSIGN(raw, file.page(PageKind::kPostings, postings.external));
  if (take(raw)) return {};
  return file.damaged(postings.external.offset, "a postings list is wrong");
}

}  // namespace

Result<void> IndexReader::add_postings(const ValuesPage::Postings& postings, OrdinalSet* out) const {
  return take_postings(file_, postings, [&](ByteView bytes) { return out->add_postings(bytes); });
}

// ---- matchers
// --------------------------------------------------------------------------------------------------------------

Result<void> IndexReader::add_literals(uint32_t name, const std::vector<std::string>& literals, OrdinalSet* out) const {
  for (const std::string& literal : literals) {
    if (literal.empty()) continue;
    auto find = [&](const ValuesPage& page, uint32_t) -> Result<bool> {
      uint32_t i = page.lower_bound(literal);
      if (i < page.size() && page.value(i) == literal) NIGHTLIGHT_TRY(add_postings(page.postings(i), out));
      return false;
    };
    NIGHTLIGHT_TRY(each_page(name, literal, find));
  }
  return {};
}

// Adds the series with a value that the matcher's expression accepts (or, with `want` false, refuses).
Result<void> IndexReader::add_matching(const LabelMatcher& matcher, bool want, OrdinalSet* out) const {
  std::optional<uint32_t> name = find_name(matcher.name());
  if (!name) return {};
  using Shape = LabelMatcher::Shape;
  if (want && matcher.shape() == Shape::kSet) return add_literals(*name, matcher.literals(), out);
  std::string_view prefix = want ? matcher.prefix() : std::string_view();
  bool every = want && (matcher.shape() == Shape::kAnything || matcher.shape() == Shape::kNonEmpty);
  return each_page(*name, prefix, [&](const ValuesPage& page, uint32_t) -> Result<bool> {
    for (uint32_t i = prefix.empty() ? 0 : page.lower_bound(prefix); i < page.size(); ++i) {
      std::string_view value = page.value(i);
      if (!value.starts_with(prefix)) return false;
      if (every || matcher.accepts(value) == want) NIGHTLIGHT_TRY(add_postings(page.postings(i), out));
    }
    return true;
  });
}

Result<std::vector<uint32_t>> IndexReader::select(std::span<const LabelMatcher> matchers) const {
  OrdinalSet selected(series_count_);
  selected.fill();
  // First those that need the label, for they may end the search early; what they leave, the others subtract from.
  for (bool subtracting : {false, true}) {
    for (const LabelMatcher& matcher : matchers) {
      if (matcher.matches_empty() != subtracting) continue;
      // A series without the label is selected by a matcher that matches "": remove those whose value does not match.
      OrdinalSet listed(series_count_);
      bool want = subtracting == matcher.negated();
      NIGHTLIGHT_TRY(add_matching(matcher, want, &listed));
      if (subtracting) {
        selected.subtract(listed);
      } else {
        selected.intersect(listed);
      }
      if (selected.empty()) return std::vector<uint32_t>();
    }
  }
  return selected.to_vector();
}

// ---- label sets
// ------------------------------------------------------------------------------------------------------------

Result<std::shared_ptr<const SeriesPage>> IndexReader::series_page(uint32_t ordinal) const {
  size_t number = ordinal / series_per_page_;
  auto first = static_cast<uint32_t>(number * series_per_page_);
  uint32_t count = std::min(series_per_page_, series_count_ - first);
  auto parse = [&](Bytes raw) -> std::shared_ptr<const SeriesPage> {
    auto page = std::make_shared<SeriesPage>();
    page->first = first;
    page->row_starts.push_back(0);
    std::vector<uint32_t> last(name_sets_.size(), UINT32_MAX);
    BoundedReader in{ByteView(raw)};
    for (uint32_t i = 0; i < count; ++i) {
      uint64_t set = in.varint();
      if (!in.ok() || set >= name_sets_.size()) return nullptr;
      uint32_t begin = page->row_starts.back();
      for (size_t k = 0; k < name_sets_[set].size(); ++k) {
        int64_t base = last[set] == UINT32_MAX ? 0 : page->ranks[last[set] + k];
        int64_t rank = wrap_add(base, in.signed_varint());
        if (rank < 0 || rank >= names_[name_sets_[set][k]].values) return nullptr;
        page->ranks.push_back(static_cast<uint32_t>(rank));
      }
      last[set] = begin;
      page->sets.push_back(static_cast<uint32_t>(set));
      page->row_starts.push_back(static_cast<uint32_t>(page->ranks.size()));
    }
    return in.finished() ? page : nullptr;
  };
  NIGHTLIGHT_ASSIGN(page, file_.cached<SeriesPage>(PageKind::kSeries, series_pages_[number], parse));
  // A directory that lies may name one page twice, and the cache has it as it was read first.
  if (page->first != first || page->sets.size() != count)
    return file_.damaged(series_pages_[number].offset, "a page belongs to other series");
  return page;
}

Result<void> IndexReader::verify(const std::function<void(PageRef)>& seen) const {
  for (uint32_t name = 0; name < names_.size(); ++name) {
    uint32_t values = 0;
    for (uint32_t p = names_[name].first_page; p < names_[name].end_page; ++p) {
      const ValuePageRef& ref = value_pages_[p];
      NIGHTLIGHT_ASSIGN(page, load_values(ref));
      seen(ref.page);
      if (ref.first_rank != values || page->value(0) != ref.first_value)
        return file_.damaged(ref.page.offset, "a page of values does not agree with its directory");
      values += page->size();
      for (uint32_t i = 0; i < page->size(); ++i) {
        uint64_t listed = 0;
        NIGHTLIGHT_TRY(take_postings(file_, page->postings(i), [&](ByteView bytes) {
          const std::optional<uint64_t> count = count_postings(bytes, series_count_);
          listed = count.value_or(0);
          return count.has_value();
        }));
        if (listed != page->postings(i).series)
          return file_.damaged(ref.page.offset, "a postings list has another length than it says");
        if (page->postings(i).external.size != 0) seen(page->postings(i).external);
      }
    }
    if (values != names_[name].values) return wrong_section(SectionType::kNames);
  }
  for (size_t p = 0; p < series_pages_.size(); ++p) {
    NIGHTLIGHT_ASSIGN(page, series_page(static_cast<uint32_t>(p * series_per_page_)));
    seen(series_pages_[p]);
  }
  return verify_fingerprint();
}

Result<void> IndexReader::verify_fingerprint() const {
  NIGHTLIGHT_ASSIGN(written, read_fingerprint());
  if (!written) return {};
  LabelFingerprinter all;
  for (uint32_t name = 0; name < names_.size(); ++name) {
    all.add_name(names_[name].text, names_[name].values);
    NIGHTLIGHT_TRY(each_page(name, "", [&](const ValuesPage& page, uint32_t) -> Result<bool> {
      for (uint32_t i = 0; i < page.size(); ++i) all.add_value(page.value(i));
      return true;
    }));
  }
  for (const std::vector<uint32_t>& set : name_sets_) all.add_name_set(set);
  for (size_t p = 0; p < series_pages_.size(); ++p) {
    NIGHTLIGHT_ASSIGN(page, series_page(static_cast<uint32_t>(p * series_per_page_)));
    for (size_t row = 0; row < page->sets.size(); ++row) {
      const uint32_t begin = page->row_starts[row];
      all.add_series(page->sets[row], std::span(page->ranks).subspan(begin, page->row_starts[row + 1] - begin));
    }
  }
  if (all.finish() == *written) return {};
  return file_.damaged(file_.sections().at(SectionType::kLabelFingerprint).offset,
                       "the fingerprint is not that of these label sets");
}

void IndexReader::each_listed_page(const std::function<void(PageRef)>& visit) const {
  for (const ValuePageRef& ref : value_pages_) visit(ref.page);
  for (const PageRef& page : series_pages_) visit(page);
}

size_t IndexReader::memory_bytes() const {
  size_t size = sizeof(*this) + names_.size() * sizeof(Name) + value_pages_.size() * sizeof(ValuePageRef) +
                series_pages_.size() * sizeof(PageRef);
  for (const auto& set : name_sets_) size += sizeof(set) + set.size() * sizeof(uint32_t);
  for (const ValuePageRef& ref : value_pages_) size += ref.first_value.capacity();
  return size;
}

namespace {

class IndexLabelReader final : public LabelReader {
 public:
  explicit IndexLabelReader(const IndexReader& index) : index_(index), pages_(index.name_count()) {}

  Result<std::span<const LabelView>> labels(uint32_t ordinal) override {
    NIGHTLIGHT_ASSIGN(numbers, keys(ordinal));
    labels_.clear();
    for (Key key : numbers) {
      NIGHTLIGHT_ASSIGN(label, text(key));
      labels_.push_back(label);
    }
    return std::span<const LabelView>(labels_);
  }

  Result<std::span<const Key>> keys(uint32_t ordinal) override {
    if (ordinal >= index_.series_count()) return Error{Code::kOutOfRange, "no series " + std::to_string(ordinal)};
    if (series_ == nullptr || ordinal < series_->first || ordinal - series_->first >= series_->sets.size()) {
      NIGHTLIGHT_ASSIGN(page, index_.series_page(ordinal));
      series_ = std::move(page);
    }
    const uint32_t row = ordinal - series_->first;
    const std::vector<uint32_t>& set = index_.name_set(series_->sets[row]);
    keys_.clear();
    for (size_t k = 0; k < set.size(); ++k) keys_.push_back({set[k], series_->ranks[series_->row_starts[row] + k]});
    return std::span<const Key>(keys_);
  }

  Result<LabelView> text(Key key) override {
    NIGHTLIGHT_ASSIGN(value, value_of(key.name, key.value));
    return LabelView(index_.name(key.name), value);
  }
  uint32_t name_count() const override { return static_cast<uint32_t>(pages_.size()); }
  uint32_t value_count(uint32_t name) const override { return index_.value_count(name); }

 private:
  // The last page of each name stays at hand.
  struct Held {
    std::shared_ptr<const ValuesPage> page;
    uint32_t first = 0;
  };
  Result<std::string_view> value_of(uint32_t name, uint32_t rank) {
    Held& held = pages_[name];
    if (held.page == nullptr || rank < held.first || rank - held.first >= held.page->size()) {
      uint32_t first = 0;
      NIGHTLIGHT_ASSIGN(page, index_.values_page(name, rank, &first));
      held.page = std::move(page);
      held.first = first;
    }
    return held.page->value(rank - held.first);
  }

  const IndexReader& index_;
  std::vector<Held> pages_;
  std::shared_ptr<const SeriesPage> series_;
  std::vector<LabelView> labels_;
  std::vector<Key> keys_;
};

}  // namespace

std::unique_ptr<LabelReader> make_label_reader(const IndexReader& index) {
  return std::make_unique<IndexLabelReader>(index);
}

}  // namespace nightlight::gorilla
