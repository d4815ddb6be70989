// Predicts each integer of a column from those before it, by double exponential smoothing: a level that follows the
// values and a trend that follows the level. What is stored are the residuals.
//
// The two gains are powers of two. With a gain of one the level is the last value, so that the residuals are
// differences (less the trend), or differences of differences when the trend's gain is one, too. With smaller ones the
// noise of one sample, such as the moment of a scrape, does not come again in the next residual.
#ifndef NIGHTLIGHT_GORILLA_CHUNK_PREDICTION_H_
#define NIGHTLIGHT_GORILLA_CHUNK_PREDICTION_H_

#include <span>

#include "gorilla/chunk/bytes.h"

namespace nightlight::gorilla {

// Of level and trend: so many bits stand behind the point. All arithmetic wraps around, so every column comes back.
inline constexpr unsigned kPredictionFraction = 16;
inline constexpr unsigned kMaxLevelShift = 7, kMaxTrendShift = 8;

struct Predictor {
  unsigned level_shift = 0;  // The gain of the level is 2^-level_shift.
  unsigned trend_shift = 0;  // That of the trend, in the level's gain.
  bool steady = true;        // The trend stays as it began.
  uint64_t trend = 0;        // At the beginning, with kPredictionFraction bits behind the point.
  int64_t first = 0;         // The prediction of the first value.

  bool valid() const { return level_shift <= kMaxLevelShift && trend_shift <= kMaxTrendShift; }
};

// The state between two samples.
class Prediction {
 public:
  explicit Prediction(const Predictor& predictor)
      : first_(static_cast<uint64_t>(predictor.first)),
        level_(0 - predictor.trend),
        trend_(predictor.trend),
        level_gain_(uint64_t{1} << (kPredictionFraction - predictor.level_shift)),
        trend_gain_(predictor.steady
                        ? 0
                        : uint64_t{1} << (kPredictionFraction - predictor.level_shift - predictor.trend_shift)) {}

  // The prediction of the next value; learn() with what it missed must follow.
  uint64_t next() {
    level_ += trend_;
    return first_ + static_cast<uint64_t>(static_cast<int64_t>(level_) >> kPredictionFraction);
  }
  void learn(uint64_t residual) {
    level_ += residual * level_gain_;
    trend_ += residual * trend_gain_;
  }

 private:
  uint64_t first_, level_, trend_, level_gain_, trend_gain_;
};

void predict(std::span<const int64_t> values, const Predictor& predictor, int64_t* residuals);

// A predictor whose residuals are small. `values`: at least three.
Predictor choose_predictor(std::span<const int64_t> values);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_CHUNK_PREDICTION_H_
