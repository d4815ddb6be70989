#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <vector>

#include "nightlight/sugar.h"
#include "prometheus_api/endpoints.h"
#include "prometheus_api/host_told.h"
#include "prometheus_api/live_readers.h"
#include "prometheus_api/parameters.h"

namespace nightlight::prometheus_api {
namespace {

constexpr std::chrono::milliseconds kLookEvery{250};
// A line that readers skip, now and then: a peer that vanished without a word is noticed by what it does not take.
constexpr int kLooksPerBeat = 60;
constexpr std::string_view kBeat = ":\n\n";

struct Notice {
  std::string_view text;
  int64_t since_ms;
};
using Notices = std::vector<Notice>;

// What holds now. A notice has no memory of its own: it is read off the server's state, and gone when that is.
Result<Notices> notices_now(const Backend& backend) {
  NIGHTLIGHT_ASSIGN(told, runtime_told(backend));
  Notices out;
  if (told.phase == "starting") out.push_back({"Nightlight is starting and replaying its log.", told.phase_since_ms});
  if (!told.reload_ok) out.push_back({"Configuration reload has failed.", told.reload_failed_ms});
  if (told.phase == "stopping") {
    out.push_back({"Nightlight is shutting down and ending what it still answers.", told.phase_since_ms});
  }
  return out;
}

// The texts are our own: there is nothing in them to escape.
std::string json_of(const Notice& notice, bool active) {
  return R"({"text":")" + std::string(notice.text) + R"(","date":")" + format_rfc3339(notice.since_ms) +
         R"(","active":)" + (active ? "true}" : "false}");
}

bool send_event(HttpResponse* response, const Notice& notice, bool active) {
  return response->write(str("data: " + json_of(notice, active) + "\n\n")).ok();
}

// What ended between two looks, and what began or came again.
bool send_changes(HttpResponse* response, const Notices& before, const Notices& now) {
  auto stands_in = [](const Notices& list, const Notice& notice, bool same_time) {
    return std::any_of(list.begin(), list.end(), [&](const Notice& other) {
      return other.text == notice.text && (!same_time || other.since_ms == notice.since_ms);
    });
  };
  for (const Notice& notice : before) {
    if (!stands_in(now, notice, false) && !send_event(response, notice, false)) return false;
  }
  for (const Notice& notice : now) {
    if (!stands_in(before, notice, true) && !send_event(response, notice, true)) return false;
  }
  return true;
}

bool has_gone(const CallContext* context) {
  return context->cancelled != nullptr && __atomic_load_n(context->cancelled, __ATOMIC_RELAXED) != 0;
}

// Tells of changes until the reader leaves or is sent home, which is when the server stops: that is the last it hears.
Result<void> follow(const Backend& backend, Call& call) {
  if (!call.response->write(str("")).ok()) return {};  // The head alone: the reader knows that it is heard.
  Notices told;
  int looks = 0;
  for (bool more = true;;) {
    NIGHTLIGHT_ASSIGN(now, notices_now(backend));
    if (!send_changes(call.response, told, now)) return {};
    told = std::move(now);
    if (!more || has_gone(call.context())) return {};
    if (++looks % kLooksPerBeat == 0 && !call.response->write(str(kBeat)).ok()) return {};
    more = backend.live->pause(kLookEvery);
  }
}

}  // namespace

Result<void> notifications(const Backend& backend, Call& call) {
  NIGHTLIGHT_ASSIGN(now, notices_now(backend));
  begin_success(call.json);
  call.json.raw("[");
  for (const Notice& notice : now) {
    if (&notice != now.data()) call.json.raw(",");
    call.json.raw(json_of(notice, true));
  }
  call.json.raw("]");
  end_success(call.json, {});
  return {};
}

Result<void> notifications_live(const Backend& backend, Call& call) {
  call.response->set_header(str("Content-Type"), str("text/event-stream"));
  call.response->set_header(str("Cache-Control"), str("no-cache"));
  // 204 tells an event source that there is no stream and that it need not come again.
  if (backend.status == nullptr || !backend.live->enter(backend.max_live_readers)) {
    answer_nothing(call);
    return {};
  }
  Result<void> done;
  try {
    done = follow(backend, call);
  } catch (const std::exception& e) {  // Memory is short, or the host tells what it should not.
    done = Error{Code::kInternal, e.what()};
  }
  backend.live->leave();
  // An error has no place in a stream that has begun.
  if (!done.ok()) call.response->abort();
  return {};
}

}  // namespace nightlight::prometheus_api
