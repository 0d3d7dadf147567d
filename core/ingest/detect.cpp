#include <array>

#include "ingest/shapes.hpp"

namespace csiem::ingest {
namespace {

constexpr std::array<std::string_view, kShapes> kTags = {
    "dead_letter",  "otlp",        "api_envelope", "security_event", "audit_v2",      "irm_event",
    "policy_event", "hushd_audit", "adapter_core", "openclaw_store", "hushd_webhook", "wrapped",
};

bool is_envelope(Shape s) noexcept {
  return s == Shape::dead_letter || s == Shape::otlp || s == Shape::api_envelope || s == Shape::wrapped;
}

bool is_security_event(const Record& r) noexcept {
  const bool decided = r.is(Key::decision, Kind::object);
  if (decided && r.is(Key::resource, Kind::object)) return true;
  if (decided && (r.has(Key::agent) || r.has(Key::schema_version)) &&
      (r.has(Key::event_type) || r.has(Key::event_category)))
    return true;
  return r.has(Key::schema_version) && (r.has(Key::event_type) || r.has(Key::event_id));
}

bool is_policy_event(const Record& r) noexcept {
  if (!r.has(Key::eventType) && !r.has(Key::event_type)) return false;
  const Token* type = find(r.at(Key::data), "type");
  return type != nullptr && type->is(Kind::string);
}

}  // namespace

std::string_view shape_tag(Shape shape) noexcept { return kTags[static_cast<std::size_t>(shape)]; }

std::optional<Shape> shape_of_tag(std::string_view tag) noexcept {
  for (std::size_t i = 0; i < kShapes; ++i)
    if (kTags[i] == tag && !is_envelope(static_cast<Shape>(i))) return static_cast<Shape>(i);
  return std::nullopt;
}

bool has_shape(const Record& r, Shape shape) noexcept {
  switch (shape) {
    case Shape::dead_letter:
      return r.has(Key::exporter) && r.has(Key::failed_at) && r.is(Key::event, Kind::object);
    case Shape::otlp:
      return r.is(Key::resourceLogs, Kind::array);
    case Shape::api_envelope:
      return r.is(Key::events, Kind::array) && (r.has(Key::total) || r.has(Key::limit));
    case Shape::security_event:
      return is_security_event(r);
    case Shape::audit_v2:
      return (r.has(Key::eventId) && r.is(Key::action, Kind::object) && r.is(Key::decision, Kind::object)) ||
             (r.has(Key::decision_allowed) && r.has(Key::action_type));
    case Shape::irm_event:
      return r.is(Key::decision, Kind::object) && r.is(Key::run_id, Kind::string) &&
             r.is(Key::event_type, Kind::string);
    case Shape::policy_event:
      return is_policy_event(r);
    case Shape::hushd_audit:
      return r.is(Key::event_type, Kind::string) && r.is(Key::action_type, Kind::string) && r.has(Key::decision);
    case Shape::adapter_core:
      return r.is(Key::type, Kind::string) && r.is(Key::contextId, Kind::string);
    case Shape::openclaw_store:
      return r.is(Key::type, Kind::string) && r.is(Key::resource, Kind::string) && r.is(Key::decision, Kind::string);
    case Shape::hushd_webhook:
      return r.is(Key::event, Kind::string) && r.is(Key::data, Kind::object) && r.has(Key::timestamp);
    case Shape::wrapped:
      return r.is(Key::event, Kind::object) && (r.has(Key::time) || r.has(Key::sourcetype) || r.object().count == 1);
  }
  return false;
}

std::optional<Shape> detect(const Record& r) noexcept {
  for (std::size_t i = 0; i < kShapes; ++i)
    if (has_shape(r, static_cast<Shape>(i))) return static_cast<Shape>(i);
  return std::nullopt;
}

}  // namespace csiem::ingest
