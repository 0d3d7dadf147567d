#include "event/canonical.hpp"

#include <csiem/json.hpp>

#include "base/rfc3339.hpp"

namespace csiem::event {
namespace {

// Members are written as ready-made text up to the opening quote of the value: commas and keys cost one copy.
class Members {
 public:
  explicit Members(csiem_writer& w) noexcept : out_(w) {}

  bool ok() const noexcept { return out_.ok(); }
  void raw(std::string_view s) noexcept { out_.raw(s); }
  void value(std::string_view prefix, csiem_str v) noexcept {
    out_.raw(prefix);
    out_.escaped(view(v));
    out_.byte('"');
  }
  void optional(std::string_view prefix, csiem_str v) noexcept {
    if (present(v)) value(prefix, v);
  }
  Out& out() noexcept { return out_; }

 private:
  Out out_;
};

void write_time(Members& m, std::string_view prefix, int64_t unix_ns) noexcept {
  char text[kRfc3339Length];
  format_rfc3339(unix_ns, text);
  m.raw(prefix);
  m.raw({text, sizeof text});
  m.out().byte('"');
}

void write_threat(Members& m, const csiem_event& e) noexcept {
  m.raw(",\"threat\":{");
  std::string_view comma;
  if (present(e.indicator_value)) {
    m.value("\"indicator\":{\"type\":\"", e.indicator_type_name);
    m.value(",\"value\":\"", e.indicator_value);
    m.raw("}");
    comma = ",";
  }
  if (present(e.tactic)) {
    m.raw(comma);
    m.value("\"tactic\":\"", e.tactic);
    comma = ",";
  }
  if (present(e.technique)) {
    m.raw(comma);
    m.value("\"technique\":\"", e.technique);
  }
  m.raw("}");
}

void write_resource(Members& m, const csiem_event& e) noexcept {
  m.value(",\"resource\":{\"type\":\"", e.resource_type_name);
  m.value(",\"name\":\"", e.resource_name);
  m.optional(",\"path\":\"", e.resource_path);
  m.optional(",\"host\":\"", e.resource_host);
  if (e.resource_port >= 0) {
    m.raw(",\"port\":");
    m.out().integer(e.resource_port);
  }
  m.raw("}");
}

void write_labels(Members& m, const csiem_event& e) noexcept {
  m.raw(",\"labels\":{");
  for (uint64_t i = 0; i < e.label_count; ++i) {
    if (i != 0) m.out().byte(',');
    m.out().string(view(e.labels[i].key));
    m.value(":\"", e.labels[i].value);
  }
  m.raw("}");
}

}  // namespace

bool write_canonical(const csiem_event& e, csiem_writer& w) {
  Members m(w);
  m.value("{\"schema_version\":\"", e.schema_version);
  m.value(",\"event_id\":\"", e.event_id);
  m.value(",\"event_type\":\"", e.type_name);
  m.value(",\"event_category\":\"", e.category_name);
  if (e.time_text.len == kRfc3339Length) {
    m.raw(",\"timestamp\":\"");
    m.raw(view(e.time_text));
    m.out().byte('"');
  } else {
    write_time(m, ",\"timestamp\":\"", e.time_unix_ns);
  }
  if (e.ingested_unix_ns != 0) write_time(m, ",\"ingested_at\":\"", e.ingested_unix_ns);
  m.value(",\"agent\":{\"id\":\"", e.agent_id);
  m.value(",\"name\":\"", e.agent_name);
  m.value(",\"version\":\"", e.agent_version);
  m.value(",\"type\":\"", e.agent_type);
  m.value("},\"session\":{\"id\":\"", e.session_id);
  m.optional(",\"user_id\":\"", e.user_id);
  m.optional(",\"tenant_id\":\"", e.tenant_id);
  m.optional(",\"environment\":\"", e.environment);
  m.value("},\"outcome\":\"", e.outcome_name);
  m.value(",\"action\":\"", e.action);
  write_threat(m, e);
  m.raw(e.decision_allowed ? ",\"decision\":{\"allowed\":true" : ",\"decision\":{\"allowed\":false");
  m.value(",\"guard\":\"", e.guard);
  m.value(",\"severity\":\"", e.severity_name);
  m.value(",\"reason\":\"", e.reason);
  m.optional(",\"policy_hash\":\"", e.policy_hash);
  m.optional(",\"ruleset\":\"", e.ruleset);
  m.raw("}");
  write_resource(m, e);
  m.raw(",\"metadata\":");
  m.raw(e.metadata_json.len == 0 ? std::string_view("{}") : view(e.metadata_json));
  write_labels(m, e);
  m.raw("}");
  return m.ok();
}

}  // namespace csiem::event
