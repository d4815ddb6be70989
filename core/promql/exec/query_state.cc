#include "promql/exec/query_state.h"

#include "base/parse.h"

namespace nightlight::promql {

Result<void> QueryState::check() const {
  auto is_set = [](const uint32_t* flag) { return flag != nullptr && __atomic_load_n(flag, __ATOMIC_RELAXED) != 0; };
  if (is_set(context.cancelled) || is_set(caller_cancelled))
    return Error{Code::kCancelled, "query was canceled in expression evaluation"};
  if (context.deadline_ns != INT64_MAX && host->monotonic_ns() >= context.deadline_ns)
    return Error{Code::kDeadlineExceeded, "query timed out in expression evaluation"};
  return {};
}

Error QueryState::too_many_samples() {
  return {Code::kFailedPrecondition, "query processing would load too many samples into memory in query execution"};
}

Error QueryState::out_of_memory() const {
  return {Code::kFailedPrecondition, "query needs more than " + format_bytes(budget.limit_bytes()) +
                                         " of memory; ask for fewer series, a shorter range or a longer step, or raise "
                                         "max_query_memory"};
}

Error QueryState::function_error(Status status) const {
  if (status.code == Code::kResourceExhausted && budget.refused()) return out_of_memory();
  if (status.code == Code::kCancelled || status.code == Code::kDeadlineExceeded)
    if (Result<void> going = check(); !going.ok()) return going.error();
  return {status.code, std::string(view(host->last_error()))};
}

Error QueryState::storage_error(Status status) const {
  std::string text(view(host->last_error()));
  switch (status.code) {
    case Code::kCancelled:
      return {Code::kCancelled, "query was canceled in expression evaluation"};
    case Code::kDeadlineExceeded:
      return {Code::kDeadlineExceeded, "query timed out in expression evaluation"};
    case Code::kResourceExhausted:
      return {Code::kFailedPrecondition, text};
    case Code::kDataLoss:
    case Code::kUnavailable:
    case Code::kUnimplemented:
    case Code::kPermissionDenied:
      return {status.code, "expanding series: " + text};
    default:
      return {Code::kInternal, "expanding series: " + text};
  }
}

}  // namespace nightlight::promql
