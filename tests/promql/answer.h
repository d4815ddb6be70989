// What a query answered, read whole, and how it compares with what a script expects.
#ifndef NIGHTLIGHT_TESTS_PROMQL_ANSWER_H_
#define NIGHTLIGHT_TESTS_PROMQL_ANSWER_H_

#include <string>
#include <vector>

#include "base/result.h"
#include "nightlight/engine.h"
#include "promql/memory_storage.h"
#include "promql/script.h"

namespace nightlight::test {

struct AnswerSeries {
  Labels labels;
  std::vector<Sample> samples;  // Ascending in time.
};

struct Answer {
  ValueType type = ValueType::kVector;
  std::string string;
  std::vector<AnswerSeries> series;
  std::vector<std::string> warnings, infos;
};

// Asks the engine and reads all of the answer. The error is the engine's.
Result<Answer> ask(Engine& engine, Host& host, const std::string& expression, int64_t start_ms, int64_t end_ms,
                   int64_t step_ms, bool range);

// The part of a range query's answer at one time, as an instant query would have given it.
Answer at_time(const Answer& answer, int64_t time_ms);

// "" when the value is what the script expects of the evaluation itself (a re-run compares as an instant query).
std::string compare_value(const EvalCommand& eval, const Answer& answer, bool as_range);
// "" when warnings and infos are.
std::string compare_annotations(const EvalCommand& eval, const Answer& answer);
bool text_matches(const TextMatch& match, const std::string& text);

}  // namespace nightlight::test

#endif  // NIGHTLIGHT_TESTS_PROMQL_ANSWER_H_
