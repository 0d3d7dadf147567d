// Lines.
// SPDX-License-Identifier: Apache-2.0
#include "sumo_logic/message.hpp"

#include <algorithm>

#include "common/json_members.hpp"
#include "formats/common/time_text.hpp"

namespace csiem::sumo_logic {
namespace {

// Three fraction digits are what is recognised.
void write_time(const csiem_event& event, Out& out) noexcept {
  const auto text = formats::time_text(event.time_unix_ns);
  out.raw(text.view().substr(0, 23));
  out.byte('Z');
}

void write_line(std::string_view text, bool quoted, Out& out) noexcept {
  for (const char c : text) {
    if (quoted && (c == '"' || c == '\\')) out.byte('\\');
    out.byte(c == '\n' || c == '\r' || c == '\t' || c == '\0' ? ' ' : c);
  }
}

bool below(std::string_view path, std::string_view parent) noexcept {
  return path.size() > parent.size() && path.substr(0, parent.size()) == parent && path[parent.size()] == '.';
}

class Members {
 public:
  Members(const MessageRules& rules, Out& out) : rules_(rules), out_(out) {}

  bool all(std::string_view object, bool comma) { return write(object, rules_.include.empty(), comma); }

 private:
  bool write(std::string_view object, bool included, bool comma) {
    const std::size_t length = path_.size();
    return common::for_each_member(object, [&](std::string_view key, std::string_view value) {
      path_.resize(length);
      if (length > 0) path_ += '.';
      path_ += key;
      if (length == 0 && (key == "timestamp" || key == "event_time")) return;
      if (has(rules_.exclude)) return;
      const bool whole = included || has(rules_.include);
      const bool inside = value.front() == '{' && (has_below(rules_.exclude) || (!whole && has_below(rules_.include)));
      if (!whole && !inside) return;
      out_.member(key, comma);
      comma = true;
      if (!inside) return out_.raw(value);
      out_.byte('{');
      write(value, whole, false);
      out_.byte('}');
    });
  }
  bool has(const std::vector<std::string>& paths) const {
    return std::find(paths.begin(), paths.end(), path_) != paths.end();
  }
  bool has_below(const std::vector<std::string>& paths) const {
    return std::any_of(paths.begin(), paths.end(), [&](const std::string& path) { return below(path, path_); });
  }

  const MessageRules& rules_;
  Out& out_;
  std::string path_;
};

bool write_json(const MessageRules& rules, const csiem_event& event, std::string_view body, Out& out) {
  const int64_t ns = event.time_unix_ns;
  out.raw("{\"timestamp\":");
  out.integer(ns / 1'000'000 - (ns % 1'000'000 < 0 ? 1 : 0));
  out.raw(",\"event_time\":");
  out.string(view(event.time_text));
  if (!Members(rules, out).all(body, true)) return false;
  out.byte('}');
  return true;
}

void write_text(const csiem_event& event, Out& out) noexcept {
  write_time(event, out);
  const auto field = [&](std::string_view before, csiem_str value) {
    out.raw(before);
    write_line(view(value), false, out);
  };
  field(" event_id=", event.event_id);
  field(" ", event.severity_name);
  field(" [", event.guard);
  field("] ", event.type_name);
  out.raw(event.decision_allowed != 0 ? " ALLOWED: " : " BLOCKED: ");
  write_line(view(event.reason), false, out);
  if (event.resource_name.len > 0) field(" resource=", event.resource_name);
}

void write_pairs(const csiem_event& event, Out& out) noexcept {
  write_time(event, out);
  const auto pair = [&](std::string_view key, std::string_view value) {
    if (value.empty()) return;
    out.byte(' ');
    out.raw(key);
    out.raw("=\"");
    write_line(value, true, out);
    out.byte('"');
  };
  pair("event_id", view(event.event_id));
  pair("event_time", view(event.time_text));
  pair("event_type", view(event.type_name));
  pair("event_category", view(event.category_name));
  pair("severity", view(event.severity_name));
  pair("guard", view(event.guard));
  pair("allowed", event.decision_allowed != 0 ? "true" : "false");
  pair("outcome", view(event.outcome_name));
  pair("action", view(event.action));
  pair("agent_id", view(event.agent_id));
  pair("agent_name", view(event.agent_name));
  pair("session_id", view(event.session_id));
  pair("user_id", view(event.user_id));
  pair("tenant_id", view(event.tenant_id));
  pair("environment", view(event.environment));
  pair("resource_type", view(event.resource_type_name));
  pair("resource_name", view(event.resource_name));
  pair("resource_path", view(event.resource_path));
  pair("resource_host", view(event.resource_host));
  pair("tactic", view(event.tactic));
  pair("technique", view(event.technique));
  pair("policy_hash", view(event.policy_hash));
  pair("ruleset", view(event.ruleset));
  pair("reason", view(event.reason));
}

}  // namespace

bool write_message(const MessageRules& rules, const csiem_event& event, std::string_view body, bool json, Out& out) {
  switch (rules.format) {
    case MessageFormat::text:
      write_text(event, out);
      return true;
    case MessageFormat::key_value:
      write_pairs(event, out);
      return true;
    case MessageFormat::json:
      break;
  }
  if (json) return write_json(rules, event, body, out);
  write_time(event, out);
  out.byte(' ');
  write_line(body, false, out);
  return true;
}

}  // namespace csiem::sumo_logic
