#include "prometheus_api/search_score.h"

#include <algorithm>
#include <cwctype>

#include "base/utf8.h"

namespace nightlight::prometheus_api {
namespace {

constexpr double kNotExact = 0.999;   // Keeps whatever is no exact match below 1.
constexpr double kPrefixScale = 0.1;  // Winkler's.
constexpr size_t kLongestPrefix = 4;
constexpr double kInvalidRune = 0xfffd;

std::u32string decode(std::string_view text, bool lower_case) {
  std::u32string out;
  while (!text.empty()) {
    Rune rune = first_rune(text);
    char32_t c = rune.size_bytes == 0 ? static_cast<char32_t>(kInvalidRune) : rune.code_point;
    if (lower_case)
      c = c < 0x80 ? static_cast<char32_t>(c >= 'A' && c <= 'Z' ? c + 32 : c)
                   : static_cast<char32_t>(std::towlower(static_cast<wint_t>(c)));
    out += c;
    text.remove_prefix(std::max(rune.size_bytes, 1u));
  }
  return out;
}

bool has_prefix(std::u32string_view text, std::u32string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// The greedy match from `start`, where the pattern's first character stands: squared lengths of runs, less the gaps
// before and between them and half of what trails. None when the pattern is not all there.
std::optional<double> score_from(std::u32string_view pattern, std::u32string_view text, size_t start) {
  double per_character = 1.0 / static_cast<double>(text.size());
  double score = -static_cast<double>(start) * per_character;
  size_t at = start, taken = 0;
  while (true) {
    size_t run_begin = at;
    while (taken < pattern.size() && at < text.size() && text[at] == pattern[taken]) {
      ++at;
      ++taken;
    }
    auto run = static_cast<double>(at - run_begin);
    score += run * run;
    if (taken == pattern.size()) break;
    size_t next = text.find(pattern[taken], at);
    if (next == std::u32string_view::npos) return std::nullopt;
    score -= static_cast<double>(next - at) * per_character;
    at = next;
  }
  return score - static_cast<double>(text.size() - at) * per_character * 0.5;
}

}  // namespace

double subsequence_score(std::u32string_view pattern, std::u32string_view text) {
  if (pattern.empty() || pattern == text) return 1;
  if (pattern.size() > text.size()) return 0;
  double best = -1;
  size_t last_start = text.size() - pattern.size();
  for (size_t at = text.find(pattern[0]); at <= last_start; at = text.find(pattern[0], at + 1)) {
    auto score = score_from(pattern, text, at);
    if (!score) break;  // No later start can complete it either.
    best = std::max(best, *score);
  }
  if (best < 0) return 0;
  auto length = static_cast<double>(pattern.size());
  return std::min(best / (length * length) * kNotExact, 1.0);
}

double jaro_winkler_score(std::u32string_view pattern, std::u32string_view text) {
  if (pattern == text) return 1;
  if (pattern.empty() || text.empty()) return 0;
  std::u32string_view a = pattern, b = text;
  if (a.size() > b.size()) std::swap(a, b);
  size_t reach = b.size() / 2 > 1 ? b.size() / 2 - 1 : 0;
  std::vector<bool> a_matched(a.size()), b_matched(b.size());
  double matches = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    size_t end = std::min(i + reach + 1, b.size());
    for (size_t k = i > reach ? i - reach : 0; k < end; ++k) {
      if (b_matched[k] || a[i] != b[k]) continue;
      a_matched[i] = b_matched[k] = true;
      ++matches;
      break;
    }
  }
  if (matches == 0) return 0;
  double transposed = 0;
  size_t k = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!a_matched[i]) continue;
    while (!b_matched[k]) ++k;
    if (a[i] != b[k]) ++transposed;
    ++k;
  }
  double jaro = (matches * (1.0 / static_cast<double>(a.size())) + matches * (1.0 / static_cast<double>(b.size())) +
                 (matches - transposed * 0.5) / matches) /
                3.0;
  size_t prefix = 0;
  while (prefix < std::min(kLongestPrefix, a.size()) && a[prefix] == b[prefix]) ++prefix;
  return jaro + static_cast<double>(prefix) * kPrefixScale * (1.0 - jaro);
}

std::optional<double> substring_score(std::u32string_view pattern, std::u32string_view text) {
  size_t at = text.find(pattern);
  if (at == std::u32string_view::npos) return std::nullopt;
  if (at == 0) return 1;
  return 1.0 - 0.9 * static_cast<double>(at) / static_cast<double>(text.size() - pattern.size());
}

SearchFilter::SearchFilter(const std::vector<std::string_view>& terms, double threshold, FuzzyAlgorithm algorithm,
                           bool case_sensitive)
    : threshold_(threshold), algorithm_(algorithm), case_sensitive_(case_sensitive) {
  for (std::string_view term : terms) {
    if (!term.empty()) terms_.push_back(decode(term, !case_sensitive));
  }
}

std::optional<double> SearchFilter::score_term(std::u32string_view term, std::u32string_view text) const {
  if (algorithm_ == FuzzyAlgorithm::kSubsequence) {
    if (has_prefix(text, term)) return 1;
    double score = subsequence_score(term, text);
    if (score > 0 && score >= threshold_) return score;
    return std::nullopt;
  }
  if (auto score = substring_score(term, text)) return score;
  if (threshold_ <= 0) return std::nullopt;
  double score = jaro_winkler_score(term, text);
  if (score >= threshold_) return score;
  return std::nullopt;
}

std::optional<double> SearchFilter::score(std::string_view name) const {
  if (terms_.empty()) return 1;
  std::u32string text = decode(name, !case_sensitive_);
  std::optional<double> best;
  for (const std::u32string& term : terms_) {
    auto score = score_term(term, text);
    if (score && (!best || *score > *best)) best = score;
  }
  return best;
}

}  // namespace nightlight::prometheus_api
