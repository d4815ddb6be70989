#include "app/build.h"

#include "build_revision.h"

namespace nightlight::app {

runtime::Build build() {
  // "REVISION DATE" of the commit: building the same commit twice gives the same binary.
  std::string commit = NIGHTLIGHT_COMMIT;
  size_t space = commit.find(' ');
  runtime::Build out;
  out.version = NIGHTLIGHT_VERSION;
  out.revision = commit.substr(0, space);
  out.branch = NIGHTLIGHT_BRANCH;
  out.user = "";
  out.date = space == std::string::npos ? "" : commit.substr(space + 1);
#if defined(__clang__)
  out.compiler = "clang " __clang_version__;
#else
  out.compiler = "gcc " __VERSION__;
#endif
  return out;
}

std::string installed_plugin_directory() { return NIGHTLIGHT_PLUGIN_DIRECTORY; }

}  // namespace nightlight::app
