#include "unit/promql/function_specs.h"

#include <deque>
#include <sstream>

#include "nightlight/sugar.h"

namespace nightlight::promql {
namespace {

// name, result and arguments (s scalar, v instant vector, m range vector, t string), variadic, * when experimental
constexpr const char* kSpecs = R"(
abs vv 0            absent vv 0         absent_over_time vm 0  acos vv 0          acosh vv 0          asin vv 0
asinh vv 0          atan vv 0           atanh vv 0             avg_over_time vm 0 ceil vv 0           changes vm 0
clamp vvss 0        clamp_max vvs 0     clamp_min vvs 0        cos vv 0           cosh vv 0           count_over_time vm 0
day_of_month vv 1   day_of_week vv 1    day_of_year vv 1       days_in_month vv 1 deg vv 0            delta vm 0
deriv vm 0          double_exponential_smoothing vmss 0*       end s 0*           exp vv 0            first_over_time vm 0
floor vv 0          histogram_avg vv 0  histogram_count vv 0   histogram_fraction vssv 0 histogram_quantile vsv 0
histogram_quantiles vvtss 9*            histogram_stddev vv 0  histogram_stdvar vv 0     histogram_sum vv 0
hour vv 1           idelta vm 0         increase vm 0          info vvv 1*        integral vms 1*     irate vm 0
label_join vvttt -1 label_replace vvtttt 0 last_over_time vm 0 ln vv 0            log10 vv 0          log2 vv 0
mad_over_time vm 0* max_of sss 0*       max_over_time vm 0     min_of sss 0*      min_over_time vm 0  minute vv 1
month vv 1          pi s 0              predict_linear vms 0   present_over_time vm 0 quantile_over_time vsm 0
rad vv 0            range s 0*          rate vm 0              resets vm 0        round vvs 1         scalar sv 0
sgn vv 0            sin vv 0            sinh vv 0              sort vv 0          sort_by_label vvt -1*
sort_by_label_desc vvt -1*              sort_desc vv 0         sqrt vv 0          start s 0*          start_timestamp vv 0*
stddev_over_time vm 0 stdvar_over_time vm 0 step s 0*          sum_over_time vm 0 tan vv 0            tanh vv 0
time s 0            timestamp vv 0      ts_of_first_over_time vm 0* ts_of_last_over_time vm 0* ts_of_max_over_time vm 0*
ts_of_min_over_time vm 0*               vector vs 0            year vv 1
)";

ValueType type_of(char letter) {
  return letter == 's'   ? ValueType::kScalar
         : letter == 'v' ? ValueType::kVector
         : letter == 'm' ? ValueType::kMatrix
                         : ValueType::kString;
}

struct OwnedSpec {
  std::string name;
  std::vector<ValueType> arguments;
  FunctionSpec spec{};
};

}  // namespace

const FunctionTable& test_functions() {
  static std::deque<OwnedSpec> owned;
  static const FunctionTable table = [] {
    std::istringstream in(kSpecs);
    std::vector<const FunctionSpec*> specs;
    std::string name, types, variadic;
    while (in >> name >> types >> variadic) {
      OwnedSpec& o = owned.emplace_back();
      o.name = name;
      for (char letter : types.substr(1)) o.arguments.push_back(type_of(letter));
      o.spec.struct_size = sizeof o.spec;
      o.spec.flags = variadic.back() == '*' ? static_cast<uint32_t>(kExperimental) : 0u;
      o.spec.name = str(o.name);
      o.spec.result = type_of(types[0]);
      o.spec.arguments = view_of(o.arguments);
      o.spec.variadic = std::stoi(variadic);
      specs.push_back(&o.spec);
    }
    return FunctionTable(view_of(specs));
  }();
  return table;
}

}  // namespace nightlight::promql
