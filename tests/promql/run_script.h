// Runs a PromQL test script against an engine that reads from a MemoryStorage.
//
// Every instant query is run again in ways that must not change its answer: pinned with `@` and asked at other times,
// and as the middle step of a range query.
#ifndef NIGHTLIGHT_TESTS_PROMQL_RUN_SCRIPT_H_
#define NIGHTLIGHT_TESTS_PROMQL_RUN_SCRIPT_H_

#include <string>
#include <string_view>
#include <vector>

#include "nightlight/engine.h"
#include "promql/memory_storage.h"
#include "promql/parser.h"
#include "promql/script.h"

namespace nightlight::test {

struct Failure {
  int line = 0;
  std::string message;
};

struct Report {
  size_t evaluations = 0;  // eval commands
  size_t passed = 0;
  std::vector<Failure> failures;
};

class ScriptRunner {
 public:
  ScriptRunner(Engine& engine, Host& host, MemoryStorage& storage)
      : engine_(engine), host_(host), storage_(storage), functions_(engine.functions()) {}

  // From an empty storage. The error: the script cannot be read, or a load failed.
  Result<Report> run(std::string_view script);

 private:
  Result<void> load(const LoadCommand& load);
  // "" or what is wrong.
  std::string eval(const EvalCommand& eval);
  std::string eval_range(const EvalCommand& eval);
  std::string eval_instant(const EvalCommand& eval, const std::string& expression, int64_t time_ms);
  std::string eval_as_range(const EvalCommand& eval, const std::string& expression, int64_t time_ms);
  std::string judge_failure(const EvalCommand& eval, const Error& error) const;

  Engine& engine_;
  Host& host_;
  MemoryStorage& storage_;
  promql::FunctionTable functions_;
};

}  // namespace nightlight::test

#endif  // NIGHTLIGHT_TESTS_PROMQL_RUN_SCRIPT_H_
