#include "sender.h"

#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>
#include <snappy.h>

#include <algorithm>
#include <protozero/pbf_writer.hpp>
#include <utility>
#include <vector>

namespace nightlight::load {

bool parse_target(const std::string& url, Target* out) try {
  Poco::URI uri(url);
  if (uri.getScheme() != "http" && uri.getScheme() != "https") return false;
  out->host = uri.getHost();
  out->port = uri.getPort();
  out->path = uri.getPathAndQuery();
  out->tls = uri.getScheme() == "https";
  return !out->host.empty();
} catch (const Poco::Exception&) {
  return false;
}

std::unique_ptr<Poco::Net::HTTPClientSession> connect(const Target& target) {
  std::unique_ptr<Poco::Net::HTTPClientSession> session;
  if (target.tls) {
    Poco::Net::Context::Ptr context = new Poco::Net::Context(
        Poco::Net::Context::TLS_CLIENT_USE, target.key_file, target.cert_file, target.ca_file,
        target.ca_file.empty() ? Poco::Net::Context::VERIFY_NONE : Poco::Net::Context::VERIFY_RELAXED);
    session = std::make_unique<Poco::Net::HTTPSClientSession>(target.host, target.port, context);
  } else {
    session = std::make_unique<Poco::Net::HTTPClientSession>(target.host, target.port);
  }
  session->setKeepAlive(true);
  session->setTimeout(Poco::Timespan(60, 0));
  return session;
}

void WriteRequest::add(const std::string& label_fields, int64_t timestamp_ms, double value) {
  auto time = static_cast<uint64_t>(timestamp_ms);
  uint64_t sample_size = 1 + sizeof value + 1 + static_cast<uint64_t>(protozero::length_of_varint(time));
  // The labels are there already as fields, so the message around them is written by hand.
  char head[2 * protozero::max_varint_length];
  char* end = head;
  *end++ = 0x0a;
  end += protozero::write_varint(end, label_fields.size() + 2 + sample_size);
  message_.append(head, static_cast<size_t>(end - head));
  message_ += label_fields;
  message_ += '\x12';
  message_ += static_cast<char>(sample_size);
  message_ += '\x09';
  message_.append(reinterpret_cast<const char*>(&value), sizeof value);
  message_ += '\x10';
  end = head + protozero::write_varint(head, time);
  message_.append(head, static_cast<size_t>(end - head));
}

const std::string& WriteRequest::compressed() {
  snappy::Compress(message_.data(), message_.size(), &compressed_);
  return compressed_;
}

std::string encode_labels(const std::vector<std::pair<std::string, std::string>>& labels) {
  std::string fields;
  protozero::pbf_writer series(fields);
  for (const auto& [name, value] : labels) {
    protozero::pbf_writer label(series, 1);
    label.add_string(1, name);
    label.add_string(2, value);
  }
  return fields;
}

int post(Poco::Net::HTTPClientSession& session, const Target& target, const std::string& body, std::string* text) try {
  Poco::Net::HTTPRequest request(Poco::Net::HTTPRequest::HTTP_POST, target.path, Poco::Net::HTTPMessage::HTTP_1_1);
  request.set("Content-Encoding", "snappy");
  request.setContentType("application/x-protobuf");
  request.set("X-Prometheus-Remote-Write-Version", "0.1.0");
  request.setContentLength(static_cast<std::streamsize>(body.size()));
  session.sendRequest(request).write(body.data(), static_cast<std::streamsize>(body.size()));
  Poco::Net::HTTPResponse response;
  std::istream& in = session.receiveResponse(response);
  text->clear();
  Poco::StreamCopier::copyToString(in, *text);
  return response.getStatus();
} catch (const Poco::Exception& e) {
  session.reset();
  *text = e.displayText();
  return 0;
}

Answer get(Poco::Net::HTTPClientSession& session, const Target& target) try {
  constexpr size_t kHead = 200;
  Poco::Net::HTTPRequest request(Poco::Net::HTTPRequest::HTTP_GET, target.path, Poco::Net::HTTPMessage::HTTP_1_1);
  session.sendRequest(request);
  Poco::Net::HTTPResponse response;
  std::istream& in = session.receiveResponse(response);
  Answer out;
  out.status = response.getStatus();
  std::vector<char> buffer(size_t{64} << 10);
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())), in.gcount() > 0) {
    const auto got = static_cast<size_t>(in.gcount());
    out.bytes += got;
    if (out.head.size() < kHead) out.head.append(buffer.data(), std::min(got, kHead - out.head.size()));
  }
  return out;
} catch (const Poco::Exception& e) {
  session.reset();
  return {0, 0, e.displayText()};
}

}  // namespace nightlight::load
