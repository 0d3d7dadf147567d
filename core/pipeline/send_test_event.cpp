#include "pipeline/send_test_event.hpp"

#include <array>
#include <csiem/json.hpp>
#include <string_view>

#include "base/buffer.hpp"
#include "base/clock.hpp"
#include "base/rfc3339.hpp"
#include "base/version.hpp"
#include "event/ids.hpp"
#include "event/vocabulary.hpp"
#include "ingest/ingest.hpp"
#include "pipeline/intake.hpp"
#include "process/stamp.hpp"

namespace csiem::pipeline {
namespace {

std::string new_id(int64_t unix_ns) {
  std::array<char, 16> random;
  secure_random(random.data(), random.size());
  const std::array<std::string_view, 1> parts{std::string_view(random.data(), random.size())};
  std::string id(event::kUuidLength, '\0');
  event::IdMaker().derive("send-test", parts, unix_ns, id.data());
  return id;
}

std::string event_json(const config::Global& global, const std::string& exporter, int32_t severity, int64_t unix_ns) {
  const std::string agent = global.host_name.empty() ? std::string("clawdstrike-siem") : global.host_name;
  const bool blocked = severity >= CSIEM_SEV_HIGH;
  Buffer text;
  Out out(text.writer());
  Json json(out);
  json.open();
  json.text("schema_version", "1.0.0");
  json.text("event_id", new_id(unix_ns));
  json.text("event_type", blocked ? "guard_block" : "policy_allow");
  json.text("event_category", "configuration");
  json.text("timestamp", format_rfc3339(unix_ns));
  json.open("agent");
  json.text("id", agent);
  json.text("name", agent);
  json.text("version", kVersion);
  json.text("type", "clawdstrike");
  json.close();
  json.open("session");
  json.text("id", "clawdstrike-siem");
  json.close();
  json.text("outcome", blocked ? "failure" : "success");
  json.text("action", "send_test");
  json.open("threat");
  json.close();
  json.open("decision");
  json.boolean("allowed", !blocked);
  json.text("guard", "engine");
  json.text("severity", event::text(static_cast<event::Severity>(severity)));
  json.text("reason", "[TEST] sent by clawdstrike-siem send-test");
  json.close();
  json.open("resource");
  json.text("type", "configuration");
  json.text("name", "[TEST] exporter " + exporter);
  json.close();
  json.open("metadata");
  json.text("exporter", exporter);
  json.close();
  json.open("labels");
  json.text("clawdstrike_test", "true");
  json.close();
  json.close();
  return std::string(text.view());
}

}  // namespace

Result<event::BatchRef> send_test_event(const config::Global& global, const std::string& exporter, int32_t severity) {
  const int64_t now = system_clock().unix_ns();
  event::BatchBuilder events(event::BatchPool::create(1));
  ingest::Mapper mapper{ingest::Options{}};
  const auto mapped = mapper.map(event_json(global, exporter, severity, now), now, events);
  if (mapped.accepted != 1)
    return Error{Code::internal, "the test event is no event: " + std::string(mapped.detail), 9001};
  process::Stamper(stamp_settings(global)).stamp(events, 0, now);
  return events.seal(system_clock().mono_ns());
}

}  // namespace csiem::pipeline
