#include "promql_std/library.h"

#include <algorithm>

namespace nightlight::promql_std {
namespace {

// One call site's function: checks what it is given, then runs the kernel.
class StdFunction final : public Function {
 public:
  StdFunction(Host* host, const Definition& definition) : host_(host), definition_(definition) {}

  Status window(const Call* call, const Windows* windows, ColumnOut* out) noexcept override {
    return run(definition_.window != nullptr, call, [&](Scope& scope) {
      if (windows == nullptr || out == nullptr || out->steps != scope.steps()) return malformed();
      if (out->steps == 0) return kOkStatus;
      bool complete = windows->begin != nullptr && windows->end != nullptr && windows->end_ms != nullptr &&
                      (windows->histogram_begin == nullptr || windows->histogram_end != nullptr);
      return complete ? definition_.window(scope, *windows, *out) : malformed();
    });
  }

  Status column(const Call* call, const Column* in, ColumnOut* out) noexcept override {
    return run(definition_.column != nullptr, call, [&](Scope& scope) {
      if (in == nullptr || out == nullptr || out->steps != scope.steps()) return malformed();
      if (out->steps == 0) return kOkStatus;
      return in->values != nullptr && in->valid != nullptr ? definition_.column(scope, *in, *out) : malformed();
    });
  }

  Status vector(const Call* call, ColumnSink* out) noexcept override {
    return run(definition_.vector != nullptr, call,
               [&](Scope& scope) { return out == nullptr ? malformed() : definition_.vector(scope, *out); });
  }

  Status scalar(const Call* call, double* out) noexcept override {
    return run(definition_.scalar != nullptr, call, [&](Scope& scope) {
      return out == nullptr && scope.steps() > 0 ? malformed() : definition_.scalar(scope, out);
    });
  }

  void release() noexcept override { delete this; }

 private:
  template <class Body>
  Status run(bool has_shape, const Call* call, Body&& body) noexcept {
    return guard(host_, [&]() -> Status {
      if (!has_shape) return host_->fail(Code::kUnimplemented, str("the function has another shape"));
      if (call == nullptr || call->evaluation == nullptr || !arguments_fit(*call)) return malformed();
      Scope scope(host_, *call, scratch_);
      return body(scope);
    });
  }

  bool arguments_fit(const Call& call) const {
    const FunctionSpec& spec = definition_.spec;
    uint64_t declared = spec.arguments.size, given = call.arguments.size;
    uint64_t least = spec.variadic == 0 ? declared : declared - 1;
    if (given < least ||
        (spec.variadic >= 0 && given > least + static_cast<uint64_t>(spec.variadic) && given != declared)) {
      return false;
    }
    for (uint64_t i = 0; i < given; ++i) {
      const Argument* argument = call.arguments[i];
      if (argument == nullptr || argument->type != spec.arguments[std::min(i, declared - 1)]) return false;
      if (argument->type == ValueType::kScalar && argument->scalar == nullptr && call.evaluation->times_ms.size > 0) {
        return false;
      }
    }
    return true;
  }

  Status malformed() const {
    return host_->fail(Code::kInvalidArgument,
                       str("malformed call of the function " + std::string(view(definition_.spec.name))));
  }

  Host* host_;
  const Definition& definition_;
  Scratch scratch_;
};

}  // namespace

Library::Library(Host* host) : host_(host) {
  for (auto family :
       {rate_functions(), instant_rate_functions(), change_functions(), sum_functions(), extreme_functions(),
        spread_functions(), line_functions(), trend_functions(), math_functions(), trigonometry_functions(),
        time_functions(), scalar_functions(), label_functions(), sort_functions(), absent_functions(),
        histogram_column_functions(), histogram_vector_functions(), info_functions()}) {
    for (const Definition& definition : family) definitions_.push_back(&definition);
  }
  std::sort(definitions_.begin(), definitions_.end(),
            [](const Definition* a, const Definition* b) { return view(a->spec.name) < view(b->spec.name); });
  for (const Definition* definition : definitions_) specs_.push_back(&definition->spec);
}

Status Library::prepare(Str name, Function** out) noexcept {
  return guard(host_, [&]() -> Status {
    auto at =
        std::lower_bound(definitions_.begin(), definitions_.end(), view(name),
                         [](const Definition* d, std::string_view wanted) { return view(d->spec.name) < wanted; });
    if (at == definitions_.end() || view((*at)->spec.name) != view(name)) {
      return host_->fail(Code::kNotFound, str("unknown function with name \"" + std::string(view(name)) + "\""));
    }
    *out = new StdFunction(host_, **at);
    return kOkStatus;
  });
}

}  // namespace nightlight::promql_std
