// One connection: builds remote-write 1.0 requests, asks queries, and waits for the answers.
#ifndef NIGHTLIGHT_BENCH_LOAD_SENDER_H_
#define NIGHTLIGHT_BENCH_LOAD_SENDER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace Poco::Net {
class HTTPClientSession;
}

namespace nightlight::load {

struct Target {
  std::string host;
  uint16_t port = 0;
  std::string path;
  bool tls = false;
  std::string cert_file, key_file, ca_file;  // With `tls`.
};

// Reads http://host:port/path or https://...; false when it is neither.
bool parse_target(const std::string& url, Target* out);

std::unique_ptr<Poco::Net::HTTPClientSession> connect(const Target& target);

// A request under construction.
class WriteRequest {
 public:
  // `label_fields` are the encoded labels of the series.
  void add(const std::string& label_fields, int64_t timestamp_ms, double value);
  void clear() { message_.clear(); }
  // The compressed body.
  const std::string& compressed();

 private:
  std::string message_, compressed_;
};

// The labels as the fields of a TimeSeries message.
std::string encode_labels(const std::vector<std::pair<std::string, std::string>>& labels);

// Posts the body; the status, or 0 when the connection broke. `text` receives the answer.
int post(Poco::Net::HTTPClientSession& session, const Target& target, const std::string& body, std::string* text);

struct Answer {
  int status = 0;      // 0: the connection broke.
  uint64_t bytes = 0;  // Of the body, which is read to its end.
  std::string head;    // Its first bytes, or what went wrong.
};

Answer get(Poco::Net::HTTPClientSession& session, const Target& target);

}  // namespace nightlight::load

#endif  // NIGHTLIGHT_BENCH_LOAD_SENDER_H_
