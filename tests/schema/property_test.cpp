// Whatever an event holds, what the linked format makes of it obeys its schema. The seed is printed, and taken from
// CSIEM_TEST_SEED when that is set.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "common/test_format.hpp"
#include "random_event.hpp"
#include "schema/field_moves.hpp"
#include "schema/output_fields.hpp"
#include "schema/validators.hpp"

using csiem::testing::RandomEvents;
using csiem::testing::TestFormat;
namespace schema = csiem::schema;

namespace {

constexpr uint64_t kEvents = 2 * RandomEvents::kCombinations;

struct Case {
  std::string_view format;
  TestFormat::Settings settings;
};

std::vector<Case> cases() {
  const TestFormat::Settings host = {{"csiem.host_name", "box.example"}};
  const std::vector<Case> all = {
      {"ecs", {}},
      {"ecs", {{"csiem.host_name", "box.example"}, {"include_raw", "true"}}},
      {"ocsf", {}},
      {"ocsf", {{"csiem.host_name", "box.example"}, {"include_raw", "true"}, {"mode", "activity"}}},
      {"ocsf", {{"version", "1.5.0"}}},
      {"ocsf", {{"version", "1.6.0"}, {"mode", "activity"}}},
      {"ocsf", {{"version", "1.7.0"}, {"csiem.host_name", "box.example"}}},
      {"cef", {}},
      {"cef", {{"csiem.host_name", "box.example"}, {"include_raw", "true"}}},
      {"cef", {{"custom_keys", "true"}}},
  };
  std::vector<Case> out;
  for (const Case& one : all)
    if (one.format == TestFormat::component().name) out.push_back(one);
  return out;
}

std::unique_ptr<schema::Validator> validator(const Case& c, bool quick = true) {
  const auto setting = [&c](const char* name, const char* fallback) {
    const auto at = c.settings.find(name);
    return at == c.settings.end() ? std::string(fallback) : at->second;
  };
  if (c.format == "ocsf") return schema::make_ocsf_validator(setting("version", "1.8.0"), quick);
  if (c.format == "cef")
    return schema::make_cef_validator(setting("custom_keys", "") == "true" ? "ClawdstrikeSiem" : "", quick);
  return schema::make_ecs_validator("clawdstrike", quick);
}

uint64_t seed() {
  const char* const given = std::getenv("CSIEM_TEST_SEED");
  return given == nullptr ? 20260302 : std::strtoull(given, nullptr, 10);
}

}  // namespace

namespace {

schema::OutputSettings mapped(std::string_view format) {
  schema::OutputSettings out;
  if (format == "ecs")
    out.mappings["ecs"] = {{"agent.id", "observer.name"},
                           {"session.user_id", "user.name"},
                           {"session.tenant_id", "cloud.account.id"},
                           {"decision.guard", "event.provider"},
                           {"resource.port", "clawdstrike.port"},
                           {"labels.a", "tags"},
                           {"metadata.url", "url.full"},
                           {"metadata.pid", "process.pid"},
                           {"decision.reason", "rule.description"},
                           {"ingested_at", "event.created"},
                           {"metadata.hostname", "source.ip"},
                           {"decision.allowed", "clawdstrike.extra.ok"},
                           {"resource.name", "source.port"},
                           {"threat.technique", "labels.technique"},
                           {"agent.version", "service.version"},
                           {"resource.host", "url.domain"}};
  if (format == "ocsf")
    out.mappings["ocsf"] = {{"session.user_id", "actor.user.name"},
                            {"session.tenant_id", "metadata.tags.tenant"},
                            {"decision.ruleset", "unmapped.acme.ruleset"},
                            {"decision.policy_hash", "metadata.labels"},
                            {"decision.reason", "status_detail"},
                            {"event_type", "unmapped.acme.a.b"},
                            {"decision.guard", "status_code"},
                            {"agent.version", "metadata.tags.agent"},
                            {"schema_version", "unmapped.clawdstrike.extra"}};
  if (format == "cef")
    out.mappings["cef"] = {{"session.user_id", "duser"},
                           {"resource.host", "shost"},
                           {"labels.a", "cs5:Team"},
                           {"metadata.pid", "spid"},
                           {"metadata.url", "requestClientApplication"},
                           {"decision.guard", "flexString2:Why"},
                           {"ingested_at", "end"},
                           {"metadata.hostname", "src"},
                           {"decision.reason", "cs1:Reason"},
                           {"resource.port", "cn1:Port"}};
  return out;
}

std::string moved(schema::FieldMoves& moves, const csiem_event& event, const std::string& text) {
  std::vector<uint8_t> bytes(2 * text.size() + (1U << 20));
  csiem_writer writer{bytes.data(), bytes.data() + bytes.size(),
                      [](csiem_writer*, std::size_t) noexcept { return csiem_status{CSIEM_E_LIMIT}; }, nullptr};
  moves.apply(event, text, writer);
  return {bytes.data(), writer.cur};
}

}  // namespace

TEST_CASE("moved fields keep the schema") {
  const auto settings = mapped(TestFormat::component().name);
  const std::string name(TestFormat::component().name);
  for (const auto& problem : schema::check_mappings(name, settings.mappings.at(name), settings)) FAIL(problem.what);
  const auto moves = schema::FieldMoves::make(name, settings);
  REQUIRE(moves != nullptr);
  for (const Case& c : cases()) {
    if (c.settings.count("version") != 0 || c.settings.count("custom_keys") != 0) continue;
    RandomEvents events(seed() + 1);
    TestFormat format(c.settings);
    const auto rules = validator(c);
    uint64_t changed = 0;
    for (uint64_t n = 0; n < kEvents; ++n) {
      const csiem_event& event = events.next();
      const std::string plain = format.encode(event), text = moved(*moves, event, plain);
      std::vector<schema::Violation> found;
      const bool good = rules->check(text, found);
      REQUIRE_MESSAGE(good, "event ", n, ": ", found.front().path, ": ", found.front().rule, " (", found.front().detail,
                      ") in ", text.substr(0, 3000));
      if (text != plain) ++changed;
    }
    CHECK(changed > kEvents / 2);
  }
  if (name != "ocsf") CHECK(moves->skipped() > 0);  // all of those targets take any text
}

namespace {

// Names of fields that an operator may not want to send, with many that the schema does not let go.
std::vector<std::string> wishes(std::string_view format) {
  if (format == "ecs")
    return {"@timestamp",
            "ecs",
            "event.kind",
            "event.outcome",
            "event.id",
            "event.reason",
            "event.original",
            "event.code",
            "message",
            "agent",
            "user.id",
            "labels.team",
            "labels",
            "host",
            "observer",
            "file.path",
            "rule.name",
            "related",
            "destination",
            "process.command_line",
            "threat.indicator",
            "threat.technique",
            "organization",
            "clawdstrike.metadata",
            "clawdstrike.resource.path",
            "clawdstrike.session_id",
            "event.severity"};
  if (format == "ocsf")
    return {"class_uid",
            "time",
            "metadata.profiles",
            "metadata.version",
            "actor",
            "actor.user.uid",
            "actor.user",
            "actor.session",
            "device",
            "device.hostname",
            "device.uid",
            "message",
            "raw_data",
            "finding_info.title",
            "finding_info.desc",
            "file.path",
            "file.name",
            "evidences",
            "evidences.file.path",
            "evidences.process.cmd_line",
            "resources.name",
            "resources",
            "policy.name",
            "policy.uid",
            "policy",
            "observables",
            "status",
            "status_id",
            "disposition",
            "disposition_id",
            "activity_name",
            "severity",
            "attacks",
            "metadata.tags",
            "metadata.tenant_uid",
            "metadata.product",
            "metadata.uid",
            "unmapped.clawdstrike.metadata",
            "unmapped",
            "time_dt",
            "dst_endpoint.hostname",
            "dst_endpoint",
            "src_endpoint",
            "process.cmd_line",
            "api.operation",
            "osint",
            "metadata.logged_time",
            "action",
            "action_id",
            "is_alert",
            "type_name"};
  return {"start",
          "rt",
          "externalId",
          "cat",
          "act",
          "suid",
          "filePath",
          "fname",
          "dst",
          "dhost",
          "cs1",
          "cs2",
          "cs1Label",
          "cs6",
          "msg",
          "reason",
          "dvchost",
          "deviceCustomDate1",
          "ClawdstrikeSiemLabels",
          "deviceVendor"};
}

constexpr uint64_t kFewer = 500;

// The output keeps its schema; returns how many events got shorter.
uint64_t sent_with(const schema::OutputSettings& settings, const Case& c) {
  const std::string name(c.format);
  for (const auto& problem : schema::check_fields(name, settings)) FAIL(problem.what);
  const auto fields = schema::OutputFields::make(name, settings);
  REQUIRE(fields != nullptr);
  RandomEvents events(seed() + 3);
  TestFormat format(c.settings);
  const auto rules = validator(c);
  uint64_t shorter = 0;
  for (uint64_t n = 0; n < kFewer; ++n) {
    const std::string plain = format.encode(events.next());
    std::vector<uint8_t> bytes(plain.size() + 64);
    csiem_writer writer{bytes.data(), bytes.data() + bytes.size(),
                        [](csiem_writer*, std::size_t) noexcept { return csiem_status{CSIEM_E_LIMIT}; }, nullptr};
    fields->apply(plain, writer);
    const std::string text(bytes.data(), writer.cur);
    std::vector<schema::Violation> found;
    const bool good = rules->check(text, found);
    REQUIRE_MESSAGE(good, "event ", n, ": ", found.front().path, ": ", found.front().rule, " (", found.front().detail,
                    ") in ", text.substr(0, 3000));
    if (text.size() < plain.size()) ++shorter;
  }
  return shorter;
}

}  // namespace

TEST_CASE("fewer fields keep the schema: whatever may be excluded, alone and together, and any field alone") {
  const std::string name(TestFormat::component().name);
  for (const Case& c : cases()) {
    schema::OutputSettings all;
    const auto version = c.settings.find("version");
    if (version != c.settings.end()) all.versions[name] = version->second;
    uint64_t refused = 0;
    const bool each = c.settings.empty();
    for (const std::string& wish : wishes(name)) {
      CAPTURE(wish);
      schema::OutputSettings one = all;
      one.fields[name] = {{}, {wish}};
      if (!schema::check_fields(name, one).empty()) {
        ++refused;
        continue;
      }
      if (each) sent_with(one, c);
      one.fields[name] = {{wish}, {}};
      if (each) CHECK(sent_with(one, c) > 0);
      all.fields[name].exclude.push_back(wish);
      if (!schema::check_fields(name, all).empty()) all.fields[name].exclude.pop_back();
    }
    CHECK(refused > 1);
    CHECK(all.fields[name].exclude.size() > 10);
    CHECK(sent_with(all, c) == kFewer);
  }
}

namespace {

// A byte changed, left out, repeated, or a piece moved over another; sometimes nothing.
void damage(std::string& text, std::mt19937_64& random) {
  for (uint64_t changes = random() % 3; changes > 0 && !text.empty(); --changes) {
    const std::size_t at = random() % text.size(), from = random() % text.size();
    switch (random() % 5) {
      case 0:
        text[at] = "\"{}[],:\\019ae.-tfn|= \x01\x80"[random() % 23];
        break;
      case 1:
        text.erase(at, 1 + random() % 3);
        break;
      case 2:
        text.insert(at, 1, text[at]);
        break;
      case 3:
        text.insert(at, text.substr(from, random() % 40));
        break;
      default:
        text.replace(at, std::min<std::size_t>(5, text.size() - at), text.substr(from, 5));
    }
  }
}

}  // namespace

TEST_CASE("the quick look accepts nothing that the thorough check refuses") {
  for (const Case& c : cases()) {
    const auto quick = validator(c), thorough = validator(c, false);
    RandomEvents events(seed() + 2);
    TestFormat format(c.settings);
    std::mt19937_64 random(seed());
    uint64_t bad = 0;
    for (uint64_t n = 0; n < kEvents / 2; ++n) {
      std::string text = format.encode(events.next());
      if (text.size() > 20'000) continue;
      damage(text, random);
      std::vector<schema::Violation> found, other;
      const bool good = thorough->check(text, other);
      REQUIRE_MESSAGE(quick->check(text, found) == good, text.substr(0, 3000));
      if (!good) ++bad;
    }
    CHECK(bad > kEvents / 50);
  }
}

TEST_CASE("random events, every combination of the enumerations, keep the schema") {
  MESSAGE("CSIEM_TEST_SEED=", seed());
  const auto all = cases();
  REQUIRE_FALSE(all.empty());
  for (const Case& c : all) {
    RandomEvents events(seed());
    TestFormat format(c.settings);
    REQUIRE_MESSAGE(format.created, format.error);
    const auto rules = validator(c);
    for (uint64_t n = 0; n < kEvents; ++n) {
      const csiem_event& event = events.next();
      const std::string text = format.encode(event);
      std::vector<schema::Violation> found;
      const bool good = rules->check(text, found);
      REQUIRE_MESSAGE(good, "event ", n, ": ", found.front().path, ": ", found.front().rule, " (", found.front().detail,
                      ") in ", text.substr(0, 3000));
      REQUIRE(text.find('\n') == std::string::npos);
      if (n % 16 == 0) REQUIRE_MESSAGE(format.encode(event) == text, "event ", n, ": not the same twice");
    }
  }
}
