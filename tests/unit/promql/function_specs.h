// The signatures of PromQL's functions, for tests of the language that call none of them.
#ifndef NIGHTLIGHT_TESTS_UNIT_PROMQL_FUNCTION_SPECS_H_
#define NIGHTLIGHT_TESTS_UNIT_PROMQL_FUNCTION_SPECS_H_

#include "promql/parser.h"

namespace nightlight::promql {

const FunctionTable& test_functions();

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_TESTS_UNIT_PROMQL_FUNCTION_SPECS_H_
