// promql_script FUNCTIONS_PLUGIN FILE...: runs PromQL test scripts (run_script.h) with the engine over a store in
// memory, and the functions of a plugin file. Prints what failed; exits with 1 when something did.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "promql/component.h"
#include "promql/memory_storage.h"
#include "promql/run_script.h"
#include "promql/single_host.h"

namespace nightlight::test {
namespace {

// As Prometheus runs its own scripts.
const std::map<std::string, std::string> kEngineSettings = {
    {"max_samples", "10000"},         {"lookback", "5m"},
    {"subquery_step", "1m"},          {"query_timeout", "100s"},
    {"delayed_name_removal", "true"}, {"use_start_timestamps", "true"},
    {"unquoted_utf8_names", "true"},
};

bool run_file(ScriptRunner& runner, const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) return std::cerr << path << ": cannot be read\n", false;
  Result<Report> report = runner.run(text.str());
  if (!report.ok()) return std::cout << path << ": " << report.error().message << "\n", false;
  for (const Failure& failure : report->failures)
    std::cout << path << ":" << failure.line << ": " << failure.message << "\n";
  std::cout << path << ": " << report->passed << " of " << report->evaluations << " evaluations passed\n";
  return report->failures.empty();
}

int run(int count, char** arguments) {
  if (count < 3) return std::cerr << "usage: promql_script FUNCTIONS_PLUGIN FILE...\n", 2;
  auto fatal = [](const Error& error) { return std::cerr << error.message << "\n", 1; };
  SingleHost host;
  MemoryStorage storage(&host);
  auto library = load_component(arguments[1], kFunctionLibraryId);
  if (!library.ok()) return fatal(library.error());
  auto functions = RunningInstance::start(host, **library, {}, {});
  if (!functions.ok()) return fatal(functions.error());
  Providers providers{{kStorageId, static_cast<Storage*>(&storage)},
                      {kFunctionLibraryId, functions->as<FunctionLibrary>(kFunctionLibraryId)}};
  auto engine = RunningInstance::start(host, promql::component(), kEngineSettings, providers);
  if (!engine.ok()) return fatal(engine.error());
  ScriptRunner runner(*engine->as<Engine>(kEngineId), host, storage);
  bool passed = true;
  for (int i = 2; i < count; ++i) passed = run_file(runner, arguments[i]) && passed;
  return passed ? 0 : 1;
}

}  // namespace
}  // namespace nightlight::test

int main(int count, char** arguments) { return nightlight::test::run(count, arguments); }
