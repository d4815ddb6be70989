#include "app/host_api.h"

#include <atomic>
#include <string>

#include "nightlight/host.h"
#include "nightlight/listener.h"
#include "nightlight/sugar.h"

namespace nightlight::app {
namespace {

constexpr ConfigField kListener = ref_field("listener", kListenerId, "The HTTP listener that serves the routes.");
constexpr ConfigField kEnableLifecycle = field("enable_lifecycle", FieldType::kBool, "false",
                                               "Allows reload and quit over HTTP (/-/reload, /-/quit).", kReloadable);
constexpr const ConfigField* kFields[] = {&kListener, &kEnableLifecycle};

// What a HostStatus writes, passed on to a response.
class ResponseSink final : public TextSink {
 public:
  explicit ResponseSink(HttpResponse* response) : response_(response) {}
  Status write(Str piece) noexcept override { return response_->write(piece); }

 private:
  HttpResponse* response_;
};

void answer(HttpResponse* response, uint32_t status, std::string_view text,
            std::string_view type = "text/plain; charset=utf-8") {
  response->set_status(status);
  response->set_header(str("Content-Type"), str(type));
  response->set_content_length(text.size());
  (void)response->write(str(text));
}

constexpr uint32_t kOk = 200, kForbidden = 403, kNotAllowed = 405, kServerError = 500, kServiceUnavailable = 503;
constexpr uint32_t kPostPut = kGet | kPost | kPut;  // GET is there to be told that it is not the way.

void refuse(HttpResponse* response) { answer(response, kNotAllowed, "Only POST or PUT requests allowed"); }

class HostApi final : public Instance {
 public:
  explicit HostApi(Host* host) : host_(host) {}

  void* query(Str) noexcept override { return nullptr; }

  Status configure(Config* config) noexcept override {
    return guard(host_, [&] {
      Settings settings(config);
      status_ = static_cast<HostStatus*>(host_->query(str(kHostStatusId)));
      listener_ = settings.ref<Listener>("listener", kListenerId);
      lifecycle_.store(settings.boolean("enable_lifecycle"), std::memory_order_relaxed);
      if (listener_ == nullptr) return Status{Code::kNotFound, 0};
      return kOkStatus;
    });
  }

  Status start() noexcept override {
    for (Action& action : actions_) {
      Route route{};
      route.struct_size = sizeof route;
      route.flags = action.flags;
      route.methods = action.methods;
      route.path = str(action.path);
      route.role = str(action.role);
      route.handler = &action;
      if (Status added = listener_->add_route(&route); !added.ok()) return added;
    }
    return kOkStatus;
  }

  Status drain(int64_t) noexcept override { return kOkStatus; }

  Status stop() noexcept override {
    if (listener_ == nullptr) return kOkStatus;
    for (Action& action : actions_) listener_->remove_routes(&action);
    return kOkStatus;
  }

  Status reconfigure(Config* config) noexcept override {
    return guard(host_, [&] {
      lifecycle_.store(Settings(config).boolean("enable_lifecycle"), std::memory_order_relaxed);
      return kOkStatus;
    });
  }

  Status health() noexcept override { return kOkStatus; }
  void release() noexcept override { delete this; }

 private:
  using Handle = void (HostApi::*)(HttpResponse*);

  struct Action final : HttpHandler {
    void handle(HttpRequest* request, HttpResponse* response) noexcept override {
      if (request->method() == kGet && (methods & kPost) != 0) return refuse(response);
      (api->*answer)(response);
    }

    HostApi* api;
    const char* path;
    uint32_t methods, flags;
    const char* role;
    Handle answer;

    Action(HostApi* owner, const char* at, uint32_t allowed, uint32_t route_flags, const char* needed, Handle handler)
        : api(owner), path(at), methods(allowed), flags(route_flags), role(needed), answer(handler) {}
  };

  void metrics(HttpResponse* response) {
    response->set_status(kOk);
    response->set_header(str("Content-Type"), str("text/plain; version=0.0.4; charset=utf-8"));
    ResponseSink sink(response);
    (void)status_->metrics_text(&sink);
  }

  void healthy(HttpResponse* response) { answer(response, kOk, "Nightlight Server is Healthy.\n"); }

  void ready(HttpResponse* response) {
    if (status_->ready().ok()) return answer(response, kOk, "Nightlight Server is Ready.\n");
    answer(response, kServiceUnavailable, "Service Unavailable: " + std::string(view(host_->last_error())) + "\n");
  }

  void reload(HttpResponse* response) {
    if (!allowed(response)) return;
    if (status_->reload().ok()) return answer(response, kOk, "");
    answer(response, kServerError, "failed to reload config: " + std::string(view(host_->last_error())) + "\n");
  }

  void quit(HttpResponse* response) {
    if (!allowed(response)) return;
    answer(response, kOk, "Requesting termination... Goodbye!");
    (void)status_->quit();
  }

  bool allowed(HttpResponse* response) {
    if (lifecycle_.load(std::memory_order_relaxed)) return true;
    answer(response, kForbidden, "Lifecycle API is not enabled.");
    return false;
  }

  Host* const host_;
  HostStatus* status_ = nullptr;
  Listener* listener_ = nullptr;
  std::atomic<bool> lifecycle_{false};
  Action actions_[5] = {
      {this, "/metrics", kGet | kHead, kBeforeReady | kCompress, "read", &HostApi::metrics},
      {this, "/-/healthy", kGet | kHead, kBeforeReady, "read", &HostApi::healthy},
      {this, "/-/ready", kGet | kHead, kBeforeReady, "read", &HostApi::ready},
      {this, "/-/reload", kPostPut, kBeforeReady, "admin", &HostApi::reload},
      {this, "/-/quit", kPostPut, kBeforeReady, "admin", &HostApi::quit},
  };
};

Status create(Host* host, Instance** out) noexcept {
  return guard(host, [&] {
    *out = new HostApi(host);
    return kOkStatus;
  });
}

constexpr Str kRequiresHost[] = {str(kHostStatusId)};
constexpr Component kHostApi{
    sizeof(Component), Stability::kBeta,
    str("host_api"),   str("Metrics, health, reload and quit of the server over HTTP (/metrics, /-/)."),
    {nullptr, 0},      view_of(kRequiresHost),
    view_of(kFields),  create};

}  // namespace

const Component* host_api_component() { return &kHostApi; }

}  // namespace nightlight::app
