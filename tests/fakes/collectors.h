// What the contract hands over in pieces, kept in one.
#ifndef NIGHTLIGHT_TESTS_FAKES_COLLECTORS_H_
#define NIGHTLIGHT_TESTS_FAKES_COLLECTORS_H_

#include <string>
#include <vector>

#include "nightlight/storage.h"
#include "nightlight/sugar.h"

namespace nightlight::fakes {

struct Text final : TextSink {
  Status write(Str piece) noexcept override {
    text += view(piece);
    return kOkStatus;
  }
  std::string text;
};

struct Strings final : StringSink {
  Status add(View<Str> strings) noexcept override {
    for (Str s : strings) all.emplace_back(view(s));
    return kOkStatus;
  }
  std::vector<std::string> all;
};

}  // namespace nightlight::fakes

#endif  // NIGHTLIGHT_TESTS_FAKES_COLLECTORS_H_
