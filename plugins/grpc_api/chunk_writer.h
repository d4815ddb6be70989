// An answer as messages of bounded size, however long its series are.
#ifndef NIGHTLIGHT_GRPC_API_CHUNK_WRITER_H_
#define NIGHTLIGHT_GRPC_API_CHUNK_WRITER_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "nightlight/engine.h"

namespace nightlight::v1 {
class QueryChunk;
}

namespace nightlight::grpc_api {

// What one message may hold: about 1 MiB, far below the 4 MiB that clients of gRPC take unless they are told otherwise.
inline constexpr uint64_t kSamplesPerChunk = 65536;
// A histogram counts as so many samples.
inline constexpr uint64_t kSamplesPerHistogram = 64;

class ChunkWriter {
 public:
  // `send` is false when the client has gone; nothing is sent after that.
  ChunkWriter(std::function<bool(const v1::QueryChunk&)> send, uint32_t most_series);
  ~ChunkWriter();
  ChunkWriter(const ChunkWriter&) = delete;
  ChunkWriter& operator=(const ChunkWriter&) = delete;

  // False: the client has gone. A series that does not fit goes on in the next message.
  bool add(const ResultSeries& series);
  // Sends what is left.
  bool flush();

 private:
  struct Open;

  uint64_t room() const;
  void add_piece(const ResultSeries& piece, bool continued);

  std::function<bool(const v1::QueryChunk&)> send_;
  uint32_t most_series_;
  std::unique_ptr<Open> open_;
};

}  // namespace nightlight::grpc_api

#endif  // NIGHTLIGHT_GRPC_API_CHUNK_WRITER_H_
