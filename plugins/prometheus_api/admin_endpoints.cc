#include "model/labels.h"
#include "nightlight/sugar.h"
#include "prometheus_api/endpoints.h"
#include "prometheus_api/parameters.h"

namespace nightlight::prometheus_api {
namespace {

Result<void> check_enabled(const Backend& backend) {
  if (!backend.admin_enabled) return Error{Code::kUnimplemented, "admin APIs disabled"};
  if (backend.admin == nullptr) return Error{Code::kUnimplemented, "the storage cannot be administrated"};
  return {};
}

// Whatever goes wrong in the store is its failure, not the request's.
Error internal(const Backend& backend, Status status, std::string_view what = "") {
  Error error = error_of(backend.host, status);
  if (error.code != Code::kCancelled && error.code != Code::kDeadlineExceeded) error.code = Code::kInternal;
  return what.empty() ? error : std::move(error).with(what);
}

}  // namespace

Result<void> delete_series(const Backend& backend, Call& call) {
  NIGHTLIGHT_TRY(check_enabled(backend));
  if (!call.form.error().empty()) {
    return Error{Code::kInvalidArgument, "error parsing form values: " + call.form.error()};
  }
  if (!call.form.has("match[]")) return Error{Code::kInvalidArgument, "no match[] parameter provided"};
  NIGHTLIGHT_ASSIGN(start, time_parameter(call.form, "start", kMinTimeMs));
  NIGHTLIGHT_ASSIGN(end, time_parameter(call.form, "end", kMaxTimeMs));
  auto selectors = selectors_of(backend, call.form.all("match[]"), true);
  if (!selectors.ok()) return invalid_parameter("match[]", selectors.error().message);
  for (const Selector& selector : *selectors) {
    Select select{};
    select.struct_size = sizeof select;
    select.context = call.context();
    select.matchers = selector.view();
    select.start_ms = start.ms;
    select.end_ms = end.ms;
    if (Status status = backend.admin->delete_series(&select); !status.ok()) return internal(backend, status);
  }
  answer_nothing(call);
  return {};
}

Result<void> clean_tombstones(const Backend& backend, Call& call) {
  NIGHTLIGHT_TRY(check_enabled(backend));
  if (Status status = backend.admin->clean_tombstones(call.context()); !status.ok()) return internal(backend, status);
  answer_nothing(call);
  return {};
}

Result<void> snapshot(const Backend& backend, Call& call) {
  NIGHTLIGHT_TRY(check_enabled(backend));
  uint32_t skip_head = 0;
  if (std::string_view text = call.form.first("skip_head"); !text.empty()) {
    auto value = parse_bool(text);
    if (!value) {
      return invalid_parameter(
          "skip_head", "unable to parse boolean: strconv.ParseBool: parsing " + quote(text) + ": invalid syntax");
    }
    skip_head = *value ? 1 : 0;
  }
  TextBuffer name;
  if (Status status = backend.admin->snapshot(call.context(), skip_head, &name); !status.ok()) {
    return internal(backend, status, "create snapshot");
  }
  begin_success(call.json);
  call.json.raw("{\"name\":");
  call.json.string(name.text);
  call.json.raw("}");
  end_success(call.json, {});
  return {};
}

}  // namespace nightlight::prometheus_api
