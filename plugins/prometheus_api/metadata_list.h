// Metadata of metric families, read from a store that has it.
#ifndef NIGHTLIGHT_PROMETHEUS_API_METADATA_LIST_H_
#define NIGHTLIGHT_PROMETHEUS_API_METADATA_LIST_H_

#include <string>
#include <string_view>
#include <vector>

#include "prometheus_api/call.h"

namespace nightlight::prometheus_api {

struct MetadataEntry {
  MetricKind kind;
  std::string family, help, unit;
};

class MetadataList final : public MetadataSink {
 public:
  Status add(const Metadata* metadata) noexcept override;
  std::vector<MetadataEntry> list;
};

// Of one family, or of all when `family` is empty. Nothing when the store keeps no metadata.
Result<void> read_metadata(const Backend& backend, const CallContext* context, std::string_view family,
                           MetadataList* out);

// "counter"
std::string_view name_of(MetricKind kind);

}  // namespace nightlight::prometheus_api

#endif  // NIGHTLIGHT_PROMETHEUS_API_METADATA_LIST_H_
