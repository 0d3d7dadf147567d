#include "kv/pairs.hpp"

#include <algorithm>

#include "common/time_text.hpp"

namespace csiem::kv {
namespace {

bool is_bare(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f && c != '"' && c != '\\' && c != '=';
}

bool is_key_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

void write_value(std::string_view value, Out& out) noexcept {
  if (!value.empty() && std::all_of(value.begin(), value.end(), is_bare)) {
    out.raw(value);
    return;
  }
  out.byte('"');
  for (const char c : value) {
    if (c == '\n') {
      out.raw("\\n");
    } else if (c == '\r') {
      out.raw("\\r");
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out.byte(' ');
    } else {
      if (c == '"' || c == '\\') out.byte('\\');
      out.byte(c);
    }
  }
  out.byte('"');
}

class Line {
 public:
  explicit Line(Out& out) noexcept : out_(out) {}
  void pair(std::string_view key, std::string_view value) noexcept {
    begin(key);
    write_value(value, out_);
  }
  // Absent and empty fields are left out.
  void field(std::string_view key, csiem_str value) noexcept {
    if (value.len != 0) pair(key, view(value));
  }
  void begin(std::string_view key) noexcept {
    begin_key(key);
    out_.byte('=');
  }
  void begin_key(std::string_view front) noexcept {
    if (!first_) out_.byte(' ');
    first_ = false;
    out_.raw(front);
  }

 private:
  Out& out_;
  bool first_ = true;
};

// Keys of labels are free text: what no key may hold turns into '_'.
void write_labels(const csiem_event& e, Line& line, Out& out) noexcept {
  for (uint64_t i = 0; i < e.label_count; ++i) {
    const csiem_kv& label = e.labels[i];
    if (label.value.len == 0) continue;
    line.begin_key("label_");
    for (const char c : view(label.key)) out.byte(is_key_char(c) ? c : '_');
    out.byte('=');
    write_value(view(label.value), out);
  }
}

}  // namespace

void write_line(const csiem_event& e, Out& out) noexcept {
  Line line(out);
  line.field("event_id", e.event_id);
  if (e.time_text.len != 0) {
    line.field("timestamp", e.time_text);
  } else {
    line.pair("timestamp", formats::time_text(e.time_unix_ns).view());
  }
  line.field("event_type", e.type_name);
  line.field("severity", e.severity_name);
  line.pair("allowed", e.decision_allowed != 0 ? "true" : "false");
  line.field("outcome", e.outcome_name);
  line.field("event_category", e.category_name);
  line.field("action", e.action);
  line.field("guard", e.guard);
  line.field("agent_id", e.agent_id);
  line.field("agent_name", e.agent_name);
  line.field("agent_version", e.agent_version);
  line.field("session_id", e.session_id);
  line.field("user_id", e.user_id);
  line.field("tenant_id", e.tenant_id);
  line.field("environment", e.environment);
  line.field("resource_type", e.resource_type_name);
  line.field("resource_name", e.resource_name);
  line.field("resource_path", e.resource_path);
  line.field("resource_host", e.resource_host);
  if (e.resource_port >= 0) {
    line.begin("resource_port");
    out.integer(e.resource_port);
  }
  line.field("tactic", e.tactic);
  line.field("technique", e.technique);
  line.field("indicator_type", e.indicator_type_name);
  line.field("indicator", e.indicator_value);
  line.field("ruleset", e.ruleset);
  line.field("policy_hash", e.policy_hash);
  line.field("reason", e.reason);
  write_labels(e, line, out);
  if (e.metadata_json.len > 2) line.field("metadata", e.metadata_json);
}

}  // namespace csiem::kv
