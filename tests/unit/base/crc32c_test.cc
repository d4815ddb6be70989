#include "base/crc32c.h"

#include <doctest/doctest.h>

#include <string>

using namespace nightlight;

TEST_CASE("CRC32C gives the check values of RFC 3720") {
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c("") == 0);
}

TEST_CASE("the instruction and the table agree at every length and split") {
  std::string text;
  for (int i = 0; i < 300; ++i) text.push_back(static_cast<char>(i * 131 + (i >> 3)));
  for (size_t size = 0; size <= text.size(); ++size) {
    std::string_view part = std::string_view(text).substr(0, size);
    CHECK(crc32c(part) == crc32c_portable(part.data(), part.size()));
    CHECK(crc32c(part.substr(size / 3), crc32c(part.substr(0, size / 3))) == crc32c(part));
  }
}
