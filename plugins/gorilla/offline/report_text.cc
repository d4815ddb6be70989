#include <algorithm>
#include <cstdio>
#include <ctime>

#include "gorilla/offline/report.h"

namespace nightlight::gorilla {
namespace {

// Rows of text, columns as wide as they need to be; the first is flush left, the others flush right.
class Table {
 public:
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string text() const {
    std::vector<size_t> widths;
    for (const auto& cells : rows_) {
      widths.resize(std::max(widths.size(), cells.size()));
      for (size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], cells[i].size());
    }
    std::string out;
    for (const auto& cells : rows_) {
      for (size_t i = 0; i < cells.size(); ++i) {
        const std::string pad(widths[i] - cells[i].size(), ' ');
        if (i > 0) out += "  ";
        out += i == 0 ? cells[i] + (cells.size() > 1 ? pad : "") : pad + cells[i];
      }
      out += "\n";
    }
    return out;
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

std::string time_text(int64_t ms) {
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000 - (ms % 1000 < 0 ? 1 : 0));
  std::tm parts{};
  char text[64];
  if (gmtime_r(&seconds, &parts) == nullptr || std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
    return std::to_string(ms);
  return text;
}

std::string size_text(uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double size = static_cast<double>(bytes);
  size_t unit = 0;
  for (; size >= 1024 && unit + 1 < std::size(kUnits); ++unit) size /= 1024;
  char text[48];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", size, kUnits[unit]);
  return text;
}

std::string per_sample(uint64_t bytes, uint64_t samples) {
  if (samples == 0) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", static_cast<double>(bytes) / static_cast<double>(samples));
  return text;
}

std::string number(uint64_t n) { return std::to_string(n); }

std::string damages_text(const std::vector<Damage>& damages) {
  std::string out;
  for (const Damage& d : damages) out += d.file + " at " + number(d.offset) + ": " + d.what + "\n";
  return out;
}

std::string codecs_text(const std::map<std::string, CodecFigures>& codecs) {
  std::string out;
  for (const auto& [name, c] : codecs) out += (out.empty() ? "" : ", ") + name + " " + number(c.chunks);
  return out;
}

}  // namespace

std::string inspect_text(const DirectoryFigures& figures) {
  Table table;
  table.row({"block", "level", "from", "to", "series", "samples", "size", "B/sample", "deleted ranges"});
  for (const BlockFigures& block : figures.blocks) {
    const BlockMeta& m = block.meta;
    const uint64_t samples = m.stats.float_samples + m.stats.histogram_samples;
    table.row({m.id.to_string(), number(m.level), time_text(m.min_time_ms), time_text(m.max_time_ms),
               number(m.stats.series), number(samples), size_text(m.stats.size_bytes),
               per_sample(m.stats.size_bytes, samples), number(block.tombstone_ranges)});
  }
  std::string out = figures.blocks.empty() ? "no blocks\n" : table.text();
  for (const BlockFigures& block : figures.blocks) {
    if (!block.codecs.empty()) out += block.meta.id.to_string() + " chunks: " + codecs_text(block.codecs) + "\n";
    if (!block.damage.empty()) out += block.meta.id.to_string() + " damaged: " + block.damage + "\n";
  }
  if (!figures.catalog_damage.empty()) out += "catalog: " + figures.catalog_damage + "\n";
  for (const std::string& key : figures.unnamed) out += key + ": not in the catalog, the next start deletes it\n";
  out += "write-ahead log: " + number(figures.log.segments) + " segments, " + size_text(figures.log.bytes);
  if (figures.log.quarantined > 0) out += ", " + number(figures.log.quarantined) + " in quarantine";
  return out + "\n";
}

std::string stats_text(const DirectoryFigures& figures, const Cardinality& cardinality) {
  std::string out;
  for (const auto& [level, sum] : levels_of(figures)) {
    out += "level " + number(level) + ": " + number(sum.blocks) + " blocks, " + number(sum.samples) + " samples, " +
           size_text(sum.bytes) + ", " + per_sample(sum.bytes, sum.samples) + " B/sample\n";
    Table table;
    table.row({"  part", "bytes", "B/sample"});
    for (const auto& [part, bytes] : sum.parts) table.row({"  " + part, number(bytes), per_sample(bytes, sum.samples)});
    table.row({"  codec (uncompressed)", "bytes", "B/sample", "chunks", "samples"});
    for (const auto& [codec, c] : sum.codecs)
      table.row(
          {"  " + codec, number(c.raw_bytes), per_sample(c.raw_bytes, c.samples), number(c.chunks), number(c.samples)});
    out += table.text();
  }
  out += "series: " + number(cardinality.series) + "\n";
  Table metrics;
  metrics.row({"  metric", "series"});
  for (const auto& [name, value] : cardinality.metrics) metrics.row({"  " + name, number(value)});
  Table labels;
  labels.row({"  label", "values"});
  for (const auto& [name, value] : cardinality.labels) labels.row({"  " + name, number(value)});
  return out + metrics.text() + labels.text();
}

std::string verify_text(const CheckReport& report) {
  std::string out = damages_text(report.damages);
  return out + number(report.files) + " files, " + size_text(report.bytes) + ", " + number(report.blocks) +
         " blocks with " + number(report.samples) + " samples, " + number(report.log_records) +
         " log records: " + (report.damages.empty() ? "all sound" : number(report.damages.size()) + " damages") + "\n";
}

std::string repair_text(const RepairReport& report) {
  if (report.damages.empty()) return "nothing is damaged, nothing was changed\n";
  std::string out = damages_text(report.damages);
  for (const RepairAction& action : report.actions) out += action.file + ": " + action.outcome + "\n";
  return out + number(report.samples_lost) + " samples lost\n";
}

}  // namespace nightlight::gorilla
