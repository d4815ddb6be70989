#include <algorithm>
#include <map>

#include "gorilla/block/block.h"
#include "gorilla/offline/block_parts.h"
#include "gorilla/offline/check.h"

namespace nightlight::gorilla {
namespace {

constexpr uint64_t kCacheBytes = uint64_t{8} << 20;

// The damages that were found, one for each place.
class Damages {
 public:
  explicit Damages(std::string file) : file_(std::move(file)) {}
  void add(const Error& error) {
    const uint64_t offset = damaged_offset(error).value_or(0);
    by_offset_.try_emplace(offset, Damage{file_, offset, error.message, error.code == Code::kUnimplemented});
  }
  std::vector<Damage> list() const {
    std::vector<Damage> out;
    for (const auto& [offset, damage] : by_offset_) out.push_back(damage);
    return out;
  }

 private:
  const std::string file_;
  std::map<uint64_t, Damage> by_offset_;
};

// Walks over the pages from the first to the last. Where a header lies, the directories know where the next page is.
void check_pages(const BlockParts& block, Damages& damages) {
  std::map<uint64_t, uint32_t> known;
  block.each_known_page([&](PageRef page) { known[page.offset] = page.size; });
  const BlockFile& file = *block.file;
  for (uint64_t at = kHeaderBytes; at < file.toc_offset();) {
    auto page = read_page_at(file, at, known.contains(at) ? known[at] : 0);
    if (!page.ok()) damages.add(page.error());
    if (page.ok() || known.contains(at)) {
      at += page.ok() ? page->size : known[at];
      continue;
    }
    auto next = known.upper_bound(at);
    if (next == known.end()) return;
    at = next->first;
  }
}

void check_chunks(const DataReader& data, Damages& damages) {
  for (const DataReader::Slice& slice : data.slices()) {
    for (const DataReader::Page& page : slice.pages) {
      auto view = data.load(page);
      if (!view.ok()) {
        damages.add(view.error());
        continue;
      }
      for (size_t i = 0; i < (*view)->size(); ++i) {
        Result<void> read = decode_chunk(data, **view, i);
        if (read.ok()) continue;
        if (damaged_offset(read.error())) {  // Of its timestamps, which lie elsewhere.
          damages.add(read.error());
          continue;
        }
        const std::string what = "the chunk of series " + std::to_string((*view)->ordinal(i)) + " is wrong: ";
        damages.add(data.file().damaged(page.ref.offset, what + read.error().message));
        break;  // One for each page is enough to find it.
      }
    }
  }
}

}  // namespace

std::vector<Damage> check_block(std::shared_ptr<const BucketObject> object, const std::string& file) {
  Damages damages(file);
  {
    // The common case in one go: whole, and every rule holds.
    PageCache cache(kCacheBytes);
    auto block = Block::open(object, cache);
    Result<void> sound = block.ok() ? (*block)->verify() : Result<void>(std::move(block).error());
    if (sound.ok()) return {};
    damages.add(sound.error());
  }
  PageCache cache(kCacheBytes);
  auto parts = open_block_parts(std::move(object), cache);
  if (!parts.ok()) {
    damages.add(parts.error());
    return damages.list();
  }
  for (const Error& error : (*parts)->errors) damages.add(error);
  check_pages(**parts, damages);
  if ((*parts)->data != nullptr) check_chunks(*(*parts)->data, damages);
  return damages.list();
}

}  // namespace nightlight::gorilla
