#include <sys/stat.h>

#include <fstream>
#include <iostream>
#include <mutex>
#include <nlohmann/json.hpp>

#include "ctl/commands.h"
#include "ctl/exposition.h"
#include "ctl/line_reader.h"
#include "ctl/output.h"
#include "ctl/progress.h"
#include "ctl/values.h"
#include "nightlight_client/writer.h"

namespace nightlight::ctl {
namespace {

using std::chrono::milliseconds;

// Faults beyond these are only counted.
constexpr uint64_t kFaultsTold = 20;

client::Labels parse_labels(const std::vector<std::string>& texts) {
  client::Labels out;
  for (const std::string& text : texts) {
    size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) throw Misuse{"--label: \"" + text + "\" is not NAME=VALUE"};
    out.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return out;
}

// 0 for what has no size, as a pipe.
uint64_t size_of(const std::string& file) {
  struct stat status {};
  if (::stat(file == "-" ? "/dev/stdin" : file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  return static_cast<uint64_t>(status.st_size);
}

// What the server refused sample by sample, told while it happens, from the writer's threads.
class Rejections {
 public:
  void tell(const client::BatchOutcome& outcome) {
    if (!outcome.ack) return;
    std::lock_guard lock(mutex_);
    for (const client::Rejection& rejection : outcome.ack->rejections) {
      if (told_++ >= kFaultsTold || rejection.series >= outcome.batch.series.size()) continue;
      std::cerr << "nightlightctl: " << to_string(outcome.batch.series[rejection.series].labels) << ": "
                << rejection.reason << "\n";
    }
  }

 private:
  std::mutex mutex_;
  uint64_t told_ = 0;
};

client::WriterOptions writer_options(const WriteArguments& arguments, Rejections* rejections) {
  client::WriterOptions out;
  out.give_up_after = milliseconds(static_cast<int64_t>(arguments.patience_s * 1000));
  out.timeout = std::min(out.timeout, std::max(out.give_up_after, milliseconds(100)));
  out.on_batch = [rejections](const client::BatchOutcome& outcome) { rejections->tell(outcome); };
  return out;
}

class WriteRun {
 public:
  WriteRun(client::Client client, const Options& options, const WriteArguments& arguments)
      : options_(options),
        arguments_(arguments),
        labels_(parse_labels(arguments.labels)),
        patience_(static_cast<int64_t>(arguments.patience_s * 1000) + 1000),
        json_(arguments.format == "json"),
        known_(arguments.format != "auto"),
        reader_(now_ms()),
        writer_(std::move(client), writer_options(arguments, &rejections_)) {}

  client::Result<void> run(std::istream& in) {
    LineReader lines(in);
    std::string line;
    client::Result<void> added;
    {
      Progress progress("write", size_of(arguments_.file));
      while (added.ok() && writer_.stats().lost_samples == 0 && lines.next(&line)) {
        added = add_line(lines, line);
        progress.show(lines.bytes(), std::to_string(writer_.stats().written_samples) + " samples");
      }
      if (std::optional<client::Metadata> last = reader_.finish(); last && added.ok()) {
        added = writer_.add(*std::move(last), patience_);
      }
    }
    client::Result<void> flushed = writer_.flush(patience_);
    tell();
    // A batch that was lost says more than that there was no room behind it.
    if (!flushed.ok()) return flushed;
    if (!added.ok()) return added;
    client::WriterStats stats = writer_.stats();
    if (faults_ == 0 && stats.rejected_samples == 0) return {};
    return client::Error{client::Code::kInvalidArgument,
                         std::to_string(faults_) + " lines could not be read, " +
                             std::to_string(stats.rejected_samples) +
                             " samples were rejected by the server; the others are stored",
                         "bad_data", 0};
  }

 private:
  client::Result<void> add_line(const LineReader& lines, const std::string& line) {
    if (lines.too_long())
      return note(lines, "the line is longer than " + std::to_string(kMaxLineBytes) + " bytes"), ok();
    if (!known_ && line.find_first_not_of(" \t\r") != std::string::npos) {
      json_ = nlohmann::json::accept(line);
      known_ = true;
    }
    client::Result<ParsedLine> parsed = json_ ? parse_json_line(line) : reader_.parse(line);
    if (!parsed.ok()) return note(lines, parsed.error().message), ok();
    if (parsed->metadata) {
      client::Result<void> added = writer_.add(*std::move(parsed->metadata), patience_);
      if (!added.ok()) return added;
    }
    if (!parsed->series) return {};
    client::WriteSeries& series = *parsed->series;
    add_labels(&series.labels);
    client::Result<void> added = writer_.add(std::move(series), patience_);
    if (!added.ok() && added.error().code == client::Code::kInvalidArgument) {
      return note(lines, added.error().message), ok();
    }
    return added;
  }

  void add_labels(client::Labels* labels) const {
    for (const client::Label& label : labels_) {
      bool has =
          std::any_of(labels->begin(), labels->end(), [&](const client::Label& one) { return one.name == label.name; });
      if (!has) labels->push_back(label);
    }
  }

  void note(const LineReader& lines, const std::string& what) {
    if (++faults_ > kFaultsTold) return;
    std::cerr << "nightlightctl: " << (arguments_.file == "-" ? "stdin" : arguments_.file) << ':' << lines.number()
              << ": " << what << "\n";
  }

  static client::Result<void> ok() { return {}; }

  void tell() const {
    client::WriterStats stats = writer_.stats();
    print_rows(std::cout, options_.output, {"WRITTEN", "REJECTED", "LOST", "REPEATS"},
               {{std::to_string(stats.written_samples), std::to_string(stats.rejected_samples),
                 std::to_string(stats.lost_samples + stats.queued_samples), std::to_string(stats.repeats)}});
  }

  const Options& options_;
  const WriteArguments& arguments_;
  const client::Labels labels_;
  const milliseconds patience_;
  bool json_, known_;
  uint64_t faults_ = 0;
  ExpositionReader reader_;
  Rejections rejections_;
  client::Writer writer_;
};

}  // namespace

int write(const Options& options, const WriteArguments& arguments) {
  parse_labels(arguments.labels);
  if (options.watch_s > 0) throw Misuse{"--watch: a write happens once"};
  std::ifstream file;
  if (arguments.file != "-") {
    file.open(arguments.file, std::ios::binary);
    if (!file) throw Misuse{"cannot read " + arguments.file};
  }
  return with_client(options, [&](client::Client& client) {
    return WriteRun(client, options, arguments).run(arguments.file == "-" ? std::cin : file);
  });
}

}  // namespace nightlight::ctl
