// The record shapes: how each is told apart and mapped. One mapping per file, named after its shape.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "ingest/record.hpp"

namespace csiem::ingest {

// In the order of detection (events.md B.1): the first whose test holds wins.
enum class Shape : uint8_t {
  dead_letter,
  otlp,
  api_envelope,
  security_event,
  audit_v2,
  irm_event,
  policy_event,
  hushd_audit,
  adapter_core,
  openclaw_store,
  hushd_webhook,
  wrapped,
};
inline constexpr std::size_t kShapes = 12;

std::string_view shape_tag(Shape shape) noexcept;
// Of a tag that a source may be pinned to; envelopes have none.
std::optional<Shape> shape_of_tag(std::string_view tag) noexcept;
// One shape's own test.
bool has_shape(const Record& record, Shape shape) noexcept;
std::optional<Shape> detect(const Record& record) noexcept;

// Each maps one record that has its shape. The tokens must stay as they are until the view is sealed.
Verdict map_security_event(Context& c, const Record& record);
Verdict map_hushd_audit(Context& c, const Record& record);
Verdict map_openclaw_store(Context& c, const Record& record);
Verdict map_adapter_core(Context& c, const Record& record);
Verdict map_policy_event(Context& c, const Record& record);
Verdict map_audit_v2(Context& c, const Record& record);
Verdict map_irm_event(Context& c, const Record& record);
Verdict map_hushd_webhook(Context& c, const Record& record);
// A server-sent event of hushd: its payload and name.
Verdict map_hushd_sse(Context& c, const Record& record, std::string_view event_name);

}  // namespace csiem::ingest
