// PromQL test scripts: blocks of `clear`, `load <step>` and `eval instant|range`, as Prometheus writes its own engine
// tests. Times are relative to the epoch.
#ifndef NIGHTLIGHT_TESTS_PROMQL_SCRIPT_H_
#define NIGHTLIGHT_TESTS_PROMQL_SCRIPT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "promql/series_line.h"

namespace nightlight::test {

struct ClearCommand {};

struct LoadCommand {
  int64_t step_ms = 0;
  bool with_nhcb = false;  // Classic histograms become native ones with custom buckets besides.
  std::vector<SeriesLine> series;
};

// What a text must be: equal to, or to contain a match of.
struct TextMatch {
  enum class Kind { kAny, kEqual, kRegex };
  Kind kind = Kind::kAny;
  std::string text;
};

struct EvalCommand {
  bool range = false;
  int64_t start_ms = 0, end_ms = 0, step_ms = 0;  // An instant query is at start_ms.
  std::string expression;

  std::optional<TextMatch> fail;
  std::vector<TextMatch> warnings, infos;
  bool no_warning = false, no_info = false;
  bool some_warning = false, some_info = false;  // eval_warn, eval_info: at least one.
  bool ordered = false;
  std::optional<std::string> string;  // expect string
  std::optional<double> scalar;
  bool range_vector = false;       // expect range vector: values of start_ms, start_ms + step_ms, ... at end_ms
  std::vector<SeriesLine> series;  // In the order written.
};

struct Command {
  int line = 0;
  std::variant<ClearCommand, LoadCommand, EvalCommand> what;
};

// An error names the line.
Result<std::vector<Command>> parse_script(std::string_view text);

}  // namespace nightlight::test

#endif  // NIGHTLIGHT_TESTS_PROMQL_SCRIPT_H_
