// `nightlight serve`: the long-running process.
#ifndef NIGHTLIGHT_APP_SERVE_H_
#define NIGHTLIGHT_APP_SERVE_H_

#include "app/options.h"

namespace nightlight::app {

// Returns the exit status when the server has stopped.
int serve(const Options& options, char** argv);

}  // namespace nightlight::app

#endif  // NIGHTLIGHT_APP_SERVE_H_
