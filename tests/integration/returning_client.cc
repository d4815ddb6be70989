// Calls a server until it answers, until it does not, and until it answers again; tells each. Of the last, no more
// calls than given may fail: a client that has lost its server looks for it with each call.
//
//   returning_client ADDRESS CALLS [CA CERT KEY]
#include <nightlight_client/client.h>

#include <cstdio>
#include <cstdlib>

using namespace nightlight::client;

int main(int argc, char** argv) {
  ClientOptions options;
  options.address = argv[1];
  if (argc > 5) options.tls = TlsOptions{argv[3], argv[4], argv[5], ""};
  Result<Client> client = Client::connect(options);
  if (!client.ok()) return 2;
  auto tell = [](const char* what) {
    std::puts(what);
    std::fflush(stdout);
    return std::getchar() != EOF;  // The server changes in the meantime.
  };
  if (!client->status().ok() || !tell("there")) return 2;
  // Attempts that find nobody, after which the pauses between them are longer than the first.
  for (int failures = 0; failures < 20; failures += client->status().ok() ? 0 : 1) {
  }
  if (!tell("away")) return 2;
  for (int calls = std::atoi(argv[2]); calls > 0; --calls) {
    if (client->status().ok()) return std::puts("there again") < 0 ? 2 : 0;
  }
  std::puts("lost");
  return 1;
}
