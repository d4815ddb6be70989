#include "ctl/ticks.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <limits>

namespace nightlight::ctl {
namespace {

// Long doubles hold the span of any two doubles.
using Wide = long double;

Wide round_step(Wide span, int most) {
  const Wide rough = span / std::max(most - 2, 1);
  Wide step = std::pow(Wide{10}, std::floor(std::log10(rough)));
  for (Wide factor : {Wide{1}, Wide{2}, Wide{5}, Wide{10}})
    if (factor * step >= rough) return factor * step;
  return 10 * step;
}

struct Unit {
  Wide size;
  const char* name;
};
constexpr Unit kUnits[] = {{1e15L, "P"}, {1e12L, "T"}, {1e9L, "G"}, {1e6L, "M"}, {1e3L, "k"}};

// How the values of an axis are written: all with the same unit and so many decimals that neighbours differ.
class ValueText {
 public:
  ValueText(Wide step, Wide largest) {
    exponents_ = largest < 1e-3L || largest >= 1e18L;
    digits_ = std::clamp(static_cast<int>(std::ceil(std::log10(largest / step) + 0.001L)) + 1, 1, 17);
    for (const Unit& unit : kUnits) {
      // A unit that leaves long fractions is none.
      if (exponents_ || largest < 10 * unit.size || decimals_of(step / unit.size) > 3) continue;
      unit_ = unit;
      break;
    }
    decimals_ = decimals_of(step / unit_.size);
  }

  std::string operator()(Wide at) const {
    char text[64];
    if (exponents_) {
      std::snprintf(text, sizeof text, "%.*Lg", digits_, at);
    } else {
      std::snprintf(text, sizeof text, "%.*Lf%s", decimals_, at / unit_.size, at == 0 ? "" : unit_.name);
    }
    return text;
  }

 private:
  static int decimals_of(Wide step) {
    return std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 0.001L)), 0, 17);
  }

  bool exponents_;
  int digits_, decimals_ = 0;
  Unit unit_{1, ""};
};

constexpr int64_t kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr int64_t kTimeSteps[] = {1,
                                  2,
                                  5,
                                  10,
                                  20,
                                  50,
                                  100,
                                  200,
                                  500,
                                  kSecond,
                                  2 * kSecond,
                                  5 * kSecond,
                                  10 * kSecond,
                                  15 * kSecond,
                                  30 * kSecond,
                                  kMinute,
                                  2 * kMinute,
                                  5 * kMinute,
                                  10 * kMinute,
                                  15 * kMinute,
                                  30 * kMinute,
                                  kHour,
                                  2 * kHour,
                                  3 * kHour,
                                  6 * kHour,
                                  12 * kHour,
                                  kDay,
                                  2 * kDay,
                                  4 * kDay,
                                  7 * kDay,
                                  14 * kDay,
                                  30 * kDay,
                                  90 * kDay,
                                  365 * kDay};

int64_t floor_to(int64_t at, int64_t step) { return at - ((at % step) + step) % step; }

std::string clock_text(int64_t at_ms, int64_t step_ms) {
  const int64_t of_day = at_ms - floor_to(at_ms, kDay);
  char text[32];
  const auto hour = static_cast<int>(of_day / kHour), minute = static_cast<int>(of_day / kMinute % 60),
             second = static_cast<int>(of_day / kSecond % 60), fraction = static_cast<int>(of_day % kSecond);
  if (step_ms < kSecond) {
    std::snprintf(text, sizeof text, "%02d:%02d:%02d.%03d", hour, minute, second, fraction);
  } else if (step_ms < kMinute) {
    std::snprintf(text, sizeof text, "%02d:%02d:%02d", hour, minute, second);
  } else {
    std::snprintf(text, sizeof text, "%02d:%02d", hour, minute);
  }
  return text;
}

std::string date_text(int64_t at_ms) {
  const auto seconds = static_cast<std::time_t>(floor_to(at_ms, kDay) / kSecond);
  std::tm parts{};
  char text[32] = "";
  if (::gmtime_r(&seconds, &parts) != nullptr) std::strftime(text, sizeof text, "%Y-%m-%d", &parts);
  return text;
}

}  // namespace

std::vector<ValueTick> value_ticks(double low, double high, int most) {
  constexpr Wide kLargest = std::numeric_limits<double>::max(), kSmallest = std::numeric_limits<double>::denorm_min();
  Wide from = low, to = high;
  if (from == to) {
    const Wide room = from == 0 ? 1 : std::abs(from) / 2;
    from = std::max(from - room, -kLargest), to = std::min(to + room, kLargest);
  }
  const Wide step = std::max(round_step(to - from, most), kSmallest);
  // Seen as doubles: 0.1 is the multiple of 0.02, however it is rounded.
  auto at = [&](Wide n) { return static_cast<double>(std::clamp(n * step, -kLargest, kLargest)); };
  Wide first = std::round(from / step), last = std::round(to / step);
  if (at(first) > from) --first;
  if (at(last) < to) ++last;
  const ValueText text(step, std::max(std::abs(first), std::abs(last)) * step);
  std::vector<ValueTick> out;
  for (Wide n = first; n <= last; ++n) out.push_back({at(n), text(n == 0 ? 0 : n * step)});
  return out;
}

std::vector<TimeTick> time_ticks(int64_t start_ms, int64_t end_ms, int most) {
  int64_t step = kTimeSteps[0];
  for (int64_t candidate : kTimeSteps) {
    step = candidate;
    if ((end_ms - start_ms) / step + 1 <= most) break;
  }
  while ((end_ms - start_ms) / step + 1 > most) step *= 2;
  std::vector<TimeTick> out;
  std::string date;
  for (int64_t at = floor_to(start_ms + step - 1, step); at <= end_ms; at += step) {
    std::string day = date_text(at);
    const bool whole_days = step >= kDay;
    out.push_back({at, whole_days ? day.substr(day.find('-') + 1) : clock_text(at, step), ""});
    if (whole_days) day = day.substr(0, day.find('-'));  // The year.
    if (day != date) out.back().date = date = day;
  }
  return out;
}

}  // namespace nightlight::ctl
