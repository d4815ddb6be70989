#include "gorilla/block/block_writer.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <map>

#include "gorilla/block/index_writer.h"
#include "gorilla/block/meta_codec.h"
#include "gorilla/block/timestamp_column_writer.h"
#include "gorilla/bucket/bucket.h"
#include "gorilla/chunk/histograms.h"
#include "gorilla/chunk/values.h"

namespace nightlight::gorilla {
namespace {

// Rounds towards minus infinity.
int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0); }

// A chunk of the open page from which others may be told.
struct Elder {
  size_t chunk = 0;
  std::vector<double> values;
};
// Chunks of the open page that are told from each other. Those told from none may be siblings of others: the first of
// them, which by the order of labels counts all events, and the latest, whose bound is near.
struct Family {
  uint64_t hash = 0;  // 0: none.
  std::array<Elder, 2> elders;
  size_t number = 0;  // Of elders.
};
// So many times larger may a page become so that no family is torn apart.
constexpr size_t kLargerForFamily = 2;
// Families whose members have others between them; those of a page that has more begin again.
constexpr size_t kMaxFamilies = 16;

// The page of a slice that is being filled.
struct OpenPage {
  std::vector<uint64_t> ordinals, kinds, columns, sizes;
  Bytes streams;
  std::vector<Family> families;
  size_t next_family = 0;

  void clear() {
    for (auto* column : {&ordinals, &kinds, &columns, &sizes}) column->clear();
    streams.clear();
    for (Family& family : families) family.hash = 0;
  }
  Family* family_of(uint64_t hash) {
    for (Family& family : families)
      if (family.hash == hash) return &family;
    return nullptr;
  }
  // The next chunk, which has these values, becomes an elder of its family.
  void put_elder(uint64_t hash, std::span<const double> values) {
    Family* family = family_of(hash);
    if (family == nullptr) {
      family = families.size() < kMaxFamilies ? &families.emplace_back() : &families[next_family++ % kMaxFamilies];
      family->hash = hash;
      family->number = 0;
    }
    family->number = std::min(family->number + 1, family->elders.size());
    Elder& elder = family->elders[family->number - 1];
    elder.chunk = sizes.size();
    elder.values.assign(values.begin(), values.end());
  }
};

// Series that differ in nothing but the bound of their bucket are of one family. 0: none.
uint64_t family_of(std::span<const LabelView> labels) {
  uint64_t hash = 0;
  bool bucket = false;
  for (const auto& [name, value] : labels) {
    if (name == "le") {
      bucket = true;
      continue;
    }
    hash = XXH3_64bits_withSeed(name.data(), name.size(), hash);
    hash = XXH3_64bits_withSeed(value.data(), value.size(), hash);
  }
  return bucket ? hash | 1 : 0;
}

struct Slice {
  OpenPage page;
  // The last series' timestamps here: most series have the same as their neighbour.
  uint64_t timestamps_id = 0;
  size_t first = 0, count = 0;
  uint32_t column = 0;
};

struct DataPage {
  int64_t slice;
  uint32_t first_ordinal, last_ordinal;
  PageRef ref;
};

class Writer final : public BlockWriter {
 public:
  Writer(std::unique_ptr<BucketUpload> upload, BlockMeta meta, const BlockOptions& options)
      : options_(options),
        choice_(options.gorilla_only     ? ValueChoice::kGorillaOnly
                : options.zstd_level > 0 ? ValueChoice::kDense
                                         : ValueChoice::kSmallest),
        meta_(std::move(meta)),
        file_(std::move(upload), meta_.id),
        columns_(options.page_bytes, options.zstd_level) {
    if (meta_.sources.empty()) meta_.sources.push_back(meta_.id);
    meta_.stats = {};
    meta_.tombstones_key.clear();
    meta_.min_time_ms = INT64_MAX;
    meta_.max_time_ms = INT64_MIN;
  }

  Result<void> begin() { return file_.put_header(); }

  uint64_t series_count() const override { return index_.series_count(); }

  Result<void> add(const SeriesInput& series) override {
    if (series.timestamps_ms.empty() && series.histograms.empty()) return {};
    NIGHTLIGHT_TRY(check(series));
    if (index_.series_count() == UINT32_MAX) return Error{Code::kResourceExhausted, "too many series for one block"};
    ordinal_ = index_.series_count();
    index_.add(series.labels);
    remember_labels(series.labels);
    if (choice_ == ValueChoice::kDense) family_ = family_of(series.labels);
    NIGHTLIGHT_TRY(add_floats(series));
    return add_histograms(series.histograms);
  }

  Result<BlockMeta> finish() override {
    if (index_.series_count() == 0) return Error{Code::kFailedPrecondition, "a block without series"};
    for (auto& [number, slice] : slices_) NIGHTLIGHT_TRY(flush(number, slice));
    NIGHTLIGHT_TRY(index_.write(file_));
    NIGHTLIGHT_TRY(columns_.finish(file_));
    NIGHTLIGHT_TRY(write_page_directory());
    meta_.stats.series = index_.series_count();
    Bytes section;
    put_meta(meta_, section);
    NIGHTLIGHT_TRY(file_.put_section(SectionType::kMeta, section));
    NIGHTLIGHT_ASSIGN(size, file_.finish());
    meta_.stats.size_bytes = size;
    return meta_;
  }

 private:
  Result<void> check(const SeriesInput& series) const {
    auto invalid = [](const char* what) { return Error{Code::kInvalidArgument, what}; };
    if (series.values.size() != series.timestamps_ms.size() ||
        (!series.start_timestamps_ms.empty() && series.start_timestamps_ms.size() != series.timestamps_ms.size()))
      return invalid("columns of a series differ in length");
    for (size_t i = 1; i < series.labels.size(); ++i)
      if (series.labels[i - 1].first >= series.labels[i].first) return invalid("labels of a series are not sorted");
    auto less = [](const LabelView& a, const LabelView& b) { return a < b; };
    if (index_.series_count() > 0 && !std::lexicographical_compare(last_labels_.begin(), last_labels_.end(),
                                                                   series.labels.begin(), series.labels.end(), less))
      return invalid("series are not in the order of their labels");
    for (size_t i = 1; i < series.timestamps_ms.size(); ++i)
      if (series.timestamps_ms[i - 1] >= series.timestamps_ms[i])
        return invalid("samples are not in the order of time");
    for (size_t i = 0; i < series.histograms.size(); ++i) {
      if (i > 0 && series.histograms[i - 1]->timestamp_ms >= series.histograms[i]->timestamp_ms)
        return invalid("histograms are not in the order of time");
      if (!valid_layout(*series.histograms[i])) return invalid("a histogram's buckets do not agree with its spans");
    }
    return {};
  }

  void remember_labels(std::span<const LabelView> labels) {
    last_text_.clear();
    for (const auto& [name, value] : labels) last_text_.append(name).append(value);
    last_labels_.clear();
    std::string_view rest = last_text_;
    auto take = [&](size_t size) {
      std::string_view part = rest.substr(0, size);
      rest.remove_prefix(size);
      return part;
    };
    for (const auto& [name, value] : labels) {
      std::string_view kept = take(name.size());
      last_labels_.emplace_back(kept, take(value.size()));
    }
  }

  void extend_times(int64_t from, int64_t to) {
    meta_.min_time_ms = std::min(meta_.min_time_ms, from);
    meta_.max_time_ms = std::max(meta_.max_time_ms, to);
  }

  Result<void> add_floats(const SeriesInput& series) {
    std::span<const int64_t> times = series.timestamps_ms;
    for (size_t begin = 0; begin < times.size();) {
      int64_t number = floor_div(times[begin], options_.slice_ms);
      size_t limit = std::min(times.size(), begin + kMaxChunkSamples);
      size_t end = begin + 1;
      while (end < limit && floor_div(times[end], options_.slice_ms) == number) ++end;
      NIGHTLIGHT_TRY(add_float_chunk(series, number, begin, end));
      begin = end;
    }
    if (!times.empty()) extend_times(times.front(), times.back());
    meta_.stats.float_samples += times.size();
    return {};
  }

  Result<void> add_float_chunk(const SeriesInput& series, int64_t number, size_t begin, size_t end) {
    Slice& slice = slices_[number];
    NIGHTLIGHT_TRY(make_room(number, slice));
    size_t count = end - begin;
    bool same = series.timestamps_id != 0 && series.timestamps_id == slice.timestamps_id && slice.first == begin &&
                slice.count == count;
    if (!same) {
      NIGHTLIGHT_ASSIGN(column, columns_.id_of(series.timestamps_ms.subspan(begin, count), file_));
      slice.column = column;
      slice.timestamps_id = series.timestamps_id;
      slice.first = begin;
      slice.count = count;
    }
    Bytes& out = slice.page.streams;
    size_t before = out.size();
    uint8_t kind = 0;
    if (!series.start_timestamps_ms.empty() &&
        put_start_timestamps(series.start_timestamps_ms.subspan(begin, count), out))
      kind = kHasStartTimestamps;
    kind = static_cast<uint8_t>(kind | put_values(slice, series.values.subspan(begin, count), out));
    add_chunk(slice, kind, slice.column, out.size() - before);
    return {};
  }

  uint8_t put_values(Slice& slice, std::span<const double> values, Bytes& out) {
    if (family_ == 0) return encode_values(values, choice_, out);
    OpenPage& page = slice.page;
    std::array<Sibling, 2> siblings;
    size_t usable = 0;
    if (const Family* family = page.family_of(family_); family != nullptr) {
      for (const Elder& elder : std::span(family->elders).first(family->number))
        if (page.columns[elder.chunk] == slice.column)
          siblings[usable++] = {page.sizes.size() - elder.chunk, elder.values};
    }
    const uint8_t encoding = encode_values(values, choice_, out, std::span(siblings).first(usable));
    if (!has_sibling(encoding)) page.put_elder(family_, values);
    return encoding;
  }

  // False when all of them are unknown.
  static bool put_start_timestamps(std::span<const int64_t> times, Bytes& out) {
    if (std::all_of(times.begin(), times.end(), [](int64_t t) { return t == 0; })) return false;
    Bytes column;
    out.push_back(static_cast<uint8_t>(encode_integers(times, column)));
    put_varint(out, column.size());
    put_bytes(out, column);
    return true;
  }

  Result<void> add_histograms(std::span<const Histogram* const> histograms) {
    std::vector<int64_t> times;
    for (size_t begin = 0; begin < histograms.size();) {
      const Histogram& first = *histograms[begin];
      int64_t number = floor_div(first.timestamp_ms, options_.slice_ms);
      size_t most = std::min(kMaxChunkSamples, kMaxHistogramCells / histogram_cells(first));
      times.assign(1, first.timestamp_ms);
      size_t end = begin + 1;
      while (end < histograms.size() && end - begin < most &&
             floor_div(histograms[end]->timestamp_ms, options_.slice_ms) == number &&
             same_layout(first, *histograms[end]))
        times.push_back(histograms[end++]->timestamp_ms);
      NIGHTLIGHT_ASSIGN(column, columns_.id_of(times, file_));
      Slice& slice = slices_[number];
      NIGHTLIGHT_TRY(make_room(number, slice));
      size_t before = slice.page.streams.size();
      encode_histograms(histograms.subspan(begin, end - begin), choice_, slice.page.streams);
      add_chunk(slice, kHistogramEncoding, column, slice.page.streams.size() - before);
      extend_times(times.front(), times.back());
      begin = end;
    }
    meta_.stats.histogram_samples += histograms.size();
    return {};
  }

  // Before a chunk of the series that is being added: closes the page when it is full.
  Result<void> make_room(int64_t number, Slice& slice) {
    OpenPage& page = slice.page;
    const size_t size = page.streams.size() + 4 * page.sizes.size();
    const bool torn_apart = family_ != 0 && page.family_of(family_) != nullptr;
    if (size < options_.page_bytes * (torn_apart ? kLargerForFamily : 1) && page.sizes.size() < kMaxPageChunks)
      return {};
    return flush(number, slice);
  }

  void add_chunk(Slice& slice, uint8_t kind, uint32_t column, size_t size) {
    OpenPage& page = slice.page;
    page.ordinals.push_back(ordinal_);
    page.kinds.push_back(kind);
    page.columns.push_back(column);
    page.sizes.push_back(size);
    ++meta_.stats.chunks;
  }

  // A page: the number of chunks; columns of ordinals (as differences), kinds, timestamp columns (as differences) and
  // sizes; the chunks.
  Result<void> flush(int64_t number, Slice& slice) {
    OpenPage& page = slice.page;
    if (page.sizes.empty()) return {};
    DataPage entry{
        number, static_cast<uint32_t>(page.ordinals.front()), static_cast<uint32_t>(page.ordinals.back()), {}};
    for (size_t i = page.ordinals.size(); --i > 0;) page.ordinals[i] -= page.ordinals[i - 1];
    page.ordinals[0] = 0;
    for (size_t i = page.columns.size(); --i > 0;)
      page.columns[i] = zigzag(static_cast<int64_t>(page.columns[i]) - static_cast<int64_t>(page.columns[i - 1]));
    page.columns[0] = zigzag(static_cast<int64_t>(page.columns[0]));
    raw_.clear();
    put_varint(raw_, page.sizes.size());
    for (const auto* column : {&page.ordinals, &page.kinds, &page.columns, &page.sizes}) put_column(*column, raw_);
    put_bytes(raw_, page.streams);
    NIGHTLIGHT_ASSIGN(ref, file_.put(PageKind::kData, raw_, options_.zstd_level));
    entry.ref = ref;
    pages_.push_back(entry);
    page.clear();
    return {};
  }

  // Slices in the order of time, pages of each in the order of ordinals.
  Result<void> write_page_directory() {
    std::stable_sort(pages_.begin(), pages_.end(),
                     [](const DataPage& a, const DataPage& b) { return a.slice < b.slice; });
    Bytes section;
    put_varint(section, static_cast<uint64_t>(options_.slice_ms));
    put_varint(section, pages_.size());
    int64_t slice = 0;
    for (const DataPage& page : pages_) {
      put_signed(section, page.slice - slice);
      slice = page.slice;
      put_varint(section, page.first_ordinal);
      put_varint(section, page.last_ordinal - page.first_ordinal);
      put_varint(section, page.ref.offset);
      put_varint(section, page.ref.size);
    }
    return file_.put_section(SectionType::kDataPages, section);
  }

  const BlockOptions options_;
  const ValueChoice choice_;
  BlockMeta meta_;
  PageFile file_;
  IndexWriter index_;
  TimestampColumnWriter columns_;
  std::map<int64_t, Slice> slices_;
  std::vector<DataPage> pages_;
  uint32_t ordinal_ = 0;
  uint64_t family_ = 0;  // Of the series that is being added.
  std::string last_text_;
  std::vector<LabelView> last_labels_;
  Bytes raw_;
};

}  // namespace

BlockOptions block_options_of_level(uint32_t level) {
  BlockOptions options;
  if (level >= 2) {
    options.slice_ms = 4 * 3600 * 1000;
    options.zstd_level = 3;
  }
  return options;
}

Result<std::unique_ptr<BlockWriter>> BlockWriter::create(Bucket& bucket, BlockMeta meta, const BlockOptions& options) {
  NIGHTLIGHT_CHECK(options.slice_ms > 0, "a slice has a length");
  NIGHTLIGHT_ASSIGN(upload, bucket.put(block_key(meta.id), PutCondition::absent()));
  auto writer = std::make_unique<Writer>(std::move(upload), std::move(meta), options);
  NIGHTLIGHT_TRY(writer->begin());
  return std::unique_ptr<BlockWriter>(std::move(writer));
}

}  // namespace nightlight::gorilla
