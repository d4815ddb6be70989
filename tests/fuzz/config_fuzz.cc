// YAML config: whatever the bytes, reading, checking and printing end with an answer; and what is printed of a config
// without mistakes reads back as the same config.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "../unit/config/fake_components.h"
#include "config/config.h"
#include "config/diff.h"
#include "config/print.h"

using namespace nightlight;
using namespace nightlight::config;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Components kComponents = fake::all();
  static const Surroundings kSurroundings = fake::surroundings();
  Problems problems;
  Document document =
      read_document(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz.yaml", {}, &problems);
  CheckedConfig checked = check(document, kComponents, kSurroundings, &problems);
  (void)problems.lines();
  if (!problems.empty()) return 0;
  std::string printed = print_effective(checked, Origins::kShown);
  (void)print_dot(checked);
  for (const CheckedInstance& instance : checked.instances) {
    for (const CheckedField& field : instance.fields) {
      if (field.field->type == FieldType::kSecret && field.value.kind != ValueKind::kNull)
        return 0;  // Masked: not the same.
    }
  }
  Problems again_problems;
  Document again = read_document(printed, "printed.yaml", {}, &again_problems);
  Changes changes = compare(checked, check(again, kComponents, kSurroundings, &again_problems));
  if (again_problems.empty() && changes.reloadable.empty() && changes.need_restart.empty()) return 0;
  std::fprintf(stderr, "does not read back:\n%s\n", printed.c_str());
  for (const std::string& line : again_problems.lines()) std::fprintf(stderr, "%s\n", line.c_str());
  std::abort();
}
