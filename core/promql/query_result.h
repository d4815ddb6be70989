// A query's answer: evaluated, in order, and read by whoever asked.
#ifndef NIGHTLIGHT_PROMQL_QUERY_RESULT_H_
#define NIGHTLIGHT_PROMQL_QUERY_RESULT_H_

#include <memory>
#include <string>
#include <vector>

#include "promql/exec/domain.h"
#include "promql/exec/query_state.h"
#include "promql/running_queries.h"

namespace nightlight::promql {

// A series of the answer. Everything lives in the query's arena, or with the domain.
struct AnswerSeries {
  View<LabelPair> labels{};
  View<int64_t> timestamps_ms{};
  View<double> values{};
  View<const Histogram*> histograms{};
};

struct Answer {
  ValueType type = ValueType::kVector;
  std::string string;
  // A vector or matrix of columns, or series that were made otherwise.
  std::vector<const Column*> columns;
  std::vector<AnswerSeries> series;
};

class EvaluatedResult final : public QueryResult {
 public:
  EvaluatedResult(std::unique_ptr<RunningQueries::Entry> entry, std::unique_ptr<QueryState> state,
                  std::unique_ptr<Domain> domain, Answer answer, QueryStats stats, std::string trace);

  ValueType type() noexcept override { return answer_.type; }
  Str string() noexcept override { return str(answer_.string); }
  Status next(ResultBatch* out) noexcept override;
  View<Str> warnings() noexcept override { return view_of(warning_views_); }
  View<Str> infos() noexcept override { return view_of(info_views_); }
  const QueryStats* stats() noexcept override { return &stats_; }
  Str trace_json() noexcept override { return str(trace_); }
  void release() noexcept override { delete this; }

 private:
  AnswerSeries series_of(const Column& column);

  std::unique_ptr<RunningQueries::Entry> entry_;
  std::unique_ptr<QueryState> state_;
  std::unique_ptr<Domain> domain_;
  Answer answer_;
  QueryStats stats_;
  std::string trace_;
  std::vector<std::string> warnings_, infos_;
  std::vector<Str> warning_views_, info_views_;

  size_t at_ = 0;
  std::vector<ResultSeries> batch_;
  std::vector<const ResultSeries*> batch_pointers_;
  // The samples of the batch's columns that have gaps.
  std::vector<int64_t> times_;
  std::vector<double> values_;
  std::vector<const Histogram*> histograms_;
};

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_QUERY_RESULT_H_
