// The index of an open block: label names, values with postings, label sets. Directories are held in memory, everything
// else is read through the page cache.
#ifndef NIGHTLIGHT_GORILLA_BLOCK_INDEX_READER_H_
#define NIGHTLIGHT_GORILLA_BLOCK_INDEX_READER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gorilla/block/block.h"
#include "gorilla/block/block_file.h"
#include "gorilla/block/label_fingerprint.h"
#include "gorilla/block/postings.h"

namespace nightlight::gorilla {

inline constexpr uint8_t kIndexLaps = 4;

// Values of one name, sorted, with their postings.
class ValuesPage final : public CachedPage {
 public:
  static std::shared_ptr<const ValuesPage> parse(Bytes raw);

  struct Postings {
    uint64_t series = 0;
    PageRef external;  // When size is not 0.
    ByteView inlined;
  };

  uint32_t size() const { return static_cast<uint32_t>(values_.size()); }
  std::string_view value(uint32_t i) const { return values_[i]; }
  const Postings& postings(uint32_t i) const { return postings_[i]; }
  // The first value not less than `text`.
  uint32_t lower_bound(std::string_view text) const;
  size_t memory_bytes() const override {
    return raw_.size() + values_.size() * (sizeof(std::string_view) + sizeof(Postings));
  }
  uint8_t laps() const override { return kIndexLaps; }

 private:
  Bytes raw_;
  std::vector<std::string_view> values_;
  std::vector<Postings> postings_;
};

// Label sets of consecutive ordinals, as name sets and ranks of values.
class SeriesPage final : public CachedPage {
 public:
  uint32_t first = 0;
  std::vector<uint32_t> sets;
  std::vector<uint32_t> row_starts;  // One more than sets.
  std::vector<uint32_t> ranks;
  size_t memory_bytes() const override { return 4 * (sets.size() + row_starts.size() + ranks.size()); }
  uint8_t laps() const override { return kIndexLaps; }
};

class IndexReader {
 public:
  static Result<std::unique_ptr<IndexReader>> open(const BlockFile& file, uint32_t series_count);

  uint32_t series_count() const { return series_count_; }
  size_t name_count() const { return names_.size(); }
  const std::string& name(uint32_t rank) const { return names_[rank].text; }
  uint32_t value_count(uint32_t name) const { return names_[name].values; }
  // The rank of a name, or nothing.
  std::optional<uint32_t> find_name(std::string_view text) const;
  const std::vector<uint32_t>& name_set(uint32_t set) const { return name_sets_[set]; }

  // Nothing for blocks that were written without, or whose fingerprint is damaged.
  const std::optional<LabelFingerprint>& fingerprint() const { return fingerprint_; }

  Result<std::vector<uint32_t>> select(std::span<const LabelMatcher> matchers) const;

  // Calls visit(page, first rank in it) for the pages of a name's values that may hold [from, ...), until it answers
  // false.
  using PageVisitor = std::function<Result<bool>(const ValuesPage& page, uint32_t first_rank)>;
  Result<void> each_page(uint32_t name, std::string_view from, const PageVisitor& visit) const;
  // The page of a name's values that has `rank`, and the rank at which it begins.
  Result<std::shared_ptr<const ValuesPage>> values_page(uint32_t name, uint32_t rank, uint32_t* first_rank) const;
  Result<std::shared_ptr<const SeriesPage>> series_page(uint32_t ordinal) const;
  Result<void> add_postings(const ValuesPage::Postings& postings, OrdinalSet* out) const;

  // The pages of values and of label sets; long postings lists are named by these.
  void each_listed_page(const std::function<void(PageRef)>& visit) const;
  // Reads everything, and checks that values ascend and that ordinals and ranks exist.
  Result<void> verify(const std::function<void(PageRef)>& seen) const;
  size_t memory_bytes() const;

 private:
  struct Name {
    std::string text;
    uint32_t values = 0;
    uint32_t first_page = 0, end_page = 0;  // In value_pages_.
  };
  struct ValuePageRef {
    std::string first_value;
    uint32_t first_rank = 0;
    PageRef page;
  };

  IndexReader(const BlockFile& file, uint32_t series_count) : file_(file), series_count_(series_count) {}
  Result<void> read_names();
  Result<void> read_name_sets();
  Result<void> read_value_pages();
  Result<void> read_series_pages();
  // Nothing when there is none.
  Result<std::optional<LabelFingerprint>> read_fingerprint() const;
  Result<void> verify_fingerprint() const;
  Result<void> add_matching(const LabelMatcher& matcher, bool want, OrdinalSet* out) const;
  Result<void> add_literals(uint32_t name, const std::vector<std::string>& literals, OrdinalSet* out) const;
  Result<std::shared_ptr<const ValuesPage>> load_values(const ValuePageRef& ref) const;
  Error wrong_section(SectionType type) const;

  const BlockFile& file_;
  const uint32_t series_count_;
  std::vector<Name> names_;
  std::vector<std::vector<uint32_t>> name_sets_;
  std::vector<ValuePageRef> value_pages_;
  std::vector<PageRef> series_pages_;
  uint32_t series_per_page_ = 1;
  std::optional<LabelFingerprint> fingerprint_;
};

std::unique_ptr<LabelReader> make_label_reader(const IndexReader& index);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_INDEX_READER_H_
