// Bodies of remote read: whatever the bytes, the answer is an error with a text, or series that can be read again. The
// first byte chooses: the rest is the body, its message, or a message's fields one by one.
#include <snappy.h>

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include "base/crc32c.h"
#include "fakes/http.h"
#include "fuzz/choices.h"
#include "fuzz/query_world.h"
#include "remote_read/reader.h"

namespace {

using namespace nightlight;
using fuzz::Choices;
using fuzz::require;

std::string matcher(Choices& choices) {
  std::string out;
  protozero::pbf_writer writer(out);
  writer.add_enum(1, static_cast<int32_t>(choices.below(6)));
  writer.add_string(2, choices.one_in(4) ? choices.raw(8) : choices.of({"__name__", "job", "instance", ""}));
  writer.add_string(3, choices.one_in(4) ? choices.raw(8) : choices.of({"a", "x", ".+", ".*", "h", "(", "x|y", ""}));
  return out;
}

int64_t time_ms(Choices& choices) {
  return choices.one_in(4) ? static_cast<int64_t>(choices.bits()) : static_cast<int64_t>(choices.byte()) * 2000;
}

std::string message(Choices& choices) {
  std::string out;
  protozero::pbf_writer writer(out);
  for (size_t i = choices.below(4); i > 0; --i) {
    protozero::pbf_writer query(writer, 1);
    query.add_int64(1, time_ms(choices));
    query.add_int64(2, time_ms(choices));
    for (size_t k = choices.below(4); k > 0; --k) query.add_message(3, matcher(choices));
    if (choices.one_in(2)) {
      protozero::pbf_writer hints(query, 4);
      hints.add_int64(1, time_ms(choices));
      hints.add_string(2, choices.raw(6));
      hints.add_int64(7, time_ms(choices));
    }
  }
  for (size_t i = choices.below(3); i > 0; --i) writer.add_enum(2, static_cast<int32_t>(choices.below(3)));
  return out;
}

// Goes over every field of a message of messages.
void walk(std::string_view bytes, int depth) {
  protozero::pbf_reader reader(bytes.data(), bytes.size());
  while (reader.next()) {
    if (depth > 0 && reader.wire_type() == protozero::pbf_wire_type::length_delimited) {
      protozero::data_view inner = reader.get_view();
      walk({inner.data(), inner.size()}, depth - 1);
    } else {
      reader.skip();
    }
  }
}

// Frames: size, CRC-32C, message.
void walk_frames(std::string_view bytes) {
  while (!bytes.empty()) {
    const char* at = bytes.data();
    const auto size = static_cast<size_t>(protozero::decode_varint(&at, bytes.data() + bytes.size()));
    bytes.remove_prefix(static_cast<size_t>(at - bytes.data()));
    require(bytes.size() >= size + 4);
    uint32_t checksum = 0;
    for (size_t i = 0; i < 4; ++i) checksum = checksum << 8 | static_cast<uint8_t>(bytes[i]);
    require(checksum == crc32c(bytes.substr(4, size)));
    walk(bytes.substr(4, size), 1);
    bytes.remove_prefix(4 + size);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static fuzz::QueryWorld world;
  static const bool kFilled = (world.fill(), true);
  static uint64_t cells[5];
  remote_read::ReaderOptions options;
  options.max_samples = 1000;
  options.max_frame_bytes = 200;
  remote_read::Reader reader(&world.host, &world.storage, {&cells[0], &cells[1], &cells[2], &cells[3], &cells[4]},
                             options);
  require(kFilled);
  Choices choices(data, size);
  fakes::FakeRequest request;
  request.method_ = kPost;
  const size_t kind = choices.below(3);
  request.body_ = kind == 2 ? message(choices) : choices.rest();
  if (kind != 0) {
    std::string compressed;
    snappy::Compress(request.body_.data(), request.body_.size(), &compressed);
    request.body_.swap(compressed);
  }
  fakes::FakeResponse response;
  reader.handle(&request, &response);
  if (response.aborted_) {  // A later query of a stream failed.
    require(response.pieces_ > 0);
    return 0;
  }
  if (response.status_ != 200) {
    require(response.status_ == 400 && response.body_.size() > 1);
  } else if (response.headers_["Content-Encoding"] == "snappy") {
    std::string answer;
    require(snappy::Uncompress(response.body_.data(), response.body_.size(), &answer));
    walk(answer, 2);
  } else {
    walk_frames(response.body_);
  }
  return 0;
}
