// absent and absent_over_time: one series where there is none.
#include <algorithm>

#include "model/labels.h"
#include "promql_std/definition.h"
#include "promql_std/output.h"

namespace nightlight::promql_std {
namespace {

// What the selector pins down: the values of its equality matchers. A label with more than one matcher is not.
std::vector<LabelPair> selected_labels(View<const Matcher*> matchers) {
  LabelsBuilder builder;
  std::vector<std::string_view> seen;
  for (const Matcher* matcher : matchers) {
    std::string_view name = view(matcher->name);
    if (is_metadata_label(name)) continue;
    bool first = std::find(seen.begin(), seen.end(), name) == seen.end();
    if (matcher->op == MatchOp::kEqual && first) {
      builder.set(name, view(matcher->value));
      seen.push_back(name);
    } else {
      builder.erase(name);
    }
  }
  return {builder.labels().begin(), builder.labels().end()};
}

Status absent(Scope& scope, ColumnSink& out) {
  const Argument& argument = scope.argument(0);
  NewColumn column = new_column(scope, view_of(selected_labels(argument.selector)), 0);
  if (column.column == nullptr) return Scope::out_of_memory();
  bool any = false;
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    bool present = std::any_of(argument.vector.begin(), argument.vector.end(), [&](const Column* c) {
      return has_float(*c, step) || histogram_at(*c, step) != nullptr;
    });
    if (present) continue;
    column.emit(step, 1);
    any = true;
  }
  return any ? out.add(column.column) : kOkStatus;
}

constexpr Definition kFunctions[] = {
    vector_function("absent", view_of(kVectorOnly), absent, "1 when the vector is empty."),
    vector_function("absent_over_time", view_of(kMatrixOnly), absent, "1 when no series has a sample in the range."),
};

}  // namespace

std::span<const Definition> absent_functions() { return kFunctions; }

}  // namespace nightlight::promql_std
