#include "promql/exec/column_groups.h"

#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <random>
#include <string>

#include "model/labels.h"
#include "nightlight/sugar.h"

using namespace nightlight;
using namespace nightlight::promql;

namespace {

// Texts that stay: each once, or now and then a copy somewhere else, as parts of the texts of others are.
class Texts {
 public:
  explicit Texts(std::mt19937_64& random) : random_(random) {}
  Str text(const std::string& of) {
    auto [at, fresh] = held_.try_emplace(of, nullptr);
    if (fresh || random_() % 50 == 0) at->second = &all_.emplace_back(of + "tail");
    return {at->second->data(), of.size()};
  }

 private:
  std::mt19937_64& random_;
  std::deque<std::string> all_;
  std::map<std::string, const std::string*> held_;
};

}  // namespace

TEST_CASE("a column's group is the one that its labels' texts tell, wherever they lie") {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Texts texts(random);
    const bool only_these = seed % 2 == 0;
    std::vector<std::string> names;
    for (uint64_t n = random() % 4; n > 0; --n) names.push_back(std::string(1, static_cast<char>('a' + random() % 5)));
    GroupIndex plain(only_these, names);
    ColumnGroups groups(only_these, names);
    std::vector<std::vector<LabelPair>> kept;
    const uint64_t values = 1 + random() % 200, missing = random() % 3 * 20;
    for (int i = 0; i < 2000; ++i) {
      std::vector<LabelPair>& labels = kept.emplace_back();
      labels.push_back({texts.text("__name__"), texts.text("m" + std::to_string(random() % 2))});
      for (char name = 'a'; name < 'e'; ++name) {
        if (random() % 100 < missing) continue;
        labels.push_back({texts.text(std::string(1, name)), texts.text(std::to_string(random() % values))});
      }
      Column column{};
      column.labels = view_of(labels);
      REQUIRE(groups.group(column) == plain.group(column.labels));
      REQUIRE(groups.index().size() == plain.size());
    }
  }
}
