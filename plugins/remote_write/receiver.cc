#include "remote_write/receiver.h"

#include <algorithm>
#include <exception>
#include <new>
#include <protozero/exception.hpp>

#include "nightlight/sugar.h"
#include "remote_write/content_type.h"
#include "remote_write/write_v1.h"

namespace nightlight::remote_write {
namespace {

constexpr size_t kMaxIdleScratch = 64;
constexpr size_t kKeepSamples = 1u << 17;  // A scratch that has grown beyond this is not kept.
constexpr size_t kMaxAnswerBytes = 64u << 10;
constexpr char kRetryAfterSeconds[] = "5";

// Keeps what the sink refuses.
class RejectionList final : public RejectionSink {
 public:
  void rejected(uint64_t series, RejectReason reason, Str text) noexcept override {
    try {
      list.push_back({series, reason, std::string(view(text))});
    } catch (const std::bad_alloc&) {
      lost = true;
    }
  }
  std::vector<Rejection> list;
  bool lost = false;
};

std::string join_lines(const std::vector<std::string>& lines) {
  std::string out;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (out.size() + lines[i].size() > kMaxAnswerBytes && i > 0) {
      return out + "\n... and " + std::to_string(lines.size() - i) + " more";
    }
    if (i > 0) out += '\n';
    out += lines[i];
  }
  return out;
}

void set_count(HttpResponse* response, std::string_view what, uint64_t count) {
  std::string name = "X-Prometheus-Remote-Write-" + std::string(what) + "-Written";
  std::string value = std::to_string(count);
  response->set_header(str(name), str(value));
}

}  // namespace

std::unique_ptr<Scratch> ScratchPool::take() {
  {
    MutexLock lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Scratch> scratch = std::move(idle_.back());
      idle_.pop_back();
      return scratch;
    }
  }
  return std::make_unique<Scratch>();
}

void ScratchPool::give_back(std::unique_ptr<Scratch> scratch) {
  if (scratch->columns.values.capacity() > kKeepSamples || scratch->columns.labels.capacity() > 16 * kKeepSamples)
    return;
  scratch->columns.clear();
  scratch->body.trim();
  MutexLock lock(mutex_);
  if (idle_.size() < kMaxIdleScratch) idle_.push_back(std::move(scratch));
}

void Receiver::handle(HttpRequest* request, HttpResponse* response) noexcept {
  if (request->method() == kOptions) return response->set_status(204);
  try {
    std::unique_ptr<Scratch> scratch = pool_.take();
    Work work{*scratch};
    Answer answer;
    try {
      answer = receive(request, work);
    } catch (const std::bad_alloc&) {
      answer = fail(Failure::kUnavailable, 503, "out of memory");
      answer.retry_later = true;
    }
    senders_.count(*request->peer(), answer.status != 204,
                   work.result.samples_written + work.result.histograms_written);
    response->set_status(answer.status);
    if (work.decoded && work.protocol == Protocol::kV2) {
      set_count(response, "Samples", work.result.samples_written);
      set_count(response, "Histograms", work.result.histograms_written);
      set_count(response, "Exemplars", work.result.exemplars_written);
    }
    if (answer.retry_later) response->set_header(str("Retry-After"), str(kRetryAfterSeconds));
    if (answer.status != 204) {
      response->set_header(str("Content-Type"), str("text/plain; charset=utf-8"));
      response->set_header(str("X-Content-Type-Options"), str("nosniff"));
      answer.text += '\n';
      response->set_content_length(answer.text.size());
      (void)response->write(str(answer.text));  // The client may have gone; nothing is left to do.
    }
    pool_.give_back(std::move(scratch));
  } catch (const std::exception& e) {
    log(host_, LogLevel::kError, "Cannot answer a write request", {{"error", e.what()}});
    response->set_status(500);
  }
}

Receiver::Answer Receiver::fail(Failure why, uint32_t status, std::string text) {
  bump(metrics_->failures[static_cast<size_t>(why)]);
  return Answer{status, std::move(text)};
}

Receiver::Answer Receiver::fail_storing(Status status) {
  std::string text(view(host_->last_error()));
  Answer answer;
  switch (status.code) {
    case Code::kInvalidArgument:
      return fail(Failure::kRejected, 400, std::move(text));
    case Code::kResourceExhausted:
      answer = fail(Failure::kBusy, 429, std::move(text));
      break;
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
    case Code::kCancelled:
      answer = fail(Failure::kUnavailable, 503, std::move(text));
      break;
    default:
      return fail(Failure::kInternal, 500, std::move(text));
  }
  answer.retry_later = true;
  return answer;
}

Receiver::Answer Receiver::receive(HttpRequest* request, Work& work) {
  std::string_view encoding = view(request->header(str("Content-Encoding")));
  bool zstd = encoding == "zstd";
  if (!zstd && !encoding.empty() && encoding != "snappy") {
    return fail(Failure::kEncoding, 415,
                std::string(encoding) +
                    " encoding (compression) is not accepted by this server; only snappy and zstd are acceptable");
  }
  Str body{};
  if (Status status = request->body(&body); !status.ok()) {
    std::string text(view(host_->last_error()));
    if (status.code == Code::kResourceExhausted) return fail(Failure::kTooLarge, 413, std::move(text));
    return fail(Failure::kCorrupt, status.code == Code::kDeadlineExceeded ? 408 : 400, std::move(text));
  }
  auto decoded = zstd ? decode_zstd(view(body), options_.max_decoded_bytes, work.scratch.body)
                      : decode_snappy(view(body), options_.max_decoded_bytes, work.scratch.body);
  if (!decoded.ok()) return fail(Failure::kCorrupt, 400, decoded.error().message);

  auto protocol = protocol_of(view(request->header(str("Content-Type"))));
  if (!protocol.ok()) return fail(Failure::kContentType, 415, protocol.error().message);
  work.protocol = *protocol;
  work.context = request->context();
  SamplePolicy policy;
  policy.non_finite = options_.non_finite;
  if (options_.max_future_ms > 0) policy.newest_ms = host_->now_ms() + options_.max_future_ms;
  Columns& columns = work.scratch.columns;
  Result<void> message = work.protocol == Protocol::kV1 ? decode_v1(*decoded, policy, columns)
                                                        : decode_v2(*decoded, policy, columns, work.faults);
  if (!message.ok()) return fail(Failure::kMessage, 400, message.error().message);
  work.decoded = true;
  return store(work);
}

void Receiver::note_label_fault(Work& work, uint64_t series, LabelFault fault, const std::string& text) {
  const Columns& columns = work.scratch.columns;
  auto count = [&](const std::vector<uint32_t>& ends) { return ends[series] - (series == 0 ? 0 : ends[series - 1]); };
  uint64_t samples = count(columns.sample_ends) + count(columns.histogram_ends);
  bump(metrics_->of(work.protocol).skipped_samples, samples);
  if (fault == LabelFault::kLimit) {
    work.faults.texts.push_back(text + " for series " + format_key(columns.keys[series]));
  } else if (work.protocol == Protocol::kV2) {
    std::string labels = format_key(columns.keys[series]);
    work.faults.texts.push_back(fault == LabelFault::kInvalid
                                    ? "invalid metric name or labels, got " + labels
                                    : "invalid labels for series, labels " + labels + ", duplicated label " + text);
  }
}

// Spells out the labels of the series that the sink does not know by their key, and removes those that are invalid.
void Receiver::label_unknown(Work& work) {
  Columns& columns = work.scratch.columns;
  columns.labels.clear();
  columns.label_ends.clear();
  std::vector<bool> faulty;
  auto remove = [&](uint64_t i) {
    faulty.resize(columns.series_count());
    faulty[i] = true;
  };
  uint32_t samples = 0, histograms = 0;
  for (uint64_t i = 0; i < columns.series_count(); ++i) {
    bool bare = columns.sample_ends[i] == samples && columns.histogram_ends[i] == histograms;
    samples = columns.sample_ends[i];
    histograms = columns.histogram_ends[i];
    if (columns.refs[i] == 0) {
      size_t first = columns.labels.size();
      read_labels(columns.keys[i], columns.labels);
      std::string text;
      LabelFault fault = settle_labels(columns.labels, first, options_.limits, &text);
      if (fault != LabelFault::kNone) note_label_fault(work, i, fault, text);
      // No sample, no series: an exemplar alone does not make one.
      if (fault != LabelFault::kNone || bare) {
        columns.labels.resize(first);
        remove(i);
      }
    }
    columns.label_ends.push_back(static_cast<uint32_t>(columns.labels.size()));
  }
  if (!faulty.empty()) columns.remove_series(faulty);
}

Receiver::Answer Receiver::store(Work& work) {
  Columns& columns = work.scratch.columns;
  Metrics::PerProtocol& metrics = metrics_->of(work.protocol);
  bump(metrics.requests);
  bump(metrics.dropped_samples, columns.dropped_samples);
  bump(metrics.skipped_samples, work.faults.samples);
  // Of 1.0, one sample in the future rejects everything; ones that are not finite do not.
  for (Rejection& rejection : columns.rejections) {
    bump(metrics.rejected[static_cast<size_t>(rejection.reason)]);
    if (rejection.reason == RejectReason::kInvalidExemplar) continue;
    if (work.protocol == Protocol::kV1 && rejection.reason == RejectReason::kOutOfBounds) {
      return fail(Failure::kRejected, 400, std::move(rejection.text));
    }
    work.faults.texts.push_back(rejection.text + " for series " + format_key(columns.keys[rejection.series]));
  }

  RejectionList rejections;
  if (columns.series_count() != 0 || !columns.metadata.empty()) {
    columns.refs.assign(columns.series_count(), 0);
    Status status =
        columns.keys.empty() ? kOkStatus : sink_->resolve(work.context, view_of(columns.keys), columns.refs.data());
    if (!status.ok()) return fail_storing(status);
    for (int attempt = 0; attempt < 2; ++attempt) {
      try {
        label_unknown(work);
      } catch (const protozero::exception& e) {
        return fail(Failure::kMessage, 400, std::string("cannot decode a label: ") + e.what());
      }
      if (columns.series_count() == 0 && columns.metadata.empty()) break;
      rejections.list.clear();
      work.result = {};
      work.result.struct_size = sizeof work.result;
      work.result.rejections = &rejections;
      WriteBatch batch = columns.batch(work.context, work.protocol == Protocol::kV1 ? kAllOrNothing : 0u);
      status = sink_->append(&batch, &work.result);
      if (status.code != Code::kAborted) break;
      columns.refs.assign(columns.series_count(), 0);  // They grew stale: spell out every series.
    }
    if (!status.ok()) {
      work.result = {};
      return fail_storing(status);
    }
  }
  bump(metrics.samples, work.result.samples_written);
  bump(metrics.histograms, work.result.histograms_written);
  bump(metrics.exemplars, work.result.exemplars_written);
  return answer_rejections(work, rejections.list);
}

Receiver::Answer Receiver::answer_rejections(Work& work, const std::vector<Rejection>& rejected) {
  Metrics::PerProtocol& metrics = metrics_->of(work.protocol);
  const Columns& columns = work.scratch.columns;
  for (const Rejection& rejection : rejected) {
    bump(metrics.rejected[std::min(static_cast<size_t>(rejection.reason), kReasonCount - 1)]);
    bool exemplar = rejection.reason == RejectReason::kInvalidExemplar;
    if (work.protocol == Protocol::kV1) {
      if (!exemplar && work.faults.texts.empty()) work.faults.texts.push_back(rejection.text);
    } else if (!exemplar || rejection.text.rfind("out of order", 0) == 0) {
      work.faults.texts.push_back(rejection.text + " for series " + format_key(columns.keys[rejection.series]));
    }
  }
  if (work.faults.texts.empty()) return {};
  return fail(Failure::kRejected, 400, join_lines(work.faults.texts));
}

}  // namespace nightlight::remote_write
