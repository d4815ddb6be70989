#include "nightlight_client/connection.h"
#include "nightlight_client/messages.h"

namespace nightlight::client {

Result<WriteAck> Client::write(const WriteBatch& batch, const CallOptions& options) const {
  v1::WriteRequest message;
  encode(batch, &message);
  grpc::ClientContext context;
  connection_->prepare(&context, options);
  v1::WriteResponse response;
  if (grpc::Status status = connection_->ingest->Write(&context, message, &response); !status.ok()) {
    return error_of(status);
  }
  return decode(response);
}

}  // namespace nightlight::client
