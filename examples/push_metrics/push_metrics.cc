// Sends this machine's load averages once a second, as many times as asked, and says at the end what is stored.
//
//   push_metrics ADDRESS TIMES [CA CERT KEY]
//   push_metrics db.example:9100 60 ca.crt me.crt me.key
#include <nightlight_client/client.h>
#include <nightlight_client/writer.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <thread>

namespace nl = nightlight::client;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::array<const char*, 3> kMinutes = {"1", "5", "15"};

int64_t now_ms() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

int failed(const nl::Error& error) {
  std::cerr << "push_metrics: " << error.text() << "\n";
  return 1;
}

// Queues one sample for each of the three averages. The queue is bounded: while the server is away it fills, and then
// this waits for room.
nl::Result<void> add_load(nl::Writer& writer) {
  std::ifstream file("/proc/loadavg");
  for (const char* minutes : kMinutes) {
    double load = 0;
    if (!(file >> load)) return nl::Error{nl::Code::kInternal, "/proc/loadavg has no numbers", "", 0};
    auto added = writer.add(
        {.labels = {{"__name__", "example_load_average"}, {"minutes", minutes}}, .samples = {{now_ms(), load}}},
        seconds(10));
    if (!added.ok()) return added;
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 6) {
    std::cerr << "usage: push_metrics ADDRESS TIMES [CA CERT KEY]\n";
    return 2;
  }
  nl::ClientOptions options;
  options.address = argv[1];
  if (argc == 6) options.tls = nl::TlsOptions{.ca_file = argv[3], .cert_file = argv[4], .key_file = argv[5]};
  auto client = nl::Client::connect(options);
  if (!client.ok()) return failed(client.error());

  // Batches are sent in the background, and again while the server cannot take them.
  nl::Writer writer(*client, {.give_up_after = seconds(60)});
  if (auto added =
          writer.add(nl::Metadata{"example_load_average", nl::MetricKind::kGauge, "Processes that want to run.", ""});
      !added.ok()) {
    return failed(added.error());
  }
  for (int i = 0; i < std::atoi(argv[2]); ++i) {
    if (i > 0) std::this_thread::sleep_for(seconds(1));
    if (auto added = add_load(writer); !added.ok()) return failed(added.error());
  }
  // What is flushed is on the server's disk.
  if (auto flushed = writer.flush(seconds(60)); !flushed.ok()) return failed(flushed.error());
  std::cout << writer.stats().written_samples << " samples are stored\n";
  return 0;
}
