#include "reader.h"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/URI.h>

#include <cstdio>
#include <thread>

namespace nightlight::load {
namespace {

std::string with_number(std::string query, uint64_t number) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%05llu", static_cast<unsigned long long>(number));
  for (size_t at; (at = query.find('#')) != std::string::npos;) query.replace(at, 1, digits);
  return query;
}

}  // namespace

void Reader::run(const std::atomic<bool>& stop) {
  auto session = connect(dashboard_.target);
  std::vector<std::string> encoded;
  for (const std::string& query : dashboard_.queries) {
    Poco::URI::encode(with_number(query, number_), "+&#=?", encoded.emplace_back());
  }
  for (size_t next = number_; !stop.load(); ++next) {  // Not all begin with the same query.
    ask(*session, encoded[next % encoded.size()]);
    if (dashboard_.pause_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(dashboard_.pause_ms));
  }
}

void Reader::ask(Poco::Net::HTTPClientSession& session, const std::string& query) {
  const int64_t end_ms = newest_ms_.load();
  auto seconds = [](int64_t ms) { return std::to_string(ms / 1000); };
  Target target = dashboard_.target;
  target.path += "?query=" + query + "&start=" + seconds(end_ms - dashboard_.range_ms) + "&end=" + seconds(end_ms) +
                 "&step=" + seconds(dashboard_.step_ms) + "&nocache=1";
  const auto began = Latencies::Clock::now();
  Answer answer = get(session, target);
  latencies_.add(began);
  bytes_ += answer.bytes;
  if (answer.status == 200 && answer.head.rfind("{\"status\":\"success\"", 0) == 0) {
    ++answers_;
    return;
  }
  if (++failures_ <= 3)
    std::fprintf(stderr, "reader %llu: %d %s\n", static_cast<unsigned long long>(number_), answer.status,
                 answer.head.c_str());
}

}  // namespace nightlight::load
