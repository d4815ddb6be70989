// Runs a piece of work in a child process of this program, so that a crash there is a line of output here.
#ifndef NIGHTLIGHT_RUNTIME_PROBE_H_
#define NIGHTLIGHT_RUNTIME_PROBE_H_

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"

namespace nightlight::runtime {

// Executes `program` with `arguments` (argv[1] and on) and returns its standard output (4 MiB at most); standard error
// is returned within the error when it fails. The error says how the child ended: exit status, signal, or out of time.
Result<std::string> run_child(const std::string& program, const std::vector<std::string>& arguments,
                              std::chrono::milliseconds timeout);

}  // namespace nightlight::runtime

#endif  // NIGHTLIGHT_RUNTIME_PROBE_H_
