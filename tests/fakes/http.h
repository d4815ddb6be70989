// A request and an answer without a network.
#ifndef NIGHTLIGHT_TESTS_FAKES_HTTP_H_
#define NIGHTLIGHT_TESTS_FAKES_HTTP_H_

#include <map>
#include <string>

#include "nightlight/listener.h"
#include "nightlight/sugar.h"

namespace nightlight::fakes {

class FakeRequest final : public HttpRequest {
 public:
  FakeRequest() {
    context_.struct_size = sizeof context_;
    context_.deadline_ns = INT64_MAX;
    context_.byte_budget = UINT64_MAX;
    peer_.struct_size = sizeof peer_;
    peer_.address = str("127.0.0.1:4711");
  }
  HttpMethod method() noexcept override { return method_; }
  Str path() noexcept override { return str(path_); }
  Str decoded_path() noexcept override { return str(path_); }
  Str query() noexcept override { return str(query_); }
  Str header(Str name) noexcept override {
    auto found = headers_.find(std::string(view(name)));
    return found == headers_.end() ? str("") : str(found->second);
  }
  Str path_parameter(Str name) noexcept override {
    auto found = parameters_.find(std::string(view(name)));
    return found == parameters_.end() ? str("") : str(found->second);
  }
  Status body(Str* out) noexcept override {
    *out = str(body_);
    return Status{body_code_, 0};
  }
  const Peer* peer() noexcept override { return &peer_; }
  const CallContext* context() noexcept override { return &context_; }

  HttpMethod method_ = kGet;
  std::string path_, query_, body_;
  std::map<std::string, std::string> headers_, parameters_;
  Code body_code_ = Code::kOk;
  CallContext context_{};
  Peer peer_{};
};

class FakeResponse final : public HttpResponse {
 public:
  void set_status(uint32_t status) noexcept override { status_ = status; }
  void set_header(Str name, Str value) noexcept override {
    headers_[std::string(view(name))] = std::string(view(value));
  }
  void set_content_length(uint64_t size_bytes) noexcept override { content_length_ = size_bytes; }
  Status write(Str piece) noexcept override {
    ++pieces_;
    body_ += view(piece);
    return kOkStatus;
  }
  void abort() noexcept override { aborted_ = true; }

  uint32_t status_ = 200;
  std::map<std::string, std::string> headers_;
  uint64_t content_length_ = UINT64_MAX;
  std::string body_;
  int pieces_ = 0;
  bool aborted_ = false;
};

}  // namespace nightlight::fakes

#endif  // NIGHTLIGHT_TESTS_FAKES_HTTP_H_
