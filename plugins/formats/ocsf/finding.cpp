// What only a Detection Finding has (schemas.md 5.5).
#include "common/characters.hpp"
#include "ocsf/parts.hpp"

namespace csiem::ocsf {
namespace {

using formats::Base;

constexpr std::size_t kMaxTitleCharacters = 200;

}  // namespace

void finding_info(Json& j, const Source& s) {
  const csiem_event& e = s.e;
  j.open("finding_info");
  j.text("uid", any(e.event_id) ? view(e.event_id) : kUnknown);
  put(j, "title", formats::first_characters(view(e.reason), kMaxTitleCharacters));
  put(j, "desc", e.reason);
  if (any(e.type_name)) {
    j.open_array("types");
    j.value(view(e.type_name));
    j.close_array();
  }
  time_pair(j, "created_time", "created_time_dt", s.time);
  if (any(e.guard)) {
    j.open("analytic");
    j.text("name", e.guard);
    j.text("uid", e.guard);
    j.raw("type_id", R"(1,"type":"Rule")");
    j.close();
  }
  attacks(j, s);
  j.raw("data_sources", R"(["clawdstrike"])");
  j.close();
}

void evidences(Json& j, const Source& s) {
  j.open_array("evidences");
  j.open();
  switch (s.base) {
    case Base::file:
      file(j, s);
      break;
    case Base::network:
      endpoints(j, s);
      break;
    case Base::process:
      process(j, s);
      break;
    case Base::tool:
      api(j, s);
      break;
    case Base::configuration:
      if (!any(s.e.resource_name, s.e.resource_path)) break;
      j.open("data");
      put(j, "name", s.e.resource_name);
      put(j, "path", s.e.resource_path);
      j.close();
      break;
    case Base::none:
      break;
  }
  actor(j, s, false);
  j.close();
  j.close_array();
}

}  // namespace csiem::ocsf
