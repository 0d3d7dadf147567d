#include "ocsf/document.hpp"

#include <algorithm>

#include "ocsf/observables.hpp"
#include "ocsf/parts.hpp"
#include "ocsf/unmapped.hpp"

namespace csiem::ocsf {
namespace {

// JSON members without braces, by severity (schemas.md 3).
constexpr std::string_view kSeverity[] = {
    R"("severity_id":1,"severity":"Informational")", R"("severity_id":2,"severity":"Low")",
    R"("severity_id":3,"severity":"Medium")",        R"("severity_id":4,"severity":"High")",
    R"("severity_id":5,"severity":"Critical")",
};
constexpr std::string_view kUnknownSeverity = R"("severity_id":0,"severity":"Unknown")";

// By verdict (5.4).
constexpr std::string_view kVerdict[] = {
    /* denied   */ R"("action_id":2,"action":"Denied","disposition_id":2,"disposition":"Blocked","is_alert":true)",
    /* rejected */ R"("action_id":2,"action":"Denied","disposition_id":25,"disposition":"Rejected","is_alert":true)",
    /* warned   */ R"("action_id":3,"action":"Observed","disposition_id":19,"disposition":"Alert","is_alert":true)",
    /* detected */ R"("action_id":3,"action":"Observed","disposition_id":15,"disposition":"Detected","is_alert":true)",
    /* allowed  */ R"("action_id":1,"action":"Allowed","disposition_id":1,"disposition":"Allowed","is_alert":false)",
};
static_assert(std::size(kVerdict) == kVerdicts);

std::string_view severity_of(const csiem_event& e) {
  if (e.severity < CSIEM_SEV_INFO || e.severity > CSIEM_SEV_CRITICAL) return kUnknownSeverity;
  return kSeverity[e.severity];
}

std::string_view status_of(const Source& s) {
  if (s.finding()) return R"("status_id":1,"status":"New")";
  if (s.e.outcome == CSIEM_OUTCOME_SUCCESS) return R"("status_id":1,"status":"Success")";
  if (s.e.outcome == CSIEM_OUTCOME_FAILURE) return R"("status_id":2,"status":"Failure")";
  return R"("status_id":0,"status":"Unknown")";
}

// ---- 5.3

void classification(Json& j, const Source& s, const Captions& captions) {
  j.raw_value(captions.head(s.taxonomy.event_class, s.taxonomy.activity));
  if (s.taxonomy.activity == Activity::other) j.text("activity_name", s.e.action);
}

void occurrence(Json& j, const Source& s) {
  j.integer("time", s.time.ms());
  if (s.time.known()) j.text("time_dt", s.time.text());
  j.raw("timezone_offset", "0");
  j.raw_value(severity_of(s.e));
  put(j, "message", s.e.reason);
  j.raw_value(status_of(s));
}

void control(Json& j, const Source& s) {
  j.raw_value(kVerdict[static_cast<std::size_t>(s.taxonomy.verdict)]);
  policy(j, s);
  attacks(j, s);
  actor(j, s, true);
  device(j, s);
}

// ---- 5.5

void of_class(Json& j, const Source& s) {
  switch (s.taxonomy.event_class) {
    case Class::finding:
      finding_info(j, s);
      evidences(j, s);
      resources(j, s);
      break;
    case Class::file:
      file(j, s);
      break;
    case Class::process:
      process(j, s);
      break;
    case Class::network:
      endpoints(j, s);
      break;
    case Class::tool:
      api(j, s);
      src_endpoint(j, s);
      resources(j, s);
      break;
    case Class::configuration:
      entity(j, s);
      break;
    case Class::authentication:
      j.open("user");
      j.text("uid", s.e.user_id);
      j.close();
      j.raw("service", R"({"name":"clawdstrike"})");
      if (!any(s.e.session_id)) break;
      j.open("session");
      j.text("uid", s.e.session_id);
      j.close();
      break;
    case Class::lifecycle:
      app(j, s);
      break;
    case Class::base:
      break;
  }
}

// ---- 5.7

void metadata(Json& j, const Source& s, std::string_view head) {
  const csiem_event& e = s.e;
  j.open("metadata");
  j.raw_value(head);
  put(j, "uid", e.event_id);
  j.raw("product", R"({"name":"Clawdstrike","vendor_name":"Clawdstrike")");
  put(j, "version", e.agent_version);
  j.close();
  put(j, "event_code", e.type_name);
  j.raw("log_name", R"("clawdstrike.security","log_provider":"clawdstrike")");
  put(j, "log_version", e.schema_version);
  if (any(e.time_text)) {
    j.text("original_time", e.time_text);
  } else {
    j.text("original_time", formats::time_text(e.time_unix_ns).view());
  }
  time_pair(j, "logged_time", "logged_time_dt", s.received);
  put(j, "tenant_uid", e.tenant_id);
  put(j, "correlation_uid", e.session_id);
  if (e.label_count != 0) {
    j.open_array("tags");
    for (uint64_t i = 0; i < e.label_count; ++i) {
      j.open();
      j.text("name", e.labels[i].key.len == 0 ? std::string_view("_") : view(e.labels[i].key));
      j.text("value", view(e.labels[i].value));
      j.close();
    }
    j.close_array();
  }
  j.close();
}

std::string metadata_head(const std::string& version, const char* profiles) {
  return "\"version\":\"" + version + "\",\"profiles\":[" + profiles + "]";
}

}  // namespace

bool known_version(std::string_view version) noexcept {
  return std::find(std::begin(kVersions), std::end(kVersions), version) != std::end(kVersions);
}

Writer::Writer(Settings settings)
    : settings_(std::move(settings)),
      metadata_head_(metadata_head(settings_.version, R"("datetime","host","security_control")")),
      metadata_head_ai_(metadata_head(settings_.version, R"("datetime","host","security_control","ai_operation")")),
      ai_operation_(settings_.version == "1.8.0") {}

void Writer::write(const csiem_event& event, Out& out) {
  const formats::Base base = formats::base_of(event);
  const formats::MetadataMembers members = formats::metadata_members(view(event.metadata_json));
  const std::string_view endpoint = base == formats::Base::network ? formats::endpoint_of(event) : std::string_view();
  const formats::Address address = formats::parse_address(endpoint);
  const Source s{event,
                 base,
                 taxonomy(event, base, settings_.mode),
                 members,
                 members.hostname.empty() ? std::string_view(settings_.host_name) : members.hostname,
                 endpoint,
                 address,
                 IpText(address),
                 event_time(event),
                 event.ingested_unix_ns == 0 ? Moment() : Moment(event.ingested_unix_ns, {})};
  const Class c = s.taxonomy.event_class;
  const bool ai =
      ai_operation_ && (c == Class::tool || c == Class::process) && !members.model.empty() && !members.provider.empty();
  Json j(out);
  j.open();
  classification(j, s, captions_);
  occurrence(j, s);
  control(j, s);
  of_class(j, s);
  if (ai) ai_model(j, s);
  observables(j, out, s);
  metadata(j, s, ai ? metadata_head_ai_ : metadata_head_);
  unmapped(j, s);
  if (settings_.include_raw && any(event.canonical_json)) {
    j.text("raw_data", event.canonical_json);
    j.integer("raw_data_size", event.canonical_json.len);
  }
  j.close();
}

}  // namespace csiem::ocsf
