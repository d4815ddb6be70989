#include <nlohmann/json.hpp>

#include "nightlight/sugar.h"
#include "prometheus_api/endpoints.h"

namespace nightlight::prometheus_api {
namespace {

class Text final : public TextSink {
 public:
  Status write(Str piece) noexcept override {
    try {
      text.append(view(piece));
      return kOkStatus;
    } catch (const std::bad_alloc&) {
      return Status{Code::kResourceExhausted, 0};
    }
  }
  std::string text;
};

// What the host says of itself, as parsed JSON; an empty object when it does not.
template <class Ask>
Result<nlohmann::json> ask_host(const Backend& backend, Ask ask) {
  if (backend.status == nullptr) return nlohmann::json::object();
  Text out;
  if (Status status = ask(&out); !status.ok()) return error_of(backend.host, status);
  nlohmann::json parsed = nlohmann::json::parse(out.text, nullptr, false);
  if (!parsed.is_object()) return Error{Code::kInternal, "the host's status is not a JSON object"};
  return parsed;
}

std::string text_of(const nlohmann::json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Members in the given order, as text.
void write_texts(JsonWriter& json, std::initializer_list<std::pair<std::string_view, std::string>> members) {
  json.raw("{");
  bool first = true;
  for (const auto& [key, value] : members) {
    if (!first) json.raw(",");
    first = false;
    json.string(key);
    json.raw(":");
    json.string(value);
  }
  json.raw("}");
}

}  // namespace

Result<void> status_build_info(const Backend& backend, Call& call) {
  NIGHTLIGHT_ASSIGN(build, ask_host(backend, [&](TextSink* out) { return backend.status->build_json(out); }));
  begin_success(call.json);
  write_texts(call.json, {{"version", text_of(build, "version")},
                          {"revision", text_of(build, "revision")},
                          {"branch", text_of(build, "branch")},
                          {"buildUser", text_of(build, "buildUser")},
                          {"buildDate", text_of(build, "buildDate")},
                          {"goVersion", text_of(build, "compiler")}});
  end_success(call.json, {});
  return {};
}

}  // namespace nightlight::prometheus_api
