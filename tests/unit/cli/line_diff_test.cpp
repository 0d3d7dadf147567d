#include "cli/line_diff.hpp"

#include <doctest/doctest.h>

#include <string>

using csiem::cli::line_diff;

TEST_CASE("the same texts have no difference") {
  CHECK(line_diff("", "").empty());
  CHECK(line_diff("a\nb\n", "a\nb\n").empty());
}

TEST_CASE("a changed line is shown with what stands around it, the rest is left out") {
  CHECK(line_diff("1\n2\n3\n4\n5\n6\n7\n", "1\n2\n3\nfour\n5\n6\n7\n") == "...\n  2\n  3\n- 4\n+ four\n  5\n  6\n");
}

TEST_CASE("lines that came and went are told apart from those that stayed") {
  CHECK(line_diff("a\nb\nc\n", "a\nc\nd\n") == "  a\n- b\n  c\n+ d\n");
  CHECK(line_diff("", "a\n") == "+ a\n");
  CHECK(line_diff("a\n", "") == "- a\n");
}

TEST_CASE("distant changes are parted") {
  CHECK(line_diff("a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n") ==
        "- a\n+ A\n  1\n  2\n...\n  5\n  6\n- b\n+ B\n");
}

TEST_CASE("a missing line feed at the end is a difference") { CHECK_FALSE(line_diff("a\n", "a").empty()); }

TEST_CASE("texts of very many lines are compared as blocks") {
  std::string a, b;
  for (int i = 0; i < 2500; ++i) {
    a += "a" + std::to_string(i) + "\n";
    b += "b" + std::to_string(i) + "\n";
  }
  const auto diff = line_diff(a, b);
  CHECK(diff.starts_with("- a0\n- a1\n"));
  CHECK(diff.ends_with("+ b2499\n"));
}
