// Writes envelopes without allocating per event.
// SPDX-License-Identifier: Apache-2.0
#include "splunk/envelope.hpp"

#include <algorithm>
#include <stdexcept>

namespace csiem::splunk {

void write_time(int64_t unix_ns, Out& out) {
  int64_t ms = unix_ns / 1'000'000;
  if (unix_ns % 1'000'000 < 0) --ms;
  if (ms < 0) {
    out.byte('-');
    ms = -ms;
  }
  out.integer(ms / 1000);
  const int64_t rest = ms % 1000;
  const char decimals[] = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                           static_cast<char>('0' + rest % 10)};
  out.raw({decimals, sizeof decimals});
}

Envelope::Envelope(const Parts& parts) : time_(parts.time) {
  bool first = !time_;
  const auto member = [&](std::string_view key, const common::Template& value) {
    if (!value.varies() && value.fixed_text().empty()) return;
    if (!first) middle_.literal(",");
    first = false;
    middle_.literal("\"" + std::string(key) + "\":\"");
    middle_.json(value);
    middle_.literal("\"");
  };
  member("host", parts.host);
  member("source", parts.source);
  member("sourcetype", parts.sourcetype);
  member("index", parts.index);
  middle_.literal(first ? "\"event\":" : ",\"event\":");
  for (const std::string& name : parts.indexed_fields) {
    const common::EventField* field = common::find_event_field(name);
    if (field == nullptr) throw std::invalid_argument("indexed_fields: '" + name + "' is not a field of an event");
    std::string key = name;
    std::replace(key.begin(), key.end(), '.', '_');
    indexed_.push_back({"\"" + key + "\":", field->member});
  }
}

void Envelope::head(const csiem_event& event, Out& out) const {
  out.byte('{');
  if (time_) {
    out.raw("\"time\":");
    write_time(event.time_unix_ns, out);
  }
  middle_.render(
      event, [&](std::string_view text) { out.raw(text); }, [&](std::string_view text) { out.escaped(text); });
}

void Envelope::tail(const csiem_event& event, Out& out) const {
  std::string_view before = ",\"fields\":{";
  for (const Indexed& indexed : indexed_) {
    const std::string_view value = view(event.*indexed.member);
    if (value.empty()) continue;
    out.raw(before);
    out.raw(indexed.key);
    out.string(value);
    before = ",";
  }
  out.raw(before == "," ? "}}\n" : "}\n");
}

void Envelope::write(const csiem_event& event, csiem_str body, bool body_is_json, Request& out) const {
  if (!body_is_json) {
    out.write([&](Out& o) {
      head(event, o);
      o.string(view(body));
      tail(event, o);
    });
    return;
  }
  out.write([&](Out& o) { head(event, o); });
  out.add(body);
  out.write([&](Out& o) { tail(event, o); });
}

}  // namespace csiem::splunk
