#include <doctest/doctest.h>

#include <string>

#include "fixtures.h"
#include "gorilla/select/known_series.h"
#include "gorilla/select/series_set.h"

using namespace nightlight;
using namespace nightlight::gorilla;

namespace {

// A block of series that differ in their label "s", or claim to; without samples.
class ClaimedBlock final : public Block {
 public:
  explicit ClaimedBlock(std::vector<std::string> series) : series_(std::move(series)) {}

  const BlockMeta& meta() const override { return meta_; }
  uint32_t series_count() const override { return static_cast<uint32_t>(series_.size()); }
  const std::optional<LabelFingerprint>& label_fingerprint() const override { return fingerprint_; }
  Result<std::vector<uint32_t>> select(std::span<const LabelMatcher>) const override {
    std::vector<uint32_t> all;
    for (uint32_t ordinal = 0; ordinal < series_.size(); ++ordinal) all.push_back(ordinal);
    return all;
  }
  std::unique_ptr<BlockCursor> cursor(int64_t, int64_t) const override { return nullptr; }
  std::unique_ptr<LabelReader> label_reader() const override { return std::make_unique<Labels>(series_); }
  Result<std::vector<std::string>> label_names(const std::vector<uint32_t>*) const override {
    return std::vector<std::string>();
  }
  Result<std::vector<std::string>> label_values(std::string_view, const std::vector<uint32_t>*) const override {
    return std::vector<std::string>();
  }
  Result<void> value_counts(std::string_view, const std::function<void(std::string_view, uint64_t)>&) const override {
    return {};
  }
  Result<void> verify() const override { return {}; }
  size_t memory_bytes() const override { return 0; }

 private:
  class Labels final : public LabelReader {
   public:
    explicit Labels(const std::vector<std::string>& series) : series_(series) {}
    Result<std::span<const LabelView>> labels(uint32_t) override { return std::span<const LabelView>(); }
    Result<std::span<const Key>> keys(uint32_t ordinal) override {
      key_ = {0, ordinal};
      return std::span<const Key>(&key_, 1);
    }
    Result<LabelView> text(Key key) override { return LabelView("s", series_[key.value]); }
    uint32_t name_count() const override { return 1; }
    uint32_t value_count(uint32_t) const override { return static_cast<uint32_t>(series_.size()); }

   private:
    const std::vector<std::string>& series_;
    Key key_{};
  };

  const std::vector<std::string> series_;
  BlockMeta meta_;
  std::optional<LabelFingerprint> fingerprint_;
};

// The values of "s" in the order of a sorted selection over these blocks.
std::string sorted(std::initializer_list<std::vector<std::string>> blocks) {
  QuietHost host;
  const Head head({});
  std::unique_ptr<GorillaSeriesSet, SeriesSetDeleter> set(new GorillaSeriesSet(head, &host, 0, 1));
  for (const std::vector<std::string>& series : blocks)
    REQUIRE(set->add_block({std::make_shared<ClaimedBlock>(series), nullptr}, {}).ok());
  set->finish(true, 0);
  std::string out;
  for (uint64_t i = 0; i < set->size(); ++i) out += view(set->symbols()[set->labels(i)[0].value]);
  return out;
}

}  // namespace

TEST_CASE("a sorted selection has each series once, whatever blocks say of theirs") {
  CHECK(sorted({{"a", "b", "c"}}) == "abc");
  CHECK(sorted({{"b", "d"}, {"a", "b", "c", "d"}, {"c"}}) == "abcd");
  CHECK(sorted({{"b", "d"}, {"a", "c"}}) == "abcd");
  CHECK(sorted({{"b", "a"}}) == "ba");  // It is taken at its word.
  CHECK(sorted({{"b"}, {"a", "a"}}) == "ab");
  CHECK(sorted({{"c"}, {"a"}, {"b", "b", "b"}}) == "abc");
}

TEST_CASE("what is known of series is kept for a few lists of them, while ids are what they were") {
  KnownSeries known;
  auto of = [&](uint64_t list, uint32_t epoch) { return known.of_blocks({list, ~list}, 10, epoch); };
  const auto first = of(1, 7);
  REQUIRE(first != nullptr);
  CHECK(first->of(3) == kNoId);
  first->note(3, 12);
  CHECK(of(1, 7)->of(3) == 12);
  CHECK(of(1, 8)->of(3) == kNoId);
  CHECK(of(1, 7) == nullptr);
  CHECK(first->of(3) == 12);  // For who has it still.
  for (uint64_t list = 2; list <= 4; ++list) CHECK(of(list, 8) != nullptr);
  CHECK(known.memory_bytes() == 4 * 10 * sizeof(uint32_t));
  // A fifth that comes each time as the others do finds no room; once one of them is not asked for, it does.
  for (int times = 0; times < 5; ++times) {
    CHECK(of(5, 8) == nullptr);
    for (uint64_t list = 1; list <= 4; ++list) CHECK(of(list, 8) != nullptr);
  }
  CHECK(of(5, 8) == nullptr);
  for (uint64_t list = 1; list <= 3; ++list) CHECK(of(list, 8) != nullptr);
  CHECK(of(5, 8) != nullptr);
  CHECK(known.memory_bytes() == 4 * 10 * sizeof(uint32_t));
  // Blocks that claim to have the same series, but another number of them.
  CHECK(known.of_blocks({5, ~uint64_t{5}}, 11, 8) == nullptr);
}
