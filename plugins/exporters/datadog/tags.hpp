// Tags as Datadog takes them: lower case, few characters, bounded in length and number.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace csiem::datadog {

inline constexpr std::size_t kMaxTags = 100, kMaxTagBytes = 200;

// "Team Name: Red, Blue" is team_name:red__blue. Nothing is written for a key without a letter and for an empty value.
// Writes into `out` a tag of at most kMaxTagBytes, after a comma when `comma`; false when there is none.
bool write_tag(std::string_view key, std::string_view value, bool comma, Out& out) noexcept;

// "key:value" of the settings, or a word alone. Empty when nothing remains of it.
std::string clean_tag(std::string_view text);

// Tags by event. Immutable.
class Tags {
 public:
  // `fixed`: clean tags of every log. `labels`: the event's labels become tags.
  Tags() = default;
  Tags(const std::vector<std::string>& fixed, bool labels);

  // The content of ddtags, which needs no escapes.
  void write(const csiem_event& event, bool replayed, Out& out) const noexcept;

 private:
  std::string fixed_;  // joined
  std::size_t fixed_count_ = 0;
  bool labels_ = true;
};

}  // namespace csiem::datadog
