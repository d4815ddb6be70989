#include "prometheus_api/form.h"

#include "model/labels.h"

namespace nightlight::prometheus_api {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// False when an escape is malformed; `error` then names it.
bool unescape(std::string_view text, std::string& out, std::string& error) {
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else if (i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      error = "invalid URL escape " + quote(text.substr(i, 3));
      return false;
    }
  }
  return true;
}

}  // namespace

void Form::add(std::string_view text) {
  while (!text.empty()) {
    size_t end = text.find('&');
    add_pair(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
}

void Form::add_pair(std::string_view pair) {
  if (pair.empty()) return;
  std::string name, value, error;
  if (pair.find(';') != std::string_view::npos) {
    error = "invalid semicolon separator in query";
  } else {
    size_t equals = pair.find('=');
    std::string_view encoded = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    if (unescape(pair.substr(0, equals), name, error) && unescape(encoded, value, error)) {
      pairs_.emplace_back(std::move(name), std::move(value));
      return;
    }
  }
  if (error_.empty()) error_ = std::move(error);
}

std::string_view Form::first(std::string_view name) const {
  for (const auto& [key, value] : pairs_) {
    if (key == name) return value;
  }
  return {};
}

std::vector<std::string_view> Form::all(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const auto& [key, value] : pairs_) {
    if (key == name) out.emplace_back(value);
  }
  return out;
}

bool Form::has(std::string_view name) const {
  for (const auto& pair : pairs_) {
    if (pair.first == name) return true;
  }
  return false;
}

}  // namespace nightlight::prometheus_api
