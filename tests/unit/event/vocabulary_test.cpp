#include "event/vocabulary.hpp"

#include <csiem/plugin.h>
#include <doctest/doctest.h>

#include <string>

using namespace csiem::event;

TEST_CASE("every value of a vocabulary goes to its word and back") {
  for (int32_t v = CSIEM_TYPE_POLICY_VIOLATION; v <= CSIEM_TYPE_SESSION_END; ++v) {
    const auto type = static_cast<EventType>(v);
    REQUIRE_FALSE(text(type).empty());
    CHECK(event_type(text(type)) == type);
  }
  for (int32_t v = CSIEM_CATEGORY_AUTHENTICATION; v <= CSIEM_CATEGORY_SESSION; ++v)
    CHECK(category(text(static_cast<Category>(v))) == static_cast<Category>(v));
  for (int32_t v = CSIEM_OUTCOME_UNKNOWN; v <= CSIEM_OUTCOME_FAILURE; ++v)
    CHECK(outcome(text(static_cast<Outcome>(v))) == static_cast<Outcome>(v));
  for (int32_t v = CSIEM_SEV_INFO; v <= CSIEM_SEV_CRITICAL; ++v)
    CHECK(severity(text(static_cast<Severity>(v))) == static_cast<Severity>(v));
  for (int32_t v = CSIEM_RESOURCE_FILE; v <= CSIEM_RESOURCE_CONFIGURATION; ++v)
    CHECK(resource_type(text(static_cast<ResourceType>(v))) == static_cast<ResourceType>(v));
  for (int32_t v = CSIEM_INDICATOR_DOMAIN; v <= CSIEM_INDICATOR_PATTERN; ++v)
    CHECK(indicator_type(text(static_cast<IndicatorType>(v))) == static_cast<IndicatorType>(v));
}

TEST_CASE("the words and values are those of the ABI") {
  CHECK(event_type("secret_detected") == static_cast<EventType>(CSIEM_TYPE_SECRET_DETECTED));
  CHECK(category("tool") == static_cast<Category>(CSIEM_CATEGORY_TOOL));
  CHECK(resource_type("process") == static_cast<ResourceType>(CSIEM_RESOURCE_PROCESS));
  CHECK(text(static_cast<Severity>(CSIEM_SEV_HIGH)) == "high");
}

TEST_CASE("values and words outside a vocabulary are nothing") {
  CHECK(text(static_cast<EventType>(0)).empty());
  CHECK(text(static_cast<EventType>(99)).empty());
  CHECK(text(static_cast<Severity>(-1)).empty());
  CHECK_FALSE(event_type("").has_value());
  CHECK_FALSE(event_type("GuardBlock").has_value());
  CHECK_FALSE(severity("warning").has_value());
}

TEST_CASE("event types are folded from other spellings") {
  CHECK(event_type_folded("GuardBlock") == EventType::guard_block);
  CHECK(event_type_folded(" policyViolation ") == EventType::policy_violation);
  CHECK(event_type_folded("session-end") == EventType::session_end);
  CHECK(event_type_folded("PATCH_REJECTED") == EventType::patch_rejected);
  CHECK_FALSE(event_type_folded("GuardBlocks").has_value());
  CHECK_FALSE(event_type_folded(std::string(500, 'a')).has_value());
}

TEST_CASE("source severities of any vocabulary and case") {
  struct Row {
    const char* word;
    Severity severity;
  };
  for (const Row row : {Row{"Critical", Severity::critical},
                        {"FATAL", Severity::critical},
                        {"error", Severity::high},
                        {"likely", Severity::high},
                        {" Warning ", Severity::medium},
                        {"notice", Severity::low},
                        {"Info", Severity::info},
                        {"safe", Severity::info}}) {
    CAPTURE(row.word);
    CHECK(severity_of_source(row.word) == row.severity);
  }
  CHECK_FALSE(severity_of_source("urgent").has_value());
}
