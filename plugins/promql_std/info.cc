// info(): adds the labels of info metrics (target_info, say) to the series of the same job and instance.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "model/labels.h"
#include "model/matcher.h"
#include "model/stale_marker.h"
#include "promql_std/definition.h"
#include "promql_std/output.h"

namespace nightlight::promql_std {
namespace {

constexpr std::string_view kIdentifying[] = {"instance", "job"};
constexpr std::string_view kDefaultMetric = "target_info";

// A regular expression that matches just this text.
std::string escape(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (std::string_view(R"(\.+*?()|[]{}^$)").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// The second argument (or what stands for it): which info metrics, and which of their labels.
class Selection {
 public:
  Status compile(const Scope& scope) {
    View<const Matcher*> written{};
    if (scope.argument_count() > 1) written = scope.argument(1).selector;
    bool positive = false;
    for (const Matcher* matcher : written) {
      auto compiled = LabelMatcher::compile(*matcher);
      if (!compiled.ok()) return scope.fail(compiled.error());
      if (compiled->name() == kMetricNameLabel) {
        positive = positive || !compiled->negated();
        names_.push_back(std::move(*compiled));
      } else {
        data_.push_back(std::move(*compiled));
      }
    }
    if (names_.empty()) {
      names_.push_back(LabelMatcher::compile(MatchOp::kEqual, kMetricNameLabel, kDefaultMetric).value());
    } else if (!positive) {
      names_.push_back(LabelMatcher::compile(MatchOp::kRegex, kMetricNameLabel, ".+_info").value());
    }
    return kOkStatus;
  }

  bool is_info_metric(View<LabelPair> labels) const {
    std::string_view name = label_value(labels, kMetricNameLabel);
    return std::all_of(names_.begin(), names_.end(), [&](const LabelMatcher& m) { return m.matches(name); });
  }
  // Without matchers for data labels, all of them are wanted.
  bool wants(std::string_view label) const {
    return data_.empty() ||
           std::any_of(data_.begin(), data_.end(), [&](const LabelMatcher& m) { return m.name() == label; });
  }
  // A series without info metrics stays only if its lacking labels would do.
  bool allows_no_match() const {
    return std::all_of(data_.begin(), data_.end(), [](const LabelMatcher& m) { return m.matches_empty(); });
  }
  const std::vector<LabelMatcher>& names() const { return names_; }
  const std::vector<LabelMatcher>& data() const { return data_; }

 private:
  std::vector<LabelMatcher> names_, data_;
};

// An info series: its labels, and at each step the time of the sample that holds then.
struct InfoSeries {
  Labels labels;
  std::vector<std::optional<int64_t>> sample_ms;
};

std::string identity(View<LabelPair> labels) {
  std::string key;
  for (std::string_view name : kIdentifying) (key += label_value(labels, name)) += '\xff';
  return key;
}

// Reads the info series that could belong to the argument's.
class InfoReader {
 public:
  InfoReader(const Scope& scope, const Selection& selection) : scope_(scope), selection_(selection) {
    const int64_t* reference_ms = scope.argument(0).reference_ms;
    for (uint64_t step = 0; step < scope.steps(); ++step) {
      times_ms_.push_back(reference_ms == nullptr ? scope.time_ms(step) : reference_ms[step]);
    }
  }

  Status read(const std::vector<const Column*>& base) {
    if (scope_.evaluation().storage == nullptr) {
      return scope_.fail(Code::kUnimplemented, "info() needs a storage to look its metrics up");
    }
    // One selection for each combination of identifying labels that occurs: a label that the series lack the info
    // series must lack too.
    std::map<uint32_t, std::set<std::string_view>[2]> groups;
    for (const Column* column : base) {
      std::string_view values[2];
      uint32_t present = 0;
      for (uint32_t i = 0; i < 2; ++i) {
        values[i] = label_value(column->labels, kIdentifying[i]);
        if (!values[i].empty()) present |= 1u << i;
      }
      if (present == 0) continue;
      for (uint32_t i = 0; i < 2; ++i) groups[present][i].insert(values[i]);
    }
    for (const auto& [present, values] : groups) {
      if (Status status = read_group(present, values); !status.ok()) return status;
    }
    return kOkStatus;
  }

  const std::vector<InfoSeries>& series() const { return series_; }

 private:
  Status read_group(uint32_t present, const std::set<std::string_view> (&values)[2]) {
    std::string expressions[2];
    std::vector<Matcher> matchers;
    auto add = [&](MatchOp op, std::string_view name, std::string_view value) {
      matchers.push_back(Matcher{sizeof(Matcher), op, str(name), str(value)});
    };
    for (uint32_t i = 0; i < 2; ++i) {
      for (std::string_view value : values[i]) {
        if (value.empty()) continue;
        if (!expressions[i].empty()) expressions[i] += '|';
        expressions[i] += escape(value);
      }
      bool has = (present & 1u << i) != 0;
      add(has ? MatchOp::kRegex : MatchOp::kEqual, kIdentifying[i], expressions[i]);
    }
    for (const LabelMatcher& m : selection_.names()) add(m.op(), m.name(), m.value());
    for (const LabelMatcher& m : selection_.data()) add(m.op(), m.name(), m.value());
    std::vector<const Matcher*> pointers;
    for (const Matcher& matcher : matchers) pointers.push_back(&matcher);

    Select select{};
    select.struct_size = sizeof select;
    select.context = scope_.evaluation().context;
    select.matchers = view_of(pointers);
    auto [first, last] = std::minmax_element(times_ms_.begin(), times_ms_.end());
    select.start_ms = *first - scope_.evaluation().lookback_ms + 1;
    select.end_ms = *last;
    select.step_ms = scope_.evaluation().query_step_ms;
    select.function = str("info");
    SeriesSet* raw_set = nullptr;
    if (Status status = scope_.evaluation().storage->select(&select, &raw_set); !status.ok()) return status;
    Owned<SeriesSet> set(raw_set);
    SeriesCursor* raw_cursor = nullptr;
    if (Status status = set->open(0, set->size(), &raw_cursor); !status.ok()) return status;
    Owned<SeriesCursor> cursor(raw_cursor);
    for (SeriesBatch batch{sizeof(SeriesBatch), 0, {}};;) {
      if (Status status = cursor->next(&batch); !status.ok()) return status;
      if (batch.series.empty()) return kOkStatus;
      for (const SeriesSamples* samples : batch.series) {
        if (!samples->histograms.empty()) return scope_.fail(Code::kFailedPrecondition, "info sample should be float");
        keep(*set, *samples);
      }
    }
  }

  void keep(SeriesSet& set, const SeriesSamples& samples) {
    View<Str> symbols = set.symbols();
    std::vector<LabelPair> labels;
    for (LabelRef ref : set.labels(samples.series)) labels.push_back(LabelPair{symbols[ref.name], symbols[ref.value]});
    InfoSeries series{Labels(view_of(labels)), {}};
    View<int64_t> times = samples.timestamps_ms;
    for (int64_t at_ms : times_ms_) {
      const int64_t* after = std::upper_bound(times.begin(), times.end(), at_ms);
      std::optional<int64_t> found;
      if (after != times.begin() && *(after - 1) > at_ms - scope_.evaluation().lookback_ms &&
          !is_stale_marker(samples.values[static_cast<uint64_t>(after - 1 - times.begin())])) {
        found = *(after - 1);
      }
      series.sample_ms.push_back(found);
    }
    series_.push_back(std::move(series));
  }

  const Scope& scope_;
  const Selection& selection_;
  std::vector<int64_t> times_ms_;
  std::vector<InfoSeries> series_;
};

// Info series by metric name and identity: of several that hold at a step, the newest counts.
class Joiner {
 public:
  Joiner(const Scope& scope, const Selection& selection, const std::vector<InfoSeries>& series)
      : scope_(scope), selection_(selection) {
    for (const InfoSeries& info : series) {
      by_identity_[identity(info.labels.view())][std::string(info.labels[kMetricNameLabel])].push_back(&info);
    }
  }

  // The labels that `column` gets at a step; nothing when the series goes. `failed` tells of a conflict.
  std::optional<Labels> labels_at(const Column& column, uint64_t step, Status& failed) const {
    LabelsBuilder added;
    bool matched = false;
    auto group = by_identity_.find(identity(column.labels));
    if (group != by_identity_.end()) {
      for (const auto& [name, series] : group->second) {
        const InfoSeries* newest = newest_at(series, step, failed);
        if (!failed.ok()) return std::nullopt;
        if (newest == nullptr) continue;
        matched = true;
        if (!add_data_labels(column, *newest, added, failed)) return std::nullopt;
      }
    }
    if (!matched && !selection_.allows_no_match()) return std::nullopt;
    LabelsBuilder all(column.labels);
    for (const LabelPair& label : added.labels()) all.set(view(label.name), view(label.value));
    return Labels(all.labels());
  }

  // Two info series of one metric for the same target contradict each other even when no series asks.
  Status check(uint64_t step) const {
    Status status = kOkStatus;
    for (const auto& [key, metrics] : by_identity_) {
      for (const auto& [name, series] : metrics) {
        newest_at(series, step, status);
        if (!status.ok()) return status;
      }
    }
    return status;
  }

 private:
  const InfoSeries* newest_at(const std::vector<const InfoSeries*>& series, uint64_t step, Status& failed) const {
    const InfoSeries* newest = nullptr;
    for (const InfoSeries* info : series) {
      if (!info->sample_ms[step]) continue;
      if (newest != nullptr && *newest->sample_ms[step] == *info->sample_ms[step]) {
        std::string at = " @ " + std::to_string(*info->sample_ms[step]);
        failed = scope_.fail(Code::kFailedPrecondition, "found duplicate series for info metric: existing " +
                                                            format_labels(newest->labels.view()) + at + ", new " +
                                                            format_labels(info->labels.view()) + at);
        return nullptr;
      }
      if (newest == nullptr || *info->sample_ms[step] > *newest->sample_ms[step]) newest = info;
    }
    return newest;
  }

  bool add_data_labels(const Column& column, const InfoSeries& info, LabelsBuilder& added, Status& failed) const {
    for (const LabelPair& label : info.labels.view()) {
      std::string_view name = view(label.name), value = view(label.value);
      if (is_metadata_label(name) || !selection_.wants(name)) continue;
      if (std::string_view other = added[name]; !other.empty() && other != value) {
        failed = scope_.fail(Code::kFailedPrecondition, "conflicting label: " + std::string(name));
        return false;
      }
      if (label_value(column.labels, name).empty()) added.set(name, value);
    }
    return true;
  }

  const Scope& scope_;
  const Selection& selection_;
  std::map<std::string, std::map<std::string, std::vector<const InfoSeries*>>> by_identity_;
};

bool has_sample(const Column& column, uint64_t step) {
  return has_float(column, step) || histogram_at(column, step) != nullptr;
}

// The part of a column at the steps where it has certain labels.
struct Part {
  NewColumn column;
  const Histogram** histograms = nullptr;
};

Status add_enriched(const Scope& scope, const Column& in, const Joiner& joiner, ColumnSink& out) {
  std::map<Labels, Part> parts;
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    if (!has_sample(in, step)) continue;
    Status failed = kOkStatus;
    std::optional<Labels> labels = joiner.labels_at(in, step, failed);
    if (!failed.ok()) return failed;
    if (!labels) continue;
    auto [at, added] = parts.try_emplace(std::move(*labels));
    Part& part = at->second;
    if (added) {
      part.column = new_column(scope, at->first.view(), in.flags);
      if (part.column.column == nullptr) return Scope::out_of_memory();
      if (in.histograms != nullptr) {
        part.histograms = scope.allocate<const Histogram*>(scope.steps());
        if (part.histograms == nullptr) return Scope::out_of_memory();
        part.column.column->histograms = part.histograms;
      }
    }
    if (has_float(in, step)) part.column.emit(step, in.values[step]);
    if (const Histogram* histogram = histogram_at(in, step)) part.histograms[step] = histogram;
  }
  for (const auto& [labels, part] : parts) {
    if (Status status = out.add(part.column.column); !status.ok()) return status;
  }
  return kOkStatus;
}

Status info(Scope& scope, ColumnSink& out) {
  Selection selection;
  if (Status status = selection.compile(scope); !status.ok()) return status;
  std::vector<const Column*> base;
  for (const Column* column : scope.argument(0).vector) {
    // Info metrics themselves pass as they are.
    if (!selection.is_info_metric(column->labels)) {
      base.push_back(column);
    } else if (Status status = out.add(column); !status.ok()) {
      return status;
    }
  }
  if (base.empty() || scope.steps() == 0) return kOkStatus;
  InfoReader reader(scope, selection);
  if (Status status = reader.read(base); !status.ok()) return status;
  Joiner joiner(scope, selection, reader.series());
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    if (Status status = joiner.check(step); !status.ok()) return status;
  }
  for (const Column* column : base) {
    if (Status status = add_enriched(scope, *column, joiner, out); !status.ok()) return status;
  }
  return kOkStatus;
}

constexpr ValueType kArguments[] = {ValueType::kVector, ValueType::kVector};

constexpr Definition kFunctions[] = {
    vector_function("info", view_of(kArguments), info, "Labels of info metrics added to the series of the same target.",
                    kExperimental | kNeedsLookback, 1),
};

}  // namespace

std::span<const Definition> info_functions() { return kFunctions; }

}  // namespace nightlight::promql_std
