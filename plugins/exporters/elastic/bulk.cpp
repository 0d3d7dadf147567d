// Writes action and document lines without allocating per event.
// SPDX-License-Identifier: Apache-2.0
#include "elastic/bulk.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "common/one_line.hpp"
#include "common/text.hpp"

namespace csiem::elastic {
namespace {

constexpr std::string_view kTimestamp = "\"@timestamp\"";

// '@' is rare in events, quotes are not: this is several times faster than looking for the whole name.
bool mentions_timestamp(std::string_view body) noexcept {
  for (auto at = body.find('@'); at != std::string_view::npos; at = body.find('@', at + 1))
    if (at > 0 && body.substr(at - 1, kTimestamp.size()) == kTimestamp) return true;
  return false;
}

}  // namespace

Bulk::Bulk(Target target, bool with_id) : target_(std::move(target)), with_id_(with_id) {}

void Bulk::action(const csiem_event& event, Out& out) {
  out.raw("{\"create\":{\"_index\":\"");
  target_.write(event, out);
  if (with_id_ && !view(event.event_id).empty()) {
    out.raw("\",\"_id\":\"");
    out.escaped(view(event.event_id));
  }
  out.raw("\"}}\n");
}

void Bulk::action(const csiem_event& event, Request& out) {
  out.write([&](Out& o) { action(event, o); });
}

bool Bulk::lacks_timestamp(const csiem_event& event, std::string_view body) const {
  if (!target_.is_data_stream() || body.substr(1, kTimestamp.size()) == kTimestamp) return false;
  if (view(event.time_text).empty() || body.size() < 2 || body.front() != '{') return false;
  if (!mentions_timestamp(body)) return true;
  // Somewhere in the document; only a member of the document itself counts. Rare: it is worth a real parse.
  boost::json::error_code error;
  const boost::json::value document = boost::json::parse({body.data(), body.size()}, error);
  return !error && document.is_object() && !document.get_object().contains("@timestamp");
}

void Bulk::write(const csiem_event& event, csiem_str body, Request& out) {
  std::string_view document = common::trimmed(view(body));
  out.write([&](Out& o) {
    action(event, o);
    if (!lacks_timestamp(event, document)) return;
    o.raw("{\"@timestamp\":");
    o.string(view(event.time_text));
    document.remove_prefix(1);
    if (common::trimmed(document) != "}") o.byte(',');
  });
  common::add_line(document, out);
}

}  // namespace csiem::elastic
