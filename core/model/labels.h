// Label sets: comparing, hashing and editing them as Prometheus does.
//
// A label set is a View<LabelPair> sorted by name (byte order), with unique names and no empty value; a label that is
// not there reads as "". Everything here works on views; `Labels` owns the text of one set.
#ifndef NIGHTLIGHT_MODEL_LABELS_H_
#define NIGHTLIGHT_MODEL_LABELS_H_

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nightlight/abi.h"
#include "nightlight/sugar.h"

namespace nightlight {

inline constexpr std::string_view kMetricNameLabel = "__name__";
inline constexpr std::string_view kMetricTypeLabel = "__type__";
inline constexpr std::string_view kMetricUnitLabel = "__unit__";
inline constexpr std::string_view kBucketLabel = "le";
inline constexpr std::string_view kQuantileLabel = "quantile";

// True for the labels that say what a metric is rather than where it comes from: name, type and unit. Arithmetic drops
// them.
inline bool is_metadata_label(std::string_view name) {
  return name == kMetricNameLabel || name == kMetricTypeLabel || name == kMetricUnitLabel;
}

// Prometheus' order: label by label, name then value, bytewise; a set that is the beginning of another comes first.
int compare_labels(View<LabelPair> a, View<LabelPair> b);
bool equal_labels(View<LabelPair> a, View<LabelPair> b);

// Prometheus' Labels.Hash (its default label representation): XXH64 over each name and value preceded by its length.
// limit_ratio selects by it, so the bits matter.
uint64_t hash_labels(View<LabelPair> labels);

// The value of a label, or "".
std::string_view label_value(View<LabelPair> labels, std::string_view name);

// `text` in double quotes, escaped as Go's strconv.Quote does it (printable text beyond ASCII stays).
std::string quote(std::string_view text);

// {a="1", b="2"}; the name is one label among the others. Names that are not [a-zA-Z_][a-zA-Z0-9_]* are quoted.
std::string format_labels(View<LabelPair> labels);

// One label set with the memory of its text.
class Labels {
 public:
  Labels() = default;
  explicit Labels(View<LabelPair> labels);
  // From name and value pairs in any order; pairs with an empty value are left out. Names must be unique.
  explicit Labels(std::vector<std::pair<std::string, std::string>> pairs);
  Labels(const Labels& other) : Labels(other.view()) {}
  Labels& operator=(const Labels& other) { return *this = Labels(other); }
  Labels(Labels&&) = default;
  Labels& operator=(Labels&&) = default;

  // Valid while this object is neither assigned to nor destroyed; moving keeps it valid.
  View<LabelPair> view() const { return view_of(pairs_); }
  std::string_view operator[](std::string_view name) const { return label_value(view(), name); }
  bool empty() const { return pairs_.empty(); }
  size_t size() const { return pairs_.size(); }

  friend bool operator==(const Labels& a, const Labels& b) { return equal_labels(a.view(), b.view()); }
  friend bool operator<(const Labels& a, const Labels& b) { return compare_labels(a.view(), b.view()) < 0; }

 private:
  std::vector<LabelPair> pairs_;
  std::unique_ptr<char[]> text_;
};

struct LabelsHash {
  size_t operator()(const Labels& labels) const { return hash_labels(labels.view()); }
};

// Edits a label set in place. The text of names and values is borrowed from whoever gave it.
class LabelsBuilder {
 public:
  LabelsBuilder() = default;
  explicit LabelsBuilder(View<LabelPair> base) { reset(base); }

  void reset(View<LabelPair> base) { pairs_.assign(base.begin(), base.end()); }
  // Adds or replaces; an empty value erases.
  void set(std::string_view name, std::string_view value);
  void erase(std::string_view name);
  // Erases name, type and unit.
  void erase_metadata();
  // Keeps only (or erases) the labels with these names, which are sorted.
  void keep(const std::vector<std::string_view>& sorted_names) { filter(sorted_names, true); }
  void erase(const std::vector<std::string_view>& sorted_names) { filter(sorted_names, false); }

  std::string_view operator[](std::string_view name) const { return label_value(labels(), name); }
  // Valid until the next edit.
  View<LabelPair> labels() const { return view_of(pairs_); }

 private:
  void filter(const std::vector<std::string_view>& sorted_names, bool keep_named);

  std::vector<LabelPair> pairs_;
};

}  // namespace nightlight

#endif  // NIGHTLIGHT_MODEL_LABELS_H_
