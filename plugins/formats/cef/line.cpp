#include "cef/line.hpp"

#include "cef/names.hpp"
#include "cef/text.hpp"
#include "common/address.hpp"
#include "common/characters.hpp"
#include "common/epoch.hpp"
#include "common/metadata_members.hpp"
#include "common/path_parts.hpp"
#include "common/reading.hpp"

namespace csiem::cef {
namespace {

using formats::Address;
using formats::Base;

constexpr std::size_t kMaxVersion = 31;
constexpr std::size_t kMaxLong = 1023;

struct Source {
  const csiem_event& e;
  Base base;
  formats::MetadataMembers metadata;
  std::string_view host;  // where the agent runs; empty: not known
  Address address;        // what a network event went to
};

// The key=value pairs, one space between them. A pair without a value is left out.
class Extension {
 public:
  explicit Extension(Out& out) : out_(out) {}

  // `label`: the pair that belongs to a custom key, with the space in front of it.
  void text(std::string_view key, std::string_view value, std::size_t limit, std::string_view label = {}) {
    const std::string_view part = extension_part(value, limit);
    if (part.empty()) return;
    begin(key);
    extension_text(out_, part);
    out_.raw(label);
  }
  void text(std::string_view key, csiem_str value, std::size_t limit, std::string_view label = {}) {
    text(key, view(value), limit, label);
  }
  // Two texts with a mark in front of the first, when there is one, and between them. Each may take half of `limit`.
  void pair(std::string_view key, std::string_view front, csiem_str a, csiem_str b, std::size_t limit,
            std::string_view label = {}) {
    const std::size_t half = limit / 2 - 1;
    const std::string_view first = extension_part(view(a), half), second = extension_part(view(b), half);
    if (first.empty() && second.empty()) return;
    begin(key);
    out_.raw(front);
    extension_text(out_, first);
    if (!first.empty() && !second.empty()) out_.byte('/');
    extension_text(out_, second);
    out_.raw(label);
  }
  void number(std::string_view key, int64_t value, std::string_view label = {}) {
    begin(key);
    out_.integer(value);
    out_.raw(label);
  }
  // A value that needs no escapes.
  void plain(std::string_view key, std::string_view value) {
    begin(key);
    out_.raw(value);
  }
  void begin(std::string_view key) {
    if (!first_) out_.byte(' ');
    first_ = false;
    out_.raw(key);
    out_.byte('=');
  }

 private:
  Out& out_;
  bool first_ = true;
};

// ---- 6.2

constexpr std::string_view kSeverity[] = {"|1|", "|3|", "|5|", "|8|", "|10|"};  // info to critical

void header(Out& out, const Source& s) {
  out.raw(s.address.kind == Address::Kind::ipv6 ? "CEF:1|Clawdstrike|clawdstrike|" : "CEF:0|Clawdstrike|clawdstrike|");
  const std::string_view version = header_part(view(s.e.agent_version), kMaxVersion);
  header_text(out, version.empty() ? "unknown" : version);
  out.byte('|');
  class_and_name(out, s.e);
  const bool known = s.e.severity >= CSIEM_SEV_INFO && s.e.severity <= CSIEM_SEV_CRITICAL;
  out.raw(known ? kSeverity[s.e.severity] : "|Unknown|");
}

// ---- 6.3, in its order

void times(Extension& x, const Source& s) {
  const int64_t own = formats::epoch_ms(s.e.time_unix_ns), received = formats::epoch_ms(s.e.ingested_unix_ns);
  const bool was_received = formats::plausible_ms(received);
  if (const int64_t ms = formats::plausible_ms(own) ? own : received; formats::plausible_ms(ms)) {
    x.number("start", ms);
    x.number("rt", ms);
  }
  if (was_received) x.number("deviceCustomDate1", received, " deviceCustomDate1Label=Ingested Time");
}

std::string_view act_of(const csiem_event& e) {
  if (e.type == CSIEM_TYPE_GUARD_WARN) return "alerted";
  return e.decision_allowed != 0 ? "allowed" : "blocked";
}

void event_keys(Extension& x, const Source& s) {
  x.text("externalId", s.e.event_id, 40);
  x.pair("cat", "/", s.e.category_name, s.e.action, kMaxLong);
  x.plain("act", act_of(s.e));
  x.plain("outcome", formats::outcome_word(s.e.outcome));
}

void agent_keys(Extension& x, const Source& s) {
  x.text("deviceExternalId", s.e.agent_id, 255);
  x.text("deviceProcessName", s.e.agent_name, kMaxLong);
  x.text("dvchost", s.host, 63);
  x.text("deviceFacility", s.e.environment, kMaxLong);
  x.text("suid", s.e.user_id, kMaxLong);
}

void resource_keys(Extension& x, const Source& s) {
  switch (s.base) {
    case Base::file: {
      const std::string_view path = formats::path_of(s.e);
      x.text("filePath", path, kMaxLong);
      x.text("fname", formats::split_path(path).name, kMaxLong);
      break;
    }
    case Base::network:
      if (s.address.is_ip()) {
        x.plain("dst", s.address.text);
      } else {
        x.text("dhost", s.address.text, kMaxLong);
      }
      if (formats::has_port(s.e)) x.number("dpt", s.e.resource_port);
      x.plain("deviceDirection", "1");
      break;
    case Base::process:
      x.text("dproc", s.e.resource_name, kMaxLong);
      break;
    case Base::tool:
    case Base::configuration:
      x.text("destinationServiceName", s.e.resource_name, kMaxLong);
      break;
    case Base::none:
      break;
  }
  x.text("request", s.metadata.url, kMaxLong);
  x.text("requestMethod", s.metadata.method, kMaxLong);
}

void custom_strings(Extension& x, const Source& s) {
  x.text("cs1", s.e.guard, kMaxCustomString, " cs1Label=Guard");
  x.text("cs2", s.e.session_id, kMaxCustomString, " cs2Label=Session ID");
  x.text("cs3", s.e.ruleset, kMaxCustomString, " cs3Label=Ruleset");
  x.text("cs4", s.e.policy_hash, kMaxCustomString, " cs4Label=Policy Hash");
  x.text("cs5", s.e.tenant_id, kMaxCustomString, " cs5Label=Tenant ID");
}

// cs6, or flexString1 where cs6 is taken.
void attack_keys(Extension& x, const Source& s, bool include_raw) {
  if (include_raw) {
    x.pair("flexString1", "", s.e.tactic, s.e.technique, kMaxLong, " flexString1Label=MITRE ATT&CK");
  } else {
    x.pair("cs6", "", s.e.tactic, s.e.technique, kMaxCustomString, " cs6Label=MITRE ATT&CK");
  }
}

bool raw_event(Extension& x, const Source& s) {
  const std::string_view raw = view(s.e.canonical_json);
  if (formats::first_characters(raw, kMaxCustomString).size() != raw.size()) return false;
  x.text("cs6", raw, kMaxCustomString, " cs6Label=Raw Event");
  return true;
}

// ---- 6.6

void custom_keys(Extension& x, Out& out, const Source& s) {
  if (s.e.label_count != 0) {
    x.begin("ClawdstrikeSiemLabels");
    for (uint64_t i = 0; i < s.e.label_count; ++i) {
      out.byte(i == 0 ? '{' : ',');
      extension_json_string(out, view(s.e.labels[i].key));
      out.byte(':');
      extension_json_string(out, view(s.e.labels[i].value));
    }
    out.byte('}');
  }
  if (!s.metadata.empty) x.text("ClawdstrikeSiemMetadata", s.e.metadata_json, s.e.metadata_json.len);
}

}  // namespace

bool Writer::write(const csiem_event& event, Out& out) const {
  const Base base = formats::base_of(event);
  const formats::MetadataMembers members = formats::metadata_members(view(event.metadata_json));
  const Source s{event, base, members,
                 members.hostname.empty() ? std::string_view(settings_.host_name) : members.hostname,
                 formats::parse_address(base == Base::network ? formats::endpoint_of(event) : std::string_view())};
  header(out, s);
  Extension x(out);
  times(x, s);
  event_keys(x, s);
  agent_keys(x, s);
  resource_keys(x, s);
  custom_strings(x, s);
  attack_keys(x, s, settings_.include_raw);
  const bool complete = !settings_.include_raw || raw_event(x, s);
  x.text("reason", event.reason, kMaxLong);
  x.text("msg", event.reason, kMaxLong);
  if (settings_.custom_keys) custom_keys(x, out, s);
  return complete;
}

}  // namespace csiem::cef
