// A number for all label sets of a block: blocks with the same one have the same series, ordinal by ordinal. Fleets
// change slowly, so most blocks that a query reads are such, and what was found of one holds for the others.
#ifndef NIGHTLIGHT_GORILLA_BLOCK_LABEL_FINGERPRINT_H_
#define NIGHTLIGHT_GORILLA_BLOCK_LABEL_FINGERPRINT_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace nightlight::gorilla {

struct LabelFingerprint {
  uint64_t low = 0, high = 0;
  bool operator==(const LabelFingerprint&) const = default;
};

// XXH3-128 of, in this order: for each name, by rank, `add_name` and then `add_value` for each of its values, by rank;
// `add_name_set` for each; `add_series` for each.
class LabelFingerprinter {
 public:
  LabelFingerprinter();
  ~LabelFingerprinter();

  void add_name(std::string_view text, uint64_t values);
  void add_value(std::string_view text);
  void add_name_set(std::span<const uint32_t> name_ranks);
  // The ranks of the values of one series, behind the number of its name set.
  void add_series(uint32_t name_set, std::span<const uint32_t> value_ranks);
  LabelFingerprint finish();

 private:
  struct State;
  void add(const void* bytes, size_t size);
  void add_number(uint64_t number) { add(&number, sizeof number); }

  std::unique_ptr<State> state_;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_LABEL_FINGERPRINT_H_
