#include "ctl/progress.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>

namespace nightlight::ctl {
namespace {

constexpr int kBarColumns = 30;
constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr auto kSay = std::chrono::seconds(10);

}  // namespace

Progress::Progress(std::string what, uint64_t total)
    : what_(std::move(what)),
      total_(total),
      terminal_(::isatty(STDERR_FILENO) != 0),
      last_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  if (terminal_ && shown_) std::cerr << "\r\033[K" << std::flush;
}

void Progress::show(uint64_t done, const std::string& words) {
  auto now = std::chrono::steady_clock::now();
  if (now - last_ < (terminal_ ? std::chrono::duration_cast<std::chrono::nanoseconds>(kRedraw) : kSay)) return;
  last_ = now;
  shown_ = true;
  std::string bar;
  if (total_ > 0) {
    double share = std::min(static_cast<double>(done) / static_cast<double>(total_), 1.0);
    auto filled = static_cast<size_t>(share * kBarColumns);
    if (terminal_) bar = " [" + std::string(filled, '=') + std::string(kBarColumns - filled, ' ') + "]";
    bar += " " + std::to_string(static_cast<int>(share * 100)) + " %";
  }
  std::cerr << (terminal_ ? "\r\033[K" : "") << what_ << bar << " " << words << (terminal_ ? "" : "\n") << std::flush;
}

}  // namespace nightlight::ctl
