// A storage of a few series and an engine that gives back what it is told.
#ifndef NIGHTLIGHT_TESTS_UNIT_PROMETHEUS_API_FAKE_STORE_H_
#define NIGHTLIGHT_TESTS_UNIT_PROMETHEUS_API_FAKE_STORE_H_

#include <map>
#include <string>
#include <vector>

#include "model/labels.h"
#include "model/matcher.h"
#include "nightlight/engine.h"
#include "nightlight/listener.h"
#include "nightlight/storage.h"
#include "nightlight/sugar.h"

namespace nightlight::fakes {

// Series with one sample each at time 1,000.
class FakeStorage final : public Storage {
 public:
  class Set final : public SeriesSet {
   public:
    uint64_t size() noexcept override { return rows_.size(); }
    View<Str> symbols() noexcept override { return view_of(symbols_); }
    View<LabelRef> labels(uint64_t i) noexcept override { return view_of(rows_[i]); }
    Status open(uint64_t, uint64_t, SeriesCursor**) noexcept override { return Status{Code::kUnimplemented, 0}; }
    View<Str> warnings() noexcept override { return {nullptr, 0}; }
    void release() noexcept override { delete this; }
    void add(View<LabelPair> labels) {
      std::vector<LabelRef> row;
      for (const LabelPair& label : labels) {
        symbols_.push_back(label.name);
        symbols_.push_back(label.value);
        row.push_back({static_cast<uint32_t>(symbols_.size() - 2), static_cast<uint32_t>(symbols_.size() - 1)});
      }
      rows_.push_back(row);
    }

   private:
    std::vector<Str> symbols_;
    std::vector<std::vector<LabelRef>> rows_;
  };

  Status select(const Select* select, SeriesSet** out) noexcept override {
    last_start_ms = select->start_ms;
    last_end_ms = select->end_ms;
    auto* set = new Set;
    for (const Labels& labels : series) {
      if (matches(labels, select->matchers) && (select->limit == 0 || set->size() < select->limit))
        set->add(labels.view());
    }
    *out = set;
    return kOkStatus;
  }
  Status label_names(const LabelQuery* query, StringSink* out) noexcept override {
    std::map<std::string, int> names;
    for (const Labels& labels : series) {
      if (!matches(labels, query->matchers)) continue;
      for (const LabelPair& label : labels.view()) names[std::string(view(label.name))] = 1;
    }
    return give(names, query->limit, out);
  }
  Status label_values(Str name, const LabelQuery* query, StringSink* out) noexcept override {
    std::map<std::string, int> values;
    for (const Labels& labels : series) {
      if (matches(labels, query->matchers) && !labels[view(name)].empty()) values[std::string(labels[view(name)])] = 1;
    }
    return give(values, query->limit, out);
  }
  uint64_t generation(Str, int64_t) noexcept override { return 0; }

  std::vector<Labels> series;
  int64_t last_start_ms = 0, last_end_ms = 0;

 private:
  static bool matches(const Labels& labels, View<const Matcher*> matchers) {
    for (const Matcher* matcher : matchers) {
      if (!LabelMatcher::compile(*matcher)->matches(labels[view(matcher->name)])) return false;
    }
    return true;
  }
  static Status give(const std::map<std::string, int>& texts, uint64_t limit, StringSink* out) {
    std::vector<Str> all;
    for (const auto& [text, one] : texts) {
      if (limit == 0 || all.size() < limit) all.push_back(str(text));
    }
    return out->add(view_of(all));
  }
};

struct FakeAnswer {
  ValueType type = ValueType::kVector;
  std::string text;
  std::vector<ResultSeries> series;
  std::vector<std::string> warnings, infos;
  Code fail_query = Code::kOk, fail_next = Code::kOk;
  std::string error, trace;
  QueryStats stats{};
};

class FakeEngine final : public Engine {
 public:
  explicit FakeEngine(Host* host) : host_(host) {}

  class Answer final : public QueryResult {
   public:
    Answer(FakeAnswer* answer, Host* host) : answer_(answer), host_(host) {
      for (const ResultSeries& one : answer->series) pointers_.push_back(&one);
      for (const std::string& text : answer->warnings) warnings_.push_back(str(text));
      for (const std::string& text : answer->infos) infos_.push_back(str(text));
    }
    ValueType type() noexcept override { return answer_->type; }
    Str string() noexcept override { return str(answer_->text); }
    Status next(ResultBatch* out) noexcept override {
      // One series at a time, to see that all are asked for.
      out->series = at_ < pointers_.size() ? View<const ResultSeries*>{&pointers_[at_++], 1}
                                           : View<const ResultSeries*>{nullptr, 0};
      if (out->series.empty() && answer_->fail_next != Code::kOk)
        return host_->fail(answer_->fail_next, str(answer_->error));
      return kOkStatus;
    }
    View<Str> warnings() noexcept override { return view_of(warnings_); }
    View<Str> infos() noexcept override { return view_of(infos_); }
    const QueryStats* stats() noexcept override { return &answer_->stats; }
    Str trace_json() noexcept override { return str(answer_->trace); }
    void release() noexcept override { delete this; }

   private:
    FakeAnswer* answer_;
    Host* host_;
    size_t at_ = 0;
    std::vector<const ResultSeries*> pointers_;
    std::vector<Str> warnings_, infos_;
  };

  Status query(const Query* query, QueryResult** out) noexcept override {
    last = *query;
    last_text = std::string(view(query->text));
    last_deadline_ns = query->context->deadline_ns;
    if (answer.fail_query != Code::kOk) return host_->fail(answer.fail_query, str(answer.error));
    *out = new Answer(&answer, host_);
    return kOkStatus;
  }
  // Knows selectors of the form name, and {} for everything.
  Status parse_selector(Str text, SelectorSink* out) noexcept override {
    if (view(text) == "bad{") return host_->fail(Code::kInvalidArgument, str("1:5: parse error"));
    Matcher matcher{};
    matcher.struct_size = sizeof matcher;
    matcher.op = view(text) == "{}" ? MatchOp::kRegex : MatchOp::kEqual;
    matcher.name = str("__name__");
    matcher.value = view(text) == "{}" ? str(".*") : text;
    const Matcher* one[] = {&matcher};
    return out->add(view_of(one));
  }
  Status selectors(Str, SelectorSink*) noexcept override { return kOkStatus; }
  Status format(Str query, TextSink* out) noexcept override {
    if (view(query).empty()) return host_->fail(Code::kInvalidArgument, str("nothing there"));
    return out->write(query);
  }
  Status parse_json(Str, TextSink* out) noexcept override { return out->write(str("{\"type\":\"x\"}")); }
  Status explain_json(const Query*, uint32_t, TextSink*) noexcept override { return Status{Code::kUnimplemented, 0}; }
  Status running_json(TextSink*) noexcept override { return Status{Code::kUnimplemented, 0}; }
  Status cancel(uint64_t) noexcept override { return Status{Code::kUnimplemented, 0}; }
  View<const FunctionSpec*> functions() noexcept override { return {nullptr, 0}; }

  FakeAnswer answer;
  Query last{};
  std::string last_text;
  int64_t last_deadline_ns = 0;

 private:
  Host* host_;
};

// Finds the handlers that the API adds.
class FakeListener final : public Listener {
 public:
  Status add_route(const Route* route) noexcept override {
    routes[std::string(view(route->path))] = *route;
    return kOkStatus;
  }
  void remove_routes(HttpHandler* handler) noexcept override {
    for (auto i = routes.begin(); i != routes.end();) i = i->second.handler == handler ? routes.erase(i) : std::next(i);
  }
  uint32_t port() noexcept override { return 0; }
  std::map<std::string, Route> routes;
};

}  // namespace nightlight::fakes

#endif  // NIGHTLIGHT_TESTS_UNIT_PROMETHEUS_API_FAKE_STORE_H_
