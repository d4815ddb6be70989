#include "promql/query_result.h"

#include <algorithm>

#include "promql/exec/column_room.h"

namespace nightlight::promql {
namespace {

constexpr size_t kSeriesPerBatch = 64;

std::vector<Str> views_of(const std::vector<std::string>& texts) {
  std::vector<Str> out;
  for (const std::string& text : texts) out.push_back(str(text));
  return out;
}

}  // namespace

EvaluatedResult::EvaluatedResult(std::unique_ptr<RunningQueries::Entry> entry, std::unique_ptr<QueryState> state,
                                 std::unique_ptr<Domain> domain, Answer answer, QueryStats stats, std::string trace)
    : entry_(std::move(entry)),
      state_(std::move(state)),
      domain_(std::move(domain)),
      answer_(std::move(answer)),
      stats_(stats),
      trace_(std::move(trace)),
      warnings_(state_->notes.texts(NoteKind::kWarning)),
      infos_(state_->notes.texts(NoteKind::kInfo)),
      warning_views_(views_of(warnings_)),
      info_views_(views_of(infos_)) {}

Status EvaluatedResult::next(ResultBatch* out) noexcept {
  if (Result<void> going = state_->check(); !going.ok())
    return state_->host->fail(going.error().code, str(going.error().message));
  const size_t total = answer_.columns.size() + answer_.series.size();
  const size_t count = std::min(kSeriesPerBatch, total - at_);
  // No vector may move while views into it are handed out.
  batch_.clear();
  batch_.reserve(count);
  batch_pointers_.clear();
  times_.clear();
  values_.clear();
  histograms_.clear();
  const size_t most = count * domain_->steps();
  times_.reserve(most);
  values_.reserve(most);
  histograms_.reserve(most);
  for (size_t i = 0; i < count; ++i, ++at_) {
    const AnswerSeries series =
        at_ < answer_.columns.size() ? series_of(*answer_.columns[at_]) : answer_.series[at_ - answer_.columns.size()];
    batch_.push_back(
        ResultSeries{sizeof(ResultSeries), 0, series.labels, series.timestamps_ms, series.values, series.histograms});
    batch_pointers_.push_back(&batch_.back());
  }
  *out = ResultBatch{sizeof(ResultBatch), 0, view_of(batch_pointers_)};
  return kOkStatus;
}

AnswerSeries EvaluatedResult::series_of(const Column& column) {
  AnswerSeries out{column.labels, {}, {}, {}};
  const uint64_t steps = domain_->steps();
  uint64_t floats = 0;
  for (uint64_t i = 0; i < domain_->words(); ++i) floats += static_cast<uint64_t>(std::popcount(column.valid[i]));
  if (floats == steps) {
    out.timestamps_ms = view_of(domain_->times_ms);
    out.values = {column.values, steps};
    return out;
  }
  const size_t first = values_.size(), first_histogram = histograms_.size();
  for (uint64_t step = 0; step < steps; ++step) {
    if (has_float(column, step)) {
      times_.push_back(domain_->times_ms[step]);
      values_.push_back(column.values[step]);
    } else if (const Histogram* histogram = histogram_at(column, step)) {
      histograms_.push_back(histogram);
    }
  }
  out.timestamps_ms = {times_.data() + first, floats};
  out.values = {values_.data() + first, floats};
  out.histograms = {histograms_.data() + first_histogram, histograms_.size() - first_histogram};
  return out;
}

}  // namespace nightlight::promql
