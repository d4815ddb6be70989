#include "runtime/breadcrumb.h"

#include <execinfo.h>
#include <signal.h>
#include <unistd.h>

#include <cstring>
#include <iterator>

namespace nightlight::runtime {
namespace {

thread_local const char* current_instance = nullptr;
thread_local const char* current_method = nullptr;

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

// Only what POSIX allows in a signal handler, and backtrace, whose library was loaded beforehand.
void say(const char* text) { [[maybe_unused]] auto written = ::write(STDERR_FILENO, text, std::strlen(text)); }

void on_fatal_signal(int number) {
  say("nightlight: fatal signal ");
  const char digits[] = {static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10), '\0'};
  say(digits);
  if (current_instance != nullptr) {
    say(" in instance ");
    say(current_instance);
    say(", method ");
    say(current_method);
  }
  say("\n");
  void* frames[64];
  backtrace_symbols_fd(frames, backtrace(frames, static_cast<int>(std::size(frames))), STDERR_FILENO);
  raise(number);  // SA_RESETHAND: the default action follows, with a core if cores are wanted.
}

}  // namespace

Breadcrumb::Breadcrumb(const char* instance, const char* method)
    : instance_before_(current_instance), method_before_(current_method) {
  current_method = method;
  current_instance = instance;
}

Breadcrumb::~Breadcrumb() {
  current_instance = instance_before_;
  current_method = method_before_;
}

void report_fatal_signals() {
  void* frame;
  backtrace(&frame, 1);  // Loads libgcc now rather than in the handler.
  struct sigaction action {};
  action.sa_handler = on_fatal_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
  for (int number : kSignals) sigaction(number, &action, nullptr);
}

}  // namespace nightlight::runtime
