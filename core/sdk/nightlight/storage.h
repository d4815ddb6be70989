// The reading side of a store.
//
// A query selects a SeriesSet once (labels are known from then on, and so is the memory that a result needs), then
// opens cursors over parts of it, in as many threads as it likes, each of which yields batches of decoded samples.
#ifndef NIGHTLIGHT_STORAGE_H_
#define NIGHTLIGHT_STORAGE_H_

#include "nightlight/columns.h"
#include "nightlight/host.h"

namespace nightlight {

enum class MatchOp : uint32_t { kEqual = 0, kNotEqual = 1, kRegex = 2, kNotRegex = 3 };

// Regular expressions are RE2's, anchored at both ends, `.` matches newline. A label that a series lacks is "".
struct Matcher {
  uint32_t struct_size;
  MatchOp op;
  Str name;
  Str value;
};

enum SelectFlags : uint32_t {
  kSortedByLabels = 1,  // Series in the order of their label sets (name, value, name, ... bytewise).
  kLabelsOnly = 2,      // No cursor will be opened.
};

struct Select {
  uint32_t struct_size;
  uint32_t flags;  // SelectFlags
  const CallContext* context;
  View<const Matcher*> matchers;  // All must hold.
  int64_t start_ms, end_ms;       // Both inclusive.
  // Hints, free to ignore: what the query will do with the samples.
  int64_t step_ms, range_ms;  // 0: none
  Str function;               // Innermost function or aggregation, "" for none.
  uint64_t limit;             // No more than so many series are needed; 0: all.
};

// A part of a set being read.
class NIGHTLIGHT_INTERFACE SeriesCursor {
 public:
  // [one] The next series, up to a few hundred, in the order of the set; an empty batch at the end. The views live
  // until the next call of next or release. kDataLoss when a chunk is damaged, naming it.
  virtual Status next(SeriesBatch* out) noexcept = 0;
  virtual void release() noexcept = 0;

 protected:
  ~SeriesCursor() = default;
};

// The series of a selection, and a consistent view of their samples: a write that began later is not seen.
class NIGHTLIGHT_INTERFACE SeriesSet {
 public:
  // [any] The number of series. Some may turn out to have no sample in the range.
  virtual uint64_t size() noexcept = 0;
  // [any] The strings that labels refer to; valid until release.
  virtual View<Str> symbols() noexcept = 0;
  // [any] The labels of series i, sorted by name; valid until release.
  virtual View<LabelRef> labels(uint64_t i) noexcept = 0;
  // [any] Opens the series [first, first + count). Several cursors may be open at once; release them before the set.
  virtual Status open(uint64_t first, uint64_t count, SeriesCursor** out) noexcept = 0;
  // [any] Sentences that the user should see beside the answer (a part of the data is missing, say).
  virtual View<Str> warnings() noexcept = 0;
  // [one] Ends the set.
  virtual void release() noexcept = 0;

 protected:
  ~SeriesSet() = default;
};

// Receives a list of strings, in pieces.
class NIGHTLIGHT_INTERFACE StringSink {
 public:
  // [one] A failing Status ends the producer's call.
  virtual Status add(View<Str> strings) noexcept = 0;

 protected:
  ~StringSink() = default;
};

struct LabelQuery {
  uint32_t struct_size;
  uint32_t flags;  // 0
  const CallContext* context;
  View<const Matcher*> matchers;  // Empty: every series.
  int64_t start_ms, end_ms;       // What only series outside of it have may be answered too, never less.
  uint64_t limit;                 // 0: all. Otherwise the first in byte order.
};

inline constexpr char kStorageId[] = "nightlight.storage/0";
// Every call with a context, of this interface and of those below, can end with
//   kResourceExhausted  it would hold more than the context's byte budget
//   kDeadlineExceeded   the context's deadline has passed, before the call or while it works
//   kCancelled          the caller has gone, likewise
//   kUnimplemented      a tenant, and this store serves the default one alone
//   kUnavailable        outside of start and stop
class NIGHTLIGHT_INTERFACE Storage {
 public:
  // [any] Without matchers: every series. kInvalidArgument: bad regular expression.
  virtual Status select(const Select* select, SeriesSet** out) noexcept = 0;
  // [any] Label names, and the values of one label, of the matching series: sorted bytewise, unique.
  virtual Status label_names(const LabelQuery* query, StringSink* out) noexcept = 0;
  virtual Status label_values(Str name, const LabelQuery* query, StringSink* out) noexcept = 0;
  // [any] A number that grows whenever samples at or before `until_ms` may have changed (new and late samples, deletes,
  // retention), for exact result caches. It shrinks neither over time nor with a later `until_ms`: what a selection
  // yielded that began after generation(tenant, INT64_MAX) was g is still so, up to `until_ms`, while
  // generation(tenant, until_ms) <= g. UINT64_MAX: unknown.
  virtual uint64_t generation(Str tenant, int64_t until_ms) noexcept = 0;

 protected:
  ~Storage() = default;
};

// ---- what not every store has: further interfaces, each its own id
// ----------------------------------------------------------

class NIGHTLIGHT_INTERFACE ExemplarSink {
 public:
  // [one] The exemplars of one series, ascending in time.
  virtual Status add(View<LabelPair> series, View<const Exemplar*> exemplars) noexcept = 0;

 protected:
  ~ExemplarSink() = default;
};

inline constexpr char kExemplarStorageId[] = "nightlight.exemplar_storage/0";
class NIGHTLIGHT_INTERFACE ExemplarStorage {
 public:
  // [any] `select` as for Storage; series in label order.
  virtual Status exemplars(const Select* select, ExemplarSink* out) noexcept = 0;

 protected:
  ~ExemplarStorage() = default;
};

class NIGHTLIGHT_INTERFACE MetadataSink {
 public:
  virtual Status add(const Metadata* metadata) noexcept = 0;

 protected:
  ~MetadataSink() = default;
};

inline constexpr char kMetadataStorageId[] = "nightlight.metadata_storage/0";
class NIGHTLIGHT_INTERFACE MetadataStorage {
 public:
  // [any] Metadata of one family, or of all when `family` is empty.
  virtual Status metadata(const CallContext* context, Str family, MetadataSink* out) noexcept = 0;

 protected:
  ~MetadataStorage() = default;
};

inline constexpr char kStorageAdminId[] = "nightlight.storage_admin/0";
class NIGHTLIGHT_INTERFACE StorageAdmin {
 public:
  // [any] A JSON object: {"headStats":{"numSeries","numLabelPairs","chunkCount","minTime","maxTime"},
  // "seriesCountByMetricName":[{"name","value"}], "labelValueCountByLabelName", "memoryInBytesByLabelName",
  // "seriesCountByLabelValuePair"}, lists descending, at most `limit` long.
  virtual Status cardinality_json(const CallContext* context, uint64_t limit, TextSink* out) noexcept = 0;
  // [any] A JSON array of the blocks, in the shape of Prometheus' meta.json.
  virtual Status blocks_json(const CallContext* context, TextSink* out) noexcept = 0;
  // [any] Hides the samples of the matching series in [start_ms, end_ms] at once; clean_tombstones frees their space.
  virtual Status delete_series(const Select* select) noexcept = 0;
  virtual Status clean_tombstones(const CallContext* context) noexcept = 0;
  // [any] A consistent copy (hard links) that is itself a data directory: snapshots/NAME under this one's. NAME goes to
  // `name`.
  virtual Status snapshot(const CallContext* context, uint32_t skip_head, TextSink* name) noexcept = 0;

 protected:
  ~StorageAdmin() = default;
};

// ---- data directories that no server uses
// -------------------------------------------------------------------------------------------

enum class OfflineWork : uint32_t {
  kInspect = 0,  // What is there.
  kStats = 1,    // Where the bytes go, and how many series there are of what.
  kVerify = 2,   // Reads and checks every byte.
  kRepair = 3,   // Moves what is damaged out of the way, so that a server can start with the rest.
};

class NIGHTLIGHT_INTERFACE OfflineProgress {
 public:
  // [one] Bytes that were looked at, of how many. Called many times.
  virtual void advance(uint64_t done_bytes, uint64_t total_bytes) noexcept = 0;

 protected:
  ~OfflineProgress() = default;
};

struct OfflineRequest {
  uint32_t struct_size;
  OfflineWork work;
  Str directory;
  OfflineProgress* progress;  // Null: nobody watches.
  uint32_t json;              // 1: the report is a JSON object. 0: lines for people.
  uint32_t reserved;          // 0
};

inline constexpr char kOfflineStorageId[] = "nightlight.offline_storage/0";
class NIGHTLIGHT_INTERFACE OfflineStorage {
 public:
  // [any] Works without configure and start: the request says everything. Only kRepair changes anything.
  // kFailedPrecondition: a server uses the directory. kNotFound: it is none of this store. kDataLoss: something is
  // damaged (kRepair: and could not be moved); the report was written all the same, and says what and where.
  virtual Status run(const OfflineRequest* request, TextSink* report) noexcept = 0;

 protected:
  ~OfflineStorage() = default;
};

}  // namespace nightlight

#endif  // NIGHTLIGHT_STORAGE_H_
