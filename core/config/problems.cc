#include "config/problems.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <tuple>

namespace nightlight::config {
namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

void Problems::add(const Mark& mark, std::string_view path, std::string text) {
  items_.push_back(Item{mark, std::string(path), std::move(text)});
}

void Problems::add_all(const Problems& others) {
  items_.insert(items_.end(), others.items_.begin(), others.items_.end());
}

std::vector<std::string> Problems::lines() const {
  std::vector<Item> sorted = items_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Item& a, const Item& b) {
    auto source = [](const Item& item) {
      return item.mark.source ? std::string_view(*item.mark.source) : std::string_view();
    };
    return std::tuple(source(a), a.mark.line, a.mark.column) < std::tuple(source(b), b.mark.line, b.mark.column);
  });
  std::vector<std::string> out;
  std::set<std::string> told;
  for (const Item& item : sorted) {
    std::string line = to_string(item.mark);
    if (!line.empty()) line += ": ";
    if (!item.path.empty()) line += item.path + ": ";
    line += item.text;
    if (told.insert(line).second) out.push_back(std::move(line));
  }
  return out;
}

std::string nearest(std::string_view name, const std::vector<std::string>& known) {
  if (name.size() > 100) return "";
  size_t best_distance = std::max<size_t>(1, name.size() / 3) + 1;
  std::string best;
  for (const std::string& candidate : known) {
    bool prefix = name.size() >= 3 && (candidate.starts_with(name) || name.starts_with(candidate));
    size_t distance = prefix ? 1 : edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) {
  std::string near = nearest(name, known);
  return near.empty() ? "" : ", did you mean \"" + near + "\"?";
}

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " and " : ", ";
    out += words[i];
  }
  return out;
}

}  // namespace nightlight::config
