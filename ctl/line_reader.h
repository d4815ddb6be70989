// Lines of a stream, of bounded length.
#ifndef NIGHTLIGHT_CTL_LINE_READER_H_
#define NIGHTLIGHT_CTL_LINE_READER_H_

#include <cstdint>
#include <istream>
#include <string>

namespace nightlight::ctl {

inline constexpr size_t kMaxLineBytes = size_t{16} << 20;

class LineReader {
 public:
  explicit LineReader(std::istream& in) : in_(in) {}

  // The next line without its newline. False at the end. Of a line that is longer than kMaxLineBytes the rest is
  // skipped, and `too_long` is true.
  bool next(std::string* line);

  bool too_long() const { return too_long_; }
  uint64_t number() const { return number_; }  // Of the last line; the first is 1.
  uint64_t bytes() const { return bytes_; }    // Read so far.

 private:
  std::istream& in_;
  uint64_t number_ = 0, bytes_ = 0;
  bool too_long_ = false;
};

}  // namespace nightlight::ctl

#endif  // NIGHTLIGHT_CTL_LINE_READER_H_
