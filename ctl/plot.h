// A range as a picture of characters.
#ifndef NIGHTLIGHT_CTL_PLOT_H_
#define NIGHTLIGHT_CTL_PLOT_H_

#include <string>
#include <vector>

#include "nightlight_client/types.h"

namespace nightlight::ctl {

struct PlotSize {
  int columns = 80, rows = 20;
};

// Axes with their bounds, one mark a series, and a legend. What is not finite leaves a gap. The series beyond the
// eighth share the marks again. Without a finite sample: "no data".
std::string plot(const std::vector<client::Series>& series, int64_t start_ms, int64_t end_ms, PlotSize size);

}  // namespace nightlight::ctl

#endif  // NIGHTLIGHT_CTL_PLOT_H_
