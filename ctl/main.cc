// The program `nightlightctl`: a client of Nightlight for terminals and scripts.
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "ctl/commands.h"
#include "ctl/completion.h"

namespace nightlight::ctl {
namespace {

constexpr double kSnapshotTimeoutS = 3600;

constexpr const char* kExamples = R"(
Examples:
  nightlightctl query 'sum by (job) (up)'
  nightlightctl range 'rate(http_requests_total[5m])' --start now-6h --step 1m --plot
  nightlightctl --ca ca.crt --cert me.crt --key me.key --address db.example:9100 labels job
  curl -s localhost:9090/metrics | nightlightctl write --label job=prometheus
  nightlightctl top --watch 2
  source <(nightlightctl completion bash)
Environment: NIGHTLIGHT_ADDRESS, NIGHTLIGHT_CA, NIGHTLIGHT_CERT, NIGHTLIGHT_KEY are defaults of the options.
Exit status: 0 done, 1 failed (what and why is on standard error), 2 misused.)";

constexpr const char* kQueryExamples = R"(
Examples:
  nightlightctl query up
  nightlightctl query 'topk(5, node_load1)' --time now-1h -o csv
  nightlightctl query 'sum(rate(http_requests_total[1m]))' --watch 5 --stats)";

constexpr const char* kRangeExamples = R"(
Examples:
  nightlightctl range node_load1 --start now-1d --plot
  nightlightctl range 'sum by (job) (rate(http_requests_total[5m]))' --start now-6h --png requests.png
  nightlightctl range up --start 2026-01-02T00:00:00Z --end 2026-01-02T06:00:00Z --step 30s -o json)";

constexpr const char* kTailExamples = R"(
Examples:
  nightlightctl tail 'up == 0' --every 10s
  nightlightctl tail node_load1 --count 3 -o json)";

constexpr const char* kSeriesExamples = R"(
Examples:
  nightlightctl series 'up' '{job="node"}' --start now-1d
  nightlightctl series -o json --limit 100)";

constexpr const char* kLabelsExamples = R"(
Examples:
  nightlightctl labels                    the names of labels
  nightlightctl labels job                the values of one
  nightlightctl labels instance --match 'up{job="node"}')";

constexpr const char* kWriteExamples = R"(
Examples:
  nightlightctl write metrics.txt
  curl -s localhost:9100/metrics | nightlightctl write --label job=node --label instance=$HOSTNAME
  echo '{"metric":{"__name__":"temperature_celsius"},"values":[19.5],"timestamps":[1700000000000]}' | nightlightctl write
Input: Prometheus' text format, or lines of JSON as above (as VictoriaMetrics exports them); times in milliseconds.
Lines that cannot be read are told with their number, the others are stored; the exit status is 1 then.)";

constexpr const char* kTopExamples = R"(
Examples:
  nightlightctl top --watch 1
  nightlightctl top --kill 12)";

constexpr const char* kSnapshotExamples = R"(
Examples:
  nightlightctl snapshot --skip-head
  nightlightctl snapshot --timeout 7200
It takes the longer the more is not in a block yet: without --timeout it is given up after an hour.
The server allows it with `instances: {rpc: {enable_admin_api: true}}`.)";

void add_common(CLI::App* app, Options* options) {
  app->add_option("-a,--address", options->address, "Server, HOST:PORT")
      ->envname("NIGHTLIGHT_ADDRESS")
      ->capture_default_str();
  app->add_flag("--tls", options->tls, "TLS with the system's authorities; also on when one of the next is given");
  app->add_option("--ca", options->ca_file, "PEM file of the authorities that may sign the server's certificate")
      ->envname("NIGHTLIGHT_CA");
  app->add_option("--cert", options->cert_file, "PEM file of this client's certificate")->envname("NIGHTLIGHT_CERT");
  app->add_option("--key", options->key_file, "PEM file of its key")->envname("NIGHTLIGHT_KEY");
  app->add_option("--server-name", options->server_name, "Name in the server's certificate, when not the address'");
  app->add_option("--timeout", options->timeout_s, "Seconds until a call is given up; a snapshot has 3600")
      ->check(CLI::Range(0.001, 86'400.0))
      ->capture_default_str();
  app->add_option_function<std::string>(
         "-o,--output",
         [options](const std::string& value) {
           options->output = value == "json" ? Output::kJson : value == "csv" ? Output::kCsv : Output::kTable;
         },
         "table, json or csv")
      ->check(CLI::IsMember({"table", "json", "csv"}))
      ->default_str("table");
  app->add_option("--watch", options->watch_s, "Repeat every so many seconds until interrupted")
      ->check(CLI::Range(0.1, 86'400.0));
}

// The long names of an app's options.
std::vector<std::string> words_of(const CLI::App* app) {
  std::vector<std::string> out;
  for (const CLI::Option* option : app->get_options()) {
    for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
  }
  return out;
}

CommandWords words_of_all(const CLI::App& app) {
  CommandWords out;
  out[""] = words_of(&app);
  for (const CLI::App* sub : app.get_subcommands({})) {
    for (const std::string& word : words_of(sub)) {
      if (word != "--help") out[sub->get_name()].push_back(word);
    }
    out.try_emplace(sub->get_name());
  }
  return out;
}

class CommandLine {
 public:
  CommandLine() : app_("Queries, writes and watches Nightlight, a time-series database", "nightlightctl") {
    app_.footer(kExamples);
    app_.fallthrough();
    app_.require_subcommand(1);
    add_common(&app_, &options_);
    add_queries();
    add_metadata();
    add_write();
    add_administration();
    CLI::App* completion = add("completion", "Print a completion script for a shell", [this] {
      std::cout << completion_script(shell_, words_of_all(app_));
      return kExitOk;
    });
    completion->add_option("SHELL", shell_, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  }

  int run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
      return app_.exit(e) == 0 ? kExitOk : kExitUsage;
    } catch (const Misuse& misuse) {
      std::cerr << "nightlightctl: " << misuse.message << "\nRun with --help for more information.\n";
      return kExitUsage;
    }
    return status_;
  }

 private:
  template <class Action>
  CLI::App* add(const char* word, const char* doc, Action action) {
    CLI::App* sub = app_.add_subcommand(word, doc);
    sub->fallthrough();
    sub->callback([this, action] { status_ = action(); });
    return sub;
  }

  void add_query_options(CLI::App* sub) {
    sub->add_option("QUERY", query_.query, "PromQL expression")->required();
    sub->add_option("--lookback", query_.lookback, "How old a sample may be, as 5m (default: the server's)");
    sub->add_option("--limit", query_.limit, "The most series of the answer (default: all)")
        ->check(CLI::NonNegativeNumber);
    sub->add_flag("--stats", query_.stats, "Tell what the query cost, on standard error");
  }

  void add_queries() {
    CLI::App* instant = add("query", "Evaluate an expression at one time", [this] { return query(options_, query_); });
    add_query_options(instant);
    instant->add_option("--time", query_.time, "now, now-1h, Unix seconds or RFC 3339")->capture_default_str();
    instant->footer(kQueryExamples);
    CLI::App* ranged =
        add("range", "Evaluate an expression over a time range", [this] { return range(options_, query_); });
    add_query_options(ranged);
    ranged->add_option("--start", query_.start, "As --end; the default is an hour ago")->capture_default_str();
    ranged->add_option("--end", query_.end, "now, now-1h, Unix seconds or RFC 3339")->capture_default_str();
    ranged->add_option("--step", query_.step, "As 15s or 1h30m (default: 250 points)");
    ranged->add_flag("--plot", query_.plot, "Draw the series instead of listing them");
    ranged->add_option("--columns", query_.columns, "Width of the plot (default: the terminal's)")
        ->check(CLI::Range(20, 1000));
    ranged->add_option("--rows", query_.rows, "Height of the plot")->check(CLI::Range(3, 500))->capture_default_str();
    ranged->add_option("--png", query_.png, "Draw the series into a PNG file, - for standard output");
    ranged->add_option("--width", query_.width, "Width of the PNG in pixels")
        ->check(CLI::Range(200, 10'000))
        ->capture_default_str();
    ranged->add_option("--height", query_.height, "Height of the PNG in pixels, without its legend")
        ->check(CLI::Range(150, 10'000))
        ->capture_default_str();
    ranged->footer(kRangeExamples);
    CLI::App* followed = add("tail", "Evaluate an expression again and again, one line a sample",
                             [this] { return tail(options_, tail_); });
    followed->add_option("QUERY", tail_.query, "PromQL expression")->required();
    followed->add_option("--every", tail_.every, "Pause between evaluations")->capture_default_str();
    followed->add_option("--count", tail_.count, "Evaluations (default: until interrupted)")
        ->check(CLI::NonNegativeNumber);
    followed->footer(kTailExamples);
  }

  void add_selection_options(CLI::App* sub) {
    sub->add_option("--start", selection_.start, "Only what has samples since then");
    sub->add_option("--end", selection_.end, "Only what has samples until then");
    sub->add_option("--limit", selection_.limit, "The most answers (default: all)")->check(CLI::NonNegativeNumber);
  }

  void add_metadata() {
    CLI::App* listed = add("series", "List series", [this] { return series(options_, selection_); });
    listed->add_option("MATCH", selection_.match, "Selectors; a series must match one of them (default: all series)");
    add_selection_options(listed);
    listed->footer(kSeriesExamples);
    CLI::App* named =
        add("labels", "List label names, or the values of one", [this] { return labels(options_, selection_); });
    named->add_option("NAME", selection_.name, "Label whose values are listed");
    named->add_option("--match", selection_.match, "Only of series that match this selector (may be repeated)")
        ->allow_extra_args(false);
    add_selection_options(named);
    named->footer(kLabelsExamples);
    CLI::App* known = add("metadata", "List what is known of metric families: type, unit, help",
                          [this] { return metadata(options_, selection_); });
    known->add_option("FAMILY", selection_.name, "Only this one");
  }

  void add_write() {
    CLI::App* sub =
        add("write", "Store samples from a file or standard input", [this] { return write(options_, write_); });
    sub->add_option("FILE", write_.file, "File, - for standard input")->capture_default_str();
    sub->add_option("--format", write_.format, "auto, text or json")
        ->check(CLI::IsMember({"auto", "text", "json"}))
        ->capture_default_str();
    sub->add_option("--label", write_.labels, "NAME=VALUE for every series that has no such label (may be repeated)")
        ->allow_extra_args(false);
    sub->add_option("--patience", write_.patience_s, "Seconds that the server may be away or busy")
        ->check(CLI::Range(0.1, 86'400.0))
        ->capture_default_str();
    sub->footer(kWriteExamples);
  }

  void add_administration() {
    CLI::App* running =
        add("top", "List the queries that run now, the longest first", [this] { return top(options_, top_); });
    running->add_option("--kill", top_.kill, "Cancel the query with this ID instead (role admin)")
        ->check(CLI::PositiveNumber);
    running->footer(kTopExamples);
    CLI::App* copied = add("snapshot", "Make a snapshot of the data and print its name (role admin)", [this] {
      if (app_.count("--timeout") == 0) options_.timeout_s = kSnapshotTimeoutS;
      return snapshot(options_, skip_head_);
    });
    copied->add_flag("--skip-head", skip_head_, "Leave out what is not in a block yet");
    copied->footer(kSnapshotExamples);
    add("status", "Tell version, readiness, cardinality and blocks of the server", [this] { return status(options_); });
  }

  CLI::App app_;
  Options options_;
  QueryArguments query_;
  TailArguments tail_;
  SelectionArguments selection_;
  WriteArguments write_;
  TopArguments top_;
  bool skip_head_ = false;
  std::string shell_;
  int status_ = kExitOk;
};

}  // namespace
}  // namespace nightlight::ctl

int main(int argc, char** argv) {
  try {
    return nightlight::ctl::CommandLine().run(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "nightlightctl: " << e.what() << "\n";
    return nightlight::ctl::kExitFailed;
  }
}
