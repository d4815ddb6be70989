#include "config/sections.h"

#include "nightlight/sugar.h"

namespace nightlight::config {
namespace {

constexpr Str kLevels[] = {str("debug"), str("info"), str("warn"), str("error")};
constexpr Str kFormats[] = {str("logfmt"), str("json")};

constexpr ConfigField kLogLevel =
    enum_field("level", view_of(kLevels), "info", "Messages below this level are dropped.", kReloadable);
constexpr ConfigField kLogFormat =
    enum_field("format", view_of(kFormats), "logfmt", "How a line of the log is written.", kReloadable);
constexpr const ConfigField* kLogFields[] = {&kLogLevel, &kLogFormat};
constexpr Section kLog{"log", "The log, which goes to standard error.", view_of(kLogFields)};

constexpr ConfigField kSearch =
    list_field("search", FieldType::kPath,
               "Directories in which plugins are looked for; none: the directory of the installation.");
constexpr ConfigField kLoad = list_field(
    "load", FieldType::kString,
    "Names of the plugins to load, in this order; none: those of gorilla, promql_std, remote_write, remote_read, "
    "prometheus_api and grpc_api that are installed. Nothing else is ever opened.");
constexpr ConfigField kSha256 =
    field("sha256", FieldType::kMap, "", "Plugin name to the SHA-256 (hexadecimal) that its file must have.");
constexpr const ConfigField* kPluginsFields[] = {&kSearch, &kLoad, &kSha256};
constexpr Section kPlugins{"plugins", "Which shared libraries the host loads.", view_of(kPluginsFields)};

constexpr ConfigField kDrainTimeout = bounded(field("drain_timeout", FieldType::kDuration, "30s",
                                                    "How long a graceful stop waits for accepted work. Past it the "
                                                    "process ends with an error that names the instance."),
                                              "1s", "1h");
constexpr ConfigField kStopTimeout = bounded(field("stop_timeout", FieldType::kDuration, "30s",
                                                   "How long the instances may take to stop once they are drained."),
                                             "1s", "1h");
constexpr ConfigField kThreads =
    bounded(field("threads", FieldType::kInt, "0",
                  "Threads for the work that instances hand to the host; 0: one for each CPU."),
            "0", "1024");
constexpr const ConfigField* kHostFields[] = {&kDrainTimeout, &kStopTimeout, &kThreads};
constexpr Section kHost{"host", "The process.", view_of(kHostFields)};

constexpr ConfigField kGrpcAddr = field("grpc_addr", FieldType::kAddress, "0.0.0.0:9100", "Where gRPC is served.");
constexpr ConfigField kHttpAddr = field("http_addr", FieldType::kAddress, "0.0.0.0:9101",
                                        "Where HTTP is served: remote write, the query API, /metrics.");
constexpr ConfigField kMaxStreams = bounded(
    field("max_concurrent_streams", FieldType::kInt, "100", "Calls at once on one gRPC connection."), "1", "100000");
constexpr ConfigField kQueryTimeout =
    bounded(field("query_timeout_seconds", FieldType::kFloat, "30", "How long one query may run."), "0.001", "86400");
constexpr ConfigField kMaxSamples = bounded(
    field("max_samples_per_query", FieldType::kInt, "10000000", "Samples that one query may hold in memory at once."),
    "1", "");
constexpr ConfigField kInsecure = field(
    "insecure", FieldType::kBool, "false",
    "Without TLS only loopback addresses are served, unless this says that anyone on the network may read and write.");
constexpr ConfigField kLifecycle = field("enable_lifecycle", FieldType::kBool, "false",
                                         "Allows reload and quit over HTTP (/-/reload, /-/quit).", kReloadable);
constexpr const ConfigField* kServerFields[] = {&kGrpcAddr,   &kHttpAddr, &kMaxStreams, &kQueryTimeout,
                                                &kMaxSamples, &kInsecure, &kLifecycle};
constexpr Section kServer{"server", "Short form: addresses and limits of queries.", view_of(kServerFields)};

constexpr ConfigField kDataDir = field("data_dir", FieldType::kPath, "./data", "Where samples are stored.");
constexpr ConfigField kRetention =
    bounded(field("retention_days", FieldType::kFloat, "15", "Samples older than this are removed.", kReloadable),
            "0.01", "36500");
constexpr ConfigField kWalSegment = bounded(field("wal_segment_size_mb", FieldType::kInt, "128",
                                                  "Size at which a segment of the write-ahead log is full, in MiB."),
                                            "1", "4096");
constexpr ConfigField kBlockDuration =
    bounded(field("block_duration_hours", FieldType::kFloat, "2", "Span of time of a block when it is first written."),
            "0.01", "8760");
constexpr ConfigField kMaxHead = bounded(field("max_head_samples", FieldType::kInt, "1000000",
                                               "Unsealed samples in memory above which they are sealed early; when "
                                               "sealing cannot keep up, writers are asked to wait "
                                               "(429)."),
                                         "1", "");
constexpr ConfigField kCompaction = bounded(
    field("compaction_interval_seconds", FieldType::kFloat, "3600", "How often blocks are looked at for compaction."),
    "1", "31536000");
constexpr const ConfigField* kStorageFields[] = {&kDataDir,       &kRetention, &kWalSegment,
                                                 &kBlockDuration, &kMaxHead,   &kCompaction};
constexpr Section kStorage{"storage", "Short form: the block store.", view_of(kStorageFields)};

constexpr ConfigField kCert =
    field("cert_file", FieldType::kPath, "", "The server's certificate chain (PEM).", kRequired);
constexpr ConfigField kKey = field("key_file", FieldType::kPath, "", "Its private key (PEM).", kRequired);
constexpr ConfigField kCa =
    field("ca_file", FieldType::kPath, "", "Authorities that client certificates must come from (PEM).");
constexpr ConfigField kRequireClient = field(
    "require_client_cert", FieldType::kBool, "",
    "Whether clients must show a certificate of ca_file. The default is true when ca_file is there, false otherwise.");
constexpr const ConfigField* kTlsFields[] = {&kCert, &kKey, &kCa, &kRequireClient};
constexpr Section kTls{"tls", "Short form: TLS on every port.", view_of(kTlsFields)};

constexpr const Section* kSections[] = {&kServer, &kStorage, &kTls, &kLog, &kPlugins, &kHost};

}  // namespace

const Section& log_section() { return kLog; }
const Section& plugins_section() { return kPlugins; }
const Section& host_section() { return kHost; }
const Section& server_section() { return kServer; }
const Section& storage_section() { return kStorage; }
const Section& tls_section() { return kTls; }
View<const Section*> sections() { return view_of(kSections); }

}  // namespace nightlight::config
