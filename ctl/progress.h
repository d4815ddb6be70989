// How far something long is, on standard error: a bar on a terminal, otherwise a line every ten seconds.
#ifndef NIGHTLIGHT_CTL_PROGRESS_H_
#define NIGHTLIGHT_CTL_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace nightlight::ctl {

class Progress {
 public:
  // `total` of 0: not known. `what` is said before the figures.
  Progress(std::string what, uint64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // The total, once it is known.
  void expect(uint64_t total) { total_ = total; }
  // Cheap when called often. `words` are shown behind the bar.
  void show(uint64_t done, const std::string& words);

 private:
  const std::string what_;
  uint64_t total_;
  const bool terminal_;
  std::chrono::steady_clock::time_point last_;
  bool shown_ = false;
};

}  // namespace nightlight::ctl

#endif  // NIGHTLIGHT_CTL_PROGRESS_H_
