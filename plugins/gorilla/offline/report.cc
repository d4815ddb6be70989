#include "gorilla/offline/report.h"

#include <nlohmann/json.hpp>

namespace nightlight::gorilla {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

uint64_t samples_of(const BlockMeta& meta) { return meta.stats.float_samples + meta.stats.histogram_samples; }

double ratio(uint64_t bytes, uint64_t samples) {
  return samples == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(samples);
}

Json codecs_json(const std::map<std::string, CodecFigures>& codecs) {
  Json out = Json::array();
  for (const auto& [name, c] : codecs) {
    out.push_back({{"codec", name},
                   {"chunks", c.chunks},
                   {"samples", c.samples},
                   {"rawBytes", c.raw_bytes},
                   {"rawBytesPerSample", ratio(c.raw_bytes, c.samples)}});
  }
  return out;
}

Json block_json(const BlockFigures& block) {
  const BlockMeta& m = block.meta;
  Json sources = Json::array();
  for (const Ulid& source : m.sources) sources.push_back(source.to_string());
  Json out = {{"block", m.id.to_string()},
              {"level", m.level},
              {"minTimeMs", m.min_time_ms},
              {"maxTimeMs", m.max_time_ms},
              {"series", m.stats.series},
              {"chunks", m.stats.chunks},
              {"floatSamples", m.stats.float_samples},
              {"histogramSamples", m.stats.histogram_samples},
              {"bytes", m.stats.size_bytes},
              {"bytesPerSample", ratio(m.stats.size_bytes, samples_of(m))},
              {"tombstoneRanges", block.tombstone_ranges},
              {"sources", std::move(sources)},
              {"parts", block.parts},
              {"codecs", codecs_json(block.codecs)}};
  if (!block.damage.empty()) out["damage"] = block.damage;
  return out;
}

Json counts_json(const std::vector<std::pair<std::string, uint64_t>>& counts) {
  Json out = Json::array();
  for (const auto& [name, value] : counts) out.push_back({{"name", name}, {"value", value}});
  return out;
}

Json damages_json(const std::vector<Damage>& damages) {
  Json out = Json::array();
  for (const Damage& d : damages) out.push_back({{"file", d.file}, {"offset", d.offset}, {"what", d.what}});
  return out;
}

}  // namespace

std::string inspect_json(const DirectoryFigures& figures) {
  Json blocks = Json::array();
  for (const BlockFigures& block : figures.blocks) blocks.push_back(block_json(block));
  Json out = {
      {"blocks", std::move(blocks)},
      {"unnamedBlocks", figures.unnamed},
      {"wal",
       {{"segments", figures.log.segments}, {"bytes", figures.log.bytes}, {"quarantined", figures.log.quarantined}}},
      {"seriesSnapshotBytes", figures.series_snapshot_bytes}};
  if (!figures.catalog_damage.empty()) out["catalogDamage"] = figures.catalog_damage;
  return dump(out);
}

std::string stats_json(const DirectoryFigures& figures, const Cardinality& cardinality) {
  Json levels = Json::array();
  for (const auto& [level, sum] : levels_of(figures)) {
    levels.push_back({{"level", level},
                      {"blocks", sum.blocks},
                      {"samples", sum.samples},
                      {"bytes", sum.bytes},
                      {"bytesPerSample", ratio(sum.bytes, sum.samples)},
                      {"parts", sum.parts},
                      {"codecs", codecs_json(sum.codecs)}});
  }
  return dump({{"levels", std::move(levels)},
               {"series", cardinality.series},
               {"seriesByMetric", counts_json(cardinality.metrics)},
               {"valuesByLabel", counts_json(cardinality.labels)}});
}

std::string verify_json(const CheckReport& report) {
  return dump({{"files", report.files},
               {"bytes", report.bytes},
               {"blocks", report.blocks},
               {"samples", report.samples},
               {"walRecords", report.log_records},
               {"damages", damages_json(report.damages)}});
}

std::string repair_json(const RepairReport& report) {
  Json actions = Json::array();
  for (const RepairAction& action : report.actions)
    actions.push_back({{"file", action.file}, {"outcome", action.outcome}});
  return dump({{"damages", damages_json(report.damages)},
               {"actions", std::move(actions)},
               {"samplesLost", report.samples_lost}});
}

}  // namespace nightlight::gorilla
