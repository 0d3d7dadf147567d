// Making one JSON object fit a platform's size by cutting its longest strings. The rare path: builds a DOM.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/text.hpp"

namespace csiem::common {

namespace detail {

inline void collect_strings(boost::json::value& value, std::vector<boost::json::string*>& out) {
  if (auto* text = value.if_string()) {
    out.push_back(text);
  } else if (auto* array = value.if_array()) {
    for (auto& item : *array) collect_strings(item, out);
  } else if (auto* object = value.if_object()) {
    for (auto& member : *object) collect_strings(member.value(), out);
  }
}

}  // namespace detail

// `object` in at most `limit` bytes: every string above a common length is cut to it, at a character's boundary, and
// ends in "…"; strings of up to 64 bytes (ids, times, names) always stay. `mark` is a member to add that says so, such
// as
// {"truncated", true}. Nothing when the text is no object or does not get small enough.
inline std::optional<std::string> shortened(std::string_view object, std::size_t limit, std::string_view mark_key) {
  constexpr std::size_t kKept = 64;
  constexpr std::string_view kDots = "\xe2\x80\xa6";
  boost::json::parse_options options;
  options.max_depth = 128;
  boost::json::error_code error;
  boost::json::value value = boost::json::parse({object.data(), object.size()}, error, {}, options);
  if (error || !value.is_object()) return std::nullopt;
  value.get_object()[{mark_key.data(), mark_key.size()}] = true;
  std::vector<boost::json::string*> strings;
  detail::collect_strings(value, strings);
  // Each round halves what is allowed; the lengths that a text takes as JSON are only known when it is written.
  std::size_t longest = 0;
  for (const auto* text : strings) longest = std::max(longest, text->size());
  std::string out = boost::json::serialize(value);
  while (out.size() > limit) {
    if (longest <= kKept) return std::nullopt;
    longest = std::max(kKept, std::min(longest / 2, limit));
    for (auto* text : strings) {
      if (text->size() <= longest) continue;
      const auto kept = clip({text->data(), text->size()}, longest - kDots.size()).size();
      text->resize(kept);
      text->append({kDots.data(), kDots.size()});
    }
    out = boost::json::serialize(value);
  }
  return out;
}

}  // namespace csiem::common
