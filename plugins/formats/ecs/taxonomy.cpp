#include "ecs/taxonomy.hpp"

#include <csiem/json.hpp>

#include <cstddef>

#include "common/verb.hpp"

namespace csiem::ecs {
namespace {

using formats::Base;
using formats::Verb;

// What the guard said of it.
enum class Verdict { denied, allowed, warned };
// What was done to the object. `none`: the base has no type of its own.
enum class Access { access, change, creation, deletion, info, none };

// Rows: what the event is about. Columns: denied, allowed, warned share one category.
struct BaseRow {
  std::string_view category;
  std::string_view type[3];  // by verdict
};

constexpr BaseRow kNone = {R"(["intrusion_detection"])", {R"(["denied"])", R"(["allowed"])", R"(["info"])"}};
constexpr BaseRow kNetwork = {
    R"(["network","intrusion_detection"])",
    {R"(["connection","denied"])", R"(["connection","allowed"])", R"(["connection","info"])"}};
constexpr BaseRow kProcess = {R"(["process","intrusion_detection"])",
                              {R"(["start","denied"])", R"(["start","allowed"])", R"(["start","info"])"}};
constexpr BaseRow kTool = {R"(["api","intrusion_detection"])",
                           {R"(["access","denied"])", R"(["access","allowed"])", R"(["access","info"])"}};

// File and configuration: the type says what was done.
constexpr std::string_view kFileCategory = R"(["file","intrusion_detection"])";
constexpr std::string_view kConfigurationCategory = R"(["configuration","intrusion_detection"])";
constexpr std::string_view kAccessType[][3] = {
    /* access   */ {R"(["access","denied"])", R"(["access","allowed"])", R"(["access","info"])"},
    /* change   */ {R"(["change","denied"])", R"(["change","allowed"])", R"(["change","info"])"},
    /* creation */ {R"(["creation","denied"])", R"(["creation","allowed"])", R"(["creation","info"])"},
    /* deletion */ {R"(["deletion","denied"])", R"(["deletion","allowed"])", R"(["deletion","info"])"},
    /* info     */ {R"(["info","denied"])", R"(["info","allowed"])", R"(["info"])"},
};

constexpr std::size_t at(Verdict verdict) { return static_cast<std::size_t>(verdict); }

std::size_t access_row(std::string_view action, Access without_verb) noexcept {
  Access access = without_verb;
  switch (formats::verb_of(action)) {
    case Verb::read:
      access = Access::access;
      break;
    case Verb::create:
      access = Access::creation;
      break;
    case Verb::remove:
      access = Access::deletion;
      break;
    case Verb::write:
      access = Access::change;
      break;
    case Verb::none:
      break;
  }
  return static_cast<std::size_t>(access);
}

}  // namespace

Taxonomy taxonomy(const csiem_event& event, Base base) noexcept {
  const std::string_view kind = formats::is_finding(event) ? "alert" : "event";
  if (formats::is_session(event)) {
    const bool authentication = event.category == CSIEM_CATEGORY_AUTHENTICATION;
    return {kind, authentication ? R"(["authentication","session"])" : R"(["session"])",
            event.type == CSIEM_TYPE_SESSION_START ? R"(["start"])" : R"(["end"])"};
  }
  const Verdict verdict = event.type == CSIEM_TYPE_GUARD_WARN ? Verdict::warned
                          : event.decision_allowed != 0       ? Verdict::allowed
                                                              : Verdict::denied;
  const std::string_view action = view(event.action);
  switch (base) {
    case Base::none:
      return {kind, kNone.category, kNone.type[at(verdict)]};
    case Base::network:
      return {kind, kNetwork.category, kNetwork.type[at(verdict)]};
    case Base::process:
      return {kind, kProcess.category, kProcess.type[at(verdict)]};
    case Base::tool:
      return {kind, kTool.category, kTool.type[at(verdict)]};
    case Base::file:
      return {kind, kFileCategory, kAccessType[access_row(action, Access::access)][at(verdict)]};
    case Base::configuration:
      return {kind, kConfigurationCategory, kAccessType[access_row(action, Access::info)][at(verdict)]};
  }
  return {kind, kNone.category, kNone.type[at(verdict)]};
}

}  // namespace csiem::ecs
