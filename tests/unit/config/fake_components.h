// Tables in the shape of the real components, for tests of the config alone.
#ifndef NIGHTLIGHT_TESTS_FAKE_COMPONENTS_H_
#define NIGHTLIGHT_TESTS_FAKE_COMPONENTS_H_

#include "config/components.h"
#include "config/datum.h"
#include "nightlight/plugin.h"

namespace nightlight::config::fake {

inline Status never(Host*, Instance**) noexcept { return Status{Code::kUnimplemented, 0}; }

constexpr Component component(std::string_view type, View<Str> provides, View<const ConfigField*> fields) {
  return Component{sizeof(Component), Stability::kBeta, str(type), str("A fake."),
                   provides,          {nullptr, 0},     fields,    never};
}

// tls
constexpr Str kTlsProvides[] = {str(kTlsId)};
constexpr ConfigField kCert = field("cert", FieldType::kPath, "", "Chain.", kRequired);
constexpr ConfigField kKey = field("key", FieldType::kPath, "", "Key.", kRequired);
constexpr ConfigField kClientCa = field("client_ca", FieldType::kPath, "", "Authorities.");
constexpr Str kClientAuthChoices[] = {str("none"), str("optional"), str("require")};
constexpr ConfigField kClientAuth =
    enum_field("client_auth", view_of(kClientAuthChoices), "none", "Who must show one.");
constexpr const ConfigField* kTlsFields[] = {&kCert, &kKey, &kClientCa, &kClientAuth};
constexpr Component kTls = component("tls", view_of(kTlsProvides), view_of(kTlsFields));

// http
constexpr Str kHttpProvides[] = {str(kListenerId)};
constexpr ConfigField kListen = field("listen", FieldType::kAddress, "127.0.0.1:9101", "Where.");
constexpr ConfigField kTlsRef = ref_field("tls", kTlsId, "TLS.", 0);
constexpr ConfigField kInsecure = field("insecure", FieldType::kBool, "false", "No TLS.");
constexpr ConfigField kToken = field("token", FieldType::kSecret, "", "A secret.");
constexpr ConfigField kHeaders = field("headers", FieldType::kMap, "{Server: Nightlight}", "Headers.");
constexpr ConfigField kMaxBody = bounded(field("max_body", FieldType::kBytes, "32MiB", "Body."), "1KiB", "1GiB");
constexpr const ConfigField* kHttpFields[] = {&kListen, &kTlsRef, &kInsecure, &kToken, &kHeaders, &kMaxBody};
constexpr Component kHttp = component("http", view_of(kHttpProvides), view_of(kHttpFields));

// gorilla
constexpr Str kGorillaProvides[] = {str(kStorageId), str(kSinkId)};
constexpr ConfigField kPath = field("path", FieldType::kPath, "", "Where.", kRequired);
constexpr ConfigField kRetention = field("retention", FieldType::kDuration, "15d", "How long.", kReloadable);
constexpr ConfigField kSegment = field("wal_segment_size", FieldType::kBytes, "128MiB", "Segment.");
constexpr ConfigField kBlock = field("block_duration", FieldType::kDuration, "2h", "Block.");
constexpr ConfigField kMaxHead = bounded(field("max_head_samples", FieldType::kInt, "1000000", "Head."), "1", "");
constexpr ConfigField kCompaction =
    field("compaction_interval", FieldType::kDuration, "1h", "Compaction.", kReloadable);
constexpr const ConfigField* kGorillaFields[] = {&kPath, &kRetention, &kSegment, &kBlock, &kMaxHead, &kCompaction};
constexpr Component kGorilla = component("gorilla", view_of(kGorillaProvides), view_of(kGorillaFields));

// promql_std
constexpr Str kStdProvides[] = {str(kFunctionLibraryId)};
constexpr Component kStd = component("promql_std", view_of(kStdProvides), {nullptr, 0});

// promql
constexpr Str kPromqlProvides[] = {str(kEngineId)};
constexpr ConfigField kStorage = ref_field("storage", kStorageId, "Store.");
constexpr ConfigField kFunctions = list_field("functions", FieldType::kRef, "Libraries.", 0, kFunctionLibraryId);
constexpr ConfigField kTimeout = field("query_timeout", FieldType::kDuration, "2m", "Limit.", kReloadable);
constexpr ConfigField kMaxSamples = field("max_samples", FieldType::kInt, "50000000", "Limit.");
constexpr const ConfigField* kPromqlFields[] = {&kStorage, &kFunctions, &kTimeout, &kMaxSamples};
constexpr Component kPromql = component("promql", view_of(kPromqlProvides), view_of(kPromqlFields));

// Frontends
constexpr ConfigField kListener = ref_field("listener", kListenerId, "Listener.");
constexpr ConfigField kSink = ref_field("sink", kSinkId, "Sink.");
constexpr ConfigField kEngine = ref_field("engine", kEngineId, "Engine.");
constexpr ConfigField kRelabel = field("relabel", FieldType::kFree, "", "Rules.");
constexpr const ConfigField* kWriteFields[] = {&kListener, &kSink, &kRelabel};
constexpr Component kWrite = component("remote_write", {nullptr, 0}, view_of(kWriteFields));
constexpr const ConfigField* kApiFields[] = {&kListener, &kEngine, &kStorage};
constexpr Component kApi = component("prometheus_api", {nullptr, 0}, view_of(kApiFields));
constexpr ConfigField kStreams = field("max_concurrent_streams", FieldType::kInt, "100", "Streams.");
constexpr const ConfigField* kRpcFields[] = {&kListen, &kTlsRef, &kEngine, &kStorage, &kSink, &kStreams};
constexpr Component kRpc = component("grpc_api", {nullptr, 0}, view_of(kRpcFields));
constexpr ConfigField kLifecycle = field("enable_lifecycle", FieldType::kBool, "false", "Lifecycle.", kReloadable);
constexpr const ConfigField* kHostFields[] = {&kListener, &kLifecycle};
constexpr Component kHostApi = component("host_api", {nullptr, 0}, view_of(kHostFields));

// tee: a sink that needs two sinks, which makes cycles possible.
constexpr Str kTeeProvides[] = {str(kSinkId)};
constexpr ConfigField kFirst = ref_field("first", kSinkId, "One.");
constexpr ConfigField kSecond = ref_field("second", kSinkId, "Other.");
constexpr const ConfigField* kTeeFields[] = {&kFirst, &kSecond};
constexpr Component kTee = component("tee", view_of(kTeeProvides), view_of(kTeeFields));

inline Components all(std::initializer_list<std::string_view> without = {}) {
  Components out;
  for (const Component* each : {&kTls, &kHttp, &kGorilla, &kStd, &kPromql, &kWrite, &kApi, &kRpc, &kHostApi, &kTee}) {
    bool left_out = false;
    for (std::string_view type : without) left_out |= view(each->type) == type;
    if (!left_out) NIGHTLIGHT_CHECK(out.add(each, "fake").ok(), "a fake component");
  }
  return out;
}

inline Surroundings surroundings() {
  return Surroundings{[](const std::string& name) -> std::optional<std::string> {
                        if (name == "PORT") return "7000";
                        if (name == "EMPTY") return "";
                        if (name == "WORD") return "a $b";
                        return std::nullopt;
                      },
                      [](const std::string& path) -> Result<std::string> {
                        if (path == "/secret") return std::string("hunter2\n");
                        return Error{Code::kNotFound, "cannot open " + path};
                      }};
}

}  // namespace nightlight::config::fake

#endif  // NIGHTLIGHT_TESTS_FAKE_COMPONENTS_H_
