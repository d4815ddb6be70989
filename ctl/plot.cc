#include "ctl/plot.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "ctl/values.h"

namespace nightlight::ctl {
namespace {

constexpr char kMarks[] = "*+x#o@%&";
constexpr size_t kMarkCount = sizeof kMarks - 1;

// Six digits say enough beside an axis.
std::string short_value(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

struct Bounds {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
};

Bounds bounds_of(const std::vector<client::Series>& series) {
  Bounds out;
  for (const client::Series& one : series) {
    for (const client::Sample& sample : one.samples) {
      if (!std::isfinite(sample.value)) continue;
      out.low = std::min(out.low, sample.value);
      out.high = std::max(out.high, sample.value);
    }
  }
  return out;
}

// Where `at` lies between two bounds, as one of `count` cells. Halves first: the span of two doubles may not be one.
int cell_of(double at, double low, double high, int count) {
  if (!(high > low)) return count / 2;
  double share = (at / 2 - low / 2) / (high / 2 - low / 2);
  return std::clamp(static_cast<int>(std::lround(share * (count - 1))), 0, count - 1);
}

}  // namespace

std::string plot(const std::vector<client::Series>& series, int64_t start_ms, int64_t end_ms, PlotSize size) {
  Bounds bounds = bounds_of(series);
  if (!(bounds.low <= bounds.high)) return "no data\n";
  std::string top = short_value(bounds.high), bottom = short_value(bounds.low);
  int margin = static_cast<int>(std::max(top.size(), bottom.size()));
  int columns = std::max(size.columns - margin - 2, 10), rows = std::max(size.rows, 3);
  std::vector<std::string> cells(static_cast<size_t>(rows), std::string(static_cast<size_t>(columns), ' '));
  for (size_t i = 0; i < series.size(); ++i) {
    for (const client::Sample& sample : series[i].samples) {
      if (!std::isfinite(sample.value) || sample.timestamp_ms < start_ms || sample.timestamp_ms > end_ms) continue;
      int x = cell_of(static_cast<double>(sample.timestamp_ms), static_cast<double>(start_ms),
                      static_cast<double>(end_ms), columns);
      int y = rows - 1 - cell_of(sample.value, bounds.low, bounds.high, rows);
      cells[static_cast<size_t>(y)][static_cast<size_t>(x)] = kMarks[i % kMarkCount];
    }
  }
  std::string out;
  for (int y = 0; y < rows; ++y) {
    std::string label = y == 0 ? top : y == rows - 1 ? bottom : "";
    out += std::string(static_cast<size_t>(margin) - label.size(), ' ') + label + " |";
    std::string& row = cells[static_cast<size_t>(y)];
    row.erase(row.find_last_not_of(' ') + 1);
    out += row + '\n';
  }
  out +=
      std::string(static_cast<size_t>(margin) + 1, ' ') + '+' + std::string(static_cast<size_t>(columns), '-') + '\n';
  std::string left = format_time(start_ms), right = format_time(end_ms);
  int gap = std::max(columns - static_cast<int>(left.size() + right.size()), 1);
  out += std::string(static_cast<size_t>(margin) + 2, ' ') + left + std::string(static_cast<size_t>(gap), ' ') + right +
         '\n';
  for (size_t i = 0; i < series.size(); ++i) {
    out += std::string("  ") + kMarks[i % kMarkCount] + ' ' + to_string(series[i].labels) + '\n';
  }
  return out;
}

}  // namespace nightlight::ctl
