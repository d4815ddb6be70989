// What the contract asks of a function library, ours or a stranger's: specifications that the language can use, and
// functions that take any samples and any arguments, whose answer for a step depends on that step alone.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <limits>
#include <memory>
#include <set>

#include "contract/loaded_plugins.h"
#include "fakes/host.h"

namespace nightlight::contract {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

class TestArena final : public Arena {
 public:
  explicit TestArena(uint64_t limit_bytes = uint64_t{1} << 28) : left_bytes_(limit_bytes) {}
  void* allocate(uint64_t size_bytes) noexcept override {
    if (size_bytes > left_bytes_) return nullptr;
    left_bytes_ -= size_bytes;
    blocks_.push_back(std::make_unique<max_align_t[]>(size_bytes / sizeof(max_align_t) + 1));
    return blocks_.back().get();
  }

 private:
  uint64_t left_bytes_;
  std::vector<std::unique_ptr<max_align_t[]>> blocks_;
};

class TestNotes final : public Annotations {
 public:
  void add(NoteKind, Str text, uint32_t) noexcept override { CHECK(text.size > 0); }
  void add_counted(NoteKind, Str text, uint32_t) noexcept override { CHECK(text.size > 0); }
};

// One series of samples, floats and histograms in turns of ten when `with_histograms`.
struct SeriesOfSamples {
  std::vector<int64_t> times;
  std::vector<double> values;
  std::vector<int64_t> starts;
  std::vector<const Histogram*> histograms;
  std::deque<Histogram> histogram_data;

  SeriesOfSamples(bool odd_values, bool with_histograms) {
    static constexpr double kOdd[] = {kNaN, kInfinity, -kInfinity, 1.7e308, -0.0, 5e-324, 3};
    static constexpr BucketSpan kSpans[] = {{0, 2}};
    static constexpr double kCounts[] = {1, 2};
    for (int i = 0; i < 60; ++i) {
      int64_t time = 1000 + i * 700 + (i % 7) * 30;
      if (with_histograms && i / 10 % 2 == 1) {
        Histogram h{};
        h.struct_size = sizeof h;
        h.flags = kFloatHistogram;
        h.timestamp_ms = time;
        h.count_float = 3;
        h.sum = i;
        h.positive_spans = view_of(kSpans);
        h.positive_counts = view_of(kCounts);
        histogram_data.push_back(h);
        histograms.push_back(&histogram_data.back());
        continue;
      }
      times.push_back(time);
      values.push_back(odd_values && i % 3 == 0 ? kOdd[i / 3 % 7] : i % 13);
      starts.push_back(i % 5 == 0 ? time - 100 : 0);
    }
  }
};

struct Output {
  std::vector<double> values;
  std::vector<uint64_t> valid;
  std::vector<const Histogram*> histograms;
  explicit Output(size_t steps) : values(steps), valid(steps / 64 + 1), histograms(steps) {}
  bool has(size_t step) const { return (valid[step / 64] >> (step % 64) & 1) != 0; }
};

// A sink that takes every column of a vector function and keeps what it says.
class CountingSink final : public ColumnSink {
 public:
  explicit CountingSink(size_t steps) : steps_(steps) {}
  Status add(const Column* column) noexcept override {
    ++columns;
    CHECK(column->struct_size >= sizeof(Column));
    CHECK(column->values != nullptr);
    CHECK(column->valid != nullptr);
    for (uint64_t i = 1; i < column->labels.size; ++i) {
      CHECK(view(column->labels[i - 1].name) < view(column->labels[i].name));
    }
    for (const LabelPair& label : column->labels) CHECK(label.value.size > 0);
    if (column->histograms == nullptr) return kOkStatus;
    for (size_t step = 0; step < steps_; ++step) {
      bool both = (column->valid[step / 64] >> (step % 64) & 1) != 0 && column->histograms[step] != nullptr;
      CHECK(!both);
    }
    return kOkStatus;
  }
  int columns = 0;

 private:
  size_t steps_;
};

// A call with all its arguments for some steps.
class TestCall {
 public:
  TestCall(const FunctionSpec& spec, std::vector<int64_t> times, double scalar, std::string text, uint32_t flags,
           Arena* arena)
      : times_(std::move(times)), scalar_(times_.size(), scalar), text_(std::move(text)) {
    evaluation_.struct_size = sizeof evaluation_;
    evaluation_.flags = flags;
    evaluation_.times_ms = view_of(times_);
    evaluation_.query_start_ms = 0;
    evaluation_.query_end_ms = 50000;
    evaluation_.query_step_ms = 1000;
    evaluation_.lookback_ms = 5000;
    evaluation_.arena = arena;
    evaluation_.annotations = &notes_;
    make_column("le", "1", 0);
    make_column("le", "+Inf", 1);
    make_column("job", "a", 2);
    for (ValueType type : spec.arguments) {
      Argument a{};
      a.struct_size = sizeof a;
      a.type = type;
      a.scalar = type == ValueType::kScalar ? scalar_.data() : nullptr;
      a.string = type == ValueType::kString ? str(text_) : Str{};
      bool whole = type == ValueType::kVector || type == ValueType::kMatrix;
      if (whole && spec.shape != FunctionShape::kWindow && spec.shape != FunctionShape::kColumn)
        a.vector = view_of(columns_);
      arguments_.push_back(a);
    }
    for (const Argument& argument : arguments_) pointers_.push_back(&argument);
    call_ = Call{sizeof(Call), static_cast<uint32_t>(pointers_.size()), &evaluation_, view_of(pointers_)};
  }

  Status window(Function& f, const SeriesOfSamples& series, int64_t range_ms, RangeMode mode, Output& out) {
    LabelPair name{str("__name__"), str("m_total")};
    Windows w{};
    w.struct_size = sizeof w;
    w.mode = mode;
    w.labels = View<LabelPair>{&name, 1};
    w.range_ms = range_ms;
    w.end_ms = times_.data();
    w.timestamps_ms = series.times.data();
    w.values = series.values.data();
    w.start_timestamps_ms = series.starts.data();
    w.histograms = series.histograms.data();
    std::vector<uint32_t> bounds[4];
    int64_t before = mode == RangeMode::kPlain ? 0 : evaluation_.lookback_ms;
    int64_t after = mode == RangeMode::kSmoothed ? evaluation_.lookback_ms : 0;
    for (int64_t t : times_) {
      auto float_at = [&](int64_t at) {
        return static_cast<uint32_t>(std::upper_bound(series.times.begin(), series.times.end(), at) -
                                     series.times.begin());
      };
      auto histogram_at = [&](int64_t at) {
        auto later = [](int64_t x, const Histogram* h) { return x < h->timestamp_ms; };
        return static_cast<uint32_t>(std::upper_bound(series.histograms.begin(), series.histograms.end(), at, later) -
                                     series.histograms.begin());
      };
      bounds[0].push_back(float_at(t - range_ms - before));
      bounds[1].push_back(float_at(t + after));
      bounds[2].push_back(histogram_at(t - range_ms - before));
      bounds[3].push_back(histogram_at(t + after));
    }
    w.begin = bounds[0].data();
    w.end = bounds[1].data();
    if (!series.histograms.empty()) {
      w.histogram_begin = bounds[2].data();
      w.histogram_end = bounds[3].data();
    }
    ColumnOut result = output(out);
    return f.window(&call_, &w, &result);
  }
  Status column(Function& f, Output& out) {
    ColumnOut result = output(out);
    return f.column(&call_, columns_[2], &result);
  }
  Status vector(Function& f, ColumnSink& sink) { return f.vector(&call_, &sink); }
  Status scalar(Function& f, double* out) { return f.scalar(&call_, out); }

 private:
  ColumnOut output(Output& out) {
    return ColumnOut{sizeof(ColumnOut), static_cast<uint32_t>(times_.size()), out.values.data(), out.valid.data(),
                     out.histograms.data()};
  }
  void make_column(std::string_view name, std::string_view value, int shift) {
    labels_.push_back(LabelPair{str(name), str(value)});
    values_.emplace_back();
    valid_.emplace_back(times_.size() / 64 + 1);
    static constexpr double kValues[] = {1, kNaN, 0, -3, kInfinity, 1e300};
    for (size_t i = 0; i < times_.size(); ++i) {
      // By time, so that a step alone sees what it saw among others.
      size_t pick = static_cast<size_t>(times_[i] / 1000 + shift);
      values_.back().push_back(kValues[pick % 6]);
      if (pick % 5 != 0) valid_.back()[i / 64] |= uint64_t{1} << (i % 64);
    }
    Column c{};
    c.struct_size = sizeof c;
    c.labels = View<LabelPair>{&labels_.back(), 1};
    c.values = values_.back().data();
    c.valid = valid_.back().data();
    column_data_.push_back(c);
    columns_.push_back(&column_data_.back());
  }

  std::vector<int64_t> times_;
  std::vector<double> scalar_;
  std::string text_;
  TestNotes notes_;
  Evaluation evaluation_{};
  std::deque<LabelPair> labels_;
  std::deque<std::vector<double>> values_;
  std::deque<std::vector<uint64_t>> valid_;
  std::deque<Column> column_data_;
  std::vector<const Column*> columns_;
  std::vector<Argument> arguments_;
  std::vector<const Argument*> pointers_;
  Call call_{};
};

template <class Body>
void for_each_library(Body&& body) {
  int libraries = 0;
  for_each_component([&](const Component& component) {
    fakes::FakeHost host;
    Owned<Instance> instance = create(component, &host);
    auto* library = static_cast<FunctionLibrary*>(instance->query(str(kFunctionLibraryId)));
    if (library == nullptr) return;
    ++libraries;
    body(*library);
  });
  CHECK(libraries > 0);
}

template <class Body>
void for_each_function(Body&& body) {
  for_each_library([&](FunctionLibrary& library) {
    for (const FunctionSpec* spec : library.functions()) {
      std::string name(view(spec->name));
      CAPTURE(name);
      Function* function = nullptr;
      REQUIRE(library.prepare(spec->name, &function).ok());
      REQUIRE(function != nullptr);
      Owned<Function> owned(function);
      body(*spec, *function);
    }
  });
}

std::vector<int64_t> steps(size_t count) {
  std::vector<int64_t> times;
  for (size_t i = 0; i < count; ++i) times.push_back(static_cast<int64_t>(i) * 1000);
  return times;
}

bool same(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b)); }

// Functions of stored samples need a storage, which this suite does not have.
bool needs_storage(const FunctionSpec& spec) { return (spec.flags & kNeedsLookback) != 0; }

constexpr double kScalars[] = {0, 1, 0.5, -1, 2, kNaN, kInfinity, -kInfinity, 1e300};
constexpr const char* kTexts[] = {"", "job", "(", "$1", "\xff"};
constexpr RangeMode kModes[] = {RangeMode::kPlain, RangeMode::kAnchored, RangeMode::kSmoothed};

bool allows(const FunctionSpec& spec, RangeMode mode) {
  return mode == RangeMode::kPlain ||
         (spec.flags & (mode == RangeMode::kAnchored ? kAllowsAnchored : kAllowsSmoothed)) != 0;
}

TEST_CASE("specifications name functions that the language can call") {
  for_each_library([](FunctionLibrary& library) {
    std::set<std::string> names;
    for (const FunctionSpec* spec : library.functions()) {
      std::string name(view(spec->name));
      CAPTURE(name);
      CHECK(spec->struct_size >= sizeof(FunctionSpec));
      CHECK(names.insert(name).second);
      CHECK(!name.empty());
      for (char c : name) CHECK(((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'));
      CHECK(view(spec->doc).ends_with("."));
      CHECK(spec->variadic >= -1);
      CHECK((spec->variadic == 0 || !spec->arguments.empty()));
      int series = 0;
      for (ValueType type : spec->arguments) {
        series += spec->shape == FunctionShape::kWindow ? type == ValueType::kMatrix : type == ValueType::kVector;
      }
      if (spec->shape == FunctionShape::kWindow || spec->shape == FunctionShape::kColumn) CHECK(series == 1);
      CHECK((spec->result == ValueType::kScalar) == (spec->shape == FunctionShape::kScalar));
    }
  });
}

TEST_CASE("a function that the library does not have is not found") {
  for_each_library([](FunctionLibrary& library) {
    Function* function = nullptr;
    CHECK(library.prepare(str("no_such_function"), &function).code == Code::kNotFound);
    CHECK(library.prepare(str(""), &function).code == Code::kNotFound);
  });
}

TEST_CASE("only the method of a function's shape does anything") {
  for_each_function([](const FunctionSpec& spec, Function& f) {
    TestArena arena;
    TestCall call(spec, steps(3), 1, "job", 0, &arena);
    Output out(3);
    CountingSink sink(3);
    double scalars[3];
    SeriesOfSamples series(false, false);
    auto refused = [&](FunctionShape shape, Status status) {
      if (spec.shape != shape) CHECK(status.code == Code::kUnimplemented);
    };
    if (spec.shape != FunctionShape::kWindow)
      refused(FunctionShape::kWindow, call.window(f, series, 5000, RangeMode::kPlain, out));
    if (spec.shape != FunctionShape::kColumn) refused(FunctionShape::kColumn, call.column(f, out));
    if (spec.shape != FunctionShape::kVector) refused(FunctionShape::kVector, call.vector(f, sink));
    if (spec.shape != FunctionShape::kScalar) refused(FunctionShape::kScalar, call.scalar(f, scalars));
  });
}

TEST_CASE("window functions answer for a step what they answer for it alone") {
  for_each_function([](const FunctionSpec& spec, Function& f) {
    if (spec.shape != FunctionShape::kWindow) return;
    for (bool odd : {false, true}) {
      for (bool histograms : {false, true}) {
        SeriesOfSamples series(odd, histograms);
        for (RangeMode mode : kModes) {
          if (!allows(spec, mode)) continue;
          for (int64_t range_ms : {int64_t{1}, int64_t{700}, int64_t{5000}, int64_t{100000}}) {
            TestArena arena;
            std::vector<int64_t> times = steps(50);
            TestCall all(spec, times, 0.5, "", kUseStartTimestamps, &arena);
            Output together(times.size());
            REQUIRE(all.window(f, series, range_ms, mode, together).ok());
            for (size_t i = 0; i < times.size(); i += 7) {
              CAPTURE(i);
              CAPTURE(range_ms);
              TestCall one(spec, {times[i]}, 0.5, "", kUseStartTimestamps, &arena);
              Output alone(1);
              REQUIRE(one.window(f, series, range_ms, mode, alone).ok());
              CHECK(alone.has(0) == together.has(i));
              if (alone.has(0) && together.has(i)) CHECK(same(alone.values[0], together.values[i]));
              CHECK((alone.histograms[0] == nullptr) == (together.histograms[i] == nullptr));
              bool both = together.has(i) && together.histograms[i] != nullptr;
              CHECK(!both);
            }
          }
        }
      }
    }
  });
}

TEST_CASE("windows without samples have no value, and calls without steps are fine") {
  for_each_function([](const FunctionSpec& spec, Function& f) {
    if (spec.shape != FunctionShape::kWindow) return;
    TestArena arena;
    SeriesOfSamples series(false, false);
    TestCall before(spec, {-500000, -400000}, 0.5, "", 0, &arena);
    Output out(2);
    REQUIRE(before.window(f, series, 1000, RangeMode::kPlain, out).ok());
    CHECK(out.valid[0] == 0);
    TestCall none(spec, {}, 0.5, "", 0, &arena);
    Output nothing(0);
    CHECK(none.window(f, series, 1000, RangeMode::kPlain, nothing).ok());
  });
}

TEST_CASE("no scalar and no text that an argument may be upsets a function") {
  for_each_function([](const FunctionSpec& spec, Function& f) {
    if (needs_storage(spec)) return;
    SeriesOfSamples series(true, true);
    for (double scalar : kScalars) {
      for (const char* text : kTexts) {
        TestArena arena;
        TestCall call(spec, steps(70), scalar, text, kDelayedNameRemoval, &arena);
        Output out(70);
        CountingSink sink(70);
        Status status = kOkStatus;
        switch (spec.shape) {
          case FunctionShape::kWindow:
            status = call.window(f, series, 5000, RangeMode::kPlain, out);
            break;
          case FunctionShape::kColumn:
            status = call.column(f, out);
            break;
          case FunctionShape::kVector:
            status = call.vector(f, sink);
            break;
          case FunctionShape::kScalar:
            status = call.scalar(f, out.values.data());
            break;
        }
        bool sound = status.ok() || status.code == Code::kFailedPrecondition || status.code == Code::kInvalidArgument;
        CHECK(sound);
        CHECK((out.valid[1] >> 6) == 0);  // Nothing beyond the last step.
      }
    }
  });
}

TEST_CASE("a query that is over its memory ends with kResourceExhausted") {
  for_each_function([](const FunctionSpec& spec, Function& f) {
    if (needs_storage(spec)) return;
    TestArena arena(0);
    TestCall call(spec, steps(10), 0.5, "job", 0, &arena);
    SeriesOfSamples series(false, true);
    Output out(10);
    CountingSink sink(10);
    Status status = kOkStatus;
    if (spec.shape == FunctionShape::kWindow) status = call.window(f, series, 5000, RangeMode::kPlain, out);
    if (spec.shape == FunctionShape::kColumn) status = call.column(f, out);
    if (spec.shape == FunctionShape::kVector) status = call.vector(f, sink);
    bool sound = status.ok() || status.code == Code::kResourceExhausted || status.code == Code::kFailedPrecondition;
    CHECK(sound);
  });
}

}  // namespace
}  // namespace nightlight::contract
