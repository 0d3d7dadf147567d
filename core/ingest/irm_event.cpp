// Inline reference monitor events (events.md B.9).
#include "ingest/judge.hpp"
#include "ingest/shapes.hpp"
#include "ingest/target.hpp"

namespace csiem::ingest {
namespace {

using event::ResourceType;

Disposition disposition_of_irm(std::string_view word) noexcept {
  if (word == "allow") return Disposition::allow;
  if (word == "deny") return Disposition::block;
  return word == "audit" ? Disposition::warn : Disposition::unknown;
}

const Token* element(const Token* array, std::size_t index) noexcept {
  if (array == nullptr || !array->is(Kind::array)) return nullptr;
  for (const Token& t : Children(*array))
    if (index-- == 0) return t.is(Kind::null) ? nullptr : &t;
  return nullptr;
}

void describe(Context& c, Draft& d, std::string_view type, const Token* data) {
  const Token* args = find(data, "args");
  const Token* first = element(args, 0);
  if (type == "fs_read" || type == "fs_write") {
    const std::string_view path =
        first != nullptr && first->is(Kind::object) ? text_of(find(first, "path")) : text_of(first);
    d.action = type == "fs_read" ? "file_access" : "file_write";
    d.guard = "filesystem_irm";
    d.resource = {ResourceType::file, path, path.empty() ? std::string_view{} : path, {}, -1};
  } else if (type == "net_connect" || type == "dns_resolve") {
    d.action = "egress";
    d.guard = "network_irm";
    d.resource = network_resource(c, text_of(first), first);
  } else if (type == "command_exec") {
    d.action = "shell";
    d.guard = "execution_irm";
    d.resource = {ResourceType::process, command_line(c, id_text(first), element(args, 1)), {}, {}, -1};
  } else {
    d.action = type;
    d.guard = "irm";
    d.resource = {ResourceType::configuration, first_of(id_text(find(data, "function")), type), {}, {}, -1};
  }
}

}  // namespace

Verdict map_irm_event(Context& c, const Record& r) {
  const std::string_view type = text_of(r.at(Key::event_type));
  const Token* decision = r.at(Key::decision);
  const Token* data = r.is(Key::data, Kind::object) ? r.at(Key::data) : nullptr;
  c.notes.type_word(type);
  c.extras_beyond(r, {Key::event_id, Key::event_type, Key::timestamp, Key::run_id, Key::data, Key::decision});
  c.extras_beyond("data", data, {"function", "args"});
  c.extras_beyond("decision", decision, {"decision", "reason", "message"});
  if (data == nullptr && r.get(Key::data) != nullptr) c.extra({}, *r.at(Key::data));
  Draft d;
  d.id = r.get(Key::event_id);
  d.when = c.time(r.at(Key::timestamp));
  d.session = text_of(r.at(Key::run_id));
  d.disposition = disposition_of_irm(text_of(find(decision, "decision")));
  if (d.disposition == Disposition::unknown) {
    c.notes.decision = find(decision, "decision");
    c.repair("decision");
  }
  d.reason = first_of(text_of(find(decision, "reason")), text_of(find(decision, "message")));
  describe(c, d, type, data);
  if (const Token* function = find(data, "function")) c.metadata_member("function", *function);
  d.key = {id_text(d.id), d.when.text, type, d.session};
  return c.assemble(d);
}

}  // namespace csiem::ingest
