// v1.Selection: the selectors of a request, parsed, and what they select.
#ifndef NIGHTLIGHT_GRPC_API_SELECTION_H_
#define NIGHTLIGHT_GRPC_API_SELECTION_H_

#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "grpc_api/call.h"

namespace nightlight::v1 {
class Selection;
}

namespace nightlight::grpc_api {

// The matcher sets of a selection, which own their text. No selector at all is one set without matchers: every series.
class ParsedSelection final : public SelectorSink {
 public:
  Status parse(const Backends& backends, const v1::Selection& selection);

  size_t size() const { return sets_.size(); }
  // Select and LabelQuery over set `i`, valid while this object lives.
  Select select(size_t i, const CallContext* context, uint32_t flags) const;
  LabelQuery label_query(size_t i, const CallContext* context) const;
  uint64_t limit() const { return limit_; }

  Status add(View<const Matcher*> matchers) noexcept override;

 private:
  struct Set {
    std::deque<std::string> texts;
    std::vector<Matcher> matchers;
    std::vector<const Matcher*> pointers;
  };
  std::deque<Set> sets_;
  int64_t start_ms_ = std::numeric_limits<int64_t>::min();
  int64_t end_ms_ = std::numeric_limits<int64_t>::max();
  uint64_t limit_ = 0;
};

}  // namespace nightlight::grpc_api

#endif  // NIGHTLIGHT_GRPC_API_SELECTION_H_
