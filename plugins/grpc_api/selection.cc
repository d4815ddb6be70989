#include "grpc_api/selection.h"

#include "nightlight/v1/nightlight.pb.h"

namespace nightlight::grpc_api {

Status ParsedSelection::parse(const Backends& backends, const v1::Selection& selection) {
  limit_ = selection.limit();
  if (selection.start_ms() != 0 || selection.end_ms() != 0) {
    start_ms_ = selection.start_ms();
    end_ms_ = selection.end_ms();
  }
  for (const std::string& match : selection.match()) {
    if (Status status = backends.engine->parse_selector(str(match), this); !status.ok()) return status;
  }
  if (selection.match().empty()) sets_.emplace_back();
  return kOkStatus;
}

Status ParsedSelection::add(View<const Matcher*> matchers) noexcept {
  Set& set = sets_.emplace_back();
  for (const Matcher* matcher : matchers) {
    Matcher copy = *matcher;
    copy.name = str(set.texts.emplace_back(view(matcher->name)));
    copy.value = str(set.texts.emplace_back(view(matcher->value)));
    set.matchers.push_back(copy);
  }
  for (const Matcher& matcher : set.matchers) set.pointers.push_back(&matcher);
  return kOkStatus;
}

Select ParsedSelection::select(size_t i, const CallContext* context, uint32_t flags) const {
  Select out{};
  out.struct_size = sizeof out;
  out.flags = flags;
  out.context = context;
  out.matchers = view_of(sets_[i].pointers);
  out.start_ms = start_ms_;
  out.end_ms = end_ms_;
  out.limit = limit_;
  return out;
}

LabelQuery ParsedSelection::label_query(size_t i, const CallContext* context) const {
  LabelQuery out{};
  out.struct_size = sizeof out;
  out.context = context;
  out.matchers = view_of(sets_[i].pointers);
  out.start_ms = start_ms_;
  out.end_ms = end_ms_;
  out.limit = limit_;
  return out;
}

}  // namespace nightlight::grpc_api
