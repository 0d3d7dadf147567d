#include "process/filter.hpp"

#include <algorithm>
#include <utility>

#include "process/filter_guard.hpp"

namespace csiem::process {
namespace {

std::string_view view(csiem_str s) { return s.ptr == nullptr ? std::string_view() : std::string_view(s.ptr, s.len); }

bool listed(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool guard_listed(const std::vector<std::string>& classes, std::string_view guard) {
  return std::any_of(classes.begin(), classes.end(), [&](const std::string& c) { return in_guard_class(guard, c); });
}

}  // namespace

Filter::Filter(FilterSettings settings) : settings_(std::move(settings)) {
  for (auto* guards : {&settings_.include_guards, &settings_.exclude_guards})
    for (std::string& guard : *guards) guard = guard_class(guard);
}

const char* Filter::refusal(const csiem_event& event, int64_t now_unix_ns) const {
  const FilterSettings& s = settings_;
  if (event.severity < s.min_severity) return "severity";
  const std::string_view type = view(event.type_name);
  if ((!s.include_types.empty() && !listed(s.include_types, type)) || listed(s.exclude_types, type)) return "type";
  const std::string_view guard = view(event.guard);
  if ((!s.include_guards.empty() && !guard_listed(s.include_guards, guard)) || guard_listed(s.exclude_guards, guard))
    return "guard";
  const std::string_view tenant = view(event.tenant_id);
  if ((!s.include_tenants.empty() && !listed(s.include_tenants, tenant)) || listed(s.exclude_tenants, tenant))
    return "tenant";
  if (s.when && !s.when->matches(event, now_unix_ns)) return "when";
  return nullptr;
}

bool Filter::keeps_all() const {
  const FilterSettings& s = settings_;
  return s.min_severity <= CSIEM_SEV_INFO && s.include_types.empty() && s.exclude_types.empty() &&
         s.include_guards.empty() && s.exclude_guards.empty() && s.include_tenants.empty() &&
         s.exclude_tenants.empty() && !s.when;
}

}  // namespace csiem::process
