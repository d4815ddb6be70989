// Answers as tables, JSON and CSV on a stream.
#ifndef NIGHTLIGHT_CTL_OUTPUT_H_
#define NIGHTLIGHT_CTL_OUTPUT_H_

#include <iosfwd>
#include <string>
#include <vector>

#include "ctl/options.h"
#include "nightlight_client/client.h"

namespace nightlight::ctl {

// Rows under headings. A table has aligned columns, CSV is RFC 4180 with a header, JSON is an array of objects with the
// headings in lower case as names; what looks like a number is none: all values are strings.
void print_rows(std::ostream& out, Output output, const std::vector<std::string>& headings,
                const std::vector<std::vector<std::string>>& rows);

// {"name":"value",...} and ["text",...]
std::string json_labels(const client::Labels& labels);
std::string json_strings(const std::vector<std::string>& texts);

// One field of CSV, quoted where it has to be.
std::string csv_field(const std::string& text);

// Prints a query's answer while it arrives. JSON is the `data` of Prometheus' HTTP API, with native histograms as
// objects of their fields; CSV and tables have a line a sample.
class AnswerPrinter {
 public:
  AnswerPrinter(std::ostream& out, Output output) : out_(out), output_(output) {}

  client::Result<void> print(client::QueryStream& stream);

 private:
  void begin(const client::QueryStream& stream);
  void add(const client::Series& series);
  void add_table(const client::Series& series);
  void add_csv(const client::Series& series);
  void add_json(const client::Series& series);
  void close_json_series();
  void end(const client::QueryStream& stream);

  std::ostream& out_;
  Output output_;
  client::ResultType type_ = client::ResultType::kVector;
  bool any_ = false;
  client::Labels last_;
  std::vector<std::vector<std::string>> rows_;  // Of the table of an instant query.
  std::string values_json_, histograms_json_;   // Of the series that may go on.
};

}  // namespace nightlight::ctl

#endif  // NIGHTLIGHT_CTL_OUTPUT_H_
