#include <algorithm>

#include "model/labels.h"
#include "nightlight/sugar.h"
#include "prometheus_api/endpoints.h"
#include "prometheus_api/parameters.h"

namespace nightlight::prometheus_api {
namespace {

// The exemplars of one series, with the series' labels.
struct ExemplarSeries {
  Labels labels;
  struct One {
    Labels labels;
    double value;
    int64_t timestamp_ms;
  };
  std::vector<One> exemplars;
};

class Exemplars final : public ExemplarSink {
 public:
  Status add(View<LabelPair> series, View<const Exemplar*> exemplars) noexcept override {
    try {
      ExemplarSeries& out = list.emplace_back(ExemplarSeries{Labels(series), {}});
      for (const Exemplar* e : exemplars) out.exemplars.push_back({Labels(e->labels), e->value, e->timestamp_ms});
      return kOkStatus;
    } catch (const std::bad_alloc&) {
      return Status{Code::kResourceExhausted, 0};
    }
  }
  std::vector<ExemplarSeries> list;
};

void write_exemplars(JsonWriter& json, const std::vector<ExemplarSeries>& list) {
  json.raw("[");
  for (size_t i = 0; i < list.size(); ++i) {
    json.raw(i == 0 ? "{\"seriesLabels\":" : ",{\"seriesLabels\":");
    json.labels(list[i].labels.view());
    json.raw(",\"exemplars\":[");
    for (size_t k = 0; k < list[i].exemplars.size(); ++k) {
      const auto& exemplar = list[i].exemplars[k];
      json.raw(k == 0 ? "{\"labels\":" : ",{\"labels\":");
      json.labels(exemplar.labels.view());
      json.raw(",\"value\":");
      json.value(exemplar.value);
      json.raw(",\"timestamp\":");
      json.timestamp(exemplar.timestamp_ms);
      json.raw("}");
    }
    json.raw("]}");
  }
  json.raw("]");
}

}  // namespace

Result<void> query_exemplars(const Backend& backend, Call& call) {
  NIGHTLIGHT_ASSIGN(start, time_parameter(call.form, "start", kMinTimeMs));
  NIGHTLIGHT_ASSIGN(end, time_parameter(call.form, "end", kMaxTimeMs));
  if (end < start) return Error{Code::kInvalidArgument, "end timestamp must not be before start timestamp"};
  SelectorList selectors;
  if (Status status = backend.engine->selectors(str(call.form.first("query")), &selectors); !status.ok()) {
    return error_of(backend.host, status);
  }
  if (selectors.list.empty()) {
    answer_nothing(call);
    return {};
  }
  Exemplars exemplars;
  for (const Selector& selector : selectors.list) {
    if (backend.exemplars == nullptr) break;
    Select select{};
    select.struct_size = sizeof select;
    select.context = call.context();
    select.matchers = selector.view();
    select.start_ms = start.ms;
    select.end_ms = end.ms;
    if (Status status = backend.exemplars->exemplars(&select, &exemplars); !status.ok()) {
      return error_of(backend.host, status);
    }
  }
  // Selectors may overlap: a series comes once, in the order of labels.
  auto& list = exemplars.list;
  std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.labels < b.labels; });
  list.erase(std::unique(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.labels == b.labels; }),
             list.end());
  begin_success(call.json);
  write_exemplars(call.json, list);
  end_success(call.json, {});
  return {};
}

Result<void> format_query(const Backend& backend, Call& call) {
  TextBuffer out;
  if (Status status = backend.engine->format(str(call.form.first("query")), &out); !status.ok()) {
    return invalid_parameter("query", view(backend.host->last_error()));
  }
  begin_success(call.json);
  call.json.string(out.text);
  end_success(call.json, {});
  return {};
}

Result<void> parse_query(const Backend& backend, Call& call) {
  TextBuffer out;
  if (Status status = backend.engine->parse_json(str(call.form.first("query")), &out); !status.ok()) {
    return invalid_parameter("query", view(backend.host->last_error()));
  }
  begin_success(call.json);
  call.json.raw(out.text);
  end_success(call.json, {});
  return {};
}

}  // namespace nightlight::prometheus_api
