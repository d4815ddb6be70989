#include "ctl/line_reader.h"

namespace nightlight::ctl {

bool LineReader::next(std::string* line) {
  line->clear();
  too_long_ = false;
  bool any = false;
  std::streambuf& buffer = *in_.rdbuf();
  for (int c = buffer.sbumpc(); c != std::istream::traits_type::eof(); c = buffer.sbumpc()) {
    any = true;
    ++bytes_;
    if (c == '\n') break;
    if (line->size() < kMaxLineBytes) {
      line->push_back(static_cast<char>(c));
    } else {
      too_long_ = true;
    }
  }
  if (any) ++number_;
  return any;
}

}  // namespace nightlight::ctl
