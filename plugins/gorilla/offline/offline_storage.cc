#include "gorilla/offline/offline_storage.h"

#include "gorilla/offline/report.h"
#include "nightlight/sugar.h"

namespace nightlight::gorilla {
namespace {

constexpr size_t kListed = 20;

// What a work found, and whether that is bad news.
struct Outcome {
  std::string report;
  std::string damage;  // "": none.
};

std::string count_of(const std::vector<Damage>& damages) {
  return damages.empty() ? "" : std::to_string(damages.size()) + (damages.size() == 1 ? " damage" : " damages");
}

std::string first_damage(const DirectoryFigures& figures) {
  if (!figures.catalog_damage.empty()) return figures.catalog_damage;
  for (const BlockFigures& block : figures.blocks)
    if (!block.damage.empty()) return block.damage;
  return "";
}

Result<Outcome> inspect(const DataDirectory& directory, bool json, ByteProgress& progress) {
  NIGHTLIGHT_ASSIGN(figures, figures_of(directory, progress));
  return Outcome{json ? inspect_json(figures) : inspect_text(figures), first_damage(figures)};
}

Result<Outcome> stats(const DataDirectory& directory, bool json, ByteProgress& progress) {
  NIGHTLIGHT_ASSIGN(figures, figures_of(directory, progress));
  auto cardinality = cardinality_of(directory, kListed, progress);
  Outcome out;
  out.damage = first_damage(figures);
  if (!cardinality.ok()) {
    if (out.damage.empty()) out.damage = cardinality.error().message;
    cardinality = Cardinality();
  }
  out.report = json ? stats_json(figures, *cardinality) : stats_text(figures, *cardinality);
  return out;
}

Result<Outcome> verify(const DataDirectory& directory, bool json, ByteProgress& progress) {
  NIGHTLIGHT_ASSIGN(report, check_directory(directory, progress));
  return Outcome{json ? verify_json(report) : verify_text(report), count_of(report.damages)};
}

Result<Outcome> repair(DataDirectory& directory, bool json, int64_t now_ms, ByteProgress& progress) {
  NIGHTLIGHT_ASSIGN(report, repair_directory(directory, now_ms, progress));
  return Outcome{json ? repair_json(report) : repair_text(report), ""};
}

}  // namespace

Status GorillaOfflineStorage::run(const OfflineRequest* request, TextSink* report) noexcept {
  return guard(host_, [&]() -> Status {
    auto fail = [&](const Error& error) { return host_->fail(error.code, str(error.message)); };
    const bool json = request->json != 0;
    const OfflineWork work = request->work;
    ByteProgress progress([&](uint64_t done, uint64_t total) {
      if (request->progress != nullptr) request->progress->advance(done, total);
    });
    auto directory = open_data_directory(files_, std::string(view(request->directory)),
                                         work == OfflineWork::kRepair ? DirectoryUse::kRepair : DirectoryUse::kLook);
    if (!directory.ok()) return fail(directory.error());
    Result<Outcome> outcome = Error{Code::kUnimplemented, "this store does not know such a work"};
    if (work == OfflineWork::kInspect) outcome = inspect(**directory, json, progress);
    if (work == OfflineWork::kStats) outcome = stats(**directory, json, progress);
    if (work == OfflineWork::kVerify) outcome = verify(**directory, json, progress);
    if (work == OfflineWork::kRepair) outcome = repair(**directory, json, host_->now_ms(), progress);
    if (!outcome.ok()) return fail(outcome.error());
    if (Status written = report->write(str(outcome->report)); !written.ok()) return written;
    return outcome->damage.empty() ? kOkStatus : fail(Error{Code::kDataLoss, outcome->damage});
  });
}

}  // namespace nightlight::gorilla
