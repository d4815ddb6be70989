#include "runtime/log.h"

#include <doctest/doctest.h>

#include "nightlight/sugar.h"

namespace nightlight::runtime {
namespace {

constexpr int64_t kTime = 1'700'000'000'007;

TEST_CASE("logfmt quotes what would not read back") {
  KeyValue fields[] = {{str("a"), str("plain")},
                       {str("b"), str("two words")},
                       {str("c"), str("")},
                       {str("d"), str("q\"\\\n\x01")},
                       {str("e"), str("x=y")}};
  CHECK(format_line(LogFormat::kLogfmt, kTime, LogLevel::kWarn, "it happened", "api", view_of(fields)) ==
        "ts=2023-11-14T22:13:20.007Z level=warn msg=\"it happened\" instance=api a=plain b=\"two words\" c=\"\" "
        "d=\"q\\\"\\\\\\n\\u0001\" e=\"x=y\"");
}

TEST_CASE("JSON is one object a line") {
  KeyValue fields[] = {{str("path"), str("/x\"\n")}};
  CHECK(format_line(LogFormat::kJson, kTime, LogLevel::kError, "it happened", "", view_of(fields)) ==
        R"({"ts":"2023-11-14T22:13:20.007Z","level":"error","msg":"it happened","path":"/x\"\n"})");
}

TEST_CASE("levels below the set one are not enabled") {
  Log log;
  log.set_level(LogLevel::kWarn);
  CHECK(!log.enabled(LogLevel::kInfo));
  CHECK(log.enabled(LogLevel::kWarn));
}

}  // namespace
}  // namespace nightlight::runtime
