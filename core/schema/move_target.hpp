// Where a mapping may lead, and what the schema wants there. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "process/expression_metadata.hpp"
#include "schema/output_settings.hpp"

namespace csiem::schema {

struct MoveTarget {
  enum class Type { text, integer, real, boolean, ip, ipv6, date, epoch_ms };
  std::vector<std::string> path;  // members from the root; of CEF the key, of an OCSF tag its name alone
  Type type = Type::text;
  bool array = false;                             // written as an array of one
  bool tag = false;                               // an element of metadata.tags
  std::string label;                              // of a custom key of CEF
  std::vector<std::string_view> words;            // the only values; empty: any
  std::shared_ptr<const RE2> pattern;             // found anywhere in the text; null: any
  std::size_t max_characters = 0, max_bytes = 0;  // 0: no limit
  std::pair<int64_t, int64_t> range = {INT64_MIN, INT64_MAX};
};

// Nothing when the format has no such target; then `problem` says why and `known` holds names to suggest from.
std::optional<MoveTarget> ecs_target(std::string_view target, const OutputSettings& settings, std::string& problem,
                                     std::vector<std::string_view>& known);
std::optional<MoveTarget> ocsf_target(std::string_view target, const OutputSettings& settings, std::string& problem,
                                      std::vector<std::string_view>& known);
std::optional<MoveTarget> cef_target(std::string_view target, const OutputSettings& settings, std::string& problem,
                                     std::vector<std::string_view>& known);

// What the target takes of the value, as plain text (numbers as digits); nothing when it does not fit. `scratch`
// holds the text when it had to be made.
std::optional<std::string_view> convert(const process::Value& value, const MoveTarget& target, std::string& scratch);

// A place that the format itself fills. `source` empty: with something that is no value of the event alone.
struct UsualPlace {
  std::string_view source, place;
  bool stays = false;  // required, or said for somebody else: a move leaves it
};
// Of "ecs", "ocsf" or "cef".
std::vector<UsualPlace> usual_places(std::string_view format);
// Names of the format's own namespace that the format fills itself.
bool own_name(std::string_view name);

}  // namespace csiem::schema
