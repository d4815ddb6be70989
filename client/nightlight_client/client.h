// A connection to a Nightlight server over gRPC.
//
//   auto client = Client::connect({.address = "nightlight.example:9100",
//                                  .tls = TlsOptions{.ca_file = "ca.crt", .cert_file = "me.crt", .key_file =
//                                  "me.key"}});
//   if (!client.ok()) ...client.error().text()...
//   auto answer = client->query({.query = "sum(up)"});
//
// A Client is a handle: cheap to copy, the copies share one connection, and any number of threads may call it at once.
// The connection is made when it is needed and made again when it was lost: a server that is back is found within a
// second or two of calls. Calls that find no server fail with kUnavailable within moments rather than wait. Every call
// ends by its deadline (CallOptions), or by the client's default.
#ifndef NIGHTLIGHT_CLIENT_CLIENT_H_
#define NIGHTLIGHT_CLIENT_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nightlight_client/result.h"
#include "nightlight_client/stream.h"
#include "nightlight_client/types.h"

namespace nightlight::client {

// PEM files. They are read once, when the client connects.
struct TlsOptions {
  // Who may sign the server's certificate; empty: the system's authorities.
  std::string ca_file;
  // What this client shows; both or neither.
  std::string cert_file, key_file;
  // The name that the server's certificate must have; empty: the host of the address.
  std::string server_name;
};

struct ClientOptions {
  // HOST:PORT, or any target that gRPC knows ("dns:///...", "unix:///...").
  std::string address = "127.0.0.1:9100";
  // Without it: plain text.
  std::optional<TlsOptions> tls;
  // The default deadline of a call.
  std::chrono::milliseconds timeout{30'000};
  // The largest message that is taken. Streams stay far below it; unary answers may need it.
  uint64_t max_message_bytes = uint64_t{64} << 20;
  // Precedes gRPC's own in the user agent.
  std::string user_agent = "nightlight-client";
};

struct CallOptions {
  // 0: the client's default.
  std::chrono::milliseconds timeout{0};
};

struct TimeRange {
  int64_t start_ms = 0, end_ms = 0, step_ms = 0;
};

struct QueryRequest {
  std::string query;
  // Of an instant query; 0: now.
  int64_t time_ms = 0;
  // A range query when it is set.
  std::optional<TimeRange> range;
  int64_t lookback_ms = 0;  // 0: the server's default.
  uint64_t limit = 0;       // The most series of the answer; 0: all.
  bool stats = false;
  bool no_cache = false;
};

struct QueryAnswer {
  ResultType type = ResultType::kVector;
  std::string string_value;
  std::vector<Series> series;
  QuerySummary summary;
};

// The union of the `match` selectors (PromQL), all series when there is none; in [start, end], everything when both are
// 0.
struct Selection {
  std::vector<std::string> match;
  int64_t start_ms = 0, end_ms = 0;
  uint64_t limit = 0;  // 0: no limit.
};

struct Strings {
  std::vector<std::string> values;  // Sorted.
  std::vector<std::string> warnings;
};

struct ServerStatus {
  bool ready = false;
  std::string not_ready_reason;
  // JSON objects as the server's HTTP API shows them; empty when the server has no such part.
  std::string build_json, runtime_json, cardinality_json, blocks_json;
};

// Of the snapshot in the making; 0 of 0 when there is none, or nothing to write yet.
struct SnapshotProgress {
  uint64_t done_series = 0, total_series = 0;
};

struct RunningQuery {
  uint64_t id = 0;
  std::string query, client;
  int64_t start_ms = 0;
  double elapsed_s = 0;
};

// What goes into one write: columns of samples, and what else is known of the series.
struct WriteSeries {
  Labels labels;
  std::vector<Sample> samples;  // Ascending in time.
  // Empty, or one a sample: since when a counter has counted; 0 when that is not known.
  std::vector<int64_t> start_timestamps_ms;
  std::vector<Histogram> histograms;
  std::vector<Exemplar> exemplars;
};

struct WriteBatch {
  std::vector<WriteSeries> series;
  std::vector<Metadata> metadata;
};

struct Rejection {
  uint64_t series = 0;  // Position in the batch.
  std::string reason;
};

// The ack of a write: what was stored is durable, as the server's configuration has it (default: on disk).
struct WriteAck {
  uint64_t samples_written = 0, histograms_written = 0, exemplars_written = 0;
  uint64_t rejected = 0;
  std::vector<Rejection> rejections;  // The first of them.
};

class NIGHTLIGHT_CLIENT_API Client {
 public:
  // Fails when a file cannot be read, is no PEM, or the options contradict each other. Does not wait for the server.
  static Result<Client> connect(const ClientOptions& options);

  // Evaluates an expression and collects the answer.
  Result<QueryAnswer> query(const QueryRequest& request, const CallOptions& options = {}) const;
  // Evaluates an expression, for answers of any size. Returns when the server has begun to answer; errors of evaluation
  // may also come from the stream.
  Result<QueryStream> query_stream(const QueryRequest& request, const CallOptions& options = {}) const;
  // The exemplars of every selector in an expression; all times when both are 0.
  Result<Stream<SeriesExemplars>> exemplars(const std::string& query, int64_t start_ms, int64_t end_ms,
                                            const CallOptions& options = {}) const;
  // The plan as JSON, with what was measured when `analyze` is set.
  Result<std::string> explain(const QueryRequest& request, bool analyze, const CallOptions& options = {}) const;
  // The expression in Prometheus' layout.
  Result<std::string> format(const std::string& query, const CallOptions& options = {}) const;
  // The syntax tree as JSON.
  Result<std::string> parse(const std::string& query, const CallOptions& options = {}) const;

  Result<Strings> label_names(const Selection& selection, const CallOptions& options = {}) const;
  Result<Strings> label_values(const std::string& name, const Selection& selection,
                               const CallOptions& options = {}) const;
  // The label sets of the matching series.
  Result<Stream<Labels>> series(const Selection& selection, const CallOptions& options = {}) const;
  // Of one family, or of all when `family` is empty.
  Result<std::vector<Metadata>> metadata(const std::string& family, const CallOptions& options = {}) const;

  // Sends one batch and waits for its ack. Does not repeat; see Writer for many writes.
  Result<WriteAck> write(const WriteBatch& batch, const CallOptions& options = {}) const;

  // `limit`: entries of each cardinality list; 0: 10.
  Result<ServerStatus> status(uint64_t limit = 0, const CallOptions& options = {}) const;
  Result<std::vector<RunningQuery>> running_queries(const CallOptions& options = {}) const;
  Result<void> cancel_query(uint64_t id, const CallOptions& options = {}) const;
  // Hides the samples of the matching series in the selection's time range at once. An empty `match` is refused.
  Result<void> delete_series(const Selection& selection, const CallOptions& options = {}) const;
  Result<void> clean_tombstones(const CallOptions& options = {}) const;
  // The name of the snapshot's directory. `skip_head` leaves out what is not in a block yet.
  Result<std::string> snapshot(bool skip_head, const CallOptions& options = {}) const;
  // How far it is, asked while another thread waits for it.
  Result<SnapshotProgress> snapshot_progress(const CallOptions& options = {}) const;

 private:
  class Connection;
  explicit Client(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

  std::shared_ptr<Connection> connection_;
};

}  // namespace nightlight::client

#endif  // NIGHTLIGHT_CLIENT_CLIENT_H_
