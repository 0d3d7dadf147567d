// Framings, envelopes and templates.
// SPDX-License-Identifier: Apache-2.0
#include "webhook/message.hpp"

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

// Calls item(i) for each event, with what the framing puts around and between them.
template <class F>
void frame(Framing framing, std::size_t count, Request& out, F&& item) {
  if (framing == Framing::array) out.write([](Out& o) { o.byte('['); });
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0 && framing == Framing::array) out.write([](Out& o) { o.byte(','); });
    item(i);
  }
  if (framing == Framing::array) out.write([](Out& o) { o.byte(']'); });
}

}  // namespace

std::vector<BodyWriter::Refused> BodyWriter::write(const csiem_batch& batch, std::vector<uint32_t>& events,
                                                   std::string_view shortened, std::size_t limit, Request& out) {
  if (shape_.templated()) return write_templated(batch, events, shortened, limit, out);
  const bool json = common::is_json_type(view(batch.content_type));
  frame(shape_.framing, events.size(), out, [&](std::size_t i) {
    const csiem_event& event = *batch.events[events[i]];
    const std::string_view body = shortened.empty() ? view(batch.bodies[events[i]]) : shortened;
    if (shape_.framing == Framing::ndjson)
      write_line(shape_, event, body, json, out);
    else if (shape_.framing == Framing::single && !shape_.envelope)
      out.add(body);
    else
      write_value(shape_, event, body, json, out);
  });
  return {};
}

std::vector<BodyWriter::Refused> BodyWriter::write_templated(const csiem_batch& batch, std::vector<uint32_t>& events,
                                                             std::string_view shortened, std::size_t limit,
                                                             Request& out) {
  std::vector<Refused> refused;
  const bool json = common::is_json_type(view(batch.content_type));
  rendered_.clear();
  ends_.clear();
  std::size_t kept = 0;
  for (const uint32_t i : events) {
    const std::string_view body = shortened.empty() ? view(batch.bodies[i]) : shortened;
    const std::size_t begin = rendered_.size();
    if (auto failure = render({*batch.events[i], body, json}, begin + limit)) {
      rendered_.truncate(begin);
      refused.push_back({i, std::move(*failure)});
      continue;
    }
    ends_.push_back(rendered_.size());
    events[kept++] = i;
  }
  events.resize(kept);
  if (events.empty()) return refused;
  // Views only now: the buffer does not grow any more.
  const auto item = [&](std::size_t i) {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return rendered_.view(begin).substr(0, ends_[i] - begin);
  };
  frame(shape_.framing, events.size(), out, [&](std::size_t i) {
    if (shape_.framing == Framing::ndjson)
      common::add_line(item(i), out);
    else
      out.add(item(i));
  });
  return refused;
}

std::optional<templates::Failure> BodyWriter::render(const templates::Subject& subject, std::size_t limit) {
  return shape_.tree.empty() ? shape_.text.render(subject, scratch_, limit, rendered_)
                             : shape_.tree.render(subject, scratch_, limit, rendered_);
}

std::string BodyWriter::content_type(const csiem_batch& batch) const {
  if (!shape_.content_type.empty()) return shape_.content_type;
  const std::string_view body_type = view(batch.content_type);
  const char* const json = shape_.framing == Framing::ndjson ? "application/x-ndjson" : "application/json";
  if (shape_.templated()) return shape_.text.empty() ? json : "text/plain; charset=utf-8";
  const bool text = !shape_.envelope && !common::is_json_type(body_type) && shape_.framing != Framing::array;
  if (text) return body_type.empty() ? "text/plain; charset=utf-8" : std::string(body_type);
  return json;
}

}  // namespace csiem::webhook
