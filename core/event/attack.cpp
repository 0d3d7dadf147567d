#include "event/attack.hpp"

#include "event/shell_words.hpp"
#include "event/words.hpp"

namespace csiem::event {
namespace {

enum TechniqueRow : uint8_t {
#define X(name, id, tactic, title, parent) name,
#include "event/attack_techniques.def"
#undef X
  by_resource,
  by_reason,
  no_technique,
};

constexpr Technique kTechniques[] = {
#define X(name, id, tactic, title, parent) {id, tactic, title, parent},
#include "event/attack_techniques.def"
#undef X
};

#define X(name, text, severity, file, network, rest) text,
constexpr WordTable kGuards(std::to_array<std::string_view>({
#include "event/guards.def"
}));
#undef X
#define X(spelling, guard) spelling,
constexpr WordTable kGuardAliases(std::to_array<std::string_view>({
#include "event/guard_aliases.def"
}));
#undef X
constexpr GuardClass kGuardOfAlias[] = {
#define X(spelling, guard) GuardClass::guard,
#include "event/guard_aliases.def"
#undef X
};

struct GuardRow {
  Severity severity;
  TechniqueRow file, network, rest;
};
constexpr GuardRow kGuardRows[] = {
    {Severity::high, by_resource, by_resource, by_resource},  // other
#define X(name, text, severity, file, network, rest) {Severity::severity, file, network, rest},
#include "event/guards.def"
#undef X
};

struct Tactic {
  std::string_view id, name;
};
constexpr Tactic kTactics[] = {
#define X(id, name) {id, name},
#include "event/attack_tactics.def"
#undef X
};

enum class Where : uint8_t { host, written, read };
enum class How : uint8_t { equals, contains, ends_with };
struct Rule {
  Where where;
  How how;
  std::string_view text;
  TechniqueRow technique;
};
constexpr Rule kRules[] = {
#define X(where, how, text, technique) {Where::where, How::how, text, technique},
#include "event/attack_rules.def"
#undef X
};

const Technique* technique_at(TechniqueRow row) noexcept { return row < by_resource ? &kTechniques[row] : nullptr; }

bool matches(const Rule& rule, std::string_view text) noexcept {
  switch (rule.how) {
    case How::equals:
      return text.size() == rule.text.size() && contains_folded(text, rule.text);
    case How::contains:
      return contains_folded(text, rule.text);
    case How::ends_with:
      return text.size() >= rule.text.size() && contains_folded(text.substr(text.size() - rule.text.size()), rule.text);
  }
  return false;
}

const Technique* first_rule(Where where, std::string_view text) noexcept {
  for (const Rule& rule : kRules)
    if (rule.where == where && matches(rule, text)) return technique_at(rule.technique);
  return nullptr;
}

const Technique* of_network(const AttackSubject& s) noexcept {
  std::string_view host = s.host.empty() ? s.name : s.host;
  while (!host.empty() && host.back() == '.') host.remove_suffix(1);
  if (const Technique* t = first_rule(Where::host, host)) return t;
  const int32_t port = s.port < 0 ? 443 : s.port;
  return technique_at(port == 53 ? T1071_004 : port == 80 || port == 443 ? T1071_001 : T1571);
}

const Technique* of_process(std::string_view command) noexcept {
  if (destroys_data(command)) return technique_at(T1485);
  if (pipes_download_to_shell(command)) return technique_at(T1105);
  if (pipes_data_out(command)) return technique_at(T1048);
  if (opens_permissions(command)) return technique_at(T1222_002);
  return technique_at(T1059_004);
}

const Technique* by_what_was_touched(const AttackSubject& s) noexcept {
  if (s.action == "secret_access") return technique_at(T1555);
  switch (s.resource) {
    case ResourceType::network:
      return of_network(s);
    case ResourceType::process:
      return of_process(s.name);
    case ResourceType::tool:
      return technique_at(T1059);
    case ResourceType::file:
      return first_rule(s.action == "file_write" || s.action == "patch" ? Where::written : Where::read, s.name);
    case ResourceType::configuration:
    case ResourceType::unknown:
      return nullptr;
  }
  return nullptr;
}

char bare(char c) noexcept { return c == '-' || c == '_' ? ' ' : to_lower(c); }

bool same_name(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (bare(a[i]) != bare(b[i])) return false;
  return true;
}

}  // namespace

GuardClass guard_class(std::string_view guard) noexcept {
  const Folded folded(guard);
  if (const std::size_t i = kGuards.find(folded.view()); i != kGuards.kNone) return static_cast<GuardClass>(i + 1);
  if (const std::size_t i = kGuardAliases.find(folded.view()); i != kGuardAliases.kNone) return kGuardOfAlias[i];
  return GuardClass::other;
}

std::string_view text(GuardClass guard) noexcept {
  return guard == GuardClass::other ? std::string_view{} : kGuards.word(static_cast<std::size_t>(guard) - 1);
}

Severity block_severity(GuardClass guard) noexcept { return kGuardRows[static_cast<std::size_t>(guard)].severity; }

const Technique* find_technique(std::string_view id) noexcept {
  for (const Technique& t : kTechniques)
    if (t.id == id) return &t;
  return nullptr;
}

std::string_view tactic_name(std::string_view id) noexcept {
  for (const Tactic& t : kTactics)
    if (t.id == id) return t.name;
  return {};
}

std::string_view tactic_id(std::string_view id_or_name) noexcept {
  id_or_name = trim(id_or_name);
  for (const Tactic& t : kTactics)
    if (same_name(t.id, id_or_name) || same_name(t.name, id_or_name)) return t.id;
  return {};
}

const Technique* attack_technique(const AttackSubject& s) noexcept {
  const GuardRow& row = kGuardRows[static_cast<std::size_t>(s.guard)];
  const TechniqueRow chosen = s.resource == ResourceType::file      ? row.file
                              : s.resource == ResourceType::network ? row.network
                                                                    : row.rest;
  switch (chosen) {
    case by_resource:
      return by_what_was_touched(s);
    case by_reason: {
      if (s.action == "secret_access") return technique_at(T1555);
      const bool weakens = contains_folded(s.reason, "disable") || contains_folded(s.reason, "skip");
      return technique_at(weakens ? T1562_001 : T1059);
    }
    default:
      return technique_at(chosen);
  }
}

}  // namespace csiem::event
