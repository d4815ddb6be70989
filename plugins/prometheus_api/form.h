// The parameters of a request: from the URL and, on POST, from a form in the body, with the rules of Go's net/http.
#ifndef NIGHTLIGHT_PROMETHEUS_API_FORM_H_
#define NIGHTLIGHT_PROMETHEUS_API_FORM_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nightlight::prometheus_api {

class Form {
 public:
  // Adds what `text` holds (name=value&...). Values that are added first win.
  void add(std::string_view text);

  // The first value of a parameter, or "".
  std::string_view first(std::string_view name) const;
  // All its values, in order.
  std::vector<std::string_view> all(std::string_view name) const;
  bool has(std::string_view name) const;

  // What was wrong with the first part that was malformed (and is left out), or "".
  const std::string& error() const { return error_; }

 private:
  void add_pair(std::string_view pair);

  std::vector<std::pair<std::string, std::string>> pairs_;
  std::string error_;
};

}  // namespace nightlight::prometheus_api

#endif  // NIGHTLIGHT_PROMETHEUS_API_FORM_H_
