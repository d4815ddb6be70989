#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "base/mutex.h"
#include "fake_store.h"
#include "fakes/host.h"
#include "fakes/http.h"
#include "prometheus_api/api.h"

namespace nightlight::prometheus_api {
namespace {

constexpr char kList[] = "/api/v1/notifications", kLive[] = "/api/v1/notifications/live";

constexpr char kWell[] = R"({"reloadConfigSuccess":true,"reloadFailedMs":0,"phase":"running","phaseSinceMs":500})";
constexpr char kFailed[] =
    R"({"reloadConfigSuccess":false,"reloadFailedMs":1500,"phase":"running","phaseSinceMs":500})";
constexpr char kFailedAgain[] =
    R"({"reloadConfigSuccess":false,"reloadFailedMs":2000,"phase":"running","phaseSinceMs":500})";
constexpr char kStarting[] = R"({"reloadConfigSuccess":true,"reloadFailedMs":0,"phase":"starting","phaseSinceMs":500})";
constexpr char kStopping[] =
    R"({"reloadConfigSuccess":false,"reloadFailedMs":1500,"phase":"stopping","phaseSinceMs":2000})";

constexpr char kFailedEvent[] =
    "data: {\"text\":\"Configuration reload has failed.\",\"date\":\"1970-01-01T00:00:01.5Z\",\"active\":true}\n\n";
constexpr char kFailedAgainEvent[] =
    "data: {\"text\":\"Configuration reload has failed.\",\"date\":\"1970-01-01T00:00:02Z\",\"active\":true}\n\n";
constexpr char kMendedEvent[] =
    "data: {\"text\":\"Configuration reload has failed.\",\"date\":\"1970-01-01T00:00:02Z\",\"active\":false}\n\n";

// A host that tells what the test says.
class ToldHost final : public HostStatus {
 public:
  void tell(std::string runtime) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    runtime_ = std::move(runtime);
  }
  Status config_yaml(TextSink*) noexcept override { return kOkStatus; }
  Status build_json(TextSink* out) noexcept override { return out->write(str("{}")); }
  Status runtime_json(TextSink* out) noexcept override {
    MutexLock lock(mutex_);
    return out->write(str(runtime_));
  }
  Status flags_json(TextSink* out) noexcept override { return out->write(str("{}")); }
  Status metrics_text(TextSink*) noexcept override { return kOkStatus; }
  Status ready() noexcept override { return kOkStatus; }
  Status reload() noexcept override { return kOkStatus; }
  Status quit() noexcept override { return kOkStatus; }

 private:
  Mutex mutex_;
  std::string runtime_ GUARDED_BY(mutex_) = kWell;
};

// An answer that another thread reads while it is made.
class LiveResponse final : public HttpResponse {
 public:
  void set_status(uint32_t status) noexcept override { status_ = status; }
  void set_header(Str name, Str value) noexcept override { headers_[std::string(view(name))] = view(value); }
  void set_content_length(uint64_t) noexcept override {}
  Status write(Str piece) noexcept override {
    MutexLock lock(mutex_);
    body_ += view(piece);
    begun_ = true;
    came_.notify_all();
    return Status{takes_-- > 0 ? Code::kOk : Code::kCancelled, 0};
  }
  void abort() noexcept override { aborted_ = true; }

  void wait_for_head() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (!begun_) came_.wait(mutex_);
  }
  // Everything so far, once it is as long as `expected`.
  std::string wait_for(const std::string& expected) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (body_.size() < expected.size()) came_.wait(mutex_);
    return body_;
  }

  uint32_t status_ = 200;
  std::map<std::string, std::string> headers_;
  bool aborted_ = false;
  int takes_ = 1000;  // Pieces, before the client has gone.

 private:
  Mutex mutex_;
  ConditionVariable came_;
  std::string body_ GUARDED_BY(mutex_);
  bool begun_ GUARDED_BY(mutex_) = false;
};

struct Fixture {
  Fixture() {
    Backend backend;
    backend.host = &host;
    backend.engine = &engine;
    backend.storage = &storage;
    backend.status = &told;
    backend.max_live_readers = 2;
    api = std::make_unique<Api>(backend);
    REQUIRE(api->add_routes(&listener).ok());
    list = listener.routes.at(kList);
    live = listener.routes.at(kLive);
  }
  ~Fixture() { api->remove_routes(&listener); }

  std::string notices(const char* runtime) {
    told.tell(runtime);
    fakes::FakeRequest request;
    fakes::FakeResponse response;
    list.handler->handle(&request, &response);
    return nlohmann::json::parse(response.body_)["data"].dump();
  }

  fakes::FakeHost host;
  fakes::FakeStorage storage;
  fakes::FakeEngine engine{&host};
  fakes::FakeListener listener;
  ToldHost told;
  std::unique_ptr<Api> api;
  Route list{}, live{};
};

// Somebody who follows, on a thread of their own.
struct Reader {
  explicit Reader(Fixture& f)
      : thread([this, handler = f.live.handler] {
          fakes::FakeRequest request;
          request.context_.cancelled = &gone;
          handler->handle(&request, &response);
        }) {}
  void leave() {
    __atomic_store_n(&gone, 1, __ATOMIC_RELAXED);
    thread.join();
  }

  uint32_t gone = 0;
  LiveResponse response;
  std::thread thread;
};

TEST_CASE("notices tell of a failed reload, of a start and of a stop, with their times, as long as each lasts") {
  Fixture f;
  CHECK(f.notices(kWell) == "[]");
  CHECK(f.notices(kFailed) ==
        R"([{"active":true,"date":"1970-01-01T00:00:01.5Z","text":"Configuration reload has failed."}])");
  CHECK(f.notices(kStarting) ==
        R"([{"active":true,"date":"1970-01-01T00:00:00.5Z","text":"Nightlight is starting and replaying its log."}])");
  auto both = nlohmann::json::parse(f.notices(kStopping));
  REQUIRE(both.size() == 2);
  CHECK(both[1]["text"] == "Nightlight is shutting down and ending what it still answers.");
  CHECK(both[1]["date"] == "1970-01-01T00:00:02Z");
  CHECK(f.notices("{}") == "[]");
}

TEST_CASE("notices are told before the server is ready, and are not compressed: they go out one by one") {
  Fixture f;
  for (const Route& route : {f.list, f.live}) CHECK(route.flags == kBeforeReady);
}

TEST_CASE("a reader hears what holds, what comes, what comes again and what ends") {
  Fixture f;
  f.told.tell(kFailed);
  Reader reader(f);
  std::string expected = kFailedEvent;
  CHECK(reader.response.wait_for(expected) == expected);
  f.told.tell(kFailedAgain);
  expected += kFailedAgainEvent;
  CHECK(reader.response.wait_for(expected) == expected);
  f.told.tell(kWell);
  expected += kMendedEvent;
  CHECK(reader.response.wait_for(expected) == expected);
  reader.leave();
  CHECK(reader.response.headers_["Content-Type"] == "text/event-stream");
  CHECK(reader.response.headers_["Cache-Control"] == "no-cache");
  CHECK_FALSE(reader.response.aborted_);
}

TEST_CASE("a reader whose connection takes nothing any more is let go") {
  Fixture f;
  f.told.tell(kFailed);
  for (int takes : {0, 1}) {  // Not even the head, or not the first event.
    fakes::FakeRequest request;
    LiveResponse response;
    response.takes_ = takes;
    f.live.handler->handle(&request, &response);
    CHECK(response.takes_ == -1);  // It was not tried again.
    CHECK_FALSE(response.aborted_);
  }
}

TEST_CASE("there are no more readers than allowed: 204 for the others, until one leaves") {
  Fixture f;
  Reader first(f), second(f);
  first.response.wait_for_head();
  second.response.wait_for_head();
  Reader third(f);
  third.thread.join();
  CHECK(third.response.status_ == 204);
  first.leave();
  Reader fourth(f);
  fourth.response.wait_for_head();
  fourth.leave();
  second.leave();
  CHECK(fourth.response.status_ == 200);
}

TEST_CASE("when the API stops, readers hear of it and are sent home") {
  Fixture f;
  Reader reader(f);
  reader.response.wait_for_head();
  f.told.tell(kStopping);
  f.api->remove_routes(&f.listener);
  reader.thread.join();
  CHECK(reader.response.wait_for("").find("shutting down") != std::string::npos);
  Reader late(f);
  late.thread.join();
  CHECK(late.response.status_ == 204);
}

TEST_CASE("a stream that cannot go on is cut, since an error has no place in it") {
  Fixture f;
  // More often than there are places.
  for (const char* wrong : {"[]", R"({"phase":5})", "[]", R"({"reloadConfigSuccess":"no"})", R"({"phase":5})"}) {
    f.told.tell(wrong);
    Reader reader(f);
    reader.thread.join();
    CHECK(reader.response.status_ == 200);
    CHECK(reader.response.aborted_);
    CHECK(reader.response.wait_for("") == "");
  }
}

TEST_CASE("without a host that tells of itself there is nothing to follow") {
  fakes::FakeHost host;
  fakes::FakeStorage storage;
  fakes::FakeEngine engine(&host);
  fakes::FakeListener listener;
  Backend backend;
  backend.host = &host;
  backend.engine = &engine;
  backend.storage = &storage;
  Api api(backend);
  REQUIRE(api.add_routes(&listener).ok());
  fakes::FakeRequest request;
  fakes::FakeResponse response;
  listener.routes.at(kLive).handler->handle(&request, &response);
  CHECK(response.status_ == 204);
}

}  // namespace
}  // namespace nightlight::prometheus_api
