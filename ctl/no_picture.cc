// In place of picture.cc where cairo is not there.
#include "ctl/picture.h"

namespace nightlight::ctl {

bool can_draw_pictures() { return false; }

client::Result<std::string> picture(const std::vector<client::Series>&, const std::string&, PictureRange, PictureSize) {
  return client::Error{client::Code::kUnimplemented, "built without cairo", "", 0};
}

}  // namespace nightlight::ctl
