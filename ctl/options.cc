#include "ctl/options.h"

#include <unistd.h>

#include <chrono>
#include <iostream>
#include <thread>

namespace nightlight::ctl {
namespace {

client::Result<client::Client> connect(const Options& options) {
  client::ClientOptions out;
  out.address = options.address;
  out.timeout = std::chrono::milliseconds(static_cast<int64_t>(options.timeout_s * 1000));
  out.user_agent = "nightlightctl";
  bool files = !options.ca_file.empty() || !options.cert_file.empty() || !options.key_file.empty();
  if (options.tls || files || !options.server_name.empty()) {
    out.tls = client::TlsOptions{options.ca_file, options.cert_file, options.key_file, options.server_name};
  }
  return client::Client::connect(out);
}

int told(const Options& options, const client::Error& error) {
  std::cerr << "nightlightctl: " << error.message;
  if (error.code == client::Code::kUnavailable && error.error_type.empty()) {
    std::cerr << "\nIs a server at " << options.address << ", and does it want TLS (--ca, --cert, --key)?";
  }
  std::cerr << "\n";
  return kExitFailed;
}

}  // namespace

int with_client(const Options& options, const std::function<client::Result<void>(client::Client&)>& body) {
  client::Result<client::Client> client = connect(options);
  if (!client.ok()) return told(options, client.error());
  while (true) {
    if (options.watch_s > 0 && ::isatty(STDOUT_FILENO) != 0) std::cout << "\033[H\033[2J";
    if (client::Result<void> done = body(*client); !done.ok()) {
      std::cout.flush();
      return told(options, done.error());
    }
    if (!std::cout.flush()) {
      std::cerr << "nightlightctl: cannot write to standard output\n";
      return kExitFailed;
    }
    if (options.watch_s <= 0) return kExitOk;
    std::this_thread::sleep_for(std::chrono::duration<double>(options.watch_s));
  }
}

}  // namespace nightlight::ctl
