#include <doctest/doctest.h>

#include <string>

#include "base/arena.hpp"

TEST_CASE("an arena keeps what it copied and reuses its blocks") {
  csiem::Arena arena(1024);
  const auto small = arena.copy("hello");
  const std::string big(5000, 'x');
  const auto large = arena.copy(big);
  CHECK(small == "hello");
  CHECK(large == big);
  for (int i = 0; i < 100; ++i) arena.copy("0123456789");
  const auto held = arena.memory_bytes();
  CHECK(held >= 6000);
  arena.clear();
  CHECK(arena.memory_bytes() < held);  // the oversized block is given back
  const auto kept = arena.memory_bytes();
  for (int i = 0; i < 100; ++i) arena.copy("0123456789");
  CHECK(arena.memory_bytes() == kept);
}

TEST_CASE("the unused tail of the newest allocation can be given back") {
  csiem::Arena arena;
  char* p = arena.allocate_chars(100);
  arena.shrink_last(p + 100, p + 10);
  CHECK(arena.allocate_chars(1) == p + 10);
}
