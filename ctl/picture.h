// A range as a PNG: a line a series over axes with round values and times, and a legend.
#ifndef NIGHTLIGHT_CTL_PICTURE_H_
#define NIGHTLIGHT_CTL_PICTURE_H_

#include <string>
#include <vector>

#include "nightlight_client/types.h"

namespace nightlight::ctl {

struct PictureSize {
  int width = 1200, height = 500;  // Pixels. The legend's rows are added below.
};

struct PictureRange {
  int64_t start_ms = 0, end_ms = 0;
  int64_t step_ms = 0;  // Points that are further apart are not joined.
};

// Whether this program was built with what draws pictures.
bool can_draw_pictures();

// The bytes of a PNG. What is not finite leaves a gap; a point without neighbours is a dot. The values' axis goes from
// a round value to a round value, the times' from the range's start to its end.
client::Result<std::string> picture(const std::vector<client::Series>& series, const std::string& title,
                                    PictureRange range, PictureSize size);

}  // namespace nightlight::ctl

#endif  // NIGHTLIGHT_CTL_PICTURE_H_
