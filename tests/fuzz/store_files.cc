#include "store_files.h"

#include <cstdlib>
#include <functional>
#include <memory>

#include "base/crc32c.h"
#include "gorilla/block/block_meta.h"
#include "gorilla/block/format.h"
#include "gorilla/block/meta_codec.h"
#include "gorilla/catalog/catalog.h"
#include "gorilla/log/record.h"
#include "gorilla/log/segment.h"

namespace nightlight::fuzz {
namespace {

using namespace gorilla;

constexpr uint32_t kSalt = 7;
constexpr size_t kSeriesHeader = 16, kSeriesPrefix = 9, kMagicBytes = 4;

void require(bool condition) {
  if (!condition) std::abort();
}

uint8_t part(PartKind kind) { return static_cast<uint8_t>(kind); }
uint8_t plain(uint8_t kind) { return kind & static_cast<uint8_t>(~kCompressed); }
bool is_section(uint8_t kind) { return kind > part(PartKind::kSections) && kind < part(PartKind::kContents); }
ByteView bytes_of(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

// Copies a directory, replacing its references; from where it stops making sense on, as it is.
class References {
 public:
  using Replace = std::function<PageRef(PageRef)>;
  References(const Bytes& raw, const Replace& replace) : raw_(raw), in_(ByteView(raw)), replace_(replace) {}

  Bytes of(uint8_t kind) {
    if (kind == 16 + static_cast<uint8_t>(SectionType::kValuePages)) each([&] { number(2), text(), reference(); });
    if (kind == 16 + static_cast<uint8_t>(SectionType::kSeriesPages)) number(1), each([&] { reference(); });
    if (kind == 16 + static_cast<uint8_t>(SectionType::kTimestampPages))
      number(1), each([&] { number(1), reference(); });
    if (kind == 16 + static_cast<uint8_t>(SectionType::kDataPages)) number(1), each([&] { number(3), reference(); });
    if (kind == static_cast<uint8_t>(PageKind::kValues)) {
      const uint64_t count = each([&] { text(); });
      for (uint64_t i = 0; i < count && in_.ok(); ++i) postings();
    }
    out_.insert(out_.end(), raw_.begin() + static_cast<ptrdiff_t>(copied_), raw_.end());
    return std::move(out_);
  }

 private:
  template <class Entry>
  uint64_t each(Entry entry) {
    const uint64_t count = number(1);
    for (uint64_t i = 0; i < count && in_.ok(); ++i) entry();
    return count;
  }
  uint64_t number(int count) {
    uint64_t last = 0;
    for (int i = 0; i < count; ++i) last = in_.varint();
    copy();
    return last;
  }
  void text() { in_.text(), copy(); }
  void reference() {
    PageRef page{in_.varint(), static_cast<uint32_t>(in_.bounded(UINT32_MAX))};
    if (!in_.ok()) return;
    page = replace_(page);
    put_varint(out_, page.offset), put_varint(out_, page.size);
    skip();
  }
  void postings() {
    number(1);
    const uint64_t size = in_.varint();
    if ((size & 1) == 0 || size >> 1 > UINT32_MAX) return copy();
    PageRef page{in_.varint(), static_cast<uint32_t>(size >> 1)};
    if (!in_.ok()) return;
    page = replace_(page);
    put_varint(out_, uint64_t{page.size} << 1 | 1), put_varint(out_, page.offset);
    skip();
  }
  void copy() {
    if (!in_.ok()) return;
    const size_t at = raw_.size() - in_.remaining();
    out_.insert(out_.end(), raw_.begin() + static_cast<ptrdiff_t>(copied_), raw_.begin() + static_cast<ptrdiff_t>(at));
    copied_ = at;
  }
  void skip() { copied_ = raw_.size() - in_.remaining(); }

  const Bytes& raw_;
  BoundedReader in_;
  const Replace& replace_;
  Bytes out_;
  size_t copied_ = 0;
};

// ---- blocks ----

std::string build_block(const std::vector<StorePart>& parts) {
  Ulid id;
  const StorePart* contents = nullptr;
  for (const StorePart& p : parts) {
    if (plain(p.kind) == 17 && p.body.size() >= id.bytes.size())
      std::copy_n(p.body.begin(), id.bytes.size(), id.bytes.begin());
    if (p.kind == part(PartKind::kContents)) contents = &p;
  }
  Bytes out;
  put_fixed(out, kBlockMagic);
  for (uint8_t byte : {kBlockMajor, kBlockMinor, uint8_t{0}, uint8_t{0}}) out.push_back(byte);
  put_bytes(out, id.bytes);
  put_fixed(out, crc32c(out.data(), out.size()));
  std::vector<PageRef> pages;
  const References::Replace placed = [&](PageRef page) {
    return page.offset < pages.size() ? pages[static_cast<size_t>(page.offset)] : page;
  };
  Bytes toc;
  uint64_t sections = 0;
  for (const StorePart& p : parts) {
    const uint8_t kind = plain(p.kind);
    const bool section = is_section(kind);
    if (!section && (kind == 0 || kind > static_cast<uint8_t>(PageKind::kPostings))) continue;
    PageRef page{out.size(), 0};
    put_page(section ? PageKind::kSection : static_cast<PageKind>(kind), References(p.body, placed).of(kind),
             (p.kind & kCompressed) != 0 ? 1 : 0, page_seed(id, page.offset), out);
    page.size = static_cast<uint32_t>(out.size() - page.offset);
    pages.push_back(page);
    if (!section) continue;
    ++sections;
    for (uint64_t number : {uint64_t{kind} - 16, uint64_t{1}, page.offset, uint64_t{page.size}})
      put_varint(toc, number);
  }
  if (pages.empty()) return "";
  Bytes end;
  if (contents != nullptr) {
    end = contents->body;
  } else {
    put_varint(end, sections);
    put_bytes(end, toc);
  }
  const auto toc_size = static_cast<uint32_t>(end.size());
  put_fixed(end, toc_size);
  for (uint8_t byte : {kBlockMajor, kBlockMinor, uint8_t{0}, uint8_t{0}}) end.push_back(byte);
  put_fixed(end, uint64_t{out.size() + toc_size + kTrailerBytes});
  put_fixed(end, crc32c(end.data(), end.size()));
  put_fixed(end, kTrailerMagic);
  put_bytes(out, end);
  return text_of(out);
}

void take_block_apart(const std::string& block, std::vector<StorePart>& out) {
  const ByteView bytes = bytes_of(block);
  Ulid id;
  std::copy_n(bytes.begin() + 8, id.bytes.size(), id.bytes.begin());
  const ByteView trailer = bytes.last(kTrailerBytes);
  const size_t toc_at = bytes.size() - kTrailerBytes - load<uint32_t>(trailer.data());
  std::map<uint64_t, uint8_t> section_at;
  BoundedReader toc(bytes.subspan(toc_at, load<uint32_t>(trailer.data())));
  for (uint64_t count = toc.varint(), i = 0; i < count; ++i) {
    const auto type = static_cast<uint8_t>(toc.varint());
    toc.varint();
    section_at[toc.varint()] = type;
    toc.varint();
  }
  require(toc.finished());
  std::map<uint64_t, uint64_t> numbers;
  const References::Replace numbered = [&](PageRef page) {
    require(numbers.contains(page.offset));
    return PageRef{numbers[page.offset], 0};
  };
  for (size_t at = kHeaderBytes; at < toc_at;) {
    const auto kind = static_cast<PageKind>(bytes[at]);
    const size_t size = kPageHeaderBytes + load<uint32_t>(bytes.data() + at + 8);
    auto raw = unpack_page(bytes.subspan(at, size), kind, page_seed(id, at));
    require(raw.ok());
    StorePart p;
    p.kind = static_cast<uint8_t>(kind == PageKind::kSection ? 16 + section_at.at(at) : static_cast<uint8_t>(kind));
    p.body = References(*raw, numbered).of(p.kind);
    out.push_back(std::move(p));
    numbers.emplace(at, numbers.size());
    at += size;
  }
}

// ---- the rest ----

std::string sealed(std::string_view magic, const Bytes& body) {
  std::string out(magic);
  out += text_of(body);
  const uint32_t crc = crc32c(out);
  out.append(reinterpret_cast<const char*>(&crc), sizeof crc);
  return out;
}
StorePart unsealed(PartKind kind, std::string_view bytes) {
  const ByteView body = bytes_of(bytes.substr(kMagicBytes, bytes.size() - kMagicBytes - 4));
  return {part(kind), Bytes(body.begin(), body.end())};
}

void put_series_record(const Bytes& body, Bytes& out) {
  const uint8_t kind = body.empty() ? uint8_t{0} : body[0];
  const ByteView payload = body.empty() ? ByteView() : ByteView(body).subspan(1);
  put_fixed(out, static_cast<uint32_t>(payload.size()));
  put_fixed(out, crc32c(payload.data(), payload.size(), crc32c(&kind, 1)));
  out.push_back(kind);
  put_bytes(out, payload);
}

void take_series_apart(const std::string& series, std::vector<StorePart>& out) {
  const ByteView bytes = bytes_of(series);
  out.push_back({part(PartKind::kSeriesPosition), Bytes(bytes.begin() + kMagicBytes, bytes.begin() + 12)});
  for (size_t at = kSeriesHeader; at < bytes.size();) {
    const size_t size = load<uint32_t>(bytes.data() + at);
    const ByteView body = bytes.subspan(at + kSeriesPrefix - 1, size + 1);
    out.push_back({part(PartKind::kSeriesRecord), Bytes(body.begin(), body.end())});
    at += kSeriesPrefix + size;
  }
}

class SegmentBuilder {
 public:
  void begin(const Bytes& raw) {
    finish();
    open_ = true;
    raw_ = raw;
  }
  void add(const Bytes& payload) {
    open_ = true;
    const size_t begin = begin_record(records_);
    records_ += text_of(payload);
    end_record(records_, begin, ++sequence_);
  }
  // The log goes on where the series object ends.
  void go_on_after(uint64_t position) {
    if (!open_ && segments_.empty()) sequence_ = position, first_ = position + 1;
  }
  std::vector<std::string> take() {
    finish();
    return std::move(segments_);
  }

 private:
  void finish() {
    if (!open_) return;
    SegmentHeader header{};
    std::memcpy(header.magic, kSegmentMagic, sizeof kSegmentMagic);
    header.number = segments_.size() + 1;
    header.first = first_;
    header.salt = kSalt;
    header.crc = segment_header_crc(header);
    seal_records(records_.data(), records_.size(), kSalt, first_ - 1);
    std::string segment(reinterpret_cast<const char*>(&header), sizeof header);
    segments_.push_back(segment + text_of(raw_) + records_);
    records_.clear();
    raw_.clear();
    first_ = sequence_ + 1;
    open_ = false;
  }

  std::vector<std::string> segments_;
  std::string records_;
  Bytes raw_;
  uint64_t sequence_ = 0, first_ = 1;
  bool open_ = false;
};

void take_segment_apart(std::string_view segment, std::vector<StorePart>& out) {
  const auto header = read_segment_header(segment);
  if (!header) return;
  out.push_back({part(PartKind::kSegment), {}});
  for (size_t at = sizeof(SegmentHeader); at < segment.size();) {
    const auto record = read_record(segment.substr(at), header->salt);
    if (!record) return;
    const ByteView payload = bytes_of(record->payload);
    out.push_back({part(PartKind::kRecord), Bytes(payload.begin(), payload.end())});
    at += record->size;
  }
}

}  // namespace

std::vector<StorePart> split_parts(ByteView input) {
  std::vector<StorePart> out;
  BoundedReader in(input);
  while (in.remaining() >= 3) {
    StorePart& p = out.emplace_back();
    p.kind = in.byte();
    const ByteView body = in.bytes(std::min<size_t>(in.fixed<uint16_t>(), in.remaining()));
    p.body.assign(body.begin(), body.end());
  }
  return out;
}

std::string join_parts(const std::vector<StorePart>& parts) {
  Bytes out;
  for (const StorePart& p : parts) {
    const size_t size = std::min<size_t>(p.body.size(), UINT16_MAX);
    out.push_back(p.kind);
    put_fixed(out, static_cast<uint16_t>(size));
    put_bytes(out, ByteView(p.body).first(size));
  }
  return text_of(out);
}

StoreFiles put_together(const std::vector<StorePart>& parts) {
  StoreFiles out;
  out.block = build_block(parts);
  SegmentBuilder segments;
  Bytes series;
  for (const StorePart& p : parts) {
    if (p.kind == part(PartKind::kSegment)) segments.begin(p.body);
    if (p.kind == part(PartKind::kRecord)) segments.add(p.body);
    if (p.kind == part(PartKind::kCatalog)) out.catalog = sealed("NLC1", p.body);
    if (p.kind == part(PartKind::kTombstones)) out.tombstones = sealed("NLT1", p.body);
    if (p.kind == part(PartKind::kSeriesPosition)) {
      Bytes position = p.body;
      position.resize(8);
      const std::string header = sealed("NLS1", position);
      series.assign(header.begin(), header.end());
      segments.go_on_after(load<uint64_t>(position.data()));
    }
    if (p.kind == part(PartKind::kSeriesRecord) && !series.empty()) put_series_record(p.body, series);
  }
  out.series = text_of(series);
  out.segments = segments.take();
  return out;
}

std::vector<StorePart> take_apart(const StoreFiles& files) {
  std::vector<StorePart> out;
  if (!files.block.empty()) take_block_apart(files.block, out);
  if (!files.catalog.empty()) out.push_back(unsealed(PartKind::kCatalog, files.catalog));
  if (!files.tombstones.empty()) out.push_back(unsealed(PartKind::kTombstones, files.tombstones));
  if (!files.series.empty()) take_series_apart(files.series, out);
  for (const std::string& segment : files.segments) take_segment_apart(segment, out);
  return out;
}

std::map<std::string, std::string> StoreFiles::named() const {
  std::map<std::string, std::string> out;
  CatalogState state;
  state.generation = 1;
  if (!block.empty()) {
    Ulid id;
    std::copy_n(bytes_of(block).begin() + 8, id.bytes.size(), id.bytes.begin());
    out["blocks/" + block_key(id)] = block;
    BlockMeta meta;
    meta.id = id;
    meta.sources = {id};
    if (!tombstones.empty()) meta.tombstones_key = "tombstones.nlt";
    state.blocks.push_back(meta);
  }
  // A catalog of the input's own names them as it likes.
  if (!tombstones.empty()) out["blocks/tombstones.nlt"] = tombstones;
  out["blocks/catalog"] = catalog.empty() ? encode_catalog(state) : catalog;
  if (!series.empty()) out["blocks/series"] = series;
  for (size_t i = 0; i < segments.size(); ++i) out["wal/0000000" + std::to_string(1 + i % 9) + ".wal"] = segments[i];
  return out;
}

}  // namespace nightlight::fuzz
