#include "pipeline/send_test_event.hpp"

#include <array>
#include <string_view>

#include "base/clock.hpp"
#include "event/ids.hpp"
#include "event/vocabulary.hpp"
#include "ingest/ingest.hpp"
#include "pipeline/intake.hpp"
#include "pipeline/own_event.hpp"
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
  const bool blocked = severity >= CSIEM_SEV_HIGH;
  OwnEvent event;
  event.id = new_id(unix_ns);
  event.unix_ns = unix_ns;
  event.type = blocked ? "guard_block" : "policy_allow";
  event.action = "send_test";
  event.severity = event::text(static_cast<event::Severity>(severity));
  event.allowed = event.success = !blocked;
  event.reason = "[TEST] sent by clawdstrike-siem send-test";
  event.resource_name = "[TEST] exporter " + exporter;
  event.label = "clawdstrike_test";
  return own_event_json(event, global.host_name, [&](Json& json) { json.text("exporter", exporter); });
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
