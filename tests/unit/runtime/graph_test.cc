#include "runtime/graph.h"

#include <doctest/doctest.h>

#include "fake_instances.h"

namespace nightlight::runtime {
namespace {

using Calls = std::vector<std::string>;
using std::chrono::milliseconds;

// c needs b needs a; d needs nothing.
constexpr const char* kChain = R"(
instances:
  c: {type: thing, needs: [b]}
  b: {type: thing, needs: [a], limit: 7}
  a: {type: thing}
  d: {type: thing}
)";

struct Fixture {
  Fixture() { fake::script = &script; }

  config::CheckedConfig checked(const std::string& text) {
    config::Problems problems;
    config::Document document = config::read_document(text, "c.yaml", {}, &problems);
    config::CheckedConfig out = config::check(document, components(), config::real_surroundings(), &problems);
    REQUIRE(problems.empty());
    return out;
  }
  static const config::Components& components() {
    static const config::Components kAll = [] {
      config::Components out;
      NIGHTLIGHT_CHECK(out.add(&fake::kThing, "test").ok(), "the fake component");
      return out;
    }();
    return kAll;
  }
  Calls take() { return std::exchange(script.calls, {}); }
  void fail(const std::string& call, Code code, const std::string& text) {
    script.on[call] = [code, text](Host* host) { return host->fail(code, str(text)); };
  }

  fake::Script script;
  Log log;
  Metrics metrics;
  WorkerPool workers{1, 8};
  Services services{&log, &metrics, &workers, nullptr};
};

TEST_CASE_FIXTURE(Fixture, "instances live from create to release, providers first and dependents first at the end") {
  log.set_level(LogLevel::kError);
  {
    Graph graph(services);
    REQUIRE(graph.configure(checked(kChain)).ok());
    CHECK(take() ==
          Calls{"create", "create", "create", "create", "a.configure", "b.configure", "c.configure", "d.configure"});
    REQUIRE(graph.start().ok());
    CHECK(take() == Calls{"a.start", "b.start", "c.start", "d.start"});
    REQUIRE(graph.drain(milliseconds(1000)).ok());
    CHECK(take() == Calls{"d.drain", "c.drain", "b.drain", "a.drain"});
    REQUIRE(graph.stop(milliseconds(1000)).ok());
    CHECK(take() == Calls{"d.stop", "c.stop", "b.stop", "a.stop"});
  }
  CHECK(take() == Calls{"d.release", "c.release", "b.release", "a.release"});
}

TEST_CASE_FIXTURE(Fixture, "a start that fails stops what had started, itself included, and names the instance") {
  log.set_level(LogLevel(4));
  fail("b.start", Code::kUnavailable, "port 80 is taken");
  Graph graph(services);
  REQUIRE(graph.configure(checked(kChain)).ok());
  take();
  auto started = graph.start();
  REQUIRE(!started.ok());
  CHECK(started.error().message == "instance \"b\" failed to start: port 80 is taken");
  CHECK(started.error().code == Code::kUnavailable);
  CHECK(take() == Calls{"a.start", "b.start", "b.stop", "a.stop"});
}

TEST_CASE_FIXTURE(Fixture, "a configure that fails starts nothing and releases all") {
  fail("c.configure", Code::kInvalidArgument, "limit is odd");
  Graph graph(services);
  auto configured = graph.configure(checked(kChain));
  REQUIRE(!configured.ok());
  CHECK(configured.error().message == "instance \"c\" failed to configure: limit is odd");
  CHECK(graph.size() == 0);
  Calls calls = take();
  CHECK(Calls(calls.end() - 4, calls.end()) == Calls{".release", "c.release", "b.release", "a.release"});
}

TEST_CASE_FIXTURE(Fixture, "one that cannot drain or stop keeps nobody else from it") {
  log.set_level(LogLevel(4));
  fail("c.drain", Code::kDeadlineExceeded, "3 requests left");
  fail("b.stop", Code::kInternal, "thread stuck");
  Graph graph(services);
  REQUIRE(graph.configure(checked(kChain)).ok());
  REQUIRE(graph.start().ok());
  take();
  CHECK(graph.drain(milliseconds(1)).error().message == "instance \"c\" failed to drain: 3 requests left");
  CHECK(graph.stop(milliseconds(1000)).error().message == "instance \"b\" failed to stop: thread stuck");
  CHECK(take() == Calls{"d.drain", "c.drain", "b.drain", "a.drain", "d.stop", "c.stop", "b.stop", "a.stop"});
}

TEST_CASE_FIXTURE(Fixture, "an instance that does not return from stop in time is named to whoever ends the process") {
  // With a deadline of a millisecond others may be late as well; this one must be named before its stop returns.
  const std::string expected = "instance \"b\" did not stop in time";
  std::mutex mutex;
  std::condition_variable told;
  bool named = false;
  Graph graph(services, [&](const std::string& late) {
    std::lock_guard lock(mutex);
    named |= late == expected;
    told.notify_all();
  });
  REQUIRE(graph.configure(checked(kChain)).ok());
  REQUIRE(graph.start().ok());
  script.on["b.stop"] = [&](Host*) {
    std::unique_lock lock(mutex);
    told.wait(lock, [&] { return named; });
    return kOkStatus;
  };
  REQUIRE(graph.stop(milliseconds(1)).ok());
  CHECK(named);
}

TEST_CASE_FIXTURE(Fixture, "a reload reaches every instance, and an instance that refuses takes all back") {
  log.set_level(LogLevel(4));
  Graph graph(services);
  REQUIRE(graph.configure(checked(kChain)).ok());
  REQUIRE(graph.start().ok());
  auto next = checked(
      "instances: {a: {type: thing, limit: 2}, b: {type: thing, needs: [a], limit: 8}, "
      "c: {type: thing, needs: [b], limit: 3}, d: {type: thing}}");
  take();
  REQUIRE(graph.reconfigure(next).ok());
  CHECK(take() == Calls{"a.reconfigure", "b.reconfigure", "c.reconfigure", "d.reconfigure"});
  CHECK(script.limits == std::map<std::string, std::string>{{"a", "2"}, {"b", "8"}, {"c", "3"}, {"d", "1"}});

  fail("c.reconfigure", Code::kInvalidArgument, "too small");
  auto refused =
      graph.reconfigure(checked("instances: {a: {type: thing, limit: 9}, b: {type: thing, needs: [a], limit: 9}, "
                                "c: {type: thing, needs: [b], limit: 9}, d: {type: thing, limit: 9}}"));
  REQUIRE(!refused.ok());
  CHECK(refused.error().message == "instance \"c\" failed to reconfigure: too small");
  CHECK(script.limits.at("a") == "2");
  CHECK(script.limits.at("b") == "8");
  CHECK(script.limits.at("d") == "1");
}

TEST_CASE_FIXTURE(Fixture, "the first instance that is not well is named") {
  Graph graph(services);
  REQUIRE(graph.configure(checked(kChain)).ok());
  REQUIRE(graph.start().ok());
  CHECK(graph.health().ok());
  fail("b.health", Code::kUnavailable, "disk full");
  CHECK(graph.health().error().message == "instance \"b\" failed to be healthy: disk full");
}

TEST_CASE_FIXTURE(Fixture, "a source of metrics is asked between start and stop") {
  Graph graph(services);
  REQUIRE(graph.configure(checked("instances: {a: {type: thing}}")).ok());
  auto published = [&] {
    return metrics.text().find("nightlight_test_things{instance_name=\"a\"} 3\n") != std::string::npos;
  };
  CHECK(!published());
  REQUIRE(graph.start().ok());
  CHECK(published());
  REQUIRE(graph.stop(milliseconds(1000)).ok());
  CHECK(!published());
}

TEST_CASE_FIXTURE(Fixture, "a component that needs a host interface of the future is refused by name") {
  constexpr Str kFuture[] = {str("nightlight.time_travel/1")};
  Component component = fake::kThing;
  component.requires_host = view_of(kFuture);
  config::CheckedConfig config = checked("instances: {a: {type: thing}}");
  config.instances[0].component = &component;
  Graph graph(services);
  CHECK(graph.configure(config).error().message ==
        "instance \"a\" needs the host interface nightlight.time_travel/1, which this version does not have, use a "
        "newer nightlight");
}

TEST_CASE_FIXTURE(Fixture, "a config hands over values, references and positions") {
  config::CheckedConfig config =
      checked("instances:\n  a: {type: thing}\n  b: {type: thing, needs: [a], fixed: hello}\n");
  fake::Thing thing(nullptr);
  InstanceConfig view_of_b(*config.find("b"), [&](std::string_view name) { return name == "a" ? &thing : nullptr; });
  Settings settings(&view_of_b);
  CHECK(settings.text("fixed") == "hello");
  CHECK(settings.integer("limit") == 1);
  CHECK(settings.texts("needs") == Calls{"a"});
  CHECK(settings.ref<Instance>("needs", fake::kThingId) == &thing);
  CHECK(settings.ref<Instance>("needs", fake::kThingId, 1) == nullptr);
  CHECK(settings.ref<Instance>("needs", "test.other/0") == nullptr);
  CHECK(last_error_text() == "instance \"a\" does not provide test.other/0");
  CHECK(settings.position("fixed") == "c.yaml:3:39: instances.b.fixed");
  CHECK(!settings.has("nothing"));
  CHECK(view(view_of_b.instance_name()) == "b");
}

TEST_CASE_FIXTURE(Fixture, "a host keeps the last error of each thread") {
  InstanceHost host("a", services);
  CHECK(host.fail(Code::kNotFound, str("mine")).code == Code::kNotFound);
  std::string theirs;
  std::thread([&] { theirs = view(host.last_error()); }).join();
  CHECK(theirs == "");
  CHECK(view(host.last_error()) == "mine");
}

}  // namespace
}  // namespace nightlight::runtime
