#include "app/serve.h"

#include <Poco/Util/ServerApplication.h>
#include <signal.h>
#ifdef NIGHTLIGHT_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include <iostream>

#include "app/build.h"
#include "runtime/breadcrumb.h"
#include "runtime/server.h"

namespace nightlight::app {
namespace {

std::atomic<runtime::Server*> running{nullptr};

// The first signal stops gracefully, a second one ends the process at once: what was acknowledged is on disk.
void on_terminate(int number) {
  if (runtime::Server* server = running.load()) server->request_quit();
  ::signal(number, SIG_DFL);
}

void on_hangup(int) {
  if (runtime::Server* server = running.load()) server->request_reload();
}

void handle_signals() {
  struct sigaction action {};
  action.sa_handler = on_terminate;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  action.sa_handler = on_hangup;
  ::sigaction(SIGHUP, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

// Under a unit of Type=notify.
void notify_systemd([[maybe_unused]] const char* state) {
#ifdef NIGHTLIGHT_SYSTEMD
  ::sd_notify(0, state);
#endif
}

class Application final : public Poco::Util::ServerApplication {
 public:
  explicit Application(const Options& options) : options_(options) {}

 protected:
  int main(const std::vector<std::string>&) override {
    runtime::report_fatal_signals();
    runtime::LoadOptions options = load_options(options_);
    runtime::Loaded loaded;
    if (!load_config(options, &loaded)) return kExitFailed;
    runtime::Log log;
    runtime::Server server(std::move(options), std::move(loaded), build(), &log);
    running.store(&server);
    handle_signals();
    int status = run_server(&server, &log);
    running.store(nullptr);
    return status;
  }

 private:
  static int run_server(runtime::Server* server, runtime::Log* log) {
    auto fail = [&](const char* what, const Error& error) {
      log->write(LogLevel::kError, what, {{"error", error.message}});
      return kExitFailed;
    };
    log->write(LogLevel::kInfo, "starting", {{"version", build().version}, {"revision", build().revision}});
    if (auto done = server->configure(); !done.ok()) return fail("the config cannot be used", done.error());
    if (auto done = server->start(); !done.ok()) return fail("cannot start", done.error());
    log->write(LogLevel::kInfo, "ready");
    notify_systemd("READY=1");
    server->run();
    notify_systemd("STOPPING=1");
    log->write(LogLevel::kInfo, "stopping");
    if (auto done = server->stop(); !done.ok()) return fail("did not stop cleanly", done.error());
    log->write(LogLevel::kInfo, "stopped");
    return kExitOk;
  }

  const Options options_;
};

}  // namespace

int serve(const Options& options, char** argv) {
  Poco::AutoPtr<Application> application(new Application(options));
  try {
    return application->run(1, argv);  // The command line was read already.
  } catch (const Poco::Exception& e) {
    std::cerr << "nightlight: " << e.displayText() << "\n";
    return kExitFailed;
  }
}

}  // namespace nightlight::app
