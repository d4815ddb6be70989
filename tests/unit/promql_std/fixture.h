// What the functions need of an engine, kept in memory: arena, notes, arguments, columns and windows.
#ifndef NIGHTLIGHT_TESTS_PROMQL_STD_FIXTURE_H_
#define NIGHTLIGHT_TESTS_PROMQL_STD_FIXTURE_H_

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fakes/host.h"
#include "model/float_histogram.h"
#include "model/labels.h"
#include "promql_std/library.h"

namespace nightlight::promql_std::testing {

class FakeArena final : public Arena {
 public:
  void* allocate(uint64_t size_bytes) noexcept override {
    if (size_bytes > left_bytes) return nullptr;
    left_bytes -= size_bytes;
    blocks_.push_back(std::make_unique<max_align_t[]>(size_bytes / sizeof(max_align_t) + 1));
    return blocks_.back().get();
  }
  uint64_t left_bytes = uint64_t{1} << 30;

 private:
  std::vector<std::unique_ptr<max_align_t[]>> blocks_;
};

// Notes as the engine shows them but for the position, which is the argument's number.
class FakeNotes final : public Annotations {
 public:
  void add(NoteKind kind, Str text, uint32_t argument) noexcept override {
    texts[(kind == NoteKind::kWarning ? "PromQL warning: " : "PromQL info: ") + std::string(view(text))] = argument;
  }
  void add_counted(NoteKind kind, Str text, uint32_t argument) noexcept override {
    add(kind, text, argument);
    ++counted;
  }
  std::map<std::string, uint32_t> texts;
  int counted = 0;
};

// The answer of a function: per series, the floats and histograms by step.
struct Answer {
  struct Series {
    std::string labels;
    uint32_t flags = 0;
    std::vector<std::optional<double>> values;
    std::vector<std::optional<FloatHistogram>> histograms;
  };
  Status status = kOkStatus;
  std::vector<Series> series;

  // Of the only series (or of none).
  std::optional<double> value(size_t step) const {
    return series.empty() ? std::nullopt : series.at(0).values.at(step);
  }
};

class Fixture : public ColumnSink {
 public:
  explicit Fixture(std::vector<int64_t> step_times_ms) : times_ms(std::move(step_times_ms)) {
    evaluation.struct_size = sizeof evaluation;
    evaluation.times_ms = view_of(times_ms);
    evaluation.query_start_ms = times_ms.empty() ? 0 : times_ms.front();
    evaluation.query_end_ms = times_ms.empty() ? 0 : times_ms.back();
    evaluation.query_step_ms = times_ms.size() > 1 ? times_ms[1] - times_ms[0] : 0;
    evaluation.lookback_ms = 300000;
    evaluation.arena = &arena;
    evaluation.annotations = &notes;
  }
  Fixture(const Fixture&) = delete;  // It points into itself.
  Fixture& operator=(const Fixture&) = delete;
  virtual ~Fixture() = default;

  // ---- arguments, in order ----
  Fixture& scalar(double value) { return scalars(std::vector<double>(times_ms.size(), value)); }
  Fixture& scalars(std::vector<double> values) {
    numbers_.push_back(std::move(values));
    Argument& a = argument(ValueType::kScalar);
    a.scalar = numbers_.back().data();
    return *this;
  }
  Fixture& text(std::string value) {
    texts_.push_back(std::move(value));
    argument(ValueType::kString).string = str(texts_.back());
    return *this;
  }
  Fixture& matrix() {
    argument(ValueType::kMatrix);
    return *this;
  }
  // The columns made so far become the argument.
  Fixture& vector(View<const Matcher*> selector = {}) {
    Argument& a = argument(ValueType::kVector);
    a.vector = view_of(columns_);
    a.selector = selector;
    return *this;
  }
  Fixture& presence(View<const Matcher*> selector) {
    Argument& a = argument(ValueType::kMatrix);
    a.vector = view_of(columns_);
    a.selector = selector;
    return *this;
  }
  Fixture& column(std::vector<std::pair<std::string, std::string>> labels, std::vector<std::optional<double>> values,
                  std::vector<std::optional<FloatHistogram>> histograms = {}, uint32_t flags = 0) {
    labels_.emplace_back(std::move(labels));
    numbers_.emplace_back(times_ms.size());
    valid_.emplace_back(times_ms.size() / 64 + 1);
    for (size_t i = 0; i < values.size(); ++i) {
      if (!values[i]) continue;
      numbers_.back()[i] = *values[i];
      valid_.back()[i / 64] |= uint64_t{1} << (i % 64);
    }
    Column c{};
    c.struct_size = sizeof c;
    c.flags = flags;
    c.labels = labels_.back().view();
    c.values = numbers_.back().data();
    c.valid = valid_.back().data();
    if (!histograms.empty()) {
      histogram_rows_.emplace_back(times_ms.size());
      for (size_t i = 0; i < histograms.size(); ++i) {
        if (histograms[i]) histogram_rows_.back()[i] = histograms[i]->store(&arena, times_ms[i]);
      }
      c.histograms = histogram_rows_.back().data();
    }
    column_data_.push_back(c);
    columns_.push_back(&column_data_.back());
    return *this;
  }

  // ---- samples of one series, for window functions ----
  Fixture& sample(int64_t time_ms, double value, int64_t start_ms = 0) {
    sample_times_.push_back(time_ms);
    sample_values_.push_back(value);
    sample_starts_.push_back(start_ms);
    return *this;
  }
  Fixture& sample(int64_t time_ms, const FloatHistogram& histogram, int64_t start_ms = 0) {
    const Histogram* stored = histogram.store(&arena, time_ms);
    const_cast<Histogram*>(stored)->start_timestamp_ms = start_ms;
    sample_histograms_.push_back(stored);
    return *this;
  }

  Answer window(std::string_view name, int64_t range_ms, RangeMode mode = RangeMode::kPlain,
                std::vector<std::pair<std::string, std::string>> labels = {{"__name__", "m"}}) {
    Labels series_labels(std::move(labels));
    Windows w{};
    w.struct_size = sizeof w;
    w.mode = mode;
    w.labels = series_labels.view();
    w.range_ms = range_ms;
    w.end_ms = times_ms.data();
    w.timestamps_ms = sample_times_.data();
    w.values = sample_values_.data();
    w.start_timestamps_ms = sample_starts_.data();
    w.histograms = sample_histograms_.data();
    std::vector<uint32_t> begin, end, histogram_begin, histogram_end;
    std::vector<int64_t> histogram_times;
    for (const Histogram* h : sample_histograms_) histogram_times.push_back(h->timestamp_ms);
    int64_t before_ms = mode == RangeMode::kPlain ? 0 : evaluation.lookback_ms;
    int64_t after_ms = mode == RangeMode::kSmoothed ? evaluation.lookback_ms : 0;
    auto bound = [](const std::vector<int64_t>& times, int64_t after) {
      return static_cast<uint32_t>(std::upper_bound(times.begin(), times.end(), after) - times.begin());
    };
    for (int64_t t : times_ms) {
      begin.push_back(bound(sample_times_, t - range_ms - before_ms));
      end.push_back(bound(sample_times_, t + after_ms));
      histogram_begin.push_back(bound(histogram_times, t - range_ms - before_ms));
      histogram_end.push_back(bound(histogram_times, t + after_ms));
    }
    w.begin = begin.data();
    w.end = end.data();
    if (!sample_histograms_.empty()) {
      w.histogram_begin = histogram_begin.data();
      w.histogram_end = histogram_end.data();
    }
    return with_output(name, [&](Function& f, const Call& call, ColumnOut& out) { return f.window(&call, &w, &out); });
  }

  // ---- other shapes ----
  Answer column_call(std::string_view name) {
    return with_output(
        name, [&](Function& f, const Call& call, ColumnOut& out) { return f.column(&call, columns_.at(0), &out); });
  }
  Answer vector_call(std::string_view name) {
    Answer answer;
    answer_ = &answer;
    Call c = call();
    Owned<Function> f = prepare(name);
    answer.status = f->vector(&c, this);
    return answer;
  }
  std::vector<double> scalar_call(std::string_view name) {
    std::vector<double> out(times_ms.size());
    Call c = call();
    status = prepare(name)->scalar(&c, out.data());
    return out;
  }

  Status add(const Column* column) noexcept override {
    answer_->series.push_back(read(*column));
    return kOkStatus;
  }

  Owned<Function> prepare(std::string_view name) {
    Function* f = nullptr;
    if (!library.prepare(str(name), &f).ok()) std::abort();
    return Owned<Function>(f);
  }

  std::vector<int64_t> times_ms;
  Evaluation evaluation{};
  fakes::FakeHost host;
  FakeArena arena;
  FakeNotes notes;
  Library library{&host};
  Status status = kOkStatus;

 private:
  Argument& argument(ValueType type) {
    arguments_.push_back(Argument{});
    arguments_.back().struct_size = sizeof(Argument);
    arguments_.back().type = type;
    argument_pointers_.push_back(&arguments_.back());
    return arguments_.back();
  }
  Call call() {
    return Call{sizeof(Call), static_cast<uint32_t>(arguments_.size()), &evaluation, view_of(argument_pointers_)};
  }

  template <class Body>
  Answer with_output(std::string_view name, Body body) {
    std::vector<double> values(times_ms.size());
    std::vector<uint64_t> valid(times_ms.size() / 64 + 1);
    std::vector<const Histogram*> histograms(times_ms.size());
    ColumnOut out{sizeof(ColumnOut), static_cast<uint32_t>(times_ms.size()), values.data(), valid.data(),
                  histograms.data()};
    Call c = call();
    Answer answer;
    answer.status = body(*prepare(name), c, out);
    Column result{};
    result.values = values.data();
    result.valid = valid.data();
    result.histograms = histograms.data();
    answer.series.push_back(read(result));
    return answer;
  }

  Answer::Series read(const Column& column) {
    Answer::Series out;
    out.labels = format_labels(column.labels);
    out.flags = column.flags;
    for (size_t i = 0; i < times_ms.size(); ++i) {
      bool has = (column.valid[i / 64] >> (i % 64) & 1) != 0;
      out.values.push_back(has ? std::optional(column.values[i]) : std::nullopt);
      bool has_histogram = column.histograms != nullptr && column.histograms[i] != nullptr;
      out.histograms.push_back(has_histogram ? std::optional(FloatHistogram(*column.histograms[i])) : std::nullopt);
    }
    return out;
  }

  std::deque<std::vector<double>> numbers_;
  std::deque<std::vector<uint64_t>> valid_;
  std::deque<std::vector<const Histogram*>> histogram_rows_;
  std::deque<Labels> labels_;
  std::deque<Column> column_data_;
  std::vector<const Column*> columns_;
  std::deque<std::string> texts_;
  std::deque<Argument> arguments_;
  std::vector<const Argument*> argument_pointers_;
  std::vector<int64_t> sample_times_, sample_starts_;
  std::vector<double> sample_values_;
  std::vector<const Histogram*> sample_histograms_;
  Answer* answer_ = nullptr;
};

}  // namespace nightlight::promql_std::testing

#endif  // NIGHTLIGHT_TESTS_PROMQL_STD_FIXTURE_H_
