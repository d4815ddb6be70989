#include "gorilla/block/data_reader.h"

#include <algorithm>

#include "gorilla/chunk/histograms.h"
#include "gorilla/chunk/values.h"

namespace nightlight::gorilla {

// ---- pages
// -----------------------------------------------------------------------------------------------------------------

std::shared_ptr<const DataPageView> DataPageView::parse(Bytes raw, uint32_t first_ordinal, uint32_t last_ordinal) {
  auto page = std::make_shared<DataPageView>();
  page->raw_ = std::move(raw);
  BoundedReader in{ByteView(page->raw_)};
  size_t count = in.bounded(kMaxPageChunks);
  std::vector<uint32_t> steps, sizes;
  std::vector<uint8_t> kinds;
  std::vector<uint64_t> columns;
  if (!in.ok() || count == 0 || !read_column(in, count, UINT32_MAX, steps) ||
      !read_column(in, count, UINT8_MAX, kinds) || !read_column(in, count, UINT64_MAX, columns) ||
      !read_column(in, count, UINT32_MAX, sizes))
    return nullptr;
  page->streams_ = page->raw_.size() - in.remaining();
  uint64_t ordinal = first_ordinal, end = 0;
  int64_t column = 0;
  page->chunks_.resize(count);
  for (size_t i = 0; i < count; ++i) {
    ordinal += steps[i];
    column = wrap_add(column, unzigzag(columns[i]));
    end += sizes[i];
    if (ordinal > last_ordinal || column < 0 || column > UINT32_MAX || end > in.remaining()) return nullptr;
    page->chunks_[i] = {static_cast<uint32_t>(ordinal), static_cast<uint32_t>(column), static_cast<uint32_t>(end),
                        kinds[i], false};
  }
  bool whole = end == in.remaining() && page->chunks_.front().ordinal == first_ordinal && ordinal == last_ordinal;
  if (!whole) return nullptr;
  page->mark_siblings();
  return page;
}

void DataPageView::mark_siblings() {
  for (size_t i = 0; i < size(); ++i) {
    FloatChunk chunk;
    if (kind(i) == kHistogramEncoding || !split_float_chunk(kind(i), this->chunk(i), &chunk) ||
        !has_sibling(chunk.encoding))
      continue;
    if (const size_t back = sibling_back(chunk.values); back <= i) chunks_[i - back].is_sibling = true;
  }
}

size_t DataPageView::find(uint32_t ordinal) const {
  return static_cast<size_t>(std::lower_bound(chunks_.begin(), chunks_.end(), ordinal,
                                              [](const Chunk& c, uint32_t wanted) { return c.ordinal < wanted; }) -
                             chunks_.begin());
}

ByteView DataPageView::chunk(size_t i) const {
  size_t begin = i == 0 ? 0 : chunks_[i - 1].end;
  return ByteView(raw_).subspan(streams_ + begin, chunks_[i].end - begin);
}

bool split_float_chunk(uint8_t kind, ByteView chunk, FloatChunk* out) {
  *out = {};
  out->has_starts = (kind & kHasStartTimestamps) != 0;
  out->encoding = static_cast<uint8_t>(kind & ~kHasStartTimestamps);
  out->values = chunk;
  if (!out->has_starts) return true;
  BoundedReader in(chunk);
  out->start_encoding = static_cast<IntegerEncoding>(in.byte());
  out->starts = in.bytes(in.varint());
  out->values = in.rest();
  return in.ok();
}

std::shared_ptr<const TimestampPageView> TimestampPageView::parse(Bytes raw) {
  auto page = std::make_shared<TimestampPageView>();
  page->raw_ = std::move(raw);
  BoundedReader in{ByteView(page->raw_)};
  page->columns_.resize(in.bounded(in.remaining() / 3));
  std::vector<uint64_t> sizes;
  for (Column& column : page->columns_) {
    column.encoding = in.byte();
    column.count = static_cast<uint32_t>(in.bounded(kMaxChunkSamples));
    sizes.push_back(in.varint());
  }
  for (size_t i = 0; i < sizes.size(); ++i) page->columns_[i].bytes = in.bytes(sizes[i]);
  return in.finished() && !sizes.empty() ? page : nullptr;
}

bool TimestampPageView::decode(size_t i, std::vector<int64_t>* out) const {
  const Column& column = columns_[i];
  out->resize(column.count);
  return decode_integers(static_cast<IntegerEncoding>(column.encoding), column.bytes, column.count, out->data()) &&
         std::is_sorted(out->begin(), out->end(), std::less_equal<>());
}

// ---- directories
// -----------------------------------------------------------------------------------------------------------

Error DataReader::wrong_section(SectionType type) const {
  return file_.damaged(file_.sections().at(type).offset, "a section contradicts itself");
}

Result<std::unique_ptr<DataReader>> DataReader::open(const BlockFile& file, uint32_t series_count) {
  std::unique_ptr<DataReader> data(new DataReader(file, series_count));
  NIGHTLIGHT_TRY(data->read_timestamp_pages());
  NIGHTLIGHT_TRY(data->read_data_pages());
  return data;
}

Result<void> DataReader::read_timestamp_pages() {
  NIGHTLIGHT_ASSIGN(bytes, file_.section(SectionType::kTimestampPages));
  BoundedReader in{ByteView(bytes)};
  columns_ = static_cast<uint32_t>(in.bounded(UINT32_MAX));
  column_pages_.resize(in.bounded(in.remaining() / 3));
  for (size_t i = 0; i < column_pages_.size(); ++i) {
    ColumnPage& page = column_pages_[i];
    page.first = static_cast<uint32_t>(in.bounded(UINT32_MAX));
    page.ref = {in.varint(), static_cast<uint32_t>(in.bounded(kMaxPageBytes))};
    if (i == 0 ? page.first != 0 : page.first <= column_pages_[i - 1].first)
      return wrong_section(SectionType::kTimestampPages);
  }
  bool sound = in.finished() && !column_pages_.empty() && column_pages_.back().first < columns_;
  return sound ? Result<void>() : wrong_section(SectionType::kTimestampPages);
}

Result<void> DataReader::read_data_pages() {
  NIGHTLIGHT_ASSIGN(bytes, file_.section(SectionType::kDataPages));
  BoundedReader in{ByteView(bytes)};
  slice_ms_ = static_cast<int64_t>(in.bounded(INT64_MAX));
  size_t count = in.bounded(in.remaining() / 5);
  if (slice_ms_ <= 0) return wrong_section(SectionType::kDataPages);
  int64_t number = 0;
  for (size_t i = 0; i < count; ++i) {
    int64_t step = in.signed_varint();
    number = wrap_add(number, step);
    uint64_t first = in.bounded(series_count_ - 1);
    uint64_t last = first + in.bounded(series_count_ - 1);
    PageRef ref{in.varint(), static_cast<uint32_t>(in.bounded(kMaxPageBytes))};
    if (!in.ok() || last >= series_count_) return wrong_section(SectionType::kDataPages);
    if (slices_.empty() || step != 0) {
      if (!slices_.empty() && number <= slices_.back().number) return wrong_section(SectionType::kDataPages);
      slices_.push_back({number, {}});
    }
    std::vector<Page>& pages = slices_.back().pages;
    // Chunks of one series may go on in the next page.
    if (!pages.empty() && first < pages.back().last_ordinal) return wrong_section(SectionType::kDataPages);
    pages.push_back({static_cast<uint32_t>(first), static_cast<uint32_t>(last), ref});
  }
  for (Slice& slice : slices_) slice.pages.shrink_to_fit();
  return in.finished() ? Result<void>() : wrong_section(SectionType::kDataPages);
}

Result<std::shared_ptr<const DataPageView>> DataReader::load(const Page& page) const {
  NIGHTLIGHT_ASSIGN(view, file_.cached<DataPageView>(PageKind::kData, page.ref, [&](Bytes raw) {
    return DataPageView::parse(std::move(raw), page.first_ordinal, page.last_ordinal);
  }));
  // A directory that lies may name one page twice, and the cache has it as it was read first.
  if (view->ordinal(0) != page.first_ordinal || view->ordinal(view->size() - 1) != page.last_ordinal)
    return file_.damaged(page.ref.offset, "a page belongs to other series");
  return view;
}

Result<std::shared_ptr<const TimestampPageView>> DataReader::load_column(uint32_t column,
                                                                         uint32_t* first_column) const {
  if (column >= columns_) return file_.damaged(0, "a chunk has timestamps that do not exist");
  auto at = std::upper_bound(column_pages_.begin(), column_pages_.end(), column,
                             [](uint32_t c, const ColumnPage& page) { return c < page.first; }) -
            1;
  *first_column = at->first;
  NIGHTLIGHT_ASSIGN(page, file_.cached<TimestampPageView>(PageKind::kTimestamps, at->ref, [](Bytes raw) {
    return TimestampPageView::parse(std::move(raw));
  }));
  if (column - at->first >= page->size()) return file_.damaged(at->ref.offset, "a page has too few columns");
  return page;
}

Result<void> DataReader::decode_column(uint32_t column, std::vector<int64_t>* out) const {
  uint32_t first = 0;
  NIGHTLIGHT_ASSIGN(page, load_column(column, &first));
  if (page->decode(column - first, out)) return {};
  return file_.damaged(0, "timestamp column " + std::to_string(column) + " is wrong");
}

void DataReader::each_column_page(const std::function<void(uint32_t first, PageRef page)>& visit) const {
  for (const ColumnPage& page : column_pages_) visit(page.first, page.ref);
}

Result<void> DataReader::verify(const std::function<void(PageRef)>& seen) const {
  for (const ColumnPage& page : column_pages_) {
    uint32_t first = 0;
    NIGHTLIGHT_ASSIGN(view, load_column(page.first, &first));
    seen(page.ref);
  }
  std::unique_ptr<BlockCursor> cursor = make_block_cursor(*this, INT64_MIN, INT64_MAX);
  SampleColumns samples;
  for (uint32_t ordinal = 0; ordinal < series_count_; ++ordinal) {
    samples.clear();
    NIGHTLIGHT_TRY(cursor->read(ordinal, &samples));
    if (samples.empty()) return file_.damaged(0, "series " + std::to_string(ordinal) + " has no samples");
    if (!std::is_sorted(samples.timestamps_ms.begin(), samples.timestamps_ms.end(), std::less_equal<>()))
      return file_.damaged(0, "samples of series " + std::to_string(ordinal) + " are out of order");
  }
  for (const Slice& slice : slices_)
    for (const Page& page : slice.pages) seen(page.ref);
  return {};
}

size_t DataReader::memory_bytes() const {
  size_t size = sizeof(*this) + column_pages_.capacity() * sizeof(ColumnPage);
  for (const Slice& slice : slices_) size += sizeof(slice) + slice.pages.capacity() * sizeof(Page);
  return size;
}

}  // namespace nightlight::gorilla
