// The series of a made-up fleet: what node_exporter and a web service's histograms look like. Everything follows from
// the seed: the labels of series i, and its value at tick t, are pure functions, so that a checker can compute what
// must have been stored.
#ifndef NIGHTLIGHT_BENCH_LOAD_SERIES_H_
#define NIGHTLIGHT_BENCH_LOAD_SERIES_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace nightlight::load {

// How a series' value moves.
enum class Shape : uint8_t {
  kConstant,        // sizes, limits, modes that never run
  kIntegerCounter,  // bytes, requests
  kSecondsCounter,  // CPU time: hundredths of a second
  kPageGauge,       // memory: multiples of 4096 that wander
  kRatioGauge,      // load and temperature: two decimals
  kNoisyGauge,      // every bit moves
  kBucket,          // the count of a histogram's first buckets
  kSum,             // a histogram's sum: every bit moves, but it never falls
};

struct SeriesSpec {
  Shape shape;
  uint32_t group;     // Series of one histogram share it: their counts must fit together.
  uint32_t buckets;   // How many are counted.
  double base, rate;  // Start, and growth (or swing) per tick.
  std::vector<std::pair<std::string, std::string>> labels;  // Sorted by name.
};

class Fleet {
 public:
  Fleet(uint64_t series_count, uint64_t seed);

  uint64_t size() const { return size_; }
  // Series i in its `generation`th life: churn replaces a series by one with another pod.
  SeriesSpec series(uint64_t i, uint32_t generation = 0) const;
  static double value(const SeriesSpec& series, uint64_t i, uint64_t tick, uint64_t seed);

 private:
  uint64_t size_;
  uint64_t seed_;
};

uint64_t mix(uint64_t a, uint64_t b);

}  // namespace nightlight::load

#endif  // NIGHTLIGHT_BENCH_LOAD_SERIES_H_
