#include "net/content_coding.h"

#include <doctest/doctest.h>

namespace nightlight::net {
namespace {

TEST_CASE("the coding with the highest q is chosen, then zstd, then the first") {
  constexpr std::pair<const char*, const char*> kCases[] = {
      {"", "identity"},
      {"gzip", "gzip"},
      {"deflate", "deflate"},
      {"zstd", "zstd"},
      {"ZSTD", "zstd"},
      {"br", "identity"},
      {"*", "identity"},
      {"gzip, deflate", "gzip"},
      {"deflate, gzip", "deflate"},
      {"br,\tgzip", "gzip"},
      {"gzip, deflate, br, zstd", "zstd"},
      {"zstd, gzip", "zstd"},
      {"zstd;q=0.5, gzip", "gzip"},
      {"gzip;q=0.5, zstd;q=0.501, deflate;q=0.5", "zstd"},
      {"gzip; q=0.9 ; x=y , zstd ; x=y; Q=0.8", "gzip"},
      {"zstd;q=0, gzip;q=0.001", "gzip"},
      {"zstd;q=0", "identity"},
      {"gzip;q=0, zstd;q=0.000", "identity"},
      {"identity, gzip;q=0.5", "identity"},
      {"identity;q=0.5, gzip;q=0.5", "gzip"},
      {"gzip, identity;q=0", "gzip"},
      {"gzip;q=1.000", "gzip"},
      {"gzip;q=1.001", "identity"},
      {"gzip;q=2", "identity"},
      {"gzip;q=", "identity"},
      {"gzip;q=-1", "identity"},
      {"gzip;q=0.1234", "identity"},
      {"gzip;q=0,5", "identity"},
      {"gzip;q", "identity"},
      {"gzip x", "identity"},
      {",;,;=,zstd", "zstd"},
  };
  for (const auto& one : kCases) {
    CAPTURE(one.first);
    CHECK(name_of(choose_encoding(one.first)) == one.second);
  }
}

}  // namespace
}  // namespace nightlight::net
