// Header values that cannot break a header, and grouping by them.
// SPDX-License-Identifier: Apache-2.0
#include "sumo_logic/partition.hpp"

#include "common/text.hpp"

namespace csiem::sumo_logic {
namespace {

constexpr std::size_t kMaxHeader = 1024;

// What is not printable ASCII, and what `also` names, becomes '_'; a character of several bytes becomes one.
void append_clean(std::string_view text, std::string_view also, std::string& out) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0u) == 0x80u) continue;
    out += byte < 0x20 || byte > 0x7e || also.find(c) != std::string_view::npos ? '_' : c;
  }
}

// Of an event's value only letters, digits and "_.-" may stand in a category: a '/' would open a level of its own.
void append_category(std::string_view text, bool slashes, std::string& out) {
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0u) == 0x80u) continue;
    const bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                      c == '.' || c == '-' || (slashes && c == '/');
    out += kept ? c : '_';
  }
}

std::string header(const common::Template& text, const csiem_event& event) {
  std::string out;
  append_clean(text.render(event), {}, out);
  return std::string(common::trimmed(common::clip(out, kMaxHeader)));
}

}  // namespace

Metadata Partitions::of(const csiem_event& event) const {
  Metadata out;
  rules_.category.render(
      event, [&](std::string_view text) { append_category(text, true, out.category); },
      [&](std::string_view text) { append_category(text, false, out.category); });
  for (const auto member : rules_.suffixes) {
    const std::string_view value = view(event.*member);
    if (value.empty()) continue;
    if (!out.category.empty()) out.category += '/';
    append_category(value, false, out.category);
  }
  if (out.category.size() > kMaxHeader) out.category.resize(kMaxHeader);
  out.name = header(rules_.name, event);
  out.host = header(rules_.host, event);
  for (const auto& [key, value] : rules_.fields) {
    std::string clean;
    append_clean(common::trimmed(value.render(event)), ",=", clean);
    if (clean.empty()) continue;
    if (clean.size() > kMaxHeader) clean.resize(kMaxHeader);
    out.fields += (out.fields.empty() ? "" : ",") + key + "=" + clean;
  }
  return out;
}

std::vector<Group> Partitions::group(const csiem_batch& batch) const {
  std::vector<Group> groups;
  std::map<std::string, std::size_t> places;
  for (uint32_t i = 0; i < batch.count; ++i) {
    Metadata metadata = of(*batch.events[i]);
    const auto [place, is_new] = places.emplace(
        metadata.category + '\n' + metadata.name + '\n' + metadata.host + '\n' + metadata.fields, groups.size());
    if (is_new) groups.push_back({std::move(metadata), {}});
    groups[place->second].events.push_back(i);
  }
  return groups;
}

}  // namespace csiem::sumo_logic
