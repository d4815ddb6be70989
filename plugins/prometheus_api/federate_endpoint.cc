// /federate: the newest sample of each matching series in the text exposition format.
#include <algorithm>

#include "base/parse.h"
#include "base/utf8.h"
#include "model/labels.h"
#include "model/stale_marker.h"
#include "nightlight/sugar.h"
#include "prometheus_api/endpoints.h"
#include "prometheus_api/parameters.h"

namespace nightlight::prometheus_api {
namespace {

constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

struct NewestSample {
  Labels labels;
  int64_t timestamp_ms;
  double value;
};

// The newest sample of a series, unless it is a staleness marker or a histogram, which this format cannot show.
void add_newest(SeriesSet& set, const SeriesSamples& samples, std::vector<NewestSample>& out) {
  if (samples.timestamps_ms.empty()) return;
  uint64_t last = samples.timestamps_ms.size - 1;
  int64_t time_ms = samples.timestamps_ms[last];
  if (!samples.histograms.empty() && samples.histograms[samples.histograms.size - 1]->timestamp_ms > time_ms) return;
  if (is_stale_marker(samples.values[last])) return;
  View<Str> symbols = set.symbols();
  std::vector<LabelPair> labels;
  for (LabelRef ref : set.labels(samples.series)) labels.push_back({symbols[ref.name], symbols[ref.value]});
  out.push_back({Labels(view_of(labels)), time_ms, samples.values[last]});
}

Result<void> read_newest(const Backend& backend, const Call& call, const Selector& selector, int64_t now_ms,
                         std::vector<NewestSample>& out) {
  Select select{};
  select.struct_size = sizeof select;
  select.flags = kSortedByLabels;
  select.context = call.context();
  select.matchers = selector.view();
  select.start_ms = now_ms - backend.lookback_ms + 1;
  select.end_ms = now_ms;
  SeriesSet* raw_set = nullptr;
  if (Status status = backend.storage->select(&select, &raw_set); !status.ok()) return error_of(backend.host, status);
  Owned<SeriesSet> set(raw_set);
  if (set->size() == 0) return {};
  SeriesCursor* raw_cursor = nullptr;
  if (Status status = set->open(0, set->size(), &raw_cursor); !status.ok()) return error_of(backend.host, status);
  Owned<SeriesCursor> cursor(raw_cursor);
  while (true) {
    SeriesBatch batch{};
    batch.struct_size = sizeof batch;
    if (Status status = cursor->next(&batch); !status.ok()) return error_of(backend.host, status);
    if (batch.series.empty()) return {};
    for (const SeriesSamples* samples : batch.series) add_newest(*set, *samples, out);
  }
}

// Characters that old parsers do not take become underscores.
std::string escaped_name(std::string_view name, bool metric) {
  std::string out;
  while (!name.empty()) {
    char c = name[0];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (metric && c == ':');
    bool digit = c >= '0' && c <= '9' && !out.empty();
    out += letter || digit ? c : '_';
    name.remove_prefix(std::max(first_rune(name).size_bytes, 1u));
  }
  return out;
}

void write_label(JsonWriter& out, std::string_view name, std::string_view value, bool first) {
  std::string text = (first ? "{" : ",") + escaped_name(name, false) + "=\"";
  for (char c : value) {
    if (c == '\n') {
      text += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') text += '\\';
    text += c;
  }
  out.raw(text + "\"");
}

void write_sample(JsonWriter& out, const std::string& name, const NewestSample& sample) {
  out.raw(name);
  bool first = true, has_instance = false;
  for (const LabelPair& label : sample.labels.view()) {
    if (view(label.name) == kMetricNameLabel) continue;
    write_label(out, view(label.name), view(label.value), first);
    has_instance |= view(label.name) == "instance";
    first = false;
  }
  if (!has_instance) write_label(out, "instance", "", first);
  // The exposition format has no negative zero.
  out.raw("} " + format_double_g(sample.value == 0 ? 0 : sample.value) + " " + std::to_string(sample.timestamp_ms) +
          "\n");
}

}  // namespace

Result<void> federate(const Backend& backend, Call& call) {
  if (!call.form.error().empty()) {
    answer_text(call.response, 400, "error parsing form values: " + call.form.error() + "\n");
    return {};
  }
  auto selectors = selectors_of(backend, call.form.all("match[]"), true);
  if (!selectors.ok()) {
    answer_text(call.response, 400, selectors.error().message + "\n");
    return {};
  }
  int64_t now_ms = backend.host->now_ms();
  std::vector<NewestSample> samples;
  for (const Selector& selector : *selectors) {
    if (auto read = read_newest(backend, call, selector, now_ms, samples); !read.ok()) {
      answer_text(call.response, 500, read.error().message + "\n");
      return {};
    }
  }
  auto by_name = [](const NewestSample& a, const NewestSample& b) {
    auto a_name = a.labels[kMetricNameLabel], b_name = b.labels[kMetricNameLabel];
    return a_name != b_name ? a_name < b_name : a.labels < b.labels;
  };
  std::sort(samples.begin(), samples.end(), by_name);
  samples.erase(std::unique(samples.begin(), samples.end(),
                            [](const NewestSample& a, const NewestSample& b) { return a.labels == b.labels; }),
                samples.end());
  call.json.set_content_type(kContentType);
  std::string_view family;
  std::string name;
  for (const NewestSample& sample : samples) {
    if (std::string_view metric = sample.labels[kMetricNameLabel]; metric != family || name.empty()) {
      if (metric.empty()) continue;
      family = metric;
      name = escaped_name(metric, true);
      call.json.raw("# TYPE " + name + " untyped\n");
    }
    write_sample(call.json, name, sample);
  }
  (void)call.json.finish();
  return {};
}

}  // namespace nightlight::prometheus_api
