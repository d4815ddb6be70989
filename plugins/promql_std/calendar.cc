#include "promql_std/calendar.h"

namespace nightlight::promql_std {

// Years are counted from March, so that the leap day comes last; 400 years have 146097 days, whole weeks, and begin on
// a Wednesday (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
Date date_of(int64_t unix_s) {
  constexpr int64_t kDaySeconds = 86400, kEraDays = 146097;
  // Prometheus counts from so far back that every time is after it, in unsigned numbers: times before that wrap around.
  constexpr uint64_t kErasBefore = 730692556;
  constexpr uint64_t kSecondsBefore = (kErasBefore * kEraDays + 719468) * kDaySeconds;
  const uint64_t seconds = static_cast<uint64_t>(unix_s) + kSecondsBefore;
  const auto days = static_cast<int64_t>(seconds / kDaySeconds);  // Since a first of March at the start of an era.
  const auto rest = static_cast<int64_t>(seconds % kDaySeconds);
  int64_t era = days / kEraDays;
  int64_t day_of_era = days - era * kEraDays;
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_march_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t march_month = (5 * day_of_march_year + 2) / 153;
  Date date{};
  date.day = static_cast<int>(day_of_march_year - (153 * march_month + 2) / 5 + 1);
  date.month = static_cast<int>(march_month < 10 ? march_month + 3 : march_month - 9);
  date.year = year_of_era + (era - static_cast<int64_t>(kErasBefore)) * 400 + (date.month <= 2 ? 1 : 0);
  bool leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  date.days_in_month = kDays[date.month - 1] + (date.month == 2 && leap ? 1 : 0);
  date.day_of_year = date.day;
  for (int month = 1; month < date.month; ++month) date.day_of_year += kDays[month - 1] + (month == 2 && leap ? 1 : 0);
  date.day_of_week = static_cast<int>((days + 3) % 7);
  date.hour = static_cast<int>(rest / 3600);
  date.minute = static_cast<int>(rest / 60 % 60);
  date.second = static_cast<int>(rest % 60);
  return date;
}

}  // namespace nightlight::promql_std
