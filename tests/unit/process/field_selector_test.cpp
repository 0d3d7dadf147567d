// Which members a selector means, and which selectors are refused.
#include "process/privacy/field_selector.hpp"

#include <doctest/doctest.h>

using namespace csiem::process;
using P = FieldSelector::Purpose;

namespace {

bool accepted(std::string_view text, P purpose = P::redact) {
  return FieldSelector::parse(text, purpose).selector.has_value();
}

bool names(std::string_view selector, std::string_view path) {
  const auto parsed = FieldSelector::parse(selector, P::drop);
  REQUIRE(parsed.selector);
  return parsed.selector->names(path_segments(path));
}

}  // namespace

TEST_CASE("a star is one name, two stars are any number of names") {
  CHECK(names("metadata.a.b", "metadata.a.b"));
  CHECK_FALSE(names("metadata.a.b", "metadata.a"));
  CHECK_FALSE(names("metadata.a.b", "metadata.a.b.c"));
  CHECK(names("metadata.*.b", "metadata.x.b"));
  CHECK_FALSE(names("metadata.*.b", "metadata.x.y.b"));
  CHECK(names("metadata.**.b", "metadata.b"));
  CHECK(names("metadata.**.b", "metadata.x.y.b"));
  CHECK(names("**.b", "metadata.x.b"));
}

TEST_CASE("a selector covers what lies inside what it names") {
  const auto selector = *FieldSelector::parse("session", P::redact).selector;
  int covered = 0;
  for (const ModelField& field : model_fields()) covered += selector.covers(field);
  CHECK(covered == 4);
}

TEST_CASE("what follows labels is one name") {
  const auto selector = *FieldSelector::parse("labels.k8s.io/owner", P::drop).selector;
  CHECK(selector.names(std::vector<std::string>{"labels", "k8s.io/owner"}));
}

TEST_CASE("selectors that can match nothing are refused, with the nearest field") {
  CHECK(accepted("session.user_id"));
  CHECK(accepted("metadata.anything.at.all"));
  CHECK(accepted("*.id"));
  CHECK(accepted("labels.team"));
  for (const char* text : {"", ".", "session..id", "session.user", "sesion.user_id", "session.*.id", "meta*", "user",
                           "metadata.**.a.**"}) {
    CAPTURE(text);
    CHECK_FALSE(accepted(text));
  }
  CHECK(FieldSelector::parse("session.usr_id", P::drop).suggestion == "session.user_id");
  CHECK(FieldSelector::parse("lables.team", P::drop).suggestion == "labels.team");
}

TEST_CASE("members that every platform needs cannot be taken out") {
  for (const char* text : {"event_id", "timestamp", "decision.severity", "decision.allowed", "resource.type"}) {
    CAPTURE(text);
    CHECK_FALSE(accepted(text, P::drop));
    CHECK_FALSE(accepted(text, P::redact));
    CHECK_FALSE(accepted(text, P::hash));
    CHECK(accepted(text, P::keep));
  }
  CHECK(accepted("resource.port", P::drop));
  CHECK_FALSE(accepted("resource.port", P::hash));
  CHECK_FALSE(accepted("threat.tactic", P::redact));
}
