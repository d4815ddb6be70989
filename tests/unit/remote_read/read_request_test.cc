#include "remote_read/read_request.h"

#include <doctest/doctest.h>

#include "nightlight/sugar.h"
#include "remote_read/messages.h"

namespace nightlight::remote_read {
namespace {

TEST_CASE("a read request is parsed as the protocol defines it") {
  // queries { start_timestamp_ms: 1000 end_timestamp_ms: 2000 matchers { type: RE name: "job" value: "a.*" }
  //           hints { step_ms: 15 func: "rate" range_ms: 300 } } accepted_response_types: [STREAMED_XOR_CHUNKS,
  //           SAMPLES]
  const char body[] =
      "\x0a\x25\x08\xe8\x07\x10\xd0\x0f\x1a\x0c\x08\x02\x12\x03job\x1a\x03"
      "a.*\x22\x0f\x08\x0f\x12\x04rate\x38\xac\x02\x18\x01\x20\x02\x12\x02\x01\x00";
  auto request = parse_read_request(std::string_view(body, sizeof body - 1));
  REQUIRE(request.ok());
  REQUIRE(request->queries.size() == 1);
  const ReadQuery& query = request->queries[0];
  CHECK(query.start_ms == 1000);
  CHECK(query.end_ms == 2000);
  REQUIRE(query.matchers.size() == 1);
  CHECK(query.matchers[0].op == MatchOp::kRegex);
  CHECK(view(query.matchers[0].name) == "job");
  CHECK(view(query.matchers[0].value) == "a.*");
  CHECK(query.step_ms == 15);
  CHECK(query.range_ms == 300);
  CHECK(query.function == "rate");
  CHECK(request->accepted_types == std::vector<int32_t>{1, 0});
}

TEST_CASE("cut and broken requests are refused, and so are unknown matcher types") {
  const std::string good(
      "\x0a\x0e\x1a\x0c\x08\x02\x12\x03job\x1a\x03"
      "a.*",
      16);
  REQUIRE(parse_read_request(good).ok());
  for (size_t cut = 1; cut < good.size(); ++cut) CHECK_FALSE(parse_read_request(good.substr(0, cut)).ok());
  std::string unknown = good;
  unknown[5] = 4;
  auto refused = parse_read_request(unknown);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message == "invalid matcher type 4");
}

TEST_CASE("a field of another wire type is not the field, as in protobuf") {
  // queries { 1: "xx"  3: 7  matchers { 1: ""  2: 5 }  hints { 1: "y"  2: 1 } }
  const char body[] = "\x0a\x13\x0a\x02xx\x18\x07\x1a\x04\x0a\x00\x10\x05\x22\x05\x0a\x01y\x10\x01";
  auto request = parse_read_request(std::string_view(body, sizeof body - 1));
  REQUIRE(request.ok());
  REQUIRE(request->queries.size() == 1);
  CHECK(request->queries[0].start_ms == 0);
  CHECK(request->queries[0].step_ms == 0);
  CHECK(request->queries[0].function.empty());
  REQUIRE(request->queries[0].matchers.size() == 1);
  CHECK(view(request->queries[0].matchers[0].name).empty());
}

TEST_CASE("the first known type that the reader accepts is chosen") {
  CHECK(*choose_response_type({}) == ResponseType::kSamples);
  CHECK(*choose_response_type({1, 0}) == ResponseType::kStreamedXorChunks);
  CHECK(*choose_response_type({7, 0}) == ResponseType::kSamples);
  CHECK_FALSE(choose_response_type({7}).ok());
}

TEST_CASE("a frame has its length and a big-endian CRC32C before the message") {
  // RFC 3720, B.4: 32 bytes of zeros have the checksum 0x8a9136aa.
  CHECK(frame(std::string(32, '\0')) == std::string("\x20\x8a\x91\x36\xaa", 5) + std::string(32, '\0'));
}

}  // namespace
}  // namespace nightlight::remote_read
