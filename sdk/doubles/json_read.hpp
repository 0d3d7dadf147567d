// Reading JSON the way a strict receiver does.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace csiem::doubles {

// One value and nothing behind it but white space.
std::optional<boost::json::value> parse_one(std::string_view text);

// Several values behind each other, as HEC takes them. texts[i] is the text of values[i], inside `text`. False when
// something is no JSON; `values` then holds those before it.
struct Stacked {
  std::vector<boost::json::value> values;
  std::vector<std::string_view> texts;
};
bool parse_stacked(std::string_view text, Stacked& out);

// `object.a.b` as text, or empty.
std::string text_at(const boost::json::value& value, std::string_view dotted_path);

}  // namespace csiem::doubles
