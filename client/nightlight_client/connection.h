// The channel behind a Client, and what every call needs: a context with a deadline, and the error of a status.
#ifndef NIGHTLIGHT_CLIENT_CONNECTION_H_
#define NIGHTLIGHT_CLIENT_CONNECTION_H_

#include <grpcpp/grpcpp.h>

#include <memory>

#include "nightlight/v1/nightlight.grpc.pb.h"
#include "nightlight_client/client.h"

namespace nightlight::client {

class Client::Connection {
 public:
  Connection(std::shared_ptr<grpc::Channel> channel, std::chrono::milliseconds timeout)
      : query(v1::QueryService::NewStub(channel)),
        metadata(v1::MetadataService::NewStub(channel)),
        ingest(v1::IngestService::NewStub(channel)),
        admin(v1::AdminService::NewStub(channel)),
        channel_(std::move(channel)),
        timeout_(timeout) {}

  // Sets the deadline of a call, after a lost connection had a moment to come back.
  void prepare(grpc::ClientContext* context, const CallOptions& options) const {
    catch_up();
    context->set_deadline(std::chrono::system_clock::now() +
                          (options.timeout.count() > 0 ? options.timeout : timeout_));
  }

  const std::unique_ptr<v1::QueryService::Stub> query;
  const std::unique_ptr<v1::MetadataService::Stub> metadata;
  const std::unique_ptr<v1::IngestService::Stub> ingest;
  const std::unique_ptr<v1::AdminService::Stub> admin;

 private:
  void catch_up() const;

  const std::shared_ptr<grpc::Channel> channel_;
  const std::chrono::milliseconds timeout_;
};

// Of a status that is not OK, with what its details say.
Error error_of(const grpc::Status& status);

// A streamed answer: reads messages and decodes each into a part.
template <class T, class Message, Result<void> (*kDecode)(const Message&, std::vector<T>*)>
class MessageSource final : public Stream<T>::Source {
 public:
  explicit MessageSource(std::unique_ptr<grpc::ClientContext> context) : context_(std::move(context)) {}
  ~MessageSource() override {
    if (reader != nullptr && !ended_) {
      context_->TryCancel();
      (void)reader->Finish();
    }
  }

  Result<std::vector<T>> next() override {
    std::vector<T> out;
    Message message;
    while (!ended_ && out.empty()) {
      if (!reader->Read(&message)) {
        ended_ = true;
        if (grpc::Status status = reader->Finish(); !status.ok()) return error_of(status);
      } else if (Result<void> decoded = kDecode(message, &out); !decoded.ok()) {
        return std::move(decoded).error();
      }
    }
    return out;
  }

  std::unique_ptr<grpc::ClientReader<Message>> reader;

 private:
  const std::unique_ptr<grpc::ClientContext> context_;
  bool ended_ = false;
};

}  // namespace nightlight::client

#endif  // NIGHTLIGHT_CLIENT_CONNECTION_H_
