#include "runtime/plugin_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/load.h"
#include "runtime/probe.h"

namespace nightlight::runtime {
namespace {

namespace fs = std::filesystem;

// The libraries next to this test: good, other_minor, other_major, foreign, crashing.
std::string built(const std::string& name) { return std::string(NIGHTLIGHT_TEST_PLUGINS) + "/" + name + ".so"; }

struct Directory {
  Directory() {
    char path_template[] = "/tmp/nightlight-plugins-XXXXXX";
    path = ::mkdtemp(path_template);
  }
  ~Directory() { fs::remove_all(path); }
  std::string add(const std::string& name, const std::string& from) {
    std::string to = path + "/" + name + ".so";
    fs::copy_file(from, to);
    ::chmod(to.c_str(), 0755);
    return to;
  }
  std::string path;
};

std::string message(const Result<const Plugin*>& result) { return result.ok() ? "" : result.error().message; }
std::string message(const Result<void>& result) { return result.ok() ? "" : result.error().message; }

TEST_CASE("a plugin of this version loads") {
  auto plugin = load_plugin(built("good"));
  REQUIRE(plugin.ok());
  CHECK((*plugin)->components.size == 1);
}

TEST_CASE("what is no plugin of this version is refused with file, found, expected and the next step") {
  CHECK(message(load_plugin(built("other_minor"))) ==
        built("other_minor") +
            ": built for plugin interface 0.99, this host speaks 0.1, rebuild it with nightlight-plugin 0.1");
  CHECK(message(load_plugin(built("other_major"))) ==
        built("other_major") +
            ": built for plugin interface v3, this host speaks v0, rebuild it with nightlight-plugin 0.1");
  CHECK(message(load_plugin(built("foreign"))) ==
        built("foreign") + ": not a Nightlight plugin: it does not export nightlight_plugin_v0");
  Directory directory;
  std::string text = directory.path + "/text.so";
  std::ofstream(text) << "not a library at all";
  CHECK(message(load_plugin(text)).starts_with(text + ": cannot be loaded: "));
  CHECK(message(load_plugin(built("malformed"))) ==
        built("malformed") + ": component \"Bad Type\": its type is not snake_case, report this to its author");
}

TEST_CASE("plugins are found by name inside the search directories only") {
  Directory first, second;
  second.add("good", built("good"));
  auto found = find_plugin("good", {first.path, second.path});
  REQUIRE(found.ok());
  CHECK(found->path == second.path + "/good.so");
  CHECK(find_plugin("god", {first.path, second.path}).error().message ==
        "plugin \"god\": no god.so in " + first.path + " and " + second.path + ", did you mean \"good\"?");
  CHECK(find_plugin("../good", {second.path}).error().code == Code::kInvalidArgument);
  fs::create_symlink(second.path + "/good.so", first.path + "/linked.so");
  CHECK(find_plugin("linked", {first.path}).error().code == Code::kPermissionDenied);
  CHECK(list_plugins({first.path, second.path}).size() == 2);
}

TEST_CASE("files and directories that others may write to are not trusted with code") {
  Directory directory;
  std::string file = directory.add("good", built("good"));
  CHECK(message(check_trust(file)) == "");
  ::chmod(file.c_str(), 0775);
  CHECK(message(check_trust(file)) ==
        file + ": not trusted with code: its group or others may write to it, run: chmod go-w " + file);
  ::chmod(file.c_str(), 0755);
  ::chmod(directory.path.c_str(), 0777);
  CHECK(message(check_trust(file)).starts_with(directory.path + ": not trusted with code: its group"));
  ::chmod(directory.path.c_str(), 0700);
  if (::geteuid() != 0) return;
  REQUIRE(::chown(file.c_str(), 12345, 0) == 0);
  CHECK(message(check_trust(file)) ==
        file + ": not trusted with code: it belongs to user 12345, make root or this service's user its owner");
}

TEST_CASE("a pinned sum must be the file's") {
  Directory directory;
  std::string path = directory.path + "/abc.so";
  std::ofstream(path) << "abc";
  // FIPS 180-2, appendix B.1.
  CHECK(check_sha256(path, "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD").ok());
  CHECK(check_sha256(path, "00").error().code == Code::kPermissionDenied);
}

TEST_CASE("a config's plugins are loaded and checked, each refusal with its place in the file") {
  Directory directory;
  directory.add("good", built("good"));
  directory.add("foreign", built("foreign"));
  std::string config = directory.path + "/c.yaml";
  auto problems_of = [&](const std::string& text, std::vector<std::string> dev = {}) {
    std::ofstream(config) << text;
    LoadOptions options;
    options.config_path = config;
    options.plugin_directory = "/nowhere";
    options.dev_directories = std::move(dev);
    config::Problems problems;
    (void)load(options, &problems);
    std::vector<std::string> lines = problems.lines();
    return lines.empty() ? std::string() : lines.front();
  };
  std::string search = "plugins: {search: [" + directory.path + "], ";
  CHECK(problems_of(search + "load: [good]}\ninstances: {a: {type: good}}\n") == "");
  CHECK(problems_of("plugins: {load: [good]}\ninstances: {a: {type: good}}\n", {directory.path}) == "");
  std::string at = config + ":1:" + std::to_string((search + "load: [").size() + 1) + ": plugins.load[0]: ";
  CHECK(problems_of(search + "load: [foreign]}\n") ==
        at + directory.path + "/foreign.so: not a Nightlight plugin: it does not export nightlight_plugin_v0");
  CHECK(problems_of(search + "load: [absent]}\n") == at + "plugin \"absent\": no absent.so in " + directory.path);
  CHECK(problems_of(search + "load: [good], sha256: {good: abcd}}\n").find(": its SHA-256 is ") != std::string::npos);
  CHECK(problems_of("instances: {a: {type: good}}\n").find("unknown type \"good\"") != std::string::npos);
  ::chmod((directory.path + "/good.so").c_str(), 0777);
  CHECK(problems_of(search + "load: [good]}\n").find("not trusted with code") != std::string::npos);
  CHECK(problems_of("plugins: {load: [good]}\ninstances: {a: {type: good}}\n", {directory.path}) == "");
}

TEST_CASE("a child that crashes, fails or hangs is a line of text") {
  using std::chrono::milliseconds;
  CHECK(*run_child("/bin/sh", {"-c", "echo hello"}, milliseconds(10000)) == "hello\n");
  CHECK(run_child("/bin/sh", {"-c", "kill -SEGV $$"}, milliseconds(10000)).error().message ==
        "crashed with signal 11 (Segmentation fault)");
  CHECK(run_child("/bin/sh", {"-c", "echo first >&2; echo last >&2; exit 3"}, milliseconds(10000)).error().message ==
        "last");
  CHECK(run_child("/bin/sh", {"-c", "exit 3"}, milliseconds(10000)).error().message == "ended with status 3");
  CHECK(run_child("/bin/sh", {"-c", "exec sleep 1000"}, milliseconds(1)).error().code == Code::kDeadlineExceeded);
  CHECK(!run_child("/nowhere", {}, milliseconds(10000)).ok());
}

}  // namespace
}  // namespace nightlight::runtime
