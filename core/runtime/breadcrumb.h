// What the calling thread is doing inside which instance, so that a crash in a plugin has a name.
#ifndef NIGHTLIGHT_RUNTIME_BREADCRUMB_H_
#define NIGHTLIGHT_RUNTIME_BREADCRUMB_H_

namespace nightlight::runtime {

// While it lives, a fatal signal on this thread is reported as "in instance X, method Y". Both texts must outlive it.
class Breadcrumb {
 public:
  Breadcrumb(const char* instance, const char* method);
  ~Breadcrumb();
  Breadcrumb(const Breadcrumb&) = delete;
  Breadcrumb& operator=(const Breadcrumb&) = delete;

 private:
  const char* instance_before_;
  const char* method_before_;
};

// Reports fatal signals (segmentation fault, abort, ...) with the breadcrumb and a backtrace on standard error, then
// dies of them.
void report_fatal_signals();

}  // namespace nightlight::runtime

#endif  // NIGHTLIGHT_RUNTIME_BREADCRUMB_H_
