// Sorting. It shows in instant queries only: a range query's answer is ordered by labels, and the engine says so.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "model/labels.h"
#include "promql_std/definition.h"
#include "promql_std/natural_order.h"
#include "promql_std/output.h"

namespace nightlight::promql_std {
namespace {

Status add_all(const std::vector<const Column*>& columns, ColumnSink& out) {
  for (const Column* column : columns) {
    if (Status status = out.add(column); !status.ok()) return status;
  }
  return kOkStatus;
}

// Only floats can be sorted by value: columns lose their histograms, and whoever has nothing else goes.
Status sort_by_value(Scope& scope, ColumnSink& out, bool descending) {
  std::vector<const Column*> columns;
  for (const Column* column : scope.argument(0).vector) {
    bool any = false;
    for (uint64_t step = 0; step < scope.steps() && !any; ++step) any = has_float(*column, step);
    if (!any) continue;
    if (column->histograms != nullptr) {
      auto* floats = scope.allocate<Column>(1);
      if (floats == nullptr) return Scope::out_of_memory();
      *floats = *column;
      floats->histograms = nullptr;
      column = floats;
    }
    columns.push_back(column);
  }
  if (scope.steps() == 1) {
    std::stable_sort(columns.begin(), columns.end(), [&](const Column* a, const Column* b) {
      double x = a->values[0], y = b->values[0];
      if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);  // NaN comes last either way.
      return descending ? y < x : x < y;
    });
  }
  return add_all(columns, out);
}

Status sort_by_text(Scope& scope, ColumnSink& out, int direction) {
  View<const Column*> input = scope.argument(0).vector;
  std::vector<const Column*> columns(input.begin(), input.end());
  std::stable_sort(columns.begin(), columns.end(), [&](const Column* a, const Column* b) {
    for (uint32_t i = 1; i < scope.argument_count(); ++i) {
      std::string_view x = label_value(a->labels, scope.text(i)), y = label_value(b->labels, scope.text(i));
      if (x != y) return natural_less(x, y) == (direction > 0);
    }
    return direction * compare_labels(a->labels, b->labels) < 0;
  });
  return add_all(columns, out);
}

Status sort(Scope& scope, ColumnSink& out) { return sort_by_value(scope, out, false); }
Status sort_desc(Scope& scope, ColumnSink& out) { return sort_by_value(scope, out, true); }
Status sort_by_label(Scope& scope, ColumnSink& out) { return sort_by_text(scope, out, 1); }
Status sort_by_label_desc(Scope& scope, ColumnSink& out) { return sort_by_text(scope, out, -1); }

constexpr ValueType kByLabel[] = {ValueType::kVector, ValueType::kString};

constexpr Definition kFunctions[] = {
    vector_function("sort", view_of(kVectorOnly), sort, "Ordered by value, ascending.", kRangeInsensitive),
    vector_function("sort_desc", view_of(kVectorOnly), sort_desc, "Ordered by value, descending.", kRangeInsensitive),
    vector_function("sort_by_label", view_of(kByLabel), sort_by_label, "Ordered by labels, numbers in them as numbers.",
                    kRangeInsensitive | kExperimental, -1),
    vector_function("sort_by_label_desc", view_of(kByLabel), sort_by_label_desc, "Ordered by labels, descending.",
                    kRangeInsensitive | kExperimental, -1),
};

}  // namespace

std::span<const Definition> sort_functions() { return kFunctions; }

}  // namespace nightlight::promql_std
