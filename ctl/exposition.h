// Samples from text: Prometheus' text format 0.0.4, and JSON lines.
//
//   # HELP temperature_celsius How warm it is.
//   # TYPE temperature_celsius gauge
//   temperature_celsius{room="attic"} 19.5 1700000000000
//
//   {"metric":{"__name__":"temperature_celsius","room":"attic"},"values":[19.5,"NaN"],"timestamps":[1700000000000,1700000015000]}
//
// Times are Unix milliseconds in both; lines of text without one are of `now_ms`. In JSON a null value is NaN.
#ifndef NIGHTLIGHT_CTL_EXPOSITION_H_
#define NIGHTLIGHT_CTL_EXPOSITION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "nightlight_client/client.h"

namespace nightlight::ctl {

// What one line says. All may be empty: a blank line or a comment.
struct ParsedLine {
  std::optional<client::WriteSeries> series;
  std::optional<client::Metadata> metadata;
};

// Reads the text format line by line: what HELP, TYPE and UNIT say of a family comes with the first sample after them.
class ExpositionReader {
 public:
  explicit ExpositionReader(int64_t now_ms) : now_ms_(now_ms) {}

  // kInvalidArgument says what is wrong with the line.
  client::Result<ParsedLine> parse(std::string_view line);
  // What is known of the last family when no sample came after it.
  std::optional<client::Metadata> finish();

 private:
  client::Result<ParsedLine> parse_comment(std::string_view line);
  client::Metadata& about(std::string family, std::optional<client::Metadata>* done);

  int64_t now_ms_;
  std::optional<client::Metadata> family_;
};

client::Result<ParsedLine> parse_json_line(std::string_view line);

}  // namespace nightlight::ctl

#endif  // NIGHTLIGHT_CTL_EXPOSITION_H_
