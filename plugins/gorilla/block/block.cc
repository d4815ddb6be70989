#include "gorilla/block/block.h"

#include <algorithm>

#include "gorilla/block/data_reader.h"
#include "gorilla/block/index_reader.h"
#include "gorilla/block/meta_codec.h"
#include "gorilla/bucket/bucket.h"

namespace nightlight::gorilla {
namespace {

class OpenBlock final : public Block {
 public:
  OpenBlock(std::unique_ptr<BlockFile> file, BlockMeta meta) : file_(std::move(file)), meta_(std::move(meta)) {}

  Result<void> read_directories() {
    NIGHTLIGHT_ASSIGN(index, IndexReader::open(*file_, static_cast<uint32_t>(meta_.stats.series)));
    NIGHTLIGHT_ASSIGN(data, DataReader::open(*file_, static_cast<uint32_t>(meta_.stats.series)));
    index_ = std::move(index);
    data_ = std::move(data);
    return {};
  }

  const BlockMeta& meta() const override { return meta_; }
  uint32_t series_count() const override { return index_->series_count(); }

  const std::optional<LabelFingerprint>& label_fingerprint() const override { return index_->fingerprint(); }

  Result<std::vector<uint32_t>> select(std::span<const LabelMatcher> matchers) const override {
    return index_->select(matchers);
  }
  std::unique_ptr<BlockCursor> cursor(int64_t start_ms, int64_t end_ms) const override {
    return make_block_cursor(*data_, start_ms, end_ms);
  }
  std::unique_ptr<LabelReader> label_reader() const override { return make_label_reader(*index_); }

  Result<std::vector<std::string>> label_names(const std::vector<uint32_t>* series) const override {
    std::vector<bool> present(index_->name_count(), series == nullptr);
    if (series != nullptr) {
      NIGHTLIGHT_TRY(each_row(*series, [&](const std::vector<uint32_t>& set, const uint32_t*) {
        for (uint32_t name : set) present[name] = true;
      }));
    }
    std::vector<std::string> out;
    for (uint32_t name = 0; name < present.size(); ++name)
      if (present[name]) out.push_back(index_->name(name));
    return out;
  }

  Result<std::vector<std::string>> label_values(std::string_view name,
                                                const std::vector<uint32_t>* series) const override {
    std::vector<std::string> out;
    std::optional<uint32_t> rank = index_->find_name(name);
    if (!rank) return out;
    std::vector<bool> present(index_->value_count(*rank), series == nullptr);
    if (series != nullptr) {
      NIGHTLIGHT_TRY(each_row(*series, [&](const std::vector<uint32_t>& set, const uint32_t* ranks) {
        auto found = std::lower_bound(set.begin(), set.end(), *rank);
        if (found != set.end() && *found == *rank) present[ranks[found - set.begin()]] = true;
      }));
    }
    auto collect = [&](const ValuesPage& page, uint32_t first) -> Result<bool> {
      if (first + page.size() > present.size())
        return file_->damaged(0, "a label has more values than its directory says");
      for (uint32_t i = 0; i < page.size(); ++i)
        if (present[first + i]) out.emplace_back(page.value(i));
      return true;
    };
    NIGHTLIGHT_TRY(index_->each_page(*rank, "", collect));
    return out;
  }

  Result<void> value_counts(std::string_view name,
                            const std::function<void(std::string_view, uint64_t)>& each) const override {
    std::optional<uint32_t> rank = index_->find_name(name);
    if (!rank) return {};
    return index_->each_page(*rank, "", [&](const ValuesPage& page, uint32_t) -> Result<bool> {
      for (uint32_t i = 0; i < page.size(); ++i) each(page.value(i), page.postings(i).series);
      return true;
    });
  }

  Result<void> verify() const override {
    std::vector<PageRef> pages;
    auto seen = [&](PageRef page) { pages.push_back(page); };
    NIGHTLIGHT_TRY(index_->verify(seen));
    NIGHTLIGHT_TRY(data_->verify(seen));
    NIGHTLIGHT_TRY(verify_labels());
    for (const auto& [type, page] : file_->sections()) seen(page);
    // Pages lie one behind the other: no byte is in none of them.
    std::sort(pages.begin(), pages.end(), [](const PageRef& a, const PageRef& b) { return a.offset < b.offset; });
    uint64_t at = kHeaderBytes;
    for (const PageRef& page : pages) {
      if (page.offset != at) return file_->damaged(at, "bytes belong to no page");
      at += page.size;
    }
    if (at != file_->toc_offset()) return file_->damaged(at, "bytes belong to no page");
    return {};
  }

  size_t memory_bytes() const override { return sizeof(*this) + index_->memory_bytes() + data_->memory_bytes(); }

 private:
  // Calls visit(name set, ranks of values) for each series.
  template <class Visit>
  Result<void> each_row(const std::vector<uint32_t>& series, Visit visit) const {
    std::shared_ptr<const SeriesPage> page;
    for (uint32_t ordinal : series) {
      if (ordinal >= series_count()) return Error{Code::kOutOfRange, "no series " + std::to_string(ordinal)};
      if (page == nullptr || ordinal < page->first || ordinal - page->first >= page->sets.size()) {
        NIGHTLIGHT_ASSIGN(loaded, index_->series_page(ordinal));
        page = std::move(loaded);
      }
      uint32_t row = ordinal - page->first;
      visit(index_->name_set(page->sets[row]), page->ranks.data() + page->row_starts[row]);
    }
    return {};
  }

  Result<void> verify_labels() const {
    std::unique_ptr<LabelReader> reader = label_reader();
    std::vector<std::pair<std::string, std::string>> before;
    for (uint32_t ordinal = 0; ordinal < series_count(); ++ordinal) {
      NIGHTLIGHT_ASSIGN(labels, reader->labels(ordinal));
      std::vector<std::pair<std::string, std::string>> now(labels.begin(), labels.end());
      if (ordinal > 0 && before >= now) return file_->damaged(0, "series are not in the order of their labels");
      before = std::move(now);
    }
    return {};
  }

  std::unique_ptr<BlockFile> file_;
  BlockMeta meta_;
  std::unique_ptr<IndexReader> index_;
  std::unique_ptr<DataReader> data_;
};

}  // namespace

Result<std::shared_ptr<const Block>> Block::open(std::shared_ptr<const BucketObject> object, PageCache& cache) {
  uint64_t size = object->size_bytes();
  NIGHTLIGHT_ASSIGN(file, BlockFile::open(std::move(object), cache));
  NIGHTLIGHT_ASSIGN(bytes, file->section(SectionType::kMeta));
  BoundedReader in{ByteView(bytes)};
  BlockMeta meta = read_meta(in);
  if (!in.ok() || meta.id != file->id() || meta.stats.series == 0 || meta.stats.series > UINT32_MAX)
    return file->damaged(file->sections().at(SectionType::kMeta).offset, "a section contradicts itself");
  meta.stats.size_bytes = size;
  auto block = std::make_shared<OpenBlock>(std::move(file), std::move(meta));
  NIGHTLIGHT_TRY(block->read_directories());
  return std::shared_ptr<const Block>(std::move(block));
}

}  // namespace nightlight::gorilla
