// How well a name fits what somebody types: the scores of Prometheus' search API.
#ifndef NIGHTLIGHT_PROMETHEUS_API_SEARCH_SCORE_H_
#define NIGHTLIGHT_PROMETHEUS_API_SEARCH_SCORE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nightlight::prometheus_api {

enum class FuzzyAlgorithm { kSubsequence, kJaroWinkler };

// All scores are 0..1; 1 is an exact match or a prefix. 0 from `subsequence_score` means no match.
double subsequence_score(std::u32string_view pattern, std::u32string_view text);
double jaro_winkler_score(std::u32string_view pattern, std::u32string_view text);
// None when `pattern` does not occur in the text; otherwise 1 at its beginning, down to 0.1 at its end.
std::optional<double> substring_score(std::u32string_view pattern, std::u32string_view text);

class SearchFilter {
 public:
  // Terms are alternatives; empty ones are ignored. `threshold` is 0..1.
  SearchFilter(const std::vector<std::string_view>& terms, double threshold, FuzzyAlgorithm algorithm,
               bool case_sensitive);

  // The best score of a name, or none when no term accepts it. Without terms everything scores 1.
  std::optional<double> score(std::string_view name) const;

 private:
  std::optional<double> score_term(std::u32string_view term, std::u32string_view text) const;

  std::vector<std::u32string> terms_;
  double threshold_;
  FuzzyAlgorithm algorithm_;
  bool case_sensitive_;
};

}  // namespace nightlight::prometheus_api

#endif  // NIGHTLIGHT_PROMETHEUS_API_SEARCH_SCORE_H_
