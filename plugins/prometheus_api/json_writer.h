// Writes a JSON answer as it is made, in pieces of 64 KiB, as Prometheus' encoder writes it: no spaces, < > & escaped
// in strings, sample values as strings. The caller keeps the syntax right.
//
// Until the first piece has gone the whole answer may still be taken back: an evaluation that fails late then becomes a
// proper error answer.
#ifndef NIGHTLIGHT_PROMETHEUS_API_JSON_WRITER_H_
#define NIGHTLIGHT_PROMETHEUS_API_JSON_WRITER_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "nightlight/columns.h"
#include "nightlight/listener.h"

namespace nightlight::prometheus_api {

class JsonWriter {
 public:
  explicit JsonWriter(HttpResponse* response) : response_(response) {}

  // Sent with the first piece.
  void set_status(uint32_t status) { status_ = status; }
  void set_content_type(std::string_view type) { content_type_ = type; }

  void raw(std::string_view text);
  void string(std::string_view text);
  // With < > & as they are.
  void plain_string(std::string_view text) { escaped(text, false); }
  void integer(int64_t value);
  // A number as Go's encoding/json writes a float64.
  void number(double value);
  // Milliseconds as seconds: 1.5 is 1.500, 2 is 2.
  void timestamp(int64_t time_ms);
  // A sample's value, in quotes.
  void value(double value);
  // The value of a scalar: never with an exponent.
  void scalar_value(double value);
  // {"name":"value",...}
  void labels(View<LabelPair> labels);
  // [time,"value"],... for all of them.
  void points(View<int64_t> times_ms, View<double> values);
  void histogram(const Histogram& histogram);

  // True when bytes have gone out: no error answer is possible any more.
  bool started() const { return started_; }
  // kCancelled when the client has gone; sticks.
  Status status() const { return failure_; }
  void discard() { used_ = 0; }
  // Sends what is left, with its length when nothing has been sent before.
  Status finish();

 private:
  // Prometheus escapes what web pages would take for markup, except in label sets.
  void escaped(std::string_view text, bool for_web_pages);
  static constexpr size_t kPieceBytes = 64u << 10;

  // How a time is written in front of a value: the series of an answer mostly share their times.
  struct PointHead {
    int64_t time_ms;
    uint32_t size;
    char text[28];  // `[1700000000.5,"`
  };
  static PointHead point_head(int64_t time_ms);

  // Room for `size` more bytes (at most kSlack), wherever the buffer stands.
  char* room(size_t size);
  void flush();
  void begin();

  HttpResponse* response_;
  std::unique_ptr<char[]> buffer_;
  size_t used_ = 0;
  uint32_t status_ = 200;
  std::string_view content_type_ = "application/json";
  std::vector<PointHead> heads_;  // Of the longest series so far, ascending.
  bool started_ = false;
  Status failure_ = kOkStatus;
};

// The longest text of write_value and write_scalar.
inline constexpr size_t kMaxNumberText = 352;

// What the values of a series were like so far: most have few decimals, and where they have many, few are not looked
// for each time.
struct NumberHabit {
  uint32_t decimals = 1;  // The most so far.
  uint32_t misses = 0;    // Values since then that had too many.
};

// Writes a double as Prometheus shows sample values (without quotes), or as it shows scalars; returns the end, beyond
// which a few bytes may be written.
char* write_value(char* out, double value);
char* write_value(char* out, double value, NumberHabit& habit);
char* write_scalar(char* out, double value);
// Writes milliseconds as seconds.
char* write_timestamp(char* out, int64_t time_ms);

}  // namespace nightlight::prometheus_api

#endif  // NIGHTLIGHT_PROMETHEUS_API_JSON_WRITER_H_
