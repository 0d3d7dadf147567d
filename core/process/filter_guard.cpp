#include "process/filter_guard.hpp"

#include <algorithm>

namespace csiem::process {
namespace {

struct Alias {
  std::string_view spelling, guard_class;  // spelling in lower case
};
constexpr Alias kAliases[] = {
    {"egress", "egress_allowlist"},
    {"egressallowlistguard", "egress_allowlist"},
    {"forbiddenpathguard", "forbidden_path"},
    {"secretleakguard", "secret_leak"},
    {"patchintegrityguard", "patch_integrity"},
    {"mcptoolguard", "mcp_tool"},
    {"jailbreak", "jailbreak_detection"},
    {"threatintelguard", "threat_intel"},
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::string_view known_class(std::string_view guard) {
  for (const Alias& alias : kAliases)
    if (same_ascii(guard, alias.spelling)) return alias.guard_class;
  return guard;
}

}  // namespace

bool same_ascii(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string guard_class(std::string_view guard) {
  std::string out(known_class(guard));
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool in_guard_class(std::string_view guard, std::string_view wanted_class) {
  return same_ascii(known_class(guard), wanted_class);
}

std::string_view hash_digits(std::string_view hash) {
  for (const std::string_view prefix : {"0x", "0X", "sha256:"})
    if (hash.starts_with(prefix)) return hash.substr(prefix.size());
  return hash;
}

}  // namespace csiem::process
