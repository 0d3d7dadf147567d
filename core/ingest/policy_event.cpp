// PolicyEvent (events.md B.7): a question put to the policy engine, sometimes with its answer.
#include <algorithm>

#include "ingest/judge.hpp"
#include "ingest/shapes.hpp"
#include "ingest/target.hpp"

namespace csiem::ingest {
namespace {

using event::ResourceType;

constexpr event::WordTable kPayloads(std::to_array<std::string_view>(
    {"content", "contentBase64", "content_base64", "patchContent", "patch_content", "parameters", "text", "result"}));
constexpr event::WordTable kMapped(std::to_array<std::string_view>({"type", "path", "file_path", "filePath", "host",
                                                                    "port", "command", "args", "toolName", "tool_name",
                                                                    "customType", "custom_type", "secretName",
                                                                    "secret_name"}));

// A member that goes by either name.
const Token* either(const Token* object, std::string_view a, std::string_view b) noexcept {
  const Token* t = find(object, a);
  return t != nullptr ? t : find(object, b);
}
std::string_view null_if_empty(std::string_view s) noexcept { return s.empty() ? std::string_view{} : s; }

// What the mapping does not use stays under metadata.data, payloads as digests.
void keep_data(Context& c, const Token& data) {
  bool first = true;
  c.emitter().mark_shadowed(data);
  for (const Token& member : Children(data)) {
    if (member.shadowed || kMapped.find(member.key_view()) != kMapped.kNone) continue;
    if (first) c.metadata_key("data");
    Out out = c.metadata_out();
    out.byte(first ? '{' : ',');
    first = false;
    out.string(member.key_view());
    out.byte(':');
    if (kPayloads.find(member.key_view()) != kPayloads.kNone && !c.options().keep_payloads)
      c.emitter().digest(out, member);
    else
      c.emitter().value(out, member);
  }
  if (!first) c.metadata_out().byte('}');
}

bool is_mcp(const Token* metadata, std::string_view tool) noexcept {
  const event::Folded kind(text_of(either(metadata, "toolKind", "tool_kind")));
  return kind.view() == "mcp" || tool.starts_with("mcp__");
}

Resource network_of(const Token& data) noexcept {
  const std::string_view host = text_of(find(&data, "host"));
  return {ResourceType::network, host, blank(host) ? std::string_view{} : std::string_view{},
          blank(host) ? std::string_view{} : host, port_of(find(&data, "port"))};
}

// Resource and action by data.type. True for the end of a run.
bool describe(Context& c, Draft& d, const Token& data, std::string_view type) {
  if (type == "file" || type == "patch") {
    std::string_view path = text_of(find(&data, "path"));
    if (path.empty()) path = text_of(either(&data, "filePath", "file_path"));
    d.resource = {ResourceType::file, path, null_if_empty(path), {}, -1};
  } else if (type == "network") {
    d.resource = network_of(data);
  } else if (type == "command") {
    d.resource = {
        ResourceType::process, command_line(c, id_text(find(&data, "command")), find(&data, "args")), {}, {}, -1};
  } else if (type == "tool") {
    const std::string_view tool = text_of(either(&data, "toolName", "tool_name"));
    d.action = is_mcp(d.metadata, tool) ? "mcp_tool" : "tool_call";
    d.resource = {ResourceType::tool, tool, {}, {}, -1};
  } else if (type == "secret") {
    const std::string_view scope = text_of(find(&data, "scope"));
    d.resource = {ResourceType::configuration,
                  text_of(either(&data, "secretName", "secret_name")),
                  blank(scope) ? std::string_view{} : scope,
                  {},
                  -1};
  } else {
    const std::string_view custom = first_of(text_of(either(&data, "customType", "custom_type")), type);
    if (custom == "hush_run_end") {
      d.type = event::EventType::session_end;
      d.category = event::Category::session;
      d.action = "session";
      d.resource = {ResourceType::configuration, "session", {}, {}, -1};
      return true;
    }
    d.action = custom;
    d.resource = {ResourceType::configuration, custom, {}, {}, -1};
  }
  return false;
}

std::string_view joined(Context& c, std::string_view a, std::string_view b) {
  char* text = c.arena().allocate_chars(a.size() + b.size());
  std::copy(b.begin(), b.end(), std::copy(a.begin(), a.end(), text));
  return {text, a.size() + b.size()};
}

void judge(Context& c, Draft& d, const Token* decision, std::string_view type_word, bool run_ended) {
  if (decision != nullptr) {
    c.leave_out("decision");
    c.extras_beyond("decision", decision, {"allowed", "guard", "severity", "message", "reason"});
    d.guard = text_of(find(decision, "guard"));
    d.severity = text_of(find(decision, "severity"));
    d.reason = first_of(text_of(find(decision, "message")), text_of(find(decision, "reason")));
    d.disposition = disposition_of(find(decision, "allowed"), d.severity);
    return;
  }
  c.notes.not_evaluated = true;
  d.disposition = Disposition::allow;
  if (run_ended) {
    d.reason = "session ended";
    return;
  }
  d.guard = "none";
  d.reason = joined(c, "not evaluated: ", type_word);
  d.outcome = event::Outcome::unknown;
}

}  // namespace

Verdict map_policy_event(Context& c, const Record& r) {
  const auto either_key = [&](Key a, Key b) { return r.has(a) ? r.get(a) : r.get(b); };
  const Token& data = *r.at(Key::data);
  const std::string_view type_word = id_text(either_key(Key::eventType, Key::event_type));
  const std::string_view data_type = text_of(find(&data, "type"));
  const Token* session = either_key(Key::sessionId, Key::session_id);

  Draft d;
  d.metadata = r.get(Key::metadata);
  const Token* decision = find(d.metadata, "decision");
  if (decision != nullptr && !decision->is(Kind::object)) decision = nullptr;
  c.notes.type_word(type_word);
  d.action = normal_action(type_word);
  const bool run_ended = describe(c, d, data, data_type);
  if (decision == nullptr && !run_ended && c.options().drop_unevaluated) return Verdict::suppressed;

  c.extras_beyond(r, {Key::eventId, Key::event_id, Key::eventType, Key::event_type, Key::timestamp, Key::sessionId,
                      Key::session_id, Key::data, Key::metadata, Key::context});
  d.id = either_key(Key::eventId, Key::event_id);
  d.when = c.time(r.at(Key::timestamp));
  d.session = c.text({}, session);
  d.agent = text_of(either(d.metadata, "agentId", "agent_id"));
  judge(c, d, decision, type_word, run_ended);
  if (const Token* context = r.get(Key::context)) c.metadata_member("context", *context);
  keep_data(c, data);
  d.key = {id_text(d.id), d.when.text, type_word, id_text(session)};
  return c.assemble(d);
}

}  // namespace csiem::ingest
