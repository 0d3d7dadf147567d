// A corpus of configurations with one mistake each: what the loader says, and where.
#include <doctest/doctest.h>

#include "base/messages.hpp"
#include "support.hpp"

using namespace csiem::config;
using namespace csiem::config::test;

namespace {

struct Broken {
  const char* name;
  const char* text;
  int code;
  const char* place;    // line:column, or empty for findings about the whole
  const char* message;  // a part of it
  const char* hint;     // a part of it; empty: none is asked for
};

constexpr Broken kBroken[] = {
#include "broken_cases.inc"
};

std::string place(const Origin& origin) {
  return origin.line == 0 ? "" : std::to_string(origin.line) + ":" + std::to_string(origin.column);
}

}  // namespace

TEST_CASE("each mistake is reported once, with its code, place and next step") {
  for (const auto& broken : kBroken) {
    const std::string name = broken.name;
    CAPTURE(name);
    const auto loaded = load_text(broken.text);
    const std::string all = list(loaded);
    CAPTURE(all);
    REQUIRE(loaded.diagnostics.size() == 1);
    const auto& finding = loaded.diagnostics.front();
    CHECK(finding.code == broken.code);
    CHECK(place(finding.origin) == std::string(broken.place));
    CHECK(finding.message.find(broken.message) != std::string::npos);
    CHECK(finding.hint.find(broken.hint) != std::string::npos);
    if (*broken.hint == '\0') CHECK(finding.hint == "");
    CHECK(csiem::messages::find(finding.code) != nullptr);
  }
}

TEST_CASE("the corpus is large") { CHECK(std::size(kBroken) >= 60); }
