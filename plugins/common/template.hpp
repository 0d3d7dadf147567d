// Settings that name event fields: "audit-{session.tenant_id|default}", compiled once, rendered without allocation.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace csiem::common {

// The text fields of an event by the names that operators use.
struct EventField {
  std::string_view path;
  csiem_str csiem_event::*member;
};
inline constexpr EventField kEventFields[] = {
    {"event_id", &csiem_event::event_id},
    {"event_type", &csiem_event::type_name},
    {"event_category", &csiem_event::category_name},
    {"outcome", &csiem_event::outcome_name},
    {"action", &csiem_event::action},
    {"severity", &csiem_event::severity_name},
    {"decision.severity", &csiem_event::severity_name},
    {"guard", &csiem_event::guard},
    {"decision.guard", &csiem_event::guard},
    {"decision.policy_hash", &csiem_event::policy_hash},
    {"decision.ruleset", &csiem_event::ruleset},
    {"agent.id", &csiem_event::agent_id},
    {"agent.name", &csiem_event::agent_name},
    {"agent.version", &csiem_event::agent_version},
    {"agent.type", &csiem_event::agent_type},
    {"session_id", &csiem_event::session_id},
    {"session.id", &csiem_event::session_id},
    {"user_id", &csiem_event::user_id},
    {"session.user_id", &csiem_event::user_id},
    {"tenant_id", &csiem_event::tenant_id},
    {"session.tenant_id", &csiem_event::tenant_id},
    {"environment", &csiem_event::environment},
    {"session.environment", &csiem_event::environment},
    {"resource.type", &csiem_event::resource_type_name},
    {"resource.name", &csiem_event::resource_name},
    {"resource.host", &csiem_event::resource_host},
};

inline const EventField* find_event_field(std::string_view path) noexcept {
  const auto* at = std::find_if(std::begin(kEventFields), std::end(kEventFields),
                                [&](const EventField& field) { return field.path == path; });
  return at == std::end(kEventFields) ? nullptr : at;
}

// Text with placeholders {path} or {path|default}; paths as in kEventFields, or labels.<key>. An absent or empty
// field gives the default, without one nothing. Immutable after compile().
class Template {
 public:
  Template() = default;

  // Throws std::invalid_argument saying what is wrong with `setting`.
  static Template compile(std::string_view text, std::string_view setting) {
    Template out;
    while (!text.empty()) {
      const auto open = text.find('{');
      out.literal(text.substr(0, open));
      if (open == std::string_view::npos) break;
      const auto close = text.find('}', open);
      if (close == std::string_view::npos) fail(setting, "'{' without '}'");
      out.placeholder(text.substr(open + 1, close - open - 1), setting);
      text.remove_prefix(close + 1);
    }
    return out;
  }

  void literal(std::string_view text) {
    if (text.empty()) return;
    if (segments_.empty() || !segments_.back().literal()) segments_.emplace_back();
    segments_.back().text += text;
  }
  // Appends a placeholder. `fallback` may be any text.
  void field(csiem_str csiem_event::*member, std::string_view fallback) {
    Segment segment;
    segment.text = fallback;
    segment.member = member;
    segments_.push_back(std::move(segment));
  }
  // Appends `other` as JSON string content: its literals are escaped here and now, its fields when rendered.
  void json(const Template& other) {
    for (Segment segment : other.segments_) {
      segment.text = json_escaped(segment.text);
      if (segment.literal())
        literal(segment.text);
      else
        segments_.push_back(std::move(segment));
    }
  }

  bool varies() const noexcept {
    return std::any_of(segments_.begin(), segments_.end(), [](const Segment& s) { return !s.literal(); });
  }
  bool every_placeholder_has_default() const noexcept {
    return std::all_of(segments_.begin(), segments_.end(),
                       [](const Segment& s) { return s.literal() || !s.text.empty(); });
  }
  // The text, where nothing varies.
  std::string fixed_text() const { return segments_.empty() ? std::string() : segments_.front().text; }

  // Calls literal(std::string_view) for text of the template and value(std::string_view) for what comes from the
  // event, in order. Defaults are text of the template.
  template <class Literal, class Value>
  void render(const csiem_event& event, Literal&& literal, Value&& value) const {
    for (const Segment& segment : segments_) {
      const std::string_view found = segment.literal() ? std::string_view() : segment.of(event);
      if (found.empty())
        literal(std::string_view(segment.text));
      else
        value(found);
    }
  }
  std::string render(const csiem_event& event) const {
    std::string out;
    const auto add = [&](std::string_view text) { out += text; };
    render(event, add, add);
    return out;
  }

 private:
  struct Segment {
    std::string text;                          // a literal, or the default of the field
    csiem_str csiem_event::*member = nullptr;  // of a field
    std::string label;                         // key, of a field labels.<key>

    bool literal() const noexcept { return member == nullptr && label.empty(); }
    std::string_view of(const csiem_event& event) const noexcept {
      if (member != nullptr) return view(event.*member);
      for (uint64_t i = 0; i < event.label_count; ++i)
        if (view(event.labels[i].key) == label) return view(event.labels[i].value);
      return {};
    }
  };

  [[noreturn]] static void fail(std::string_view setting, std::string_view why) {
    throw std::invalid_argument(std::string(setting) + ": " + std::string(why));
  }

  void placeholder(std::string_view inside, std::string_view setting) {
    const auto bar = inside.find('|');
    const std::string_view path = inside.substr(0, bar);
    Segment segment;
    if (bar != std::string_view::npos) segment.text = inside.substr(bar + 1);
    if (const EventField* field = find_event_field(path))
      segment.member = field->member;
    else if (path.size() > 7 && path.substr(0, 7) == "labels.")
      segment.label = path.substr(7);
    else
      fail(setting,
           "'{" + std::string(path) + "}' is not a field of an event; use for example {session.tenant_id|none}");
    segments_.push_back(std::move(segment));
  }

  static std::string json_escaped(std::string_view text) {
    std::string out(text.size() * 6 + 32, '\0');
    csiem_writer writer{reinterpret_cast<uint8_t*>(out.data()), reinterpret_cast<uint8_t*>(out.data() + out.size()),
                        [](csiem_writer*, std::size_t) CSIEM_NOEXCEPT -> csiem_status { return CSIEM_E_LIMIT; },
                        nullptr};
    Out(writer).escaped(text);
    out.resize(static_cast<std::size_t>(writer.cur - reinterpret_cast<uint8_t*>(out.data())));
    return out;
  }

  std::vector<Segment> segments_;
};

}  // namespace csiem::common
