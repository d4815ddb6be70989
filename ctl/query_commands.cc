#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <thread>

#include "ctl/commands.h"
#include "ctl/output.h"
#include "ctl/picture.h"
#include "ctl/plot.h"
#include "ctl/values.h"

namespace nightlight::ctl {
namespace {

// How many points a range has unless a step is given.
constexpr int64_t kDefaultPoints = 250;
// The most series of a plot: more is no picture.
constexpr size_t kMostPlotted = 64;

int64_t time_of(const std::string& text, const char* option) {
  std::optional<int64_t> out = parse_time_ms(text, now_ms());
  if (!out) {
    throw Misuse{std::string(option) + ": \"" + text + "\" is no time: give now, now-1h, Unix seconds or RFC 3339"};
  }
  return *out;
}

int64_t duration_of(const std::string& text, const char* option) {
  std::optional<int64_t> out = parse_duration_ms(text);
  if (!out || *out <= 0)
    throw Misuse{std::string(option) + ": \"" + text + "\" is no duration: give 15s, 1h30m or seconds"};
  return *out;
}

client::QueryRequest request_of(const QueryArguments& arguments) {
  client::QueryRequest out;
  out.query = arguments.query;
  out.limit = arguments.limit;
  out.stats = arguments.stats;
  if (!arguments.lookback.empty()) out.lookback_ms = duration_of(arguments.lookback, "--lookback");
  return out;
}

client::TimeRange range_of(const QueryArguments& arguments) {
  client::TimeRange out{time_of(arguments.start, "--start"), time_of(arguments.end, "--end"), 0};
  if (out.end_ms < out.start_ms) throw Misuse{"--end is before --start"};
  if (!arguments.step.empty()) {
    out.step_ms = duration_of(arguments.step, "--step");
  } else {
    out.step_ms = std::max<int64_t>((out.end_ms - out.start_ms) / kDefaultPoints / 1000, 1) * 1000;
  }
  return out;
}

void tell_stats(const QueryArguments& arguments, const client::QueryStats& stats) {
  if (!arguments.stats) return;
  std::cerr << "total " << format_value(stats.exec_total_s) << " s, waited " << format_value(stats.queue_s) << " s, "
            << stats.series_touched << " series, " << stats.samples_read << " samples read, peak " << stats.peak_samples
            << "\n";
}

client::Result<void> print(client::Client& client, const Options& options, const QueryArguments& arguments,
                           const client::QueryRequest& request) {
  client::Result<client::QueryStream> stream = client.query_stream(request);
  if (!stream.ok()) return std::move(stream).error();
  if (client::Result<void> printed = AnswerPrinter(std::cout, options.output).print(*stream); !printed.ok()) {
    return printed;
  }
  tell_stats(arguments, stream->summary().stats);
  return {};
}

int terminal_columns() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

client::Result<void> write_file(const std::string& path, const std::string& bytes) {
  if (path == "-") {
    std::cout << bytes;
    return {};
  }
  std::ofstream file(path, std::ios::binary);
  if (!(file << bytes) || !file.flush())
    return client::Error{client::Code::kUnknown, path + ": " + std::strerror(errno), "", 0};
  return {};
}

// With --plot, --png or both.
client::Result<void> draw(client::Client& client, const QueryArguments& arguments,
                          const client::QueryRequest& request) {
  client::Result<client::QueryAnswer> answer = client.query(request);
  if (!answer.ok()) return std::move(answer).error();
  if (answer->series.size() > kMostPlotted) {
    std::cerr << "plotting the first " << kMostPlotted << " of " << answer->series.size() << " series\n";
    answer->series.resize(kMostPlotted);
  }
  for (const std::string& text : answer->summary.warnings) std::cerr << "warning: " << text << "\n";
  const client::TimeRange& range = *request.range;
  if (arguments.plot) {
    PlotSize size{arguments.columns > 0 ? arguments.columns : terminal_columns(), arguments.rows};
    std::cout << plot(answer->series, range.start_ms, range.end_ms, size);
  }
  if (!arguments.png.empty()) {
    client::Result<std::string> drawn =
        picture(answer->series, request.query, {range.start_ms, range.end_ms, range.step_ms},
                {arguments.width, arguments.height});
    if (!drawn.ok()) return std::move(drawn).error();
    if (client::Result<void> written = write_file(arguments.png, *drawn); !written.ok()) return written;
  }
  tell_stats(arguments, answer->summary.stats);
  return {};
}

}  // namespace

int query(const Options& options, const QueryArguments& arguments) {
  request_of(arguments), time_of(arguments.time, "--time");
  return with_client(options, [&](client::Client& client) {
    client::QueryRequest request = request_of(arguments);
    request.time_ms = time_of(arguments.time, "--time");
    return print(client, options, arguments, request);
  });
}

int range(const Options& options, const QueryArguments& arguments) {
  request_of(arguments), range_of(arguments);
  const bool drawn = arguments.plot || !arguments.png.empty();
  if (!arguments.png.empty() && !can_draw_pictures())
    throw Misuse{"--png: this nightlightctl was built without cairo; build it where libcairo2-dev is"};
  if (arguments.plot && arguments.png == "-") throw Misuse{"--plot and --png - both write to standard output"};
  return with_client(options, [&](client::Client& client) {
    client::QueryRequest request = request_of(arguments);
    request.range = range_of(arguments);
    return drawn ? draw(client, arguments, request) : print(client, options, arguments, request);
  });
}

int tail(const Options& options, const TailArguments& arguments) {
  auto every = std::chrono::milliseconds(duration_of(arguments.every, "--every"));
  Options once = options;
  once.watch_s = 0;
  return with_client(once, [&](client::Client& client) -> client::Result<void> {
    if (options.output == Output::kCsv) std::cout << "time,series,value\n";
    for (uint64_t done = 0; arguments.count == 0 || done < arguments.count; ++done) {
      if (done > 0) std::this_thread::sleep_for(every);
      client::Result<client::QueryAnswer> answer = client.query({.query = arguments.query});
      if (!answer.ok()) return std::move(answer).error();
      for (const client::Series& one : answer->series) {
        for (const client::Sample& sample : one.samples) {
          std::string time = format_time(sample.timestamp_ms), name = to_string(one.labels);
          if (options.output == Output::kTable) {
            std::cout << time << "  " << name << "  " << format_value(sample.value) << "\n";
          } else if (options.output == Output::kCsv) {
            std::cout << time << ',' << csv_field(name) << ',' << format_value(sample.value) << "\n";
          } else {
            std::cout << "{\"metric\":" << json_labels(one.labels) << ",\"value\":["
                      << format_seconds(sample.timestamp_ms) << ",\"" << format_value(sample.value) << "\"]}\n";
          }
        }
      }
      std::cout.flush();
    }
    return {};
  });
}

}  // namespace nightlight::ctl
