// How nightlightctl reaches the server and shows what it got. Every command has these.
#ifndef NIGHTLIGHT_CTL_OPTIONS_H_
#define NIGHTLIGHT_CTL_OPTIONS_H_

#include <functional>
#include <string>

#include "nightlight_client/client.h"

namespace nightlight::ctl {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

enum class Output { kTable, kJson, kCsv };

struct Options {
  std::string address = "127.0.0.1:9100";
  bool tls = false;  // Also when one of the following is set.
  std::string ca_file, cert_file, key_file, server_name;
  double timeout_s = 30;
  Output output = Output::kTable;
  double watch_s = 0;  // 0: once.
};

// What a misused option or argument throws, caught in main.
struct Misuse {
  std::string message;
};

// Connects and runs `body` with the client, again and again with --watch. The exit status; failures are told on
// standard error.
int with_client(const Options& options, const std::function<client::Result<void>(client::Client&)>& body);

}  // namespace nightlight::ctl

#endif  // NIGHTLIGHT_CTL_OPTIONS_H_
