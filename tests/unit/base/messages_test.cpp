#include <doctest/doctest.h>

#include <set>

#include "base/messages.hpp"

TEST_CASE("the catalogue is sorted by code, without repeats, and says what to do") {
  int last = 0;
  for (const auto& message : csiem::messages::all()) {
    CAPTURE(message.code);
    CHECK(message.code > last);
    last = message.code;
    CHECK_FALSE(message.title.empty());
    CHECK_FALSE(message.cause.empty());
    CHECK_FALSE(message.fix.empty());
  }
  CHECK(csiem::messages::find(4010) != nullptr);
  CHECK(csiem::messages::find(9999) == nullptr);
  CHECK(csiem::messages::code_text(4010) == "CS4010");
}
