#include "promql/cache/cached_range.h"

#include <algorithm>
#include <cstring>

#include "model/labels.h"
#include "promql/exec/column_room.h"

namespace nightlight::promql {
namespace {

// Copies `count` bits to a place where none is set yet.
void copy_bits(uint64_t* to, uint64_t to_bit, const uint64_t* from, uint64_t from_bit, uint64_t count) {
  while (count > 0) {
    const uint64_t to_at = to_bit % 64, from_at = from_bit % 64;
    const uint64_t now = std::min({count, 64 - to_at, 64 - from_at});
    const uint64_t mask = now == 64 ? ~uint64_t{0} : (uint64_t{1} << now) - 1;
    to[to_bit / 64] |= (from[from_bit / 64] >> from_at & mask) << to_at;
    to_bit += now;
    from_bit += now;
    count -= now;
  }
}

uint64_t count_bits(const uint64_t* bits, uint64_t words) {
  uint64_t count = 0;
  for (uint64_t i = 0; i < words; ++i) count += static_cast<uint64_t>(std::popcount(bits[i]));
  return count;
}

// What an answer depends on besides the samples and the ends of the range.
std::string key_of(const QueryState& state) {
  const QueryOptions& options = state.options;
  const int64_t phase_ms = state.start_ms % state.step_ms;
  const int64_t flags = int64_t{options.delayed_name_removal} << 2 | int64_t{options.use_start_timestamps} << 1 |
                        int64_t{options.type_and_unit_labels};
  std::string key;
  for (int64_t number : {state.step_ms, phase_ms, options.lookback_ms, options.subquery_step_ms, flags})
    key += std::to_string(number) + ' ';
  key.append(std::to_string(state.context.tenant.size) + ' ').append(view(state.context.tenant));
  return key.append(state.notes.query());
}

}  // namespace

CachedRange::CachedRange(ResultCache& cache, QueryState& state, Domain& domain)
    : cache_(cache),
      state_(state),
      domain_(domain),
      key_(key_of(state)),
      generation_(state.storage->generation(state.context.tenant, INT64_MAX)),
      kept_(cache.find(key_)) {
  prefix_ = true_steps();
  const uint64_t steps = domain.steps();
  // A single step would be an instant query, to which some things are different.
  if (prefix_ + 1 == steps) prefix_ = steps > 2 ? steps - 2 : 0;
  if (prefix_ > 0 && prefix_ < steps)
    rest_.emplace(domain.times_ms[prefix_], domain.times_ms.back(), domain.interval_ms);
}

uint64_t CachedRange::true_steps() const {
  if (kept_ == nullptr || generation_ == UINT64_MAX || domain_.steps() < 2) return 0;
  const int64_t skipped_ms = saturating_sub(domain_.times_ms.front(), kept_->start_ms);
  if (skipped_ms < 0 || skipped_ms % domain_.interval_ms != 0) return 0;
  const auto from = static_cast<uint64_t>(skipped_ms / domain_.interval_ms);
  if (from >= kept_->steps) return 0;
  // Generations do not shrink with time.
  const auto begin = domain_.times_ms.begin();
  const auto end = begin + static_cast<int64_t>(std::min(kept_->steps - from, domain_.steps()));
  const auto changed = std::partition_point(begin, end, [&](int64_t time_ms) {
    return state_.storage->generation(state_.context.tenant, time_ms) <= kept_->generation;
  });
  return static_cast<uint64_t>(changed - begin);
}

Result<const Column*> CachedRange::join(const CachedAnswer::Series* kept, const Column* rest) {
  const uint64_t steps = domain_.steps();
  auto* values = allocate_array<double>(state_.arena, steps);
  auto* valid = allocate_zeroed<uint64_t>(state_.arena, domain_.words());
  auto* column = allocate_array<Column>(state_.arena, 1);
  if (values == nullptr || valid == nullptr || column == nullptr) return state_.out_of_memory();
  const Histogram** histograms = nullptr;
  if (rest != nullptr && rest->histograms != nullptr) {
    histograms = allocate_zeroed<const Histogram*>(state_.arena, steps);
    if (histograms == nullptr) return state_.out_of_memory();
    std::copy_n(rest->histograms, steps - prefix_, histograms + prefix_);
  }
  View<LabelPair> labels{};
  if (kept != nullptr) {
    const auto from = static_cast<uint64_t>((domain_.times_ms.front() - kept_->start_ms) / domain_.interval_ms);
    std::memcpy(values, kept->values + from, prefix_ * sizeof(double));
    copy_bits(valid, 0, kept->valid, from, prefix_);
    NIGHTLIGHT_TRY(state_.charge(static_cast<int64_t>(count_bits(valid, domain_.words()))));
    if (rest == nullptr) {
      if (count_bits(valid, domain_.words()) == 0) return nullptr;
      labels = copy_labels(state_.arena, kept->labels);
      if (labels.data == nullptr && !kept->labels.empty()) return state_.out_of_memory();
    }
  }
  if (rest != nullptr) {
    labels = rest->labels;
    std::memcpy(values + prefix_, rest->values, (steps - prefix_) * sizeof(double));
    copy_bits(valid, prefix_, rest->valid, 0, steps - prefix_);
  }
  *column = Column{sizeof(Column), 0, labels, values, valid, histograms, nullptr, nullptr};
  return column;
}

Result<Answer> CachedRange::complete(Answer rest) {
  Answer answer;
  if (prefix_ == 0) {
    answer = std::move(rest);
  } else {
    answer.type = ValueType::kMatrix;
    size_t at = 0;
    auto add = [&](const CachedAnswer::Series* kept, const Column* column) -> Result<void> {
      NIGHTLIGHT_ASSIGN(joined, join(kept, column));
      if (joined != nullptr) answer.columns.push_back(joined);
      return {};
    };
    for (const CachedAnswer::Series& kept : kept_->series) {
      int order = -1;
      while (at < rest.columns.size() && (order = compare_labels(rest.columns[at]->labels, kept.labels)) < 0)
        NIGHTLIGHT_TRY(add(nullptr, rest.columns[at++]));
      const bool both = at < rest.columns.size() && order == 0;
      NIGHTLIGHT_TRY(add(&kept, both ? rest.columns[at++] : nullptr));
    }
    for (; at < rest.columns.size(); ++at) NIGHTLIGHT_TRY(add(nullptr, rest.columns[at]));
  }
  if (rest_) {
    std::copy(rest_->queryable_samples.begin(), rest_->queryable_samples.end(),
              domain_.queryable_samples.begin() + static_cast<int64_t>(prefix_));
    std::copy(rest_->read_samples.begin(), rest_->read_samples.end(),
              domain_.read_samples.begin() + static_cast<int64_t>(prefix_));
  }
  if (prefix_ < domain_.steps()) keep(answer);
  return answer;
}

void CachedRange::keep(const Answer& answer) {
  // What a part of the range has to say beside its answer is not kept, and neither are histograms.
  if (generation_ == UINT64_MAX || domain_.steps() < 2 || !state_.notes.empty()) return;
  uint64_t pairs = 0, text_bytes = 0;
  for (const Column* column : answer.columns) {
    if (column->histograms != nullptr) return;
    pairs += column->labels.size;
    for (const LabelPair& label : column->labels) text_bytes += label.name.size + label.value.size;
  }
  const uint64_t series = answer.columns.size(), steps = domain_.steps(), words = domain_.words();
  const uint64_t size_bytes =
      sizeof(CachedAnswer) + pairs * sizeof(LabelPair) + text_bytes +
      series * (sizeof(CachedAnswer::Series) + steps * sizeof(double) + words * sizeof(uint64_t));
  if (size_bytes > cache_.most_answer_bytes()) return;

  auto out = std::make_shared<CachedAnswer>();
  out->start_ms = domain_.times_ms.front();
  out->steps = steps;
  out->generation = generation_;
  out->size_bytes = size_bytes;
  out->text = std::make_unique<char[]>(text_bytes);
  out->pairs = std::make_unique<LabelPair[]>(pairs);
  out->values = std::make_unique<double[]>(series * steps);
  out->valid = std::make_unique<uint64_t[]>(series * words);
  out->series.reserve(series);
  char* text = out->text.get();
  LabelPair* pair = out->pairs.get();
  double* values = out->values.get();
  uint64_t* valid = out->valid.get();
  auto copy_text = [&](Str from) {
    std::copy(from.data, from.data + from.size, text);
    text += from.size;
    return Str{text - from.size, from.size};
  };
  for (const Column* column : answer.columns) {
    out->series.push_back({{pair, column->labels.size}, values, valid});
    for (const LabelPair& label : column->labels) {
      const Str name = copy_text(label.name);
      *pair++ = {name, copy_text(label.value)};
    }
    values = std::copy_n(column->values, steps, values);
    valid = std::copy_n(column->valid, words, valid);
  }
  cache_.put(key_, std::move(out));
}

}  // namespace nightlight::promql
