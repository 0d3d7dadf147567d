#include "common/templates/field.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <csiem/sdk/edit_distance.hpp>

#include "common/json_members.hpp"

namespace csiem::templates {
namespace {

using E = csiem_event;

struct Known {
  std::string_view path;
  csiem_str csiem_event::*member;  // null: read from the event's JSON
  bool identifier;
};
// The names of the expression language.
constexpr Known kFields[] = {
    {"schema_version", &E::schema_version, true},
    {"event_id", &E::event_id, true},
    {"event_type", &E::type_name, true},
    {"event_category", &E::category_name, true},
    {"timestamp", &E::time_text, false},
    {"ingested_at", nullptr, false},
    {"outcome", &E::outcome_name, true},
    {"action", &E::action, false},
    {"agent", nullptr, false},
    {"agent.id", &E::agent_id, true},
    {"agent.name", &E::agent_name, true},
    {"agent.version", &E::agent_version, true},
    {"agent.type", &E::agent_type, true},
    {"session", nullptr, false},
    {"session.id", &E::session_id, true},
    {"session.user_id", &E::user_id, true},
    {"session.tenant_id", &E::tenant_id, true},
    {"session.environment", &E::environment, true},
    {"threat", nullptr, false},
    {"threat.indicator", nullptr, false},
    {"threat.indicator.type", &E::indicator_type_name, true},
    {"threat.indicator.value", &E::indicator_value, false},
    {"threat.tactic", &E::tactic, true},
    {"threat.technique", &E::technique, true},
    {"decision", nullptr, false},
    {"decision.allowed", nullptr, true},
    {"decision.guard", &E::guard, true},
    {"decision.severity", &E::severity_name, true},
    {"decision.reason", &E::reason, false},
    {"decision.policy_hash", &E::policy_hash, true},
    {"decision.ruleset", &E::ruleset, true},
    {"resource", nullptr, false},
    {"resource.type", &E::resource_type_name, true},
    {"resource.name", &E::resource_name, false},
    {"resource.path", &E::resource_path, false},
    {"resource.host", &E::resource_host, false},
    {"resource.port", nullptr, true},
    {"labels", nullptr, false},
    {"metadata", nullptr, false},
};

std::string nearest(std::string_view path) {
  std::string_view best;
  std::size_t fewest = path.size() < 5 ? 2 : 3;
  for (const Known& known : kFields)
    if (const std::size_t d = edit_distance(path, known.path, fewest); d < fewest) {
      fewest = d;
      best = known.path;
    }
  if (!best.empty()) return std::string(best);
  // "severity" and "session.guard" mean the field that ends so.
  const std::string_view leaf = path.substr(path.rfind('.') + 1);
  for (const Known& known : kFields)
    if (known.path.find('.') != std::string_view::npos && known.path.substr(known.path.rfind('.') + 1) == leaf)
      return std::string(known.path);
  return {};
}

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name(char c) { return is_name_start(c) || (c >= '0' && c <= '9') || c == '-'; }

// ident { "." ident | "[" string "]" }. Empty when it is not of that form.
std::vector<std::string> steps_of(std::string_view path) {
  std::vector<std::string> steps;
  for (bool first = true; !path.empty(); first = false) {
    if (!first && path.size() > 3 && path.substr(0, 2) == "[\"") {
      const auto close = path.find("\"]", 2);
      if (close == std::string_view::npos) return {};
      steps.emplace_back(path.substr(2, close - 2));
      path.remove_prefix(close + 2);
      continue;
    }
    if (!first) {
      if (path.front() != '.') return {};
      path.remove_prefix(1);
    }
    if (path.empty() || !is_name_start(path.front())) return {};
    std::size_t end = 1;
    while (end < path.size() && is_name(path[end])) ++end;
    steps.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return steps;
}

// The value of the innermost of `path`, as it stands in `object`; empty when there is none. Of a repeated member the
// last one counts.
std::string_view find_json(std::string_view object, const std::vector<std::string>& path) {
  for (const std::string& step : path) {
    std::string_view found;
    common::for_each_member(object, [&](std::string_view key, std::string_view value) {
      if (key == step) found = value;
    });
    if (found.empty()) return {};
    object = found;
  }
  return object;
}

Value value_of(std::string_view json, Scratch& scratch) {
  if (json.empty() || json == "null") return {};
  if (json.front() != '"') return {Value::Kind::json, json};
  if (json.find('\\') == std::string_view::npos) return {Value::Kind::text, json.substr(1, json.size() - 2)};
  boost::json::error_code error;
  const boost::json::value parsed = boost::json::parse({json.data(), json.size()}, error);
  if (error || !parsed.is_string()) return {};
  scratch.unescaped.assign(parsed.get_string().data(), parsed.get_string().size());
  return {Value::Kind::text, scratch.unescaped};
}

}  // namespace

std::optional<Field> Field::parse(std::string_view path, std::string* problem, std::string* suggestion) {
  Field out;
  if (path == ".") return out;
  std::vector<std::string> steps = steps_of(path);
  if (steps.empty()) {
    *problem = "'" + std::string(path) + "' is not a field's path";
    return std::nullopt;
  }
  if (steps.size() > kMaxDepth) {
    *problem = "a path has at most " + std::to_string(kMaxDepth) + " steps";
    return std::nullopt;
  }
  if (steps.size() > 1 && (steps[0] == "labels" || steps[0] == "metadata")) {
    if (steps[0] == "labels" && steps.size() > 2) {
      *problem = "a label has no parts; write labels[\"…\"] when its name holds a '.'";
      return std::nullopt;
    }
    out.kind_ = steps[0] == "labels" ? Kind::label : Kind::metadata;
    out.identifier_ = out.kind_ == Kind::label;
    out.path_.assign(steps.begin() + 1, steps.end());
    return out;
  }
  const auto* known =
      std::find_if(std::begin(kFields), std::end(kFields), [&](const Known& k) { return k.path == path; });
  if (known == std::end(kFields)) {
    *problem = "'" + std::string(path) + "' is not a field of an event";
    *suggestion = nearest(path);
    return std::nullopt;
  }
  out.kind_ = path == "timestamp"        ? Kind::timestamp
              : path == "ingested_at"    ? Kind::ingested_at
              : known->member != nullptr ? Kind::text
                                         : Kind::canonical;
  out.identifier_ = known->identifier;
  out.member_ = known->member;
  out.path_ = std::move(steps);
  return out;
}

Value Field::of(const Subject& subject, Scratch& scratch) const {
  const csiem_event& event = subject.event;
  switch (kind_) {
    case Kind::whole:
      return {subject.body_is_json ? Value::Kind::json : Value::Kind::text, subject.body};
    case Kind::text:
    case Kind::timestamp:
      if (!present(event.*member_)) return {};
      return {Value::Kind::text, view(event.*member_)};
    case Kind::label:
      for (uint64_t i = 0; i < event.label_count; ++i)
        if (view(event.labels[i].key) == path_.front()) return {Value::Kind::text, view(event.labels[i].value)};
      return {};
    case Kind::metadata:
      return value_of(find_json(view(event.metadata_json), path_), scratch);
    case Kind::ingested_at:
    case Kind::canonical:
      return value_of(find_json(view(event.canonical_json), path_), scratch);
  }
  return {};
}

std::optional<int64_t> Field::unix_ns(const csiem_event& event) const noexcept {
  const int64_t ns = kind_ == Kind::timestamp ? event.time_unix_ns : event.ingested_unix_ns;
  if (!is_time() || ns == 0) return std::nullopt;
  return ns;
}

}  // namespace csiem::templates
