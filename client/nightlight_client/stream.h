// An answer that arrives in parts. Memory is bounded by one part, about 1 MiB, however large the answer is; a reader
// that is slow holds the server back.
#ifndef NIGHTLIGHT_CLIENT_STREAM_H_
#define NIGHTLIGHT_CLIENT_STREAM_H_

#include <memory>
#include <utility>
#include <vector>

#include "nightlight_client/result.h"
#include "nightlight_client/types.h"

namespace nightlight::client {

// One reader at a time. Destroying a stream before its end cancels the call.
template <class T>
class Stream {
 public:
  class Source {
   public:
    virtual ~Source() = default;
    virtual Result<std::vector<T>> next() = 0;
  };

  explicit Stream(std::unique_ptr<Source> source) : source_(std::move(source)) {}

  // The next part; empty at the end, and only there. After an error or the end there is nothing more to ask for.
  Result<std::vector<T>> next() { return source_->next(); }

  // Everything that is left, for answers that are known to be small.
  Result<std::vector<T>> all() {
    std::vector<T> out;
    while (true) {
      Result<std::vector<T>> part = next();
      if (!part.ok()) return std::move(part).error();
      if (part->empty()) return out;
      for (T& item : *part) out.push_back(std::move(item));
    }
  }

 private:
  std::unique_ptr<Source> source_;
};

enum class ResultType : uint32_t { kScalar = 0, kVector = 1, kMatrix = 2, kString = 3 };

struct QueryStats {
  double exec_total_s = 0, eval_total_s = 0, queue_s = 0;
  int64_t total_queryable_samples = 0, samples_read = 0, series_touched = 0, peak_samples = 0;
};

// What is known only at the end of a query.
struct QuerySummary {
  std::vector<std::string> warnings, infos;
  QueryStats stats;  // Zeros unless they were asked for.
};

// The answer of a query in parts. One reader at a time; destroying it before its end cancels the query on the server.
class QueryStream {
 public:
  class Source {
   public:
    virtual ~Source() = default;
    virtual Result<std::vector<Series>> next() = 0;
    ResultType type = ResultType::kVector;
    std::string string_value;
    QuerySummary summary;
  };

  explicit QueryStream(std::unique_ptr<Source> source) : source_(std::move(source)) {}

  ResultType type() const { return source_->type; }
  // Of a kString answer, which has no series.
  const std::string& string_value() const { return source_->string_value; }
  // The next series; empty at the end, and only there. A series that is very long comes in pieces one after another:
  // pieces with the same labels as the one before go on where that one ended.
  Result<std::vector<Series>> next() { return source_->next(); }
  // Complete once `next` has come to the end.
  const QuerySummary& summary() const { return source_->summary; }

 private:
  std::unique_ptr<Source> source_;
};

}  // namespace nightlight::client

#endif  // NIGHTLIGHT_CLIENT_STREAM_H_
