#include "gorilla/seal/series_snapshot.h"

#include <algorithm>

#include "base/crc32c.h"
#include "gorilla/bucket/bucket.h"
#include "gorilla/head/head.h"
#include "gorilla/log/bytes.h"
#include "gorilla/log/log_batch.h"
#include "nightlight/sugar.h"

namespace nightlight::gorilla {
namespace {

constexpr std::string_view kMagic = "NLS1";
constexpr uint32_t kMaxRecordBytes = 256u << 20;
constexpr size_t kSeriesPerRecord = 4096;

enum RecordKind : uint8_t { kBatch = 1, kLast = 2, kEnd = 3 };

// Each record: u32 payload size, u32 CRC32C of kind and payload, u8 kind, payload.
class RecordWriter {
 public:
  explicit RecordWriter(BucketUpload& upload) : upload_(upload) {}

  Result<void> put(RecordKind kind, std::string_view payload) {
    std::string out;
    ByteWriter bytes(out);
    bytes.fixed(static_cast<uint32_t>(payload.size()));
    bytes.fixed(crc32c(payload, crc32c(&kind, 1)));
    bytes.fixed(static_cast<uint8_t>(kind));
    out.append(payload);
    return upload_.append(out.data(), out.size());
  }

 private:
  BucketUpload& upload_;
};

Result<void> put_series(RecordWriter& out, const Head& head) {
  uint32_t next = 0;
  while (true) {
    LogBatch batch;
    std::string payload;
    head.with_index([&](const SeriesIndex& index) {
      for (; next < index.id_end() && batch.new_series.size() < kSeriesPerRecord; ++next) {
        if (!index.exists(next)) continue;
        batch.new_series.push_back(next);
        index.each_label(next, [&](uint32_t label_id) {
          LabelRef l = index.label(label_id);
          batch.labels.push_back({str(index.symbols().text(l.name)), str(index.symbols().text(l.value))});
        });
        batch.label_ends.push_back(static_cast<uint32_t>(batch.labels.size()));
      }
      // Symbols live as long as the index, but a series' id may not: encode while it is locked.
      if (!batch.new_series.empty()) encode_batch(batch, payload);
    });
    if (payload.empty()) return {};
    NIGHTLIGHT_TRY(out.put(kBatch, payload));
  }
}

Result<void> put_metadata(RecordWriter& out, const Head& head) {
  auto families = head.metadata("");
  std::vector<Metadata> all;
  for (const auto& [family, m] : families)
    all.push_back({sizeof(Metadata), m.kind, str(family), str(m.help), str(m.unit)});
  for (size_t begin = 0; begin < all.size(); begin += kSeriesPerRecord) {
    LogBatch batch;
    for (size_t i = begin; i < std::min(all.size(), begin + kSeriesPerRecord); ++i) batch.metadata.push_back(&all[i]);
    std::string payload;
    encode_batch(batch, payload);
    NIGHTLIGHT_TRY(out.put(kBatch, payload));
  }
  return {};
}

Result<void> put_exemplars(RecordWriter& out, const Head& head) {
  for (uint32_t series : head.exemplars().series()) {
    std::vector<StoredExemplar> stored = head.exemplars().of(series, INT64_MIN, INT64_MAX);
    std::vector<std::vector<LabelPair>> labels;
    std::vector<Exemplar> all;
    LogBatch batch;
    for (const StoredExemplar& e : stored) {
      std::vector<LabelPair>& pairs = labels.emplace_back();
      for (const auto& [name, value] : e.labels) pairs.push_back({str(name), str(value)});
    }
    for (size_t i = 0; i < stored.size(); ++i)
      all.push_back({sizeof(Exemplar), series, stored[i].timestamp_ms, stored[i].value, view_of(labels[i])});
    for (const Exemplar& e : all) batch.exemplars.push_back(&e);
    std::string payload;
    encode_batch(batch, payload);
    NIGHTLIGHT_TRY(out.put(kBatch, payload));
  }
  return {};
}

Result<void> put_last(RecordWriter& out, const std::vector<SeriesLast>& last) {
  for (size_t id = 0; id < last.size();) {
    std::string payload;
    ByteWriter bytes(payload);
    bytes.varint(id);
    int64_t previous_ms = 0;
    for (size_t n = 0; id < last.size() && n < kSeriesPerRecord; ++id, ++n) {
      const SeriesLast& l = last[id];
      bytes.fixed(l.flags);
      if (l.timestamp_ms == INT64_MIN) continue;
      bytes.signed_varint(wrapping_sub(l.timestamp_ms, previous_ms));
      bytes.fixed(l.value_bits);
      previous_ms = l.timestamp_ms;
    }
    NIGHTLIGHT_TRY(out.put(kLast, payload));
  }
  return {};
}

// `most`: an id that is as great is damage.
bool read_last(std::string_view payload, Head& head, uint64_t most, uint64_t* id_end) {
  ByteReader bytes(payload);
  uint64_t id = bytes.varint();
  int64_t previous_ms = 0;
  for (; bytes.ok() && !bytes.at_end(); ++id) {
    auto flags = bytes.fixed<uint8_t>();
    if ((flags & SeriesLast::kKnown) == 0) continue;
    previous_ms = wrapping_add(previous_ms, bytes.signed_varint());
    auto bits = bytes.fixed<uint64_t>();
    if (bytes.ok() && id <= UINT32_MAX) head.restore_last(static_cast<uint32_t>(id), previous_ms, bits, flags);
  }
  *id_end = std::max(*id_end, id);
  return bytes.ok() && id <= most;
}

}  // namespace

Result<void> write_series_snapshot(Bucket& bucket, const Head& head, const std::vector<SeriesLast>& last,
                                   uint64_t position) {
  NIGHTLIGHT_ASSIGN(upload, bucket.put(kSeriesKey, PutCondition::none()));
  std::string header(kMagic);
  ByteWriter(header).fixed(position);
  ByteWriter(header).fixed(crc32c(header));
  NIGHTLIGHT_TRY(upload->append(header.data(), header.size()));
  RecordWriter out(*upload);
  NIGHTLIGHT_TRY(put_series(out, head));
  NIGHTLIGHT_TRY(put_metadata(out, head));
  NIGHTLIGHT_TRY(put_exemplars(out, head));
  NIGHTLIGHT_TRY(put_last(out, last));
  NIGHTLIGHT_TRY(out.put(kEnd, ""));
  auto committed = upload->commit();
  return committed.ok() ? Result<void>() : std::move(committed).error();
}

Result<SeriesSnapshot> read_series_snapshot(Bucket& bucket, Head& head) {
  SeriesSnapshot out;
  auto opened = bucket.open(kSeriesKey);
  if (!opened.ok()) {
    if (opened.error().code == Code::kNotFound) return out;
    return std::move(opened).error();
  }
  const BucketObject& object = **opened;
  auto damaged = [&](uint64_t at) {
    return Error{Code::kDataLoss, std::string(kSeriesKey) + " is damaged at " + std::to_string(at)};
  };
  constexpr size_t kHeaderBytes = 16, kPrefixBytes = 9;
  std::string header(kHeaderBytes, '\0');
  if (object.size_bytes() < kHeaderBytes) return damaged(0);
  NIGHTLIGHT_TRY(object.read(0, header.data(), header.size()));
  ByteReader head_bytes(std::string_view(header).substr(kMagic.size()));
  out.position = head_bytes.fixed<uint64_t>();
  if (header.compare(0, kMagic.size(), kMagic) != 0 ||
      head_bytes.fixed<uint32_t>() != crc32c(std::string_view(header).substr(0, kHeaderBytes - 4)))
    return damaged(0);
  std::string payload;
  DecodedBatch decoded;
  for (uint64_t at = kHeaderBytes;;) {
    char prefix[kPrefixBytes];
    if (object.size_bytes() - at < sizeof prefix) return damaged(at);
    NIGHTLIGHT_TRY(object.read(at, prefix, sizeof prefix));
    ByteReader bytes(std::string_view(prefix, sizeof prefix));
    auto size = bytes.fixed<uint32_t>();
    auto crc = bytes.fixed<uint32_t>();
    auto kind = bytes.fixed<uint8_t>();
    at += sizeof prefix;
    if (size > kMaxRecordBytes || size > object.size_bytes() - at) return damaged(at);
    payload.resize(size);
    NIGHTLIGHT_TRY(object.read(at, payload.data(), size));
    if (crc32c(payload, crc32c(&kind, 1)) != crc) return damaged(at);
    if (kind == kEnd) return out;
    if (kind == kBatch) {
      if (!decoded.decode(payload).ok()) return damaged(at);
      for (uint32_t id : decoded.batch().new_series) {
        if (id >= object.size_bytes()) return damaged(at);
        out.id_end = std::max(out.id_end, uint64_t{id} + 1);
      }
      head.replay(0, decoded.batch());
      out.series += decoded.batch().new_series.size();
    } else if (kind == kLast && !read_last(payload, head, object.size_bytes(), &out.id_end)) {
      return damaged(at);
    }
    at += size;
  }
}

}  // namespace nightlight::gorilla
