#include "ctl/output.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "ctl/values.h"

namespace nightlight::ctl {
namespace {

std::string json_text(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_point(int64_t time_ms, double value) {
  return '[' + format_seconds(time_ms) + ",\"" + format_value(value) + "\"]";
}

nlohmann::json json_numbers(const std::vector<double>& numbers) {
  nlohmann::json out = nlohmann::json::array();
  for (double number : numbers) out.push_back(format_value(number));
  return out;
}

nlohmann::json json_spans(const std::vector<client::BucketSpan>& spans) {
  nlohmann::json out = nlohmann::json::array();
  for (const client::BucketSpan& span : spans) out.push_back({{"offset", span.offset}, {"length", span.length}});
  return out;
}

std::string json_histogram(const client::Histogram& h) {
  nlohmann::ordered_json out;
  out["count"] = format_value(h.count);
  out["sum"] = format_value(h.sum);
  out["schema"] = h.schema;
  out["zeroThreshold"] = format_value(h.zero_threshold);
  out["zeroCount"] = format_value(h.zero_count);
  out["positiveSpans"] = json_spans(h.positive_spans);
  out["positiveCounts"] = json_numbers(h.positive_counts);
  out["negativeSpans"] = json_spans(h.negative_spans);
  out["negativeCounts"] = json_numbers(h.negative_counts);
  if (!h.custom_values.empty()) out["customValues"] = json_numbers(h.custom_values);
  return '[' + format_seconds(h.timestamp_ms) + ',' + out.dump() + ']';
}

std::string text_of(const client::Histogram& h) {
  return "{count:" + format_value(h.count) + " sum:" + format_value(h.sum) + "}";
}

const char* name_of(client::ResultType type) {
  switch (type) {
    case client::ResultType::kScalar:
      return "scalar";
    case client::ResultType::kMatrix:
      return "matrix";
    case client::ResultType::kString:
      return "string";
    default:
      return "vector";
  }
}

// How many columns of a terminal a text takes, roughly: code points.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

void print_table(std::ostream& out, const std::vector<std::string>& headings,
                 const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const std::string& heading : headings) widths.push_back(width_of(heading));
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  auto print = [&](const std::vector<std::string>& row) {
    for (size_t i = 0; i < row.size(); ++i) {
      out << row[i];
      if (i + 1 < row.size()) out << std::string(widths[i] - width_of(row[i]) + 2, ' ');
    }
    out << '\n';
  };
  print(headings);
  for (const auto& row : rows) print(row);
}

}  // namespace

std::string json_labels(const client::Labels& labels) {
  std::string out = "{";
  for (const client::Label& label : labels) {
    if (out.size() > 1) out += ',';
    out += json_text(label.name) + ':' + json_text(label.value);
  }
  return out + '}';
}

std::string json_strings(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? "," : "") + json_text(text);
  return out + ']';
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

void print_rows(std::ostream& out, Output output, const std::vector<std::string>& headings,
                const std::vector<std::vector<std::string>>& rows) {
  if (output == Output::kTable) return print_table(out, headings, rows);
  if (output == Output::kCsv) {
    auto print = [&](const std::vector<std::string>& row) {
      for (size_t i = 0; i < row.size(); ++i) out << (i == 0 ? "" : ",") << csv_field(row[i]);
      out << '\n';
    };
    std::vector<std::string> names = headings;
    for (std::string& name : names) std::transform(name.begin(), name.end(), name.begin(), ::tolower);
    print(names);
    for (const auto& row : rows) print(row);
    return;
  }
  out << '[';
  for (size_t r = 0; r < rows.size(); ++r) {
    out << (r == 0 ? "" : ",") << '{';
    for (size_t i = 0; i < rows[r].size(); ++i) {
      std::string name = headings[i];
      std::transform(name.begin(), name.end(), name.begin(), ::tolower);
      out << (i == 0 ? "" : ",") << json_text(name) << ':' << json_text(rows[r][i]);
    }
    out << '}';
  }
  out << "]\n";
}

client::Result<void> AnswerPrinter::print(client::QueryStream& stream) {
  type_ = stream.type();
  begin(stream);
  while (true) {
    client::Result<std::vector<client::Series>> part = stream.next();
    if (!part.ok()) return std::move(part).error();
    if (part->empty()) break;
    for (const client::Series& series : *part) add(series);
  }
  end(stream);
  for (const std::string& text : stream.summary().warnings) std::cerr << "warning: " << text << "\n";
  for (const std::string& text : stream.summary().infos) std::cerr << "info: " << text << "\n";
  return {};
}

void AnswerPrinter::begin(const client::QueryStream& stream) {
  if (output_ == Output::kJson) {
    out_ << "{\"resultType\":\"" << name_of(type_) << "\",\"result\":";
    if (type_ == client::ResultType::kString) {
      out_ << '[' << format_seconds(now_ms()) << ',' << json_text(stream.string_value()) << ']';
    } else if (type_ != client::ResultType::kScalar) {
      out_ << '[';
    }
  } else if (output_ == Output::kCsv) {
    out_ << "series,timestamp,value\n";
    if (type_ == client::ResultType::kString) out_ << ",," << csv_field(stream.string_value()) << '\n';
  } else if (type_ == client::ResultType::kString) {
    out_ << stream.string_value() << '\n';
  }
}

void AnswerPrinter::add(const client::Series& series) {
  if (output_ == Output::kJson) {
    add_json(series);
  } else if (output_ == Output::kCsv) {
    add_csv(series);
  } else {
    add_table(series);
  }
  last_ = series.labels;
  any_ = true;
}

void AnswerPrinter::add_table(const client::Series& series) {
  if (type_ != client::ResultType::kMatrix) {
    std::string name = type_ == client::ResultType::kScalar ? "scalar" : to_string(series.labels);
    for (const client::Sample& sample : series.samples) {
      rows_.push_back({name, format_value(sample.value), format_time(sample.timestamp_ms)});
    }
    for (const client::Histogram& histogram : series.histograms) {
      rows_.push_back({name, text_of(histogram), format_time(histogram.timestamp_ms)});
    }
    return;
  }
  if (!any_ || last_ != series.labels) out_ << (any_ ? "\n" : "") << to_string(series.labels) << '\n';
  for (const client::Sample& sample : series.samples) {
    out_ << "  " << format_time(sample.timestamp_ms) << "  " << format_value(sample.value) << '\n';
  }
  for (const client::Histogram& histogram : series.histograms) {
    out_ << "  " << format_time(histogram.timestamp_ms) << "  " << text_of(histogram) << '\n';
  }
}

void AnswerPrinter::add_csv(const client::Series& series) {
  std::string name = csv_field(to_string(series.labels));
  for (const client::Sample& sample : series.samples) {
    out_ << name << ',' << format_seconds(sample.timestamp_ms) << ',' << format_value(sample.value) << '\n';
  }
  for (const client::Histogram& histogram : series.histograms) {
    out_ << name << ',' << format_seconds(histogram.timestamp_ms) << ',' << csv_field(text_of(histogram)) << '\n';
  }
}

void AnswerPrinter::add_json(const client::Series& series) {
  if (type_ == client::ResultType::kScalar) {
    for (const client::Sample& sample : series.samples) out_ << json_point(sample.timestamp_ms, sample.value);
    return;
  }
  if (type_ == client::ResultType::kVector) {
    out_ << (any_ ? "," : "") << "{\"metric\":" << json_labels(series.labels);
    for (const client::Sample& s : series.samples) out_ << ",\"value\":" << json_point(s.timestamp_ms, s.value);
    for (const client::Histogram& histogram : series.histograms) out_ << ",\"histogram\":" << json_histogram(histogram);
    out_ << '}';
    return;
  }
  if (any_ && last_ != series.labels) close_json_series();
  if (!any_ || last_ != series.labels) out_ << (any_ ? "," : "") << "{\"metric\":" << json_labels(series.labels);
  for (const client::Sample& sample : series.samples) {
    values_json_ += (values_json_.empty() ? "" : ",") + json_point(sample.timestamp_ms, sample.value);
  }
  for (const client::Histogram& histogram : series.histograms) {
    histograms_json_ += (histograms_json_.empty() ? "" : ",") + json_histogram(histogram);
  }
}

void AnswerPrinter::close_json_series() {
  if (!values_json_.empty()) out_ << ",\"values\":[" << values_json_ << ']';
  if (!histograms_json_.empty()) out_ << ",\"histograms\":[" << histograms_json_ << ']';
  out_ << '}';
  values_json_.clear();
  histograms_json_.clear();
}

void AnswerPrinter::end(const client::QueryStream&) {
  if (output_ == Output::kJson) {
    if (any_ && type_ == client::ResultType::kMatrix) close_json_series();
    if (type_ == client::ResultType::kVector || type_ == client::ResultType::kMatrix) out_ << ']';
    out_ << "}\n";
  } else if (output_ == Output::kTable && type_ != client::ResultType::kMatrix &&
             type_ != client::ResultType::kString) {
    print_table(out_, {"SERIES", "VALUE", "TIME"}, rows_);
  }
}

}  // namespace nightlight::ctl
