// OpenClaw audit store record (events.md B.5).
#include "ingest/judge.hpp"
#include "ingest/shapes.hpp"
#include "ingest/target.hpp"

namespace csiem::ingest {

Verdict map_openclaw_store(Context& c, const Record& r) {
  const std::string_view type = text_of(r.at(Key::type));
  const std::string_view resource = text_of(r.at(Key::resource));
  c.notes.type_word(type);
  c.extras_beyond(
      r, {Key::id, Key::timestamp, Key::type, Key::resource, Key::decision, Key::guard, Key::reason, Key::runId});
  Draft d;
  d.id = r.get(Key::id);
  d.when = c.time(r.at(Key::timestamp));
  d.action = normal_action(type);
  d.guard = c.text({}, r.at(Key::guard));
  d.reason = c.text({}, r.at(Key::reason));
  d.session = c.text({}, r.at(Key::runId));
  d.disposition = disposition_of_word(text_of(r.at(Key::decision)));
  // The store has no word for a warning; a guard on an allowed record means that it only advised.
  if (d.disposition == Disposition::allow && !blank(d.guard)) d.disposition = Disposition::warn;
  if (d.disposition == Disposition::unknown) {
    c.notes.decision = r.at(Key::decision);
    c.repair("decision");
  }
  d.resource = resource_for(c, d.action, resource, nullptr);
  d.key = {id_text(d.id), d.when.text, type, resource};
  return c.assemble(d);
}

}  // namespace csiem::ingest
