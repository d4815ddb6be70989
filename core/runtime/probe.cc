#include "runtime/probe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "base/parse.h"

extern char** environ;

namespace nightlight::runtime {
namespace {

constexpr size_t kMaxOutputBytes = 4 << 20;

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_, O_CLOEXEC) != 0) ends_[0] = ends_[1] = -1;
  }
  ~Pipe() {
    close(0);
    close(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  bool ok() const { return ends_[0] >= 0; }
  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void close(int end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }

 private:
  int ends_[2];
};

// False at the end of the stream.
bool read_some(int fd, std::string* out) {
  char buffer[16 << 10];
  ssize_t size = ::read(fd, buffer, sizeof buffer);
  if (size <= 0) return size < 0 && errno == EINTR;
  out->append(buffer, std::min(static_cast<size_t>(size), kMaxOutputBytes - std::min(kMaxOutputBytes, out->size())));
  return true;
}

// False when the time was up.
bool collect(Pipe* out, Pipe* err, std::string* out_text, std::string* err_text, std::chrono::milliseconds timeout) {
  auto deadline = std::chrono::steady_clock::now() + timeout;
  pollfd polled[2] = {{out->read_end(), POLLIN, 0}, {err->read_end(), POLLIN, 0}};
  while (polled[0].fd >= 0 || polled[1].fd >= 0) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    if (::poll(polled, 2, static_cast<int>(left.count())) < 0 && errno != EINTR) return true;
    if (polled[0].revents != 0 && !read_some(polled[0].fd, out_text)) polled[0].fd = -1;
    if (polled[1].revents != 0 && !read_some(polled[1].fd, err_text)) polled[1].fd = -1;
  }
  return true;
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

Result<std::string> run_child(const std::string& program, const std::vector<std::string>& arguments,
                              std::chrono::milliseconds timeout) {
  Pipe out, err;
  if (!out.ok() || !err.ok()) return Error{Code::kResourceExhausted, "cannot make a pipe"};
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out.write_end(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err.write_end(), STDERR_FILENO);
  pid_t child = -1;
  int failed = ::posix_spawn(&child, program.c_str(), &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return Error{Code::kInternal, "cannot start " + program + ": " + std::strerror(failed)};
  out.close(1);
  err.close(1);

  std::string out_text, err_text;
  bool in_time = collect(&out, &err, &out_text, &err_text, timeout);
  if (!in_time) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time)
    return Error{Code::kDeadlineExceeded, "did not come back within " + format_duration_ms(timeout.count())};
  if (WIFSIGNALED(status)) {
    std::string text =
        "crashed with signal " + std::to_string(WTERMSIG(status)) + " (" + ::strsignal(WTERMSIG(status)) + ")";
    if (!err_text.empty()) text += ": " + first_line(err_text);
    return Error{Code::kInternal, std::move(text)};
  }
  if (WEXITSTATUS(status) == 0) return out_text;
  std::string why = last_line(err_text);
  return Error{Code::kFailedPrecondition,
               why.empty() ? "ended with status " + std::to_string(WEXITSTATUS(status)) : why};
}

}  // namespace nightlight::runtime
