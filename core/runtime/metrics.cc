#include "runtime/metrics.h"

#include <algorithm>

#include "base/parse.h"
#include "nightlight/sugar.h"

namespace nightlight::runtime {
namespace {

constexpr uint64_t kMaxBounds = 1000;

bool is_name(std::string_view name, bool colons) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (colons && c == ':');
  });
}

void append_escaped(std::string_view text, bool quotes, std::string* out) {
  for (char c : text) {
    if (c == '\\' || (quotes && c == '"')) out->push_back('\\');
    if (c == '\n') {
      out->append("\\n");
    } else {
      out->push_back(c);
    }
  }
}

// `a="x",b="y"`, sorted by name: the identity of a series within its family, and what is printed.
std::string label_text(std::string_view instance, View<KeyValue> labels) {
  std::vector<std::pair<std::string_view, std::string_view>> sorted;
  for (const KeyValue& label : labels) sorted.emplace_back(view(label.key), view(label.value));
  if (!instance.empty()) sorted.emplace_back("instance_name", instance);
  std::sort(sorted.begin(), sorted.end());
  std::string out;
  for (const auto& [name, value] : sorted) {
    if (!out.empty()) out.push_back(',');
    out.append(name).append("=\"");
    append_escaped(value, true, &out);
    out.push_back('"');
  }
  return out;
}

Result<void> check(const MetricSpec& spec) {
  auto bad = [&](const std::string& what) {
    return Error{Code::kInvalidArgument, "metric \"" + std::string(view(spec.name)) + "\": " + what};
  };
  if (spec.struct_size < sizeof(MetricSpec)) return bad("its description is shorter than known");
  if (!is_name(view(spec.name), true)) return bad("not a metric name");
  if (spec.type > MetricType::kHistogram) return bad("unknown type");
  for (const KeyValue& label : spec.labels) {
    std::string_view name = view(label.key);
    if (!is_name(name, false) || name == "instance_name" || name == "instance" || name == "job" || name == "le")
      return bad("not a free label name: " + std::string(name));
  }
  if (spec.type != MetricType::kHistogram) return {};
  if (spec.bounds.empty() || spec.bounds.size > kMaxBounds) return bad("a histogram needs 1 to 1000 bounds");
  for (uint64_t i = 1; i < spec.bounds.size; ++i) {
    if (!(spec.bounds[i - 1] < spec.bounds[i])) return bad("bounds must ascend");
  }
  return {};
}

std::string_view type_text(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "untyped";
}

// A family while it is printed: from cells and sources alike.
struct Printed {
  MetricType type;
  std::string help;
  std::map<std::string, std::string> lines;  // Labels -> lines
};
using Page = std::map<std::string, Printed, std::less<>>;

void append_line(std::string_view name, std::string_view suffix, std::string_view labels, std::string_view more,
                 std::string_view value, std::string* out) {
  out->append(name).append(suffix);
  if (!labels.empty() || !more.empty()) {
    out->append("{").append(labels);
    if (!labels.empty() && !more.empty()) out->push_back(',');
    out->append(more).append("}");
  }
  out->append(" ").append(value).push_back('\n');
}

std::string histogram_lines(std::string_view name, std::string_view labels, View<double> bounds, double sum,
                            View<uint64_t> buckets) {
  std::string out;
  uint64_t count = 0;
  for (uint64_t i = 0; i <= bounds.size; ++i) {
    count += i < buckets.size ? buckets[i] : 0;
    std::string le = "le=\"" + (i < bounds.size ? format_double_g(bounds[i]) : std::string("+Inf")) + "\"";
    append_line(name, "_bucket", labels, le, std::to_string(count), &out);
  }
  append_line(name, "_sum", labels, "", format_double_g(sum), &out);
  append_line(name, "_count", labels, "", std::to_string(count), &out);
  return out;
}

// False when the name is there with another type: one scrape cannot hold both.
bool add_lines(Page* page, std::string_view name, MetricType type, std::string_view help, std::string labels,
               std::string lines) {
  auto at = page->find(name);
  if (at == page->end()) at = page->emplace(std::string(name), Printed{type, std::string(help), {}}).first;
  if (at->second.type != type) return false;
  at->second.lines.try_emplace(std::move(labels), std::move(lines));
  return true;
}

class PageSink final : public MetricsSink {
 public:
  PageSink(Page* page, std::string_view instance) : page_(page), instance_(instance) {}

  void add(const MetricSpec* spec, double value, View<uint64_t> buckets) noexcept override {
    if (spec == nullptr || !check(*spec).ok()) return;
    std::string labels = label_text(instance_, spec->labels);
    std::string lines;
    if (spec->type == MetricType::kHistogram) {
      lines = histogram_lines(view(spec->name), labels, spec->bounds, value, buckets);
    } else {
      append_line(view(spec->name), "", labels, "", format_double_g(value), &lines);
    }
    add_lines(page_, view(spec->name), spec->type, view(spec->help), labels, std::move(lines));
  }

 private:
  Page* page_;
  std::string_view instance_;
};

std::string print(const Page& page) {
  std::string out;
  for (const auto& [name, family] : page) {
    out.append("# HELP ").append(name).push_back(' ');
    append_escaped(family.help, false, &out);
    out.append("\n# TYPE ").append(name).append(" ").append(type_text(family.type)).push_back('\n');
    for (const auto& [labels, lines] : family.lines) out += lines;
  }
  return out;
}

}  // namespace

struct Metrics::Series {
  std::string instance;
  std::vector<double> bounds;
  std::unique_ptr<uint64_t[]> counts;
  double number = 0;
};

struct Metrics::Family {
  MetricType type;
  std::string help;
  std::map<std::string, std::unique_ptr<Series>> series;
};

Metrics::Metrics() = default;
Metrics::~Metrics() = default;

Result<MetricCells> Metrics::cells(std::string_view instance, const MetricSpec& spec) {
  NIGHTLIGHT_TRY(check(spec));
  std::string labels = label_text(instance, spec.labels);
  MutexLock lock(mutex_);
  std::string name(view(spec.name));
  auto at = families_.find(name);
  if (at == families_.end()) at = families_.emplace(name, Family{spec.type, std::string(view(spec.help)), {}}).first;
  Family& family = at->second;
  if (family.type != spec.type) {
    return Error{Code::kInvalidArgument, "metric \"" + name + "\" is already a " + std::string(type_text(family.type))};
  }
  std::unique_ptr<Series>& series = family.series[labels];
  std::vector<double> bounds(spec.bounds.begin(), spec.bounds.end());
  if (series == nullptr) {
    series = std::make_unique<Series>();
    series->instance = instance;
    series->bounds = std::move(bounds);
    series->counts = std::make_unique<uint64_t[]>(series->bounds.size() + 1);
  } else if (series->bounds != bounds) {
    return Error{Code::kInvalidArgument, "metric \"" + name + "\" already has other bounds"};
  }
  return MetricCells{series->counts.get(), &series->number};
}

void Metrics::add_source(std::string_view instance, MetricsSource* source) {
  MutexLock lock(sources_mutex_);
  sources_.push_back(Source{std::string(instance), source});
}

void Metrics::remove_source(MetricsSource* source) {
  MutexLock lock(sources_mutex_);
  std::erase_if(sources_, [&](const Source& item) { return item.source == source; });
}

void Metrics::remove(std::string_view instance) {
  MutexLock lock(mutex_);
  for (auto family = families_.begin(); family != families_.end();) {
    std::erase_if(family->second.series, [&](const auto& item) { return item.second->instance == instance; });
    family = family->second.series.empty() ? families_.erase(family) : std::next(family);
  }
}

std::string Metrics::text() {
  Page page;
  MutexLock sources_lock(sources_mutex_);
  {
    MutexLock lock(mutex_);
    for (const auto& [name, family] : families_) {
      for (const auto& [labels, series] : family.series) {
        double number;
        __atomic_load(&series->number, &number, __ATOMIC_RELAXED);
        std::vector<uint64_t> counts(series->bounds.size() + 1);
        for (size_t i = 0; i < counts.size(); ++i) counts[i] = __atomic_load_n(&series->counts[i], __ATOMIC_RELAXED);
        std::string lines;
        if (family.type == MetricType::kHistogram) {
          lines = histogram_lines(name, labels, view_of(series->bounds), number, view_of(counts));
        } else {
          append_line(name, "", labels, "",
                      family.type == MetricType::kCounter ? std::to_string(counts[0]) : format_double_g(number),
                      &lines);
        }
        add_lines(&page, name, family.type, family.help, labels, std::move(lines));
      }
    }
  }
  for (const Source& source : sources_) {
    PageSink sink(&page, source.instance);
    source.source->collect(&sink);
  }
  return print(page);
}

}  // namespace nightlight::runtime
