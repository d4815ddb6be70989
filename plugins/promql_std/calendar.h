// Dates in UTC, for any number of seconds since 1970.
#ifndef NIGHTLIGHT_PROMQL_STD_CALENDAR_H_
#define NIGHTLIGHT_PROMQL_STD_CALENDAR_H_

#include <cstdint>

namespace nightlight::promql_std {

struct Date {
  int64_t year;
  int month;        // 1..12
  int day;          // 1..31
  int day_of_year;  // 1..366
  int day_of_week;  // 0 is Sunday.
  int days_in_month;
  int hour, minute, second;
};

Date date_of(int64_t unix_s);

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_CALENDAR_H_
