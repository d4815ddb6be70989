// The operators' common shape: a source of series that is pulled one series at a time, each with its values at all
// steps.
#ifndef NIGHTLIGHT_PROMQL_EXEC_STREAM_H_
#define NIGHTLIGHT_PROMQL_EXEC_STREAM_H_

#include <memory>

#include "base/result.h"
#include "nightlight/function.h"

namespace nightlight::promql {

struct Domain;
struct QueryState;

// How long the columns of a stream live: until the next one is asked for, or as long as the query; kUncharged: as long,
// but they do not count as held.
enum class Keep { kUntilNext, kForQuery, kUncharged };

// An instant vector at every step of a domain.
class VectorStream {
 public:
  virtual ~VectorStream() = default;
  // The next series that has a value somewhere; null at the end. The text of its labels lives as long as the query.
  virtual Result<const Column*> next() = 0;
  // Whether the label sets would stay distinct without name, type and unit.
  virtual bool distinct_without_name() const = 0;

  // For streams of a part of the series (see Divisible): next goes on with those of [first, first + count).
  virtual Result<void> move_to(uint64_t, uint64_t) { return Error{Code::kUnimplemented, "not a part"}; }
};
using VectorStreamPtr = std::unique_ptr<VectorStream>;

// A range vector at every step: a series' samples with the bounds of all windows.
struct WindowSeries {
  Windows windows{};
  uint32_t flags = 0;  // ColumnFlags
};
class WindowStream {
 public:
  virtual ~WindowStream() = default;
  // The next series with a sample in some window, valid until the next call; null at the end.
  virtual Result<const WindowSeries*> next() = 0;
  virtual bool distinct_without_name() const = 0;

  // For streams that can be read in parts, instead of by next: how many series there are, ...
  virtual uint64_t divisible() const { return 0; }
  // ... and [any] a stream for a part of them, charged and counted to the part's own account, ...
  virtual Result<std::unique_ptr<WindowStream>> part(QueryState&, Domain&) const {
    return Error{Code::kUnimplemented, "not divisible"};
  }
  // ... which goes on with the series [first, first + count), and has none before.
  virtual Result<void> move_to(uint64_t, uint64_t) { return Error{Code::kUnimplemented, "not a part"}; }
};
using WindowStreamPtr = std::unique_ptr<WindowStream>;

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_STREAM_H_
