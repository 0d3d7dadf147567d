// Which texts are ATT&CK or ATLAS ids (schemas.md 4.4).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace csiem::formats {

inline bool is_atlas(std::string_view id) noexcept { return id.substr(0, 4) == "AML."; }

namespace detail {

inline bool all_digits(std::string_view text) noexcept {
  for (const char c : text)
    if (c < '0' || c > '9') return false;
  return true;
}
inline std::string_view without_atlas(std::string_view id) noexcept { return is_atlas(id) ? id.substr(4) : id; }

}  // namespace detail

// ^(AML\.)?TA\d{4}$
inline bool is_tactic_id(std::string_view text) noexcept {
  const std::string_view id = detail::without_atlas(text);
  return id.size() == 6 && id.substr(0, 2) == "TA" && detail::all_digits(id.substr(2));
}

struct TechniqueId {
  std::string_view parent;  // empty: no id
  std::string_view sub;     // the full id of a sub-technique, else empty
};

// ^(AML\.)?T\d{4}(\.\d{3})?$
inline TechniqueId parse_technique(std::string_view text) noexcept {
  const std::string_view id = detail::without_atlas(text);
  if ((id.size() != 5 && id.size() != 9) || id[0] != 'T' || !detail::all_digits(id.substr(1, 4))) return {};
  if (id.size() == 5) return {text, {}};
  if (id[5] != '.' || !detail::all_digits(id.substr(6))) return {};
  return {text.substr(0, text.size() - 4), text};
}

}  // namespace csiem::formats
