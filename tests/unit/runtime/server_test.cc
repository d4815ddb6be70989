#include "runtime/server.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "fake_instances.h"
#include "fakes/collectors.h"

namespace nightlight::runtime {
namespace {

using fakes::Text;

struct Fixture {
  Fixture() {
    fake::script = &script;
    REQUIRE(::close(::mkstemp(path)) == 0);
    log.set_level(LogLevel(4));
  }
  ~Fixture() { std::remove(path); }

  void write(const std::string& text) { std::ofstream(path) << "log: {level: error}\n" << text; }

  std::unique_ptr<Server> serve(const std::string& text) {
    write(text);
    LoadOptions options;
    options.config_path = path;
    options.core = {&fake::kThing};
    options.plugin_directory = "/nowhere";
    config::Problems problems;
    Loaded loaded = load(options, &problems);
    REQUIRE(problems.empty());
    return std::make_unique<Server>(options, std::move(loaded), Build{"1.2.3", "abc", "main", "", "", "gcc"}, &log);
  }

  fake::Script script;
  Log log;
  char path[40] = "/tmp/nightlight-server-XXXXXX";
};

TEST_CASE_FIXTURE(Fixture, "a server is ready between start and stop, if all of its instances are well") {
  auto server = serve("instances: {a: {type: thing}}\n");
  CHECK(server->ready().code == Code::kUnavailable);
  CHECK(last_error_text() == "starting");
  REQUIRE(server->configure().ok());
  REQUIRE(server->start().ok());
  CHECK(server->ready().ok());
  script.on["a.health"] = [](Host* host) { return host->fail(Code::kUnavailable, str("disk full")); };
  CHECK(server->ready().code == Code::kUnavailable);
  CHECK(last_error_text() == "instance \"a\" failed to be healthy: disk full");
  script.on.clear();
  REQUIRE(server->stop().ok());
  CHECK(server->ready().code == Code::kUnavailable);
  CHECK(last_error_text() == "stopping");
}

TEST_CASE_FIXTURE(Fixture, "a reload applies reloadable fields, and is refused whole otherwise") {
  auto server = serve("instances: {a: {type: thing, limit: 1}}\n");
  REQUIRE(server->configure().ok());
  REQUIRE(server->start().ok());
  auto reload = [&](const std::string& text) {
    write(text);
    auto outcome = server->reload_now();
    return outcome.ok() ? std::string() : outcome.error().message;
  };
  auto metric = [&](const std::string& line) {
    Text page;
    CHECK(server->metrics_text(&page).ok());
    return page.text.find("\nnightlight_config_last_reload_successful " + line + "\n") != std::string::npos;
  };
  CHECK(reload("instances: {a: {type: thing, limit: 5}}\n") == "");
  CHECK(script.limits["a"] == "5");
  CHECK(metric("1"));

  CHECK(reload("instances: {a: {type: thing, limit: 6, fixed: y}, b: {type: thing}}\n") ==
        "nothing was applied, these changes need a restart: instances.a.fixed and instances.b (added)");
  CHECK(script.limits["a"] == "5");
  CHECK(metric("0"));

  CHECK(reload("instances: {a: {type: thing, limit: six}}\n") ==
        std::string(path) + ":2:37: instances.a.limit: \"six\" is not an integer");
  CHECK(script.limits["a"] == "5");

  script.on["a.reconfigure"] = [](Host* host) { return host->fail(Code::kInvalidArgument, str("odd")); };
  CHECK(reload("instances: {a: {type: thing, limit: 7}}\n") == "instance \"a\" failed to reconfigure: odd");
  Text yaml;
  CHECK(server->config_yaml(&yaml).ok());
  CHECK(yaml.text.find("limit: 5\n") != std::string::npos);

  script.on.clear();
  CHECK(reload("instances: {a: {type: thing, limit: 8}}\n") == "");
  CHECK(metric("1"));
  CHECK(server->stop().ok());
}

TEST_CASE_FIXTURE(Fixture, "reload and quit may be asked for on any thread while the server runs") {
  auto server = serve("instances: {a: {type: thing, limit: 1}}\n");
  REQUIRE(server->configure().ok());
  REQUIRE(server->start().ok());
  write("instances: {a: {type: thing, limit: 2}}\n");
  bool reloaded = false, refused = false;
  Text after_success, after_refusal, at_the_end;
  std::thread client([&] {
    reloaded = server->reload().ok();
    (void)server->runtime_json(&after_success);
    write("nonsense: 1\n");
    refused = server->reload().code == Code::kInvalidArgument &&
              last_error_text().find("unknown key \"nonsense\"") != std::string::npos;
    (void)server->runtime_json(&after_refusal);
    (void)server->quit();
  });
  server->run();
  client.join();
  CHECK(reloaded);
  CHECK(refused);
  CHECK(after_success.text.find("\"reloadConfigSuccess\":true") != std::string::npos);
  CHECK(after_success.text.find("\"reloadFailedMs\":0,\"phase\":\"running\"") != std::string::npos);
  CHECK(after_refusal.text.find("\"reloadConfigSuccess\":false") != std::string::npos);
  CHECK(after_refusal.text.find("\"reloadFailedMs\":0,") == std::string::npos);
  CHECK(script.limits["a"] == "2");
  CHECK(server->stop().ok());
  CHECK(server->reload().code == Code::kUnavailable);
  (void)server->runtime_json(&at_the_end);
  CHECK(at_the_end.text.find("\"phase\":\"stopping\"") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "the server tells of itself") {
  auto server = serve("server: {http_addr: \"127.0.0.1:1\"}\nstorage: {retention_days: 4}\n");
  Text build, runtime, flags, metrics;
  CHECK(server->build_json(&build).ok());
  CHECK(build.text ==
        R"({"version":"1.2.3","revision":"abc","branch":"main","buildUser":"","buildDate":"","compiler":"gcc"})");
  CHECK(server->runtime_json(&runtime).ok());
  CHECK(runtime.text.find("\"reloadConfigSuccess\":true") != std::string::npos);
  CHECK(runtime.text.find("\"reloadFailedMs\":0,") != std::string::npos);
  CHECK(runtime.text.find("\"phase\":\"starting\"") != std::string::npos);
  CHECK(server->flags_json(&flags).ok());
  CHECK(flags.text.find("\"storage.retention_days\":\"4\"") != std::string::npos);
  CHECK(flags.text.find("\"server.http_addr\":\"127.0.0.1:1\"") != std::string::npos);
  CHECK(server->metrics_text(&metrics).ok());
  CHECK(metrics.text.find(
            "nightlight_build_info{branch=\"main\",compiler=\"gcc\",revision=\"abc\",version=\"1.2.3\"} 1\n") !=
        std::string::npos);
  CHECK(metrics.text.find("process_resident_memory_bytes ") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a stop that left work undone says so") {
  auto server = serve("instances: {a: {type: thing}}\n");
  REQUIRE(server->configure().ok());
  REQUIRE(server->start().ok());
  script.on["a.drain"] = [](Host* host) { return host->fail(Code::kDeadlineExceeded, str("2 writes left")); };
  auto stopped = server->stop();
  REQUIRE(!stopped.ok());
  CHECK(stopped.error().message == "instance \"a\" failed to drain: 2 writes left");
}

}  // namespace
}  // namespace nightlight::runtime
