// Spelling of tags.
// SPDX-License-Identifier: Apache-2.0
#include "datadog/tags.hpp"

#include <algorithm>

#include "common/text.hpp"

namespace csiem::datadog {
namespace {

// Tags that say what the event says: a label of that name would contradict them.
constexpr std::string_view kOwn[] = {"allowed",  "env",           "event_type", "guard", "outcome",
                                     "replayed", "resource_type", "severity",   "tenant"};

bool is_letter(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool is_kept(char c) noexcept {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '/';
}

// Cleaned bytes of one tag, in place.
struct Tag {
  char bytes[kMaxTagBytes];
  std::size_t size = 0;

  void put(char c) noexcept {
    if (size < sizeof bytes) bytes[size++] = c;
  }
  // One '_' for a character that tags do not have, whatever its length in bytes.
  void put_text(std::string_view text, bool colons) noexcept {
    for (const char raw : text) {
      if ((static_cast<unsigned char>(raw) & 0xC0u) == 0x80u) continue;
      const char c = common::lower(raw);
      put(is_kept(c) || (colons && c == ':') ? c : '_');
    }
  }
  bool key(std::string_view text) noexcept {
    text = common::trimmed(text);
    const auto first = std::find_if(text.begin(), text.end(), [](char c) { return is_letter(common::lower(c)); });
    text.remove_prefix(static_cast<std::size_t>(first - text.begin()));
    put_text(text, false);
    return size > 0;
  }
  bool make(std::string_view name, std::string_view value) noexcept {
    value = common::trimmed(value);
    if (value.empty() || !key(name)) return false;
    if (size + 2 > sizeof bytes) return false;  // no room for a value
    put(':');
    put_text(value, true);
    return true;
  }
  std::string_view text() const noexcept { return {bytes, size}; }
};

}  // namespace

bool write_tag(std::string_view key, std::string_view value, bool comma, Out& out) noexcept {
  Tag tag;
  if (!tag.make(key, value)) return false;
  if (comma) out.byte(',');
  out.raw(tag.text());
  return true;
}

std::string clean_tag(std::string_view text) {
  Tag tag;
  const auto colon = text.find(':');
  const bool good =
      colon == std::string_view::npos ? tag.key(text) : tag.make(text.substr(0, colon), text.substr(colon + 1));
  return good ? std::string(tag.text()) : std::string();
}

Tags::Tags(const std::vector<std::string>& fixed, bool labels) : fixed_count_(fixed.size()), labels_(labels) {
  for (const std::string& tag : fixed) fixed_ += (fixed_.empty() ? "" : ",") + tag;
}

void Tags::write(const csiem_event& event, bool replayed, Out& out) const noexcept {
  out.raw(fixed_);
  std::size_t count = fixed_count_;
  const auto add = [&](std::string_view key, std::string_view value) {
    if (count < kMaxTags && write_tag(key, value, count > 0, out)) ++count;
  };
  add("event_type", view(event.type_name));
  add("guard", view(event.guard));
  add("severity", view(event.severity_name));
  add("outcome", view(event.outcome_name));
  add("allowed", event.decision_allowed != 0 ? "true" : "false");
  add("env", view(event.environment));
  add("tenant", view(event.tenant_id));
  add("resource_type", view(event.resource_type_name));
  if (replayed) add("replayed", "true");
  for (uint64_t i = 0; labels_ && i < event.label_count; ++i) {
    const std::string_view key = view(event.labels[i].key);
    Tag name;
    name.key(key);
    if (std::find(std::begin(kOwn), std::end(kOwn), name.text()) == std::end(kOwn))
      add(key, view(event.labels[i].value));
  }
}

}  // namespace csiem::datadog
