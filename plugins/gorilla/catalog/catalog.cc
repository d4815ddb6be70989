#include "gorilla/catalog/catalog.h"

#include <algorithm>

#include "base/crc32c.h"
#include "base/mutex.h"
#include "gorilla/block/meta_codec.h"
#include "gorilla/bucket/bucket.h"

namespace nightlight::gorilla {
namespace {

constexpr std::string_view kMagic = "NLC1";
constexpr uint64_t kMaxCatalogBytes = uint64_t{256} << 20;

bool before(const BlockMeta& a, const BlockMeta& b) {
  return a.min_time_ms != b.min_time_ms ? a.min_time_ms < b.min_time_ms : a.id < b.id;
}

class BucketCatalog final : public Catalog {
 public:
  BucketCatalog(Bucket& bucket, std::string key, std::shared_ptr<const CatalogState> state, std::string tag)
      : bucket_(bucket), key_(std::move(key)), state_(std::move(state)), tag_(std::move(tag)) {}

  std::shared_ptr<const CatalogState> state() const override {
    MutexLock lock(mutex_);
    return state_;
  }

  Result<std::shared_ptr<const CatalogState>> commit(std::span<const BlockMeta> add, std::span<const Ulid> remove,
                                                     uint64_t expected) override {
    MutexLock lock(mutex_);
    if (state_->generation != expected) {
      return Error{Code::kAborted, "the catalog is at generation " + std::to_string(state_->generation) + ", not " +
                                       std::to_string(expected)};
    }
    auto next = std::make_shared<CatalogState>(*state_);
    ++next->generation;
    for (const Ulid& id : remove) {
      if (std::erase_if(next->blocks, [&](const BlockMeta& meta) { return meta.id == id; }) != 1)
        return Error{Code::kInvalidArgument, "block " + id.to_string() + " is not in the catalog"};
    }
    for (const BlockMeta& meta : add) {
      bool there =
          std::any_of(next->blocks.begin(), next->blocks.end(), [&](const BlockMeta& m) { return m.id == meta.id; });
      if (there) return Error{Code::kInvalidArgument, "block " + meta.id.to_string() + " is in the catalog already"};
      next->blocks.push_back(meta);
    }
    std::sort(next->blocks.begin(), next->blocks.end(), before);
    auto tag =
        bucket_.put_all(key_, encode_catalog(*next), tag_.empty() ? PutCondition::absent() : PutCondition::match(tag_));
    if (!tag.ok()) {
      // The object may be the new one all the same (it is there, but perhaps not durable): what is there is the state.
      NIGHTLIGHT_TRY(reload());
      return std::move(tag).error().with("cannot commit to the catalog");
    }
    tag_ = std::move(*tag);
    state_ = std::move(next);
    return state_;
  }

 private:
  Result<void> reload() REQUIRES(mutex_) {
    auto head = bucket_.head(key_);
    if (!head.ok() && head.error().code == Code::kNotFound) return {};
    if (!head.ok()) return std::move(head).error();
    NIGHTLIGHT_ASSIGN(bytes, bucket_.get_all(key_, kMaxCatalogBytes));
    NIGHTLIGHT_ASSIGN(state, decode_catalog(bytes));
    state_ = std::make_shared<CatalogState>(std::move(state));
    tag_ = head->tag;
    return {};
  }

  Bucket& bucket_;
  const std::string key_;
  mutable Mutex mutex_;
  std::shared_ptr<const CatalogState> state_ GUARDED_BY(mutex_);
  std::string tag_ GUARDED_BY(mutex_);  // Of the object that holds state_; "": there is none yet.
};

}  // namespace

std::string encode_catalog(const CatalogState& state) {
  Bytes out(kMagic.begin(), kMagic.end());
  put_varint(out, state.generation);
  put_varint(out, state.blocks.size());
  for (const BlockMeta& meta : state.blocks) {
    Bytes entry;
    put_meta(meta, entry);
    put_varint(out, entry.size());
    put_bytes(out, entry);
  }
  put_fixed(out, crc32c(out.data(), out.size()));
  return std::string(out.begin(), out.end());
}

Result<CatalogState> decode_catalog(std::string_view bytes) {
  Error damaged{Code::kDataLoss, "the catalog is damaged"};
  if (bytes.size() < kMagic.size() + 4) return damaged;
  std::string_view body = bytes.substr(0, bytes.size() - 4);
  if (load<uint32_t>(reinterpret_cast<const uint8_t*>(bytes.data()) + body.size()) != crc32c(body)) return damaged;
  if (!body.starts_with(kMagic)) {
    return body.starts_with("NLC") ? Error{Code::kUnimplemented, "the catalog was written by a newer version"}
                                   : damaged;
  }
  BoundedReader in(body.substr(kMagic.size()));
  CatalogState state;
  state.generation = in.varint();
  state.blocks.resize(in.bounded(in.remaining() / 16));
  for (BlockMeta& meta : state.blocks) {
    // An entry may be longer than what this version knows.
    BoundedReader entry(in.bytes(in.varint()));
    meta = read_meta(entry);
    if (!entry.ok()) return damaged;
  }
  if (!in.finished()) return damaged;
  return state;
}

Result<std::unique_ptr<Catalog>> open_catalog(Bucket& bucket, std::string key) {
  auto head = bucket.head(key);
  auto state = std::make_shared<CatalogState>();
  std::string tag;
  if (head.ok()) {
    NIGHTLIGHT_ASSIGN(bytes, bucket.get_all(key, kMaxCatalogBytes));
    auto decoded = decode_catalog(bytes);
    if (!decoded.ok()) return std::move(decoded).error().with(key);
    *state = std::move(*decoded);
    tag = head->tag;
  } else if (head.error().code != Code::kNotFound) {
    return std::move(head).error();
  }
  return std::unique_ptr<Catalog>(
      std::make_unique<BucketCatalog>(bucket, std::move(key), std::move(state), std::move(tag)));
}

}  // namespace nightlight::gorilla
