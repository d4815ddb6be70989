#include "remote_write/senders.h"

#include "base/utf8.h"
#include "nightlight/sugar.h"

namespace nightlight::remote_write {
namespace {

constexpr std::string_view kOther = "other";
constexpr size_t kMaxNameBytes = 128;

}  // namespace

std::string sender_name(const Peer& peer) {
  std::string_view name = view(peer.common_name);
  if (name.empty()) {
    name = view(peer.address);
    name = name.substr(0, name.rfind(':'));
    if (name.size() > 2 && name.front() == '[' && name.back() == ']') name = name.substr(1, name.size() - 2);
  }
  if (name.empty()) name = "unknown";
  return as_utf8(name.substr(0, kMaxNameBytes));
}

Senders::Cells Senders::register_cells(std::string_view sender) {
  const KeyValue labels[] = {{str("sender"), str(sender)}};
  auto counter = [&](std::string_view name, std::string_view help) {
    MetricSpec spec{sizeof(MetricSpec), MetricType::kCounter, str(name), str(help), view_of(labels), {nullptr, 0}};
    MetricCells cells{};
    return host_->metric(&spec, &cells).ok() ? cells.count : nullptr;
  };
  return {counter("nightlight_remote_write_sender_requests_total",
                  "Requests by sender: the common name of its certificate, or its address."),
          counter("nightlight_remote_write_sender_failed_requests_total",
                  "Requests that were answered with an error, by sender."),
          counter("nightlight_remote_write_sender_samples_total", "Samples and histograms stored, by sender.")};
}

void Senders::count(const Peer& peer, bool failed, uint64_t samples) {
  std::string name = sender_name(peer);
  Cells cells;
  {
    MutexLock lock(mutex_);
    auto at = by_name_.find(name);
    if (at == by_name_.end() && by_name_.size() >= kMost) at = by_name_.find(name = kOther);
    if (at == by_name_.end()) at = by_name_.emplace(name, register_cells(name)).first;
    cells = at->second;
  }
  if (cells.requests != nullptr) bump(cells.requests);
  if (cells.failed != nullptr && failed) bump(cells.failed);
  if (cells.samples != nullptr) bump(cells.samples, samples);
}

}  // namespace nightlight::remote_write
