// Evaluates an expression over the last minutes and prints the answer while it arrives, so that memory stays small
// however large the answer is.
//
//   query_metrics ADDRESS QUERY MINUTES [CA CERT KEY]
//   query_metrics db.example:9100 'rate(http_requests_total[1m])' 30 ca.crt me.crt me.key
#include <nightlight_client/client.h>

#include <chrono>
#include <cstdlib>
#include <iomanip>
#include <iostream>

namespace nl = nightlight::client;

namespace {

int failed(const nl::Error& error) {
  std::cerr << "query_metrics: " << error.text() << "\n";
  return 1;
}

void print(const nl::Series& series) {
  std::cout << to_string(series.labels) << "\n";
  for (const nl::Sample& sample : series.samples) {
    std::cout << "  " << sample.timestamp_ms << "  " << sample.value << "\n";
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 7) {
    std::cerr << "usage: query_metrics ADDRESS QUERY MINUTES [CA CERT KEY]\n";
    return 2;
  }
  nl::ClientOptions options;
  options.address = argv[1];
  if (argc == 7) options.tls = nl::TlsOptions{.ca_file = argv[4], .cert_file = argv[5], .key_file = argv[6]};
  auto client = nl::Client::connect(options);
  if (!client.ok()) return failed(client.error());

  int64_t now_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  nl::TimeRange range{now_ms - std::atoi(argv[3]) * int64_t{60'000}, now_ms, 1'000};
  auto stream = client->query_stream({.query = argv[2], .range = range, .stats = true});
  if (!stream.ok()) return failed(stream.error());
  std::cout << std::setprecision(17);
  while (true) {
    auto part = stream->next();
    if (!part.ok()) return failed(part.error());
    if (part->empty()) break;
    for (const nl::Series& series : *part) print(series);
  }
  for (const std::string& warning : stream->summary().warnings) std::cerr << "warning: " << warning << "\n";
  std::cerr << stream->summary().stats.samples_read << " samples read\n";
  return 0;
}
