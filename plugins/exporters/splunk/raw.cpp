// Groups events by what a raw request says about all of its lines.
// SPDX-License-Identifier: Apache-2.0
#include "splunk/raw.hpp"

#include <algorithm>

#include "common/http_text.hpp"
#include "common/one_line.hpp"

namespace csiem::splunk {
namespace {

std::string query_for(const csiem_event& event, const Envelope::Parts& parts) {
  std::string out;
  const auto add = [&](std::string_view key, const common::Template& value) {
    const std::string text = value.render(event);
    if (text.empty()) return;
    out += out.empty() ? '?' : '&';
    out += key;
    out += '=';
    out += common::percent_encoded(text);
  };
  add("index", parts.index);
  add("source", parts.source);
  add("sourcetype", parts.sourcetype);
  add("host", parts.host);
  return out;
}

}  // namespace

std::vector<RawGroup> raw_groups(const csiem_batch& batch, const Envelope::Parts& parts) {
  std::vector<RawGroup> groups;
  for (uint32_t i = 0; i < batch.count; ++i) {
    std::string query = query_for(*batch.events[i], parts);
    auto at = std::find_if(groups.begin(), groups.end(), [&](const RawGroup& group) { return group.query == query; });
    if (at == groups.end()) at = groups.insert(groups.end(), RawGroup{std::move(query), {}});
    at->members.push_back(i);
  }
  return groups;
}

void add_raw_line(std::string_view body, bool json, Request& out) {
  if (json || body.find_first_of("\r\n") == std::string_view::npos) {
    common::add_line(body, out);
    return;
  }
  out.write([&](Out& o) {
    for (const char c : body) {
      if (c == '\n')
        o.raw("\\n");
      else if (c == '\r')
        o.raw("\\r");
      else
        o.byte(c);
    }
    o.byte('\n');
  });
}

}  // namespace csiem::splunk
