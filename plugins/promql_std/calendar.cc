#include "promql_std/calendar.h"

namespace nightlight::promql_std {

// Years are counted from March, so that the leap day comes last; 400 years have 146097 days and begin on a Wednesday
// (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
Date date_of(int64_t unix_s) {
  constexpr int64_t kDaySeconds = 86400;
  int64_t days = unix_s / kDaySeconds;
  int64_t rest = unix_s % kDaySeconds;
  if (rest < 0) {
    rest += kDaySeconds;
    --days;
  }
  int64_t from_march = days + 719468;  // Since 0000-03-01.
  int64_t era = (from_march >= 0 ? from_march : from_march - 146096) / 146097;
  int64_t day_of_era = from_march - era * 146097;
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_march_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t march_month = (5 * day_of_march_year + 2) / 153;
  Date date{};
  date.day = static_cast<int>(day_of_march_year - (153 * march_month + 2) / 5 + 1);
  date.month = static_cast<int>(march_month < 10 ? march_month + 3 : march_month - 9);
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  bool leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  date.days_in_month = kDays[date.month - 1] + (date.month == 2 && leap ? 1 : 0);
  date.day_of_year = date.day;
  for (int month = 1; month < date.month; ++month) date.day_of_year += kDays[month - 1] + (month == 2 && leap ? 1 : 0);
  int64_t weekday = (days + 4) % 7;
  date.day_of_week = static_cast<int>(weekday < 0 ? weekday + 7 : weekday);
  date.hour = static_cast<int>(rest / 3600);
  date.minute = static_cast<int>(rest / 60 % 60);
  date.second = static_cast<int>(rest % 60);
  return date;
}

}  // namespace nightlight::promql_std
