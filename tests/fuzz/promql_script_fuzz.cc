// The reader of PromQL test scripts: any text ends in commands or an error.
#include <string_view>

#include "promql/script.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static_cast<void>(nightlight::test::parse_script({reinterpret_cast<const char*>(data), size}));
  return 0;
}
