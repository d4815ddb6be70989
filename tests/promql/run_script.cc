#include "promql/run_script.h"

#include <algorithm>
#include <map>

#include "base/parse.h"
#include "promql/answer.h"
#include "promql/nhcb.h"
#include "promql/printer.h"

namespace nightlight::test {
namespace {

constexpr int64_t kMinuteMs = 60'000;
constexpr promql::ParserOptions kParserOptions{.unquoted_utf8_names = true};
constexpr promql::PrintOptions kPrintOptions{.unquoted_utf8_names = true};

// Their value depends on the time of evaluation even when all selectors are pinned.
constexpr std::string_view kTimeDependent[] = {
    "days_in_month",  "day_of_month", "day_of_week", "day_of_year", "hour", "minute", "month", "year",
    "predict_linear", "time",         "timestamp",   "start",       "end",  "range",  "step"};

bool depends_on_time(const promql::Expr& expr) {
  if (const auto* call = promql::as_if<promql::Call>(&expr)) {
    std::string_view name(call->function->name.data, call->function->name.size);
    if (std::find(std::begin(kTimeDependent), std::end(kTimeDependent), name) != std::end(kTimeDependent)) return true;
  }
  auto below = promql::children(expr);
  return std::any_of(below.begin(), below.end(), [](const promql::Expr* child) { return depends_on_time(*child); });
}

void pin_shift(promql::TimeShift& shift, int64_t time_ms) {
  if (shift.at_ms) return;
  shift.at_ms = time_ms;
  shift.at_bound = promql::AtBound::kNone;
}

// Adds `@ time` to every selector that has none. What is inside a subquery stays: the subquery itself is pinned.
void pin(promql::Expr& expr, int64_t time_ms) {
  if (auto* subquery = promql::as_if<promql::SubqueryExpr>(&expr)) return pin_shift(subquery->shift, time_ms);
  if (auto* selector = promql::as_if<promql::VectorSelector>(&expr)) return pin_shift(selector->shift, time_ms);
  for (promql::Expr* child : promql::children(expr)) pin(*child, time_ms);
}

bool asks_for_query_times(const std::string& expression) {
  for (const char* call : {"start()", "end()", "range()", "step()"}) {
    if (expression.find(call) != std::string::npos) return true;
  }
  return false;
}

std::string quoted(const std::string& expression) { return "`" + expression + "`"; }

}  // namespace

Result<Report> ScriptRunner::run(std::string_view script) {
  storage_.clear();
  NIGHTLIGHT_ASSIGN(commands, parse_script(script));
  Report report;
  for (const Command& command : commands) {
    if (std::holds_alternative<ClearCommand>(command.what)) {
      storage_.clear();
    } else if (const auto* load_command = std::get_if<LoadCommand>(&command.what)) {
      Result<void> loaded = load(*load_command);
      if (!loaded.ok()) return std::move(loaded).error().with("line " + std::to_string(command.line));
    } else {
      ++report.evaluations;
      std::string wrong = eval(std::get<EvalCommand>(command.what));
      if (wrong.empty()) {
        ++report.passed;
      } else {
        report.failures.push_back({command.line, std::move(wrong)});
      }
    }
  }
  return report;
}

Result<void> ScriptRunner::load(const LoadCommand& load) {
  std::map<Labels, std::vector<Sample>> series;
  std::map<Labels, const SeriesLine*> start_timestamps;
  for (const SeriesLine& line : load.series) {
    if (line.start_timestamps) {
      start_timestamps[line.labels] = &line;
      continue;
    }
    const SeriesLine* starts = start_timestamps.contains(line.labels) ? start_timestamps[line.labels] : nullptr;
    if (starts != nullptr && starts->start_offsets_ms.size() != line.values.size()) {
      return Error{Code::kInvalidArgument, "as many start timestamps as values are needed"};
    }
    std::vector<Sample>& samples = series[line.labels];
    samples.clear();  // Of lines for one series, the last counts.
    for (size_t i = 0; i < line.values.size(); ++i) {
      const SequenceValue& value = line.values[i];
      if (value.omitted) continue;
      int64_t time_ms = static_cast<int64_t>(i) * load.step_ms;
      int64_t start_ms = starts != nullptr && starts->start_offsets_ms[i] ? time_ms + *starts->start_offsets_ms[i] : 0;
      samples.push_back({time_ms, start_ms, value.value, value.histogram});
    }
  }
  if (load.with_nhcb) {
    NIGHTLIGHT_ASSIGN(native, convert_classic_histograms(series));
    for (auto& [labels, samples] : native) series[labels] = std::move(samples);
  }
  for (const auto& [labels, samples] : series) {
    for (const Sample& sample : samples) NIGHTLIGHT_TRY(storage_.append(labels, sample));
  }
  return {};
}

std::string ScriptRunner::judge_failure(const EvalCommand& eval, const Error& error) const {
  if (!eval.fail) return "failed: " + error.message;
  if (text_matches(*eval.fail, error.message)) return "";
  return "expected the error \"" + eval.fail->text + "\" but got \"" + error.message + "\"";
}

std::string ScriptRunner::eval(const EvalCommand& eval) {
  if (eval.range) return eval_range(eval);
  // A text that does not parse is a mistake of the script, never an expected failure.
  auto expr = promql::parse_expression(eval.expression, functions_, kParserOptions);
  if (!expr.ok()) return "does not parse: " + expr.error().message;
  int64_t time_ms = eval.range_vector ? eval.end_ms : eval.start_ms;
  std::string wrong = eval_instant(eval, eval.expression, time_ms);
  if (!wrong.empty() || depends_on_time(**expr)) return wrong;
  pin(**expr, time_ms);
  std::string pinned = promql::print(**expr, kPrintOptions);
  std::vector<int64_t> times = {-10 * time_ms, 0, time_ms / 5, time_ms, 10 * time_ms};
  if (time_ms == 0) times = {-1000, 0, 1000};
  for (int64_t other_ms : times) {
    wrong = eval_instant(eval, pinned, other_ms);
    if (!wrong.empty()) return "as " + quoted(pinned) + " at " + format_duration_ms(other_ms) + ": " + wrong;
  }
  return "";
}

std::string ScriptRunner::eval_range(const EvalCommand& eval) {
  Result<Answer> answer = ask(engine_, host_, eval.expression, eval.start_ms, eval.end_ms, eval.step_ms, true);
  if (!answer.ok()) return judge_failure(eval, answer.error());
  if (eval.fail) return "an error is expected, but there was none";
  std::string wrong = compare_annotations(eval, *answer);
  return wrong.empty() ? compare_value(eval, *answer, true) : wrong;
}

std::string ScriptRunner::eval_instant(const EvalCommand& eval, const std::string& expression, int64_t time_ms) {
  Result<Answer> answer = ask(engine_, host_, expression, time_ms, time_ms, 0, false);
  if (!answer.ok()) return judge_failure(eval, answer.error());
  if (eval.fail) return "an error is expected, but there was none";
  std::string wrong = compare_annotations(eval, *answer);
  if (wrong.empty()) wrong = compare_value(eval, *answer, eval.range_vector);
  bool instant_only = eval.range_vector || eval.string || asks_for_query_times(expression);
  if (!wrong.empty() || instant_only) return wrong;
  wrong = eval_as_range(eval, expression, time_ms);
  return wrong.empty() ? "" : "in the middle of a range: " + wrong;
}

std::string ScriptRunner::eval_as_range(const EvalCommand& eval, const std::string& expression, int64_t time_ms) {
  Result<Answer> answer = ask(engine_, host_, expression, time_ms - kMinuteMs, time_ms + kMinuteMs, kMinuteMs, true);
  if (!answer.ok()) return "failed: " + answer.error().message;
  auto unsorted = [](const AnswerSeries& a, const AnswerSeries& b) { return !(a.labels < b.labels); };
  if (std::adjacent_find(answer->series.begin(), answer->series.end(), unsorted) != answer->series.end()) {
    return "the series are not sorted";
  }
  // A range query's order is by labels.
  return eval.ordered ? "" : compare_value(eval, at_time(*answer, time_ms), false);
}

}  // namespace nightlight::test
