#include "prometheus_api/metadata_list.h"

#include <new>

#include "nightlight/sugar.h"

namespace nightlight::prometheus_api {

Status MetadataList::add(const Metadata* metadata) noexcept {
  try {
    list.push_back({metadata->kind, std::string(view(metadata->family)), std::string(view(metadata->help)),
                    std::string(view(metadata->unit))});
    return kOkStatus;
  } catch (const std::bad_alloc&) {
    return Status{Code::kResourceExhausted, 0};
  }
}

Result<void> read_metadata(const Backend& backend, const CallContext* context, std::string_view family,
                           MetadataList* out) {
  if (backend.metadata == nullptr) return {};
  if (Status status = backend.metadata->metadata(context, str(family), out); !status.ok()) {
    return error_of(backend.host, status);
  }
  return {};
}

std::string_view name_of(MetricKind kind) {
  constexpr std::string_view kNames[] = {"unknown",        "counter", "gauge", "histogram",
                                         "gaugehistogram", "summary", "info",  "stateset"};
  auto number = static_cast<size_t>(kind);
  return number < std::size(kNames) ? kNames[number] : kNames[0];
}

}  // namespace nightlight::prometheus_api
