// What each subcommand does. Exit statuses: 0 done, 1 failed, 2 misused.
#ifndef NIGHTLIGHT_CTL_COMMANDS_H_
#define NIGHTLIGHT_CTL_COMMANDS_H_

#include <string>
#include <vector>

#include "ctl/options.h"

namespace nightlight::ctl {

struct QueryArguments {
  std::string query;
  std::string time = "now", start = "now-1h", end = "now", step;  // As parse_time_ms and parse_duration_ms read them.
  std::string lookback;
  uint64_t limit = 0;
  bool stats = false, plot = false;
  int columns = 0, rows = 20;  // Of a plot; 0 columns: the terminal's.
  std::string png;             // File of a picture, - for standard output; "" for none.
  int width = 1200, height = 500;
};
int query(const Options& options, const QueryArguments& arguments);
int range(const Options& options, const QueryArguments& arguments);

struct TailArguments {
  std::string query;
  std::string every = "5s";
  uint64_t count = 0;  // Evaluations; 0: until interrupted.
};
int tail(const Options& options, const TailArguments& arguments);

struct SelectionArguments {
  std::vector<std::string> match;
  std::string start, end;
  uint64_t limit = 0;
  std::string name;  // Of a label, or a metric family.
};
int series(const Options& options, const SelectionArguments& arguments);
// The label names, or the values of one when `name` is set.
int labels(const Options& options, const SelectionArguments& arguments);
int metadata(const Options& options, const SelectionArguments& arguments);

struct WriteArguments {
  std::string file = "-";
  std::string format = "auto";      // text, json
  std::vector<std::string> labels;  // NAME=VALUE, added to every series that has no such label.
  double patience_s = 60;           // How long the server may be away or busy.
};
int write(const Options& options, const WriteArguments& arguments);

struct TopArguments {
  uint64_t kill = 0;
};
int top(const Options& options, const TopArguments& arguments);
int snapshot(const Options& options, bool skip_head);
int status(const Options& options);

}  // namespace nightlight::ctl

#endif  // NIGHTLIGHT_CTL_COMMANDS_H_
