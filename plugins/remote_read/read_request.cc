#include "remote_read/read_request.h"

#include <protozero/pbf_reader.hpp>

#include "nightlight/sugar.h"

namespace nightlight::remote_read {
namespace {

using protozero::pbf_wire_type;
using protozero::tag_and_type;

Str text(protozero::data_view view) { return Str{view.data(), view.size()}; }

Matcher parse_matcher(protozero::pbf_reader message) {
  Matcher matcher{sizeof(Matcher), MatchOp::kEqual, Str{"", 0}, Str{"", 0}};
  while (message.next()) {
    switch (message.tag_and_type()) {
      case tag_and_type(1, pbf_wire_type::varint):
        matcher.op = static_cast<MatchOp>(message.get_enum());
        break;
      case tag_and_type(2, pbf_wire_type::length_delimited):
        matcher.name = text(message.get_view());
        break;
      case tag_and_type(3, pbf_wire_type::length_delimited):
        matcher.value = text(message.get_view());
        break;
      default:
        message.skip();
    }
  }
  return matcher;
}

void parse_hints(protozero::pbf_reader message, ReadQuery& query) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case tag_and_type(1, pbf_wire_type::varint):
        query.step_ms = message.get_int64();
        break;
      case tag_and_type(2, pbf_wire_type::length_delimited):
        query.function = view(text(message.get_view()));
        break;
      case tag_and_type(7, pbf_wire_type::varint):
        query.range_ms = message.get_int64();
        break;
      default:
        message.skip();
    }
  }
}

ReadQuery parse_query(protozero::pbf_reader message) {
  ReadQuery query;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case tag_and_type(1, pbf_wire_type::varint):
        query.start_ms = message.get_int64();
        break;
      case tag_and_type(2, pbf_wire_type::varint):
        query.end_ms = message.get_int64();
        break;
      case tag_and_type(3, pbf_wire_type::length_delimited):
        query.matchers.push_back(parse_matcher(message.get_message()));
        break;
      case tag_and_type(4, pbf_wire_type::length_delimited):
        parse_hints(message.get_message(), query);
        break;
      default:
        message.skip();
    }
  }
  return query;
}

ReadRequest parse(std::string_view body) {
  ReadRequest request;
  protozero::pbf_reader message(body.data(), body.size());
  while (message.next()) {
    switch (message.tag_and_type()) {
      case tag_and_type(1, pbf_wire_type::length_delimited):
        request.queries.push_back(parse_query(message.get_message()));
        break;
      case tag_and_type(2, pbf_wire_type::length_delimited):
        for (int32_t type : message.get_packed_enum()) request.accepted_types.push_back(type);
        break;
      case tag_and_type(2, pbf_wire_type::varint):
        request.accepted_types.push_back(message.get_enum());
        break;
      default:
        message.skip();
    }
  }
  return request;
}

}  // namespace

Result<ReadRequest> parse_read_request(std::string_view body) {
  ReadRequest request;
  try {
    request = parse(body);
  } catch (const protozero::exception& e) {
    return Error{Code::kInvalidArgument, std::string("cannot parse the read request: ") + e.what()};
  }
  for (const ReadQuery& query : request.queries) {
    for (const Matcher& matcher : query.matchers) {
      if (matcher.op > MatchOp::kNotRegex) {
        return Error{Code::kInvalidArgument,
                     "invalid matcher type " + std::to_string(static_cast<uint32_t>(matcher.op))};
      }
    }
  }
  return request;
}

Result<ResponseType> choose_response_type(const std::vector<int32_t>& accepted) {
  if (accepted.empty()) return ResponseType::kSamples;
  for (int32_t type : accepted) {
    if (type == 0 || type == 1) return static_cast<ResponseType>(type);
  }
  return Error{Code::kInvalidArgument,
               "server does not support any of the requested response types; supported: SAMPLES, "
               "STREAMED_XOR_CHUNKS"};
}

}  // namespace nightlight::remote_read
