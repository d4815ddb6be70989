#include "prometheus_api/exposition.h"

#include <algorithm>
#include <charconv>

#include "prometheus_api/parameters.h"

namespace nightlight::prometheus_api {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

bool take(std::string_view& rest, std::string_view token) {
  if (rest.substr(0, token.size()) != token) return false;
  rest.remove_prefix(token.size());
  return true;
}

// What stands before the next of `ends`, which stays.
std::string_view take_until(std::string_view& rest, std::string_view ends) {
  std::string_view out = rest.substr(0, rest.find_first_of(ends));
  rest.remove_prefix(out.size());
  return out;
}

// Takes text up to an unescaped `end`, which is taken too; false when there is none.
bool take_escaped(std::string_view& rest, char end, std::string& out) {
  for (size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == end) {
      rest.remove_prefix(i + 1);
      return true;
    }
    if (rest[i] == '\\' && i + 1 < rest.size()) {
      ++i;
      out.push_back(rest[i] == 'n' ? '\n' : rest[i]);
    } else {
      out.push_back(rest[i]);
    }
  }
  return false;
}

bool take_labels(std::string_view& rest, Labels& out) {
  if (!take(rest, "{")) return true;
  while (!take(rest, "}")) {
    std::string name(take_until(rest, "="));
    std::string value;
    if (!take(rest, "=\"") || !take_escaped(rest, '"', value)) return false;
    out.emplace_back(std::move(name), std::move(value));
    take(rest, ",");
  }
  return true;
}

class Reader {
 public:
  bool line(std::string_view line) {
    if (take(line, "# HELP ")) {
      ExposedFamily& to = family(take_until(line, " "));
      take(line, " ");
      take_escaped(line, '\n', to.help);  // A line has none: takes all of it.
      return true;
    }
    if (take(line, "# TYPE ")) {
      ExposedFamily& to = family(take_until(line, " "));
      to.type = line.substr(std::min<size_t>(1, line.size()));
      return to.type == "counter" || to.type == "gauge" || to.type == "histogram" || to.type == "untyped";
    }
    return line.empty() || line.front() == '#' || sample(line);
  }

  std::vector<ExposedFamily> families;

 private:
  ExposedFamily& family(std::string_view name) {
    if (families.empty() || families.back().name != name) families.push_back({std::string(name), "", "", {}});
    return families.back();
  }

  bool sample(std::string_view rest) {
    if (families.empty()) return false;
    ExposedFamily& to = families.back();
    Labels labels;
    std::string_view suffix = take_until(rest, "{ ");
    if (to.type.empty() || !take(suffix, to.name) || !take_labels(rest, labels) || !take(rest, " ")) return false;
    if (to.type != "histogram") {
      auto value = parse_float(rest);
      if (!suffix.empty() || !value) return false;
      to.metrics.push_back({std::move(labels), *value, 0, {}});
      return true;
    }
    return histogram_line(to, suffix, std::move(labels), rest);
  }

  static bool histogram_line(ExposedFamily& to, std::string_view suffix, Labels labels, std::string_view text) {
    std::string bound;
    if (suffix == "_bucket") {
      if (labels.empty() || labels.back().first != "le") return false;
      bound = std::move(labels.back().second);
      labels.pop_back();
    }
    if (to.metrics.empty() || to.metrics.back().labels != labels) to.metrics.push_back({std::move(labels), 0, 0, {}});
    ExposedMetric& metric = to.metrics.back();
    if (suffix == "_sum") {
      auto sum = parse_float(text);
      metric.value = sum.value_or(0);
      return sum.has_value();
    }
    uint64_t count = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size()) return false;
    if (suffix == "_count") {
      metric.count = count;
      return true;
    }
    auto upper = parse_float(bound);
    if (suffix != "_bucket" || !upper) return false;
    metric.buckets.push_back({*upper, count});
    return true;
  }
};

}  // namespace

Result<std::vector<ExposedFamily>> read_exposition(std::string_view text) {
  Reader reader;
  for (size_t number = 1; !text.empty(); ++number) {
    std::string_view line = take_until(text, "\n");
    take(text, "\n");
    if (!reader.line(line))
      return Error{Code::kInternal, "metrics, line " + std::to_string(number) + ": not a sample of its family: \"" +
                                        std::string(line.substr(0, 200)) + "\""};
  }
  return std::move(reader.families);
}

}  // namespace nightlight::prometheus_api
