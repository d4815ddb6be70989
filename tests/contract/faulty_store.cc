// A store that breaks its contract in one way, to see that the suite finds it: it stands before the store of the
// library NIGHTLIGHT_FAULTY_STORE_OF and changes what goes in or comes out, as NIGHTLIGHT_FAULTY_STORE_FAULT says
// (see faults_found.py, which has one fault per test).
#include <dlfcn.h>

#include <cmath>
#include <cstdlib>
#include <deque>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "nightlight/plugin.h"

namespace nightlight::contract {
namespace {

bool fault(std::string_view name) {
  static const char* chosen = std::getenv("NIGHTLIGHT_FAULTY_STORE_FAULT");
  return chosen != nullptr && name == chosen;
}

// ---- what comes out
// ----------------------------------------------------------------------------------------------------------

class FaultyCursor final : public SeriesCursor {
 public:
  explicit FaultyCursor(SeriesCursor* of) : of_(of) {}
  Status next(SeriesBatch* out) noexcept override {
    Status status = of_->next(out);
    if (!status.ok()) return status;
    series_.clear(), values_.clear(), histograms_.clear(), pointers_.clear(), histogram_pointers_.clear();
    for (const SeriesSamples* s : out->series) {
      SeriesSamples& changed = series_.emplace_back(*s);
      if (fault("one NaN for all")) {
        auto& values = values_.emplace_back(s->values.begin(), s->values.end());
        for (double& v : values) v = std::isnan(v) ? std::numeric_limits<double>::quiet_NaN() : v;
        changed.values = view_of(values);
      }
      if (fault("no start timestamps")) changed.start_timestamps_ms = {nullptr, 0};
      if (fault("zero buckets lost")) {
        auto& of_series = histogram_pointers_.emplace_back();
        for (const Histogram* h : s->histograms) {
          Histogram& copy = histograms_.emplace_back(*h);
          copy.zero_count_int = 0;
          of_series.push_back(&copy);
        }
        changed.histograms = view_of(of_series);
      }
      if (fault("a float beside a histogram") && s->histograms.size > 0) {
        changed.timestamps_ms = {&s->histograms[0]->timestamp_ms, 1};
        changed.values = {&s->histograms[0]->sum, 1};
      }
      pointers_.push_back(&changed);
    }
    out->series = view_of(pointers_);
    return status;
  }
  void release() noexcept override {
    of_->release();
    delete this;
  }

 private:
  ~FaultyCursor() = default;
  SeriesCursor* of_;
  std::deque<SeriesSamples> series_;
  std::deque<std::vector<double>> values_;
  std::deque<Histogram> histograms_;
  std::deque<std::vector<const Histogram*>> histogram_pointers_;
  std::vector<const SeriesSamples*> pointers_;
};

class FaultySet final : public SeriesSet {
 public:
  FaultySet(SeriesSet* of, Storage* storage, const Select& select) : of_(of), storage_(storage), select_(select) {}
  uint64_t size() noexcept override { return of_->size(); }
  View<Str> symbols() noexcept override { return of_->symbols(); }
  View<LabelRef> labels(uint64_t i) noexcept override { return of_->labels(i); }
  Status open(uint64_t first, uint64_t count, SeriesCursor** out) noexcept override {
    if (fault("looks again at each cursor")) {
      SeriesSet* again = nullptr;
      select_.matchers = {nullptr, 0};
      if (Status status = storage_->select(&select_, &again); !status.ok()) return status;
      of_->release();
      of_ = again;
    }
    if (fault("parts lack their last series") && first == 0 && count > 0 && count < size()) --count;
    Status status = of_->open(first, count, out);
    if (status.ok()) *out = new FaultyCursor(*out);
    return status;
  }
  View<Str> warnings() noexcept override { return of_->warnings(); }
  void release() noexcept override {
    of_->release();
    delete this;
  }

 private:
  ~FaultySet() = default;
  SeriesSet* of_;
  Storage* storage_;
  Select select_;
};

class FaultyStrings final : public StringSink {
 public:
  explicit FaultyStrings(StringSink* of) : of_(of) {}
  Status add(View<Str> strings) noexcept override {
    std::vector<Str> reversed(strings.begin(), strings.end());
    if (fault("names unsorted"))
      reversed.assign(std::reverse_iterator(strings.end()), std::reverse_iterator(strings.begin()));
    Status status = of_->add(view_of(reversed));
    return fault("deaf to receivers") ? kOkStatus : status;
  }

 private:
  StringSink* of_;
};

class FaultyText final : public TextSink {
 public:
  FaultyText(TextSink* of, std::string_view text) : of_(of), text_(text) {}
  Status write(Str) noexcept override { return of_->write(str(text_)); }

 private:
  TextSink* of_;
  std::string_view text_;
};

class FaultyMetadata final : public MetadataSink {
 public:
  explicit FaultyMetadata(MetadataSink* of) : of_(of) {}
  Status add(const Metadata* metadata) noexcept override {
    Metadata changed = *metadata;
    if (fault("no help texts")) changed.help = str("");
    return of_->add(&changed);
  }

 private:
  MetadataSink* of_;
};

class FaultyRejections final : public RejectionSink {
 public:
  explicit FaultyRejections(RejectionSink* of) : of_(of) {}
  void rejected(uint64_t series, RejectReason reason, Str text) noexcept override {
    if (fault("everything is too old")) reason = RejectReason::kTooOld;
    if (fault("everything is out of order")) reason = RejectReason::kOutOfOrder;
    all_.push_back({series, reason, std::string(view(text))});
  }
  void deliver() {
    if (fault("rejections backwards"))
      all_.assign(std::reverse_iterator(all_.end()), std::reverse_iterator(all_.begin()));
    for (const One& one : all_) of_->rejected(one.series, one.reason, str(one.text));
  }

 private:
  struct One {
    uint64_t series;
    RejectReason reason;
    std::string text;
  };
  RejectionSink* of_;
  std::vector<One> all_;
};

// ---- the store
// ----------------------------------------------------------------------------------------------------------------

const Component& other_component();

class FaultyStore final : public Instance,
                          public Sink,
                          public Storage,
                          public ExemplarStorage,
                          public MetadataStorage,
                          public StorageAdmin {
 public:
  FaultyStore(Host* host, Instance* of) : host_(host), of_(of) {}

  // Instance
  void* query(Str id) noexcept override {
    if (of_->query(id) == nullptr) return nullptr;
    if (view(id) == kSinkId) return as<Sink>(this);
    if (view(id) == kStorageId) return as<Storage>(this);
    if (view(id) == kExemplarStorageId) return as<ExemplarStorage>(this);
    if (view(id) == kMetadataStorageId) return as<MetadataStorage>(this);
    if (view(id) == kStorageAdminId) return as<StorageAdmin>(this);
    return of_->query(id);
  }
  Status configure(Config* config) noexcept override { return of_->configure(config); }
  Status start() noexcept override { return of_->start(); }
  Status drain(int64_t deadline_ns) noexcept override { return of_->drain(deadline_ns); }
  Status stop() noexcept override { return of_->stop(); }
  Status reconfigure(Config* config) noexcept override { return of_->reconfigure(config); }
  Status health() noexcept override { return of_->health(); }
  void release() noexcept override {
    of_->release();
    delete this;
  }

  // Sink
  Status resolve(const CallContext* context, View<Str> keys, uint64_t* refs) noexcept override {
    Status status = other<Sink>(kSinkId)->resolve(context, keys, refs);
    if (fault("keys mixed up") && status.ok() && keys.size > 2) std::swap(refs[0], refs[2]);
    return status;
  }
  Status append(const WriteBatch* batch, AppendResult* result) noexcept override {
    WriteBatch changed = *batch;
    if (fault("needs references") && changed.refs.empty()) return host_->fail(Code::kInternal, str("no references"));
    if (fault("all or some")) changed.flags = 0;
    if (fault("writes for whom has gone")) changed.context = nullptr;
    if (fault("requests in halves") && changed.series_count > 1) return append_halves(changed, result);
    RejectionSink* listener = result->rejections;
    FaultyRejections rejections(listener);
    result->rejections = &rejections;
    CallContext of_all = changed.context != nullptr ? *changed.context : CallContext{};
    of_all.tenant = {nullptr, 0};
    if (fault("one tenant for all")) changed.context = &of_all;
    Status status = kOkStatus;
    if (!fault("every third write lost") || ++writes_ % 3 != 0) status = other<Sink>(kSinkId)->append(&changed, result);
    if (fault("takes everything") && status.ok()) result->rejected = 0, result->rejections = listener;
    if (fault("takes everything")) return status;
    if (fault("one sample too few counted") && result->samples_written > 0) --result->samples_written;
    if (fault("writes after the end") && status.code == Code::kUnavailable) status = kOkStatus;
    rejections.deliver();
    result->rejections = listener;
    return status;
  }

  // Storage
  Status select(const Select* select, SeriesSet** out) noexcept override {
    Select changed = *select;
    std::vector<const Matcher*> matchers;
    for (const Matcher* m : select->matchers)
      if (!fault("no negative matchers") || m->op != MatchOp::kNotEqual) matchers.push_back(m);
    changed.matchers = view_of(matchers);
    if (fault("ends before the end")) --changed.end_ms;
    if (fault("unsorted")) changed.flags &= ~uint32_t{kSortedByLabels};
    if (fault("one series is enough") && changed.limit > 0) changed.limit = 1;
    if (fault("reads for whom has gone")) changed.context = nullptr;
    CallContext of_all = changed.context != nullptr ? *changed.context : CallContext{};
    of_all.tenant = {nullptr, 0};
    if (fault("one tenant for all")) changed.context = &of_all;
    Storage* storage = other<Storage>(kStorageId);
    Status status = storage->select(&changed, out);
    if (status.ok()) *out = new FaultySet(*out, storage, changed);
    if (fault("bad expressions are its own fault") && !status.ok()) return host_->fail(Code::kInternal, str("broken"));
    return status;
  }
  Status label_names(const LabelQuery* query, StringSink* out) noexcept override {
    FaultyStrings strings(out);
    LabelQuery changed = *query;
    if (fault("reads for whom has gone")) changed.context = nullptr;
    return other<Storage>(kStorageId)->label_names(&changed, &strings);
  }
  Status label_values(Str name, const LabelQuery* query, StringSink* out) noexcept override {
    FaultyStrings strings(out);
    return other<Storage>(kStorageId)->label_values(name, query, &strings);
  }
  uint64_t generation(Str tenant, int64_t until_ms) noexcept override {
    return fault("one generation") ? 1 : other<Storage>(kStorageId)->generation(tenant, until_ms);
  }

  // ExemplarStorage, MetadataStorage
  Status exemplars(const Select* select, ExemplarSink* out) noexcept override {
    Select changed = *select;
    if (fault("exemplars of all times")) changed.start_ms = INT64_MIN, changed.end_ms = INT64_MAX;
    if (fault("exemplars for whom has gone")) changed.context = nullptr;
    return other<ExemplarStorage>(kExemplarStorageId)->exemplars(&changed, out);
  }
  Status metadata(const CallContext* context, Str family, MetadataSink* out) noexcept override {
    FaultyMetadata changed(out);
    return other<MetadataStorage>(kMetadataStorageId)->metadata(context, family, &changed);
  }

  // StorageAdmin
  Status cardinality_json(const CallContext* context, uint64_t limit, TextSink* out) noexcept override {
    FaultyText changed(out, "{}");
    return admin()->cardinality_json(context, limit, fault("says nothing of itself") ? &changed : out);
  }
  Status blocks_json(const CallContext* context, TextSink* out) noexcept override {
    return admin()->blocks_json(context, out);
  }
  Status delete_series(const Select* select) noexcept override {
    Select changed = *select;
    if (fault("spares the last deleted")) --changed.end_ms;
    return admin()->delete_series(&changed);
  }
  Status clean_tombstones(const CallContext* context) noexcept override { return admin()->clean_tombstones(context); }
  Status snapshot(const CallContext* context, uint32_t skip_head, TextSink* name) noexcept override {
    return admin()->snapshot(context, fault("snapshots without the newest") ? 1 : skip_head, name);
  }

 private:
  ~FaultyStore() = default;
  template <class Interface>
  Interface* other(const char* id) {
    return static_cast<Interface*>(of_->query(str(id)));
  }
  StorageAdmin* admin() { return other<StorageAdmin>(kStorageAdminId); }

  // The first series, then the others.
  Status append_halves(WriteBatch batch, AppendResult* result) {
    WriteBatch first = batch;
    first.series_count = 1;
    first.refs = {nullptr, 0}, first.keys = {nullptr, 0}, first.histogram_ends = {nullptr, 0};
    first.labels.size = first.label_ends[0], first.timestamps_ms.size = first.values.size = first.sample_ends[0];
    Status status = other<Sink>(kSinkId)->append(&first, result);
    return status.ok() ? other<Sink>(kSinkId)->append(&batch, result) : status;
  }

  Host* host_;
  Instance* of_;
  uint64_t writes_ = 0;
};

const Plugin& other_plugin() {
  static const Plugin* plugin = [] {
    void* library = ::dlopen(std::getenv("NIGHTLIGHT_FAULTY_STORE_OF"), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    return reinterpret_cast<PluginEntry>(::dlsym(library, kPluginEntrySymbol))();
  }();
  return *plugin;
}

Status create(Host* host, Instance** out) noexcept {
  Status status = other_plugin().components[0]->create(host, out);
  if (status.ok()) *out = new FaultyStore(host, *out);
  return status;
}

const Plugin* faulty_plugin() {
  static Component component = *other_plugin().components[0];
  component.create = &create;
  static const Component* const components[] = {&component};
  static Plugin plugin = other_plugin();
  plugin.components = view_of(components);
  return &plugin;
}

}  // namespace
}  // namespace nightlight::contract

NIGHTLIGHT_PLUGIN_ENTRY { return nightlight::contract::faulty_plugin(); }
