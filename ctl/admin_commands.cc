#include <algorithm>
#include <chrono>
#include <future>
#include <iostream>
#include <nlohmann/json.hpp>

#include "ctl/commands.h"
#include "ctl/output.h"
#include "ctl/progress.h"
#include "ctl/values.h"

namespace nightlight::ctl {
namespace {

// The entries of a JSON object as rows, those of the objects in it with dots: "runtime.startTime".
void add_rows(const std::string& prefix, const nlohmann::json& value, std::vector<std::vector<std::string>>* rows) {
  if (value.is_object()) {
    for (const auto& [name, inner] : value.items()) add_rows(prefix.empty() ? name : prefix + '.' + name, inner, rows);
    return;
  }
  rows->push_back({prefix, value.is_string() ? value.get<std::string>() : value.dump()});
}

constexpr std::chrono::milliseconds kAskProgress(200);

// Servers that do not tell how far they are still show that time goes by.
void show_progress(client::Client& client, std::chrono::steady_clock::time_point begin, Progress& progress) {
  client::Result<client::SnapshotProgress> far = client.snapshot_progress();
  if (far.ok() && far->total_series > 0) {
    progress.expect(far->total_series);
    return progress.show(far->done_series,
                         std::to_string(far->done_series) + " of " + std::to_string(far->total_series) + " series");
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begin);
  progress.show(0, std::to_string(seconds.count()) + " s");
}

client::Result<std::string> watched_snapshot(client::Client& client, bool skip_head) {
  Progress progress("snapshot", 0);
  const auto begin = std::chrono::steady_clock::now();
  auto name = std::async(std::launch::async, [&] { return client.snapshot(skip_head); });
  while (name.wait_for(kAskProgress) != std::future_status::ready) show_progress(client, begin, progress);
  return name.get();
}

nlohmann::json parsed(const std::string& text) { return nlohmann::json::parse(text, nullptr, false); }

}  // namespace

int top(const Options& options, const TopArguments& arguments) {
  return with_client(options, [&](client::Client& client) -> client::Result<void> {
    if (arguments.kill != 0) return client.cancel_query(arguments.kill);
    client::Result<std::vector<client::RunningQuery>> running = client.running_queries();
    if (!running.ok()) return std::move(running).error();
    std::sort(running->begin(), running->end(),
              [](const client::RunningQuery& a, const client::RunningQuery& b) { return a.elapsed_s > b.elapsed_s; });
    std::vector<std::vector<std::string>> rows;
    for (const client::RunningQuery& query : *running) {
      rows.push_back({std::to_string(query.id), format_value(query.elapsed_s), format_time(query.start_ms),
                      query.client, query.query});
    }
    print_rows(std::cout, options.output, {"ID", "SECONDS", "SINCE", "CLIENT", "QUERY"}, rows);
    return {};
  });
}

int snapshot(const Options& options, bool skip_head) {
  if (options.watch_s > 0) throw Misuse{"--watch: a snapshot is made once"};
  return with_client(options, [&](client::Client& client) -> client::Result<void> {
    client::Result<std::string> name = watched_snapshot(client, skip_head);
    if (!name.ok()) return std::move(name).error();
    print_rows(std::cout, options.output, {"NAME"}, {{*name}});
    return {};
  });
}

int status(const Options& options) {
  return with_client(options, [&](client::Client& client) -> client::Result<void> {
    client::Result<client::ServerStatus> status = client.status();
    if (!status.ok()) return std::move(status).error();
    nlohmann::ordered_json all;
    all["ready"] = status->ready;
    if (!status->ready) all["notReadyReason"] = status->not_ready_reason;
    const std::pair<const char*, const std::string&> parts[] = {{"build", status->build_json},
                                                                {"runtime", status->runtime_json},
                                                                {"cardinality", status->cardinality_json},
                                                                {"blocks", status->blocks_json}};
    for (const auto& [name, text] : parts) {
      if (!text.empty()) all[name] = parsed(text);
    }
    if (options.output == Output::kJson) {
      std::cout << all.dump() << "\n";
      return {};
    }
    std::vector<std::vector<std::string>> rows;
    add_rows("", nlohmann::json(all), &rows);
    print_rows(std::cout, options.output, {"NAME", "VALUE"}, rows);
    return {};
  });
}

}  // namespace nightlight::ctl
