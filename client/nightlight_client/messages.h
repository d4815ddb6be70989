// Between this library's values and the messages of nightlight.v1.
#ifndef NIGHTLIGHT_CLIENT_MESSAGES_H_
#define NIGHTLIGHT_CLIENT_MESSAGES_H_

#include <string>
#include <vector>

#include "nightlight_client/client.h"

namespace nightlight::v1 {
class ExemplarBatch;
class Metadata;
class QueryHeader;
class QueryRequest;
class QueryTrailer;
class Selection;
class SeriesBatch;
class WriteRequest;
class WriteResponse;
}  // namespace nightlight::v1

namespace nightlight::client {

void encode(const QueryRequest& request, v1::QueryRequest* out);
void encode(const Selection& selection, v1::Selection* out);
void encode(const WriteBatch& batch, v1::WriteRequest* out);

// Puts the labels of the series before a batch in front of pieces that continue it. One object an answer.
class SeriesDecoder {
 public:
  // kInternal when the message contradicts itself: servers are not trusted either.
  Result<void> decode(const v1::SeriesBatch& batch, std::vector<Series>* out);

 private:
  Labels last_;
};

Result<void> decode(const v1::SeriesBatch& batch, std::vector<Labels>* out);
Result<void> decode(const v1::ExemplarBatch& batch, std::vector<SeriesExemplars>* out);
ResultType decode_type(const v1::QueryHeader& header);
QuerySummary decode(const v1::QueryTrailer& trailer);
Metadata decode(const v1::Metadata& metadata);
WriteAck decode(const v1::WriteResponse& response);

}  // namespace nightlight::client

#endif  // NIGHTLIGHT_CLIENT_MESSAGES_H_
