// Gathers the label sets of a block while its series are written, and writes the index at the end: label names, the
// values of each with their postings, and the label set of every ordinal.
#ifndef NIGHTLIGHT_GORILLA_BLOCK_INDEX_WRITER_H_
#define NIGHTLIGHT_GORILLA_BLOCK_INDEX_WRITER_H_

#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "gorilla/block/page_file.h"
#include "gorilla/block/sample_columns.h"

namespace nightlight::gorilla {

class IndexWriter {
 public:
  // The label set of the next ordinal.
  void add(std::span<const LabelView> labels);
  uint32_t series_count() const { return static_cast<uint32_t>(row_ends_.size()); }
  // Writes pages and sections.
  Result<void> write(PageFile& file);

 private:
  // One label name: its values in order of arrival, then, after sort(), their ranks.
  struct Name {
    std::string text;
    std::unordered_map<std::string_view, uint32_t> ids;
    std::vector<std::string_view> values;
    std::vector<uint32_t> rank_of_id, id_of_rank;
    uint32_t rank = 0;        // Among the names.
    uint64_t first_pair = 0;  // Where its values begin in the numbering of all (name, value) pairs.
  };
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  std::string_view keep(std::string_view text);
  uint32_t name_of(std::string_view text);
  void sort();
  void collect_postings();
  Result<void> write_names(PageFile& file) const;
  Result<void> write_values(PageFile& file) const;
  Result<void> write_series(PageFile& file) const;
  Result<void> write_fingerprint(PageFile& file) const;

  std::deque<Name> names_;
  std::unordered_map<std::string, uint32_t, TextHash, std::equal_to<>> name_ids_;
  std::vector<uint32_t> names_by_rank_;
  std::map<std::vector<uint32_t>, uint32_t> name_sets_;  // Names by order of arrival.
  std::vector<const std::vector<uint32_t>*> sets_;
  std::vector<std::unique_ptr<char[]>> text_pieces_;
  size_t text_used_ = 0, text_capacity_ = 0;
  // Per series: its name set, and its value ids, all behind one another.
  std::vector<uint32_t> set_of_series_;
  std::vector<uint64_t> row_ends_;
  std::vector<uint32_t> rows_;
  // Ordinals of pair p: [posting_ends_[p - 1], posting_ends_[p]).
  std::vector<uint64_t> posting_ends_;
  std::vector<uint32_t> postings_;
  std::vector<uint32_t> set_scratch_;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_INDEX_WRITER_H_
