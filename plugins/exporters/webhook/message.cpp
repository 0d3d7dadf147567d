// Framings and envelopes.
// SPDX-License-Identifier: Apache-2.0
#include "webhook/message.hpp"

#include "common/http_text.hpp"
#include "common/one_line.hpp"
#include "common/text.hpp"

namespace csiem::webhook {
namespace {

void open_envelope(const csiem_event& event, Out& out) {
  out.raw("{\"type\":\"clawdstrike.");
  out.escaped(view(event.type_name));
  out.raw("\",\"timestamp\":");
  out.string(view(event.time_text));
  out.raw(",\"data\":");
}

// One event as a JSON value.
void write_value(const Shape& shape, const csiem_event& event, std::string_view body, bool json, Request& out) {
  if (shape.envelope) out.write([&](Out& o) { open_envelope(event, o); });
  if (json)
    out.add(body);
  else
    out.write([&](Out& o) { o.string(body); });
  if (shape.envelope) out.write([](Out& o) { o.byte('}'); });
}

// One event on a line of its own. An envelope around a body with line feeds would need the body changed inside of it,
// so that rare case is written piece by piece.
void write_line(const Shape& shape, const csiem_event& event, std::string_view body, bool json, Request& out) {
  if (!shape.envelope) {
    common::add_line(body, out);
    return;
  }
  if (!json || body.find('\n') == std::string_view::npos) {
    write_value(shape, event, body, json, out);
    out.write([](Out& o) { o.byte('\n'); });
    return;
  }
  out.write([&](Out& o) {
    open_envelope(event, o);
    for (const char c : body) o.byte(c == '\n' ? ' ' : c);
    o.raw("}\n");
  });
}

}  // namespace

void write_body(const Shape& shape, const csiem_batch& batch, uint32_t first, uint32_t last, Request& out) {
  const bool json = common::is_json_type(view(batch.content_type));
  if (shape.framing == Framing::array) out.write([](Out& o) { o.byte('['); });
  for (uint32_t i = first; i < last; ++i) {
    const csiem_event& event = *batch.events[i];
    const std::string_view body = view(batch.bodies[i]);
    if (shape.framing == Framing::ndjson) {
      write_line(shape, event, body, json, out);
      continue;
    }
    if (i != first) out.write([](Out& o) { o.byte(','); });
    if (shape.framing == Framing::single && !shape.envelope)
      out.add(body);
    else
      write_value(shape, event, body, json, out);
  }
  if (shape.framing == Framing::array) out.write([](Out& o) { o.byte(']'); });
}

std::string content_type_of(const Shape& shape, const csiem_batch& batch) {
  if (!shape.content_type.empty()) return shape.content_type;
  const std::string_view body_type = view(batch.content_type);
  const bool text = !shape.envelope && !common::is_json_type(body_type) && shape.framing != Framing::array;
  if (text) return body_type.empty() ? "text/plain; charset=utf-8" : std::string(body_type);
  return shape.framing == Framing::ndjson ? "application/x-ndjson" : "application/json";
}

std::string header_id(std::string_view text) {
  std::string id = common::percent_encoded(text, ".~");
  if (id.size() > 255) id.resize(255);
  return id;
}

}  // namespace csiem::webhook
