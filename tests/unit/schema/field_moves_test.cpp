#include <doctest/doctest.h>

#include "base/buffer.hpp"
#include "schema/field_moves.hpp"

using csiem::Buffer;
using csiem::schema::check_mappings;
using csiem::schema::FieldMapping;
using csiem::schema::FieldMoves;
using csiem::schema::OutputSettings;

namespace {

csiem_event sample() {
  csiem_event e{};
  e.struct_size = sizeof e;
  e.agent_id = {"agent-1", 7};
  e.user_id = {"alice", 5};
  e.guard = {"g=1", 3};
  e.resource_port = 443;
  e.metadata_json = {R"({"pid":"12","bad":"x"})", 22};
  return e;
}

std::string moved(const char* format, std::vector<FieldMapping> mappings, std::string_view text,
                  uint64_t* skipped = nullptr) {
  OutputSettings settings;
  settings.mappings[format] = std::move(mappings);
  const auto problems = check_mappings(format, settings.mappings[format], settings);
  if (!problems.empty()) return problems.front().what;
  const auto moves = FieldMoves::make(format, settings);
  Buffer out;
  const csiem_event event = sample();
  moves->apply(event, text, out.writer());
  if (skipped != nullptr) *skipped = moves->skipped();
  return std::string(out.view());
}

}  // namespace

TEST_CASE("a value goes to its target and leaves its usual place") {
  constexpr std::string_view kText =
      R"({"event":{"id":"1"},"agent":{"id":"agent-1","name":"b"},"user":{"id":"alice"}})";
  CHECK(moved("ecs", {{"agent.id", "observer.name"}}, kText) ==
        R"({"event":{"id":"1"},"agent":{"name":"b"},"user":{"id":"alice"},"observer":{"name":"agent-1"}})");
  // An object that has become empty goes; one that is there takes the value.
  CHECK(moved("ecs", {{"session.user_id", "agent.ephemeral_id"}}, kText) ==
        R"({"event":{"id":"1"},"agent":{"id":"agent-1","name":"b","ephemeral_id":"alice"}})");
  CHECK(moved("ecs", {{"session.user_id", "user.id"}}, kText) == kText);
  CHECK(moved("ecs", {{"session.user_id", "tags"}}, R"({"a":[1,{"b":"}"}]})") ==
        R"({"a":[1,{"b":"}"}],"tags":["alice"]})");
}

TEST_CASE("a value that the target does not take stays where it is") {
  uint64_t skipped = 0;
  CHECK(moved("ecs", {{"metadata.pid", "process.pid"}, {"metadata.bad", "process.thread.id"}}, R"({"a":1})",
              &skipped) == R"({"a":1,"process":{"pid":12}})");
  CHECK(skipped == 1);
  CHECK(moved("ecs", {{"metadata.absent", "process.pid"}}, R"({"a":1})", &skipped) == R"({"a":1})");
  CHECK(skipped == 0);
}

TEST_CASE("OCSF: tags are added, observables of what is gone go, an object without its name goes") {
  CHECK(
      moved(
          "ocsf", {{"session.user_id", "metadata.tags.user"}},
          R"({"actor":{"app_uid":"x","user":{"uid":"alice"}},"observables":[{"name":"actor.user.uid","value":"alice"}],)"
          R"("metadata":{"tags":[{"name":"a","value":"b"}]}})") ==
      R"({"actor":{"app_uid":"x"},"metadata":{"tags":[{"name":"a","value":"b"},{"name":"user","value":"alice"}]}})");
  CHECK(moved("ocsf", {{"session.user_id", "actor.user.name"}},
              R"({"actor":{"user":{"uid":"alice"}},"observables":[{"name":"actor.user.uid"},{"name":"x"}]})") ==
        R"({"actor":{"user":{"name":"alice"}},"observables":[{"name":"x"}]})");
}

TEST_CASE("CEF: pairs move, slots are taken over with their label, values are escaped") {
  constexpr std::string_view kLine = "CEF:0|a|b|c|d|e|1|suid=alice dpt=443 cs1=g\\=1 cs1Label=Guard msg=x y";
  CHECK(moved("cef", {{"session.user_id", "duser"}}, kLine) ==
        "CEF:0|a|b|c|d|e|1|dpt=443 cs1=g\\=1 cs1Label=Guard msg=x y duser=alice");
  CHECK(moved("cef", {{"agent.id", "cs1:Agent"}}, kLine) ==
        "CEF:0|a|b|c|d|e|1|suid=alice dpt=443 msg=x y cs1=agent-1 cs1Label=Agent");
  CHECK(moved("cef", {{"decision.guard", "flexString2:Why"}}, kLine) ==
        "CEF:0|a|b|c|d|e|1|suid=alice dpt=443 msg=x y flexString2=g\\=1 flexString2Label=Why");
}
