// The API on a listener: one table of routes, and what is the same for all of them (forms, CORS, errors).
#ifndef NIGHTLIGHT_PROMETHEUS_API_API_H_
#define NIGHTLIGHT_PROMETHEUS_API_API_H_

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "prometheus_api/call.h"
#include "prometheus_api/live_readers.h"

namespace re2 {
class RE2;
}

namespace nightlight::prometheus_api {

struct RouteSpec {
  std::string_view path;
  uint32_t methods;  // HttpMethod, without OPTIONS.
  Endpoint endpoint;
  std::string_view role;
  uint32_t flags;  // RouteFlags
  std::string_view summary;
  std::string_view parameters;  // "query! time timeout": names, ! after those that are required.
  std::string_view answer;      // The schema of `data`, or kNoContent, kLines, kDescription.
};

inline constexpr std::string_view kNoContent = "";     // Always 204.
inline constexpr std::string_view kLines = "lines";    // JSON, a line each.
inline constexpr std::string_view kEvents = "events";  // Server-sent events.
inline constexpr std::string_view kDescription = "yaml";

// Every route, in the order of the documentation.
View<RouteSpec> route_table();

class Api {
 public:
  explicit Api(const Backend& backend);

  // [control] Adds every route, and removes them again; who follows notices is sent home then.
  Status add_routes(Listener* listener);
  void remove_routes(Listener* listener);

 private:
  class Handler final : public HttpHandler {
   public:
    Handler(Api* api, const RouteSpec* route) : api_(api), route_(route) {}
    void handle(HttpRequest* request, HttpResponse* response) noexcept override;
    const RouteSpec& route() const { return *route_; }

   private:
    Api* api_;
    const RouteSpec* route_;
  };

  Result<void> answer(const RouteSpec& route, Call& call) const;

  LiveReaders live_;
  Backend backend_;
  std::vector<std::unique_ptr<Handler>> handlers_;
  size_t added_ = 0;
};

}  // namespace nightlight::prometheus_api

#endif  // NIGHTLIGHT_PROMETHEUS_API_API_H_
