#include "gorilla/block/label_fingerprint.h"

#include <xxhash.h>

#include <cstring>
#include <new>

namespace nightlight::gorilla {

// Updates of a few bytes are gathered: the hash takes long runs best.
struct LabelFingerprinter::State {
  struct Free {
    void operator()(XXH3_state_t* hash) const { XXH3_freeState(hash); }
  };
  std::unique_ptr<XXH3_state_t, Free> hash{XXH3_createState()};
  size_t size = 0;
  unsigned char gathered[4096];

  State() {
    if (hash == nullptr) throw std::bad_alloc();
    XXH3_128bits_reset(hash.get());
  }
  void flush() {
    XXH3_128bits_update(hash.get(), gathered, size);
    size = 0;
  }
};

LabelFingerprinter::LabelFingerprinter() : state_(std::make_unique<State>()) {}
LabelFingerprinter::~LabelFingerprinter() = default;

void LabelFingerprinter::add(const void* bytes, size_t size) {
  if (size > sizeof state_->gathered - state_->size) state_->flush();
  if (size > sizeof state_->gathered) {
    XXH3_128bits_update(state_->hash.get(), bytes, size);
    return;
  }
  if (size > 0) std::memcpy(state_->gathered + state_->size, bytes, size);
  state_->size += size;
}

void LabelFingerprinter::add_name(std::string_view text, uint64_t values) {
  add_value(text);
  add_number(values);
}

void LabelFingerprinter::add_value(std::string_view text) {
  add_number(text.size());
  add(text.data(), text.size());
}

void LabelFingerprinter::add_name_set(std::span<const uint32_t> name_ranks) {
  add_number(name_ranks.size());
  add(name_ranks.data(), name_ranks.size_bytes());
}

void LabelFingerprinter::add_series(uint32_t name_set, std::span<const uint32_t> value_ranks) {
  add(&name_set, sizeof name_set);
  add(value_ranks.data(), value_ranks.size_bytes());
}

LabelFingerprint LabelFingerprinter::finish() {
  state_->flush();
  const XXH128_hash_t hash = XXH3_128bits_digest(state_->hash.get());
  return {hash.low64, hash.high64};
}

}  // namespace nightlight::gorilla
