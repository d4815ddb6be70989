// `nightlight storage`: work on a data directory that no server uses. What is in it only its store knows, which is
// found as a plugin; the host loads it and shows what it says.
#ifndef NIGHTLIGHT_APP_STORAGE_COMMAND_H_
#define NIGHTLIGHT_APP_STORAGE_COMMAND_H_

#include <string>

#include "app/options.h"
#include "nightlight/storage.h"

namespace nightlight::app {

struct StorageCommand {
  std::string directory;
  std::string plugin = "gorilla";
  bool json = false;
};

// The report goes to standard output, a progress bar to standard error when that is a terminal. The exit status:
// kExitFailed when something is damaged, or nothing could be done.
int run_storage_command(const Options& options, const StorageCommand& command, OfflineWork work);

}  // namespace nightlight::app

#endif  // NIGHTLIGHT_APP_STORAGE_COMMAND_H_
