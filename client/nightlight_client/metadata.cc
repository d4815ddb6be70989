#include "nightlight_client/connection.h"
#include "nightlight_client/messages.h"

namespace nightlight::client {
namespace {

Strings strings_of(v1::StringsResponse response) {
  Strings out;
  for (std::string& value : *response.mutable_values()) out.values.push_back(std::move(value));
  for (std::string& warning : *response.mutable_warnings()) out.warnings.push_back(std::move(warning));
  return out;
}

}  // namespace

Result<Strings> Client::label_names(const Selection& selection, const CallOptions& options) const {
  v1::LabelNamesRequest message;
  encode(selection, message.mutable_selection());
  grpc::ClientContext context;
  connection_->prepare(&context, options);
  v1::StringsResponse response;
  if (grpc::Status status = connection_->metadata->LabelNames(&context, message, &response); !status.ok()) {
    return error_of(status);
  }
  return strings_of(std::move(response));
}

Result<Strings> Client::label_values(const std::string& name, const Selection& selection,
                                     const CallOptions& options) const {
  v1::LabelValuesRequest message;
  message.set_name(name);
  encode(selection, message.mutable_selection());
  grpc::ClientContext context;
  connection_->prepare(&context, options);
  v1::StringsResponse response;
  if (grpc::Status status = connection_->metadata->LabelValues(&context, message, &response); !status.ok()) {
    return error_of(status);
  }
  return strings_of(std::move(response));
}

Result<Stream<Labels>> Client::series(const Selection& selection, const CallOptions& options) const {
  v1::SeriesRequest message;
  encode(selection, message.mutable_selection());
  auto context = std::make_unique<grpc::ClientContext>();
  connection_->prepare(context.get(), options);
  auto reader = connection_->metadata->Series(context.get(), message);
  auto source = std::make_unique<MessageSource<Labels, v1::SeriesBatch, &decode>>(std::move(context));
  source->reader = std::move(reader);
  return Stream<Labels>(std::move(source));
}

Result<std::vector<Metadata>> Client::metadata(const std::string& family, const CallOptions& options) const {
  v1::MetadataRequest message;
  message.set_family(family);
  grpc::ClientContext context;
  connection_->prepare(&context, options);
  v1::MetadataResponse response;
  if (grpc::Status status = connection_->metadata->Metadata(&context, message, &response); !status.ok()) {
    return error_of(status);
  }
  std::vector<Metadata> out;
  for (const v1::Metadata& metadata : response.metadata()) out.push_back(decode(metadata));
  return out;
}

}  // namespace nightlight::client
