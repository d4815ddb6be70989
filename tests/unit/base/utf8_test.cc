#include "base/utf8.h"

#include <doctest/doctest.h>

namespace nightlight {
namespace {

TEST_CASE("UTF-8 is checked as Go's utf8.ValidString does") {
  for (const char* good : {"", "plain text of more than eight bytes", "h\xc3\xa9llo", "\xed\x9f\xbf",
                           "\xf4\x8f\xbf\xbf", "\xe2\x82\xac"}) {
    CAPTURE(good);
    CHECK(is_utf8(good));
  }
  for (const char* bad : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "eight by\xe2\x82", "\x80"}) {
    CAPTURE(bad);
    CHECK(!is_utf8(bad));
  }
}

TEST_CASE("what is no UTF-8 is replaced byte by byte, as Go's encoding/json does") {
  CHECK(as_utf8("plain") == "plain");
  CHECK(as_utf8("h\xc3\xa9") == "h\xc3\xa9");
  CHECK(as_utf8("a\xff\xc3\xa9\xe2\x82") == "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd");
}

}  // namespace
}  // namespace nightlight
