// A PromQL function library in one file:
//
//   ewma_over_time(v range-vector, half_life_seconds scalar)  exponentially weighted moving average of the window: a
//   sample's weight
//                                                             halves with every half-life of age
//   fraction_above_over_time(v range-vector, bound scalar)    fraction of the window's samples that lie above the bound
//
// Both are window functions: one call per series, with all its samples and a begin and end index per evaluation step.
#include <nightlight/plugin.h>

#include <cmath>

namespace {

using namespace nightlight;  // NOLINT: an example reads better without the prefixes

void emit(ColumnOut* out, uint32_t step, double value) {
  out->values[step] = value;
  out->valid[step / 64] |= uint64_t{1} << (step % 64);
}

double ewma(const Windows& windows, uint32_t step, double half_life_s) {
  double weighted = 0, weights = 0;
  for (uint32_t i = windows.begin[step]; i < windows.end[step]; ++i) {
    double age_s = static_cast<double>(windows.end_ms[step] - windows.timestamps_ms[i]) / 1000;
    double weight = std::exp2(-age_s / half_life_s);
    weighted += weight * windows.values[i];
    weights += weight;
  }
  return weighted / weights;
}

double fraction_above(const Windows& windows, uint32_t step, double bound) {
  uint32_t above = 0;
  for (uint32_t i = windows.begin[step]; i < windows.end[step]; ++i) above += windows.values[i] > bound ? 1 : 0;
  return static_cast<double>(above) / (windows.end[step] - windows.begin[step]);
}

// A function of (range vector, scalar), by its kernel for one window.
template <double (*kKernel)(const Windows&, uint32_t, double)>
class WindowFunction final : public Function {
 public:
  explicit WindowFunction(Host* host) : host_(host) {}

  Status window(const Call* call, const Windows* windows, ColumnOut* out) noexcept override {
    const double* parameter = call->arguments[1]->scalar;  // One per step: it may be an expression of its own.
    for (uint32_t step = 0; step < out->steps; ++step) {
      if (windows->begin[step] < windows->end[step]) emit(out, step, kKernel(*windows, step, parameter[step]));
    }
    return kOkStatus;
  }
  Status column(const Call*, const Column*, ColumnOut*) noexcept override { return wrong_shape(); }
  Status vector(const Call*, ColumnSink*) noexcept override { return wrong_shape(); }
  Status scalar(const Call*, double*) noexcept override { return wrong_shape(); }
  void release() noexcept override { delete this; }

 private:
  Status wrong_shape() { return host_->fail(Code::kUnimplemented, str("this is a window function")); }
  Host* host_;
};

constexpr ValueType kArguments[] = {ValueType::kMatrix, ValueType::kScalar};

constexpr FunctionSpec spec(std::string_view name, std::string_view doc) {
  return FunctionSpec{sizeof(FunctionSpec),
                      kSetsValues,
                      str(name),
                      FunctionShape::kWindow,
                      ValueType::kVector,
                      view_of(kArguments),
                      0,
                      0,
                      str(doc)};
}
constexpr FunctionSpec kEwma =
    spec("ewma_over_time", "Exponentially weighted moving average with a half-life in seconds.");
constexpr FunctionSpec kFractionAbove = spec("fraction_above_over_time", "Fraction of the samples above a bound.");
constexpr const FunctionSpec* kFunctions[] = {&kEwma, &kFractionAbove};

class Smoothing final : public Instance, public FunctionLibrary {
 public:
  explicit Smoothing(Host* host) : host_(host) {}

  void* query(Str id) noexcept override { return view(id) == kFunctionLibraryId ? as<FunctionLibrary>(this) : nullptr; }
  Status configure(Config*) noexcept override { return kOkStatus; }
  Status start() noexcept override { return kOkStatus; }
  Status drain(int64_t) noexcept override { return kOkStatus; }
  Status stop() noexcept override { return kOkStatus; }
  Status reconfigure(Config*) noexcept override { return kOkStatus; }
  Status health() noexcept override { return kOkStatus; }
  void release() noexcept override { delete this; }

  View<const FunctionSpec*> functions() noexcept override { return view_of(kFunctions); }
  Status prepare(Str name, Function** out) noexcept override {
    return guard(host_, [&]() -> Status {
      if (view(name) == view(kEwma.name)) return *out = new WindowFunction<ewma>(host_), kOkStatus;
      if (view(name) == view(kFractionAbove.name)) return *out = new WindowFunction<fraction_above>(host_), kOkStatus;
      return host_->fail(Code::kNotFound, str("no such function"));
    });
  }

 private:
  Host* host_;
};

Status create(Host* host, Instance** out) noexcept {
  return guard(host, [&] { return *out = new Smoothing(host), kOkStatus; });
}

constexpr Str kProvides[] = {str(kFunctionLibraryId)};
constexpr Component kComponent{sizeof(Component),
                               Stability::kBeta,
                               str("smoothing"),
                               str("Smoothing functions for PromQL."),
                               view_of(kProvides),
                               {},
                               {},
                               &create};
constexpr const Component* kComponents[] = {&kComponent};
constexpr Plugin kPlugin{sizeof(Plugin), NIGHTLIGHT_SDK_MINOR, str("smoothing"),    str("1.0.0"), str("MIT"),
                         str(""),        str(__VERSION__),     view_of(kComponents)};

}  // namespace

NIGHTLIGHT_PLUGIN_ENTRY { return &kPlugin; }
