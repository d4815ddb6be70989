// The plugin `gorilla`: one component, the block store.
#include "nightlight/plugin.h"

#include <array>
#include <new>

#include "gorilla/store.h"
#include "gorilla/store_fields.h"

namespace nightlight::gorilla {
namespace {

template <size_t... I>
constexpr std::array<const ConfigField*, sizeof...(I)> addresses(std::index_sequence<I...>) {
  return {&kFieldTable[I]...};
}
constexpr auto kFields = addresses(std::make_index_sequence<kFieldCount>());

constexpr Str kProvides[] = {
    str(kSinkId),         str(kStorageId),       str(kExemplarStorageId), str(kMetadataStorageId),
    str(kStorageAdminId), str(kMetricsSourceId), str(kOfflineStorageId),  str(kSnapshotProgressId),
    str(kLogReplayId)};

Status create(Host* host, Instance** out) noexcept {
  *out = new (std::nothrow) Store(host);
  return *out != nullptr ? kOkStatus : Status{Code::kResourceExhausted, 0};
}

constexpr Component kComponent{
    sizeof(Component),
    Stability::kBeta,
    str("gorilla"),
    str("Time-series store: compressed blocks with a write-ahead log."),
    view_of(kProvides),
    {nullptr, 0},
    {kFields.data(), kFields.size()},
    &create,
};
constexpr const Component* kComponents[] = {&kComponent};

constexpr Plugin kPlugin{
    sizeof(Plugin), NIGHTLIGHT_SDK_MINOR, str("gorilla"),       str("0.1.0"), str("MIT OR Apache-2.0"),
    str(""),        str(__VERSION__),     view_of(kComponents),
};

}  // namespace
}  // namespace nightlight::gorilla

NIGHTLIGHT_PLUGIN_ENTRY { return &nightlight::gorilla::kPlugin; }
