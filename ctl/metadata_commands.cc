#include <iostream>

#include "ctl/commands.h"
#include "ctl/output.h"
#include "ctl/values.h"

namespace nightlight::ctl {
namespace {

int64_t time_or_zero(const std::string& text, const char* option) {
  if (text.empty()) return 0;
  std::optional<int64_t> out = parse_time_ms(text, now_ms());
  if (!out) throw Misuse{std::string(option) + ": \"" + text + "\" is no time: give now-1h, Unix seconds or RFC 3339"};
  return *out;
}

client::Selection selection_of(const SelectionArguments& arguments) {
  client::Selection out;
  out.match = arguments.match;
  out.start_ms = time_or_zero(arguments.start, "--start");
  out.end_ms = time_or_zero(arguments.end, "--end");
  // One bound alone: from there to now, or everything until there.
  if (!arguments.start.empty() && arguments.end.empty()) out.end_ms = now_ms();
  out.limit = arguments.limit;
  return out;
}

}  // namespace

int series(const Options& options, const SelectionArguments& arguments) {
  client::Selection selection = selection_of(arguments);
  return with_client(options, [&](client::Client& client) -> client::Result<void> {
    client::Result<client::Stream<client::Labels>> stream = client.series(selection);
    if (!stream.ok()) return std::move(stream).error();
    bool json = options.output == Output::kJson, any = false;
    if (json) std::cout << '[';
    if (options.output == Output::kCsv) std::cout << "series\n";
    while (true) {
      client::Result<std::vector<client::Labels>> part = stream->next();
      if (!part.ok()) return std::move(part).error();
      if (part->empty()) break;
      for (const client::Labels& labels : *part) {
        if (json) {
          std::cout << (any ? "," : "") << json_labels(labels);
        } else {
          std::string text = to_string(labels);
          std::cout << (options.output == Output::kCsv ? csv_field(text) : text) << '\n';
        }
        any = true;
      }
    }
    if (json) std::cout << "]\n";
    return {};
  });
}

int labels(const Options& options, const SelectionArguments& arguments) {
  client::Selection selection = selection_of(arguments);
  return with_client(options, [&](client::Client& client) -> client::Result<void> {
    client::Result<client::Strings> strings =
        arguments.name.empty() ? client.label_names(selection) : client.label_values(arguments.name, selection);
    if (!strings.ok()) return std::move(strings).error();
    for (const std::string& text : strings->warnings) std::cerr << "warning: " << text << "\n";
    if (options.output == Output::kJson) {
      std::cout << json_strings(strings->values) << '\n';
      return {};
    }
    if (options.output == Output::kCsv) std::cout << (arguments.name.empty() ? "name" : "value") << '\n';
    for (const std::string& text : strings->values) {
      std::cout << (options.output == Output::kCsv ? csv_field(text) : text) << '\n';
    }
    return {};
  });
}

int metadata(const Options& options, const SelectionArguments& arguments) {
  return with_client(options, [&](client::Client& client) -> client::Result<void> {
    client::Result<std::vector<client::Metadata>> all = client.metadata(arguments.name);
    if (!all.ok()) return std::move(all).error();
    std::vector<std::vector<std::string>> rows;
    for (const client::Metadata& one : *all) rows.push_back({one.family, name_of(one.kind), one.unit, one.help});
    print_rows(std::cout, options.output, {"FAMILY", "TYPE", "UNIT", "HELP"}, rows);
    return {};
  });
}

}  // namespace nightlight::ctl
