// The daemon's exporters as rows of a table.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace csiem::cli {

// Members of the daemon's documents; the zero of their type when they are missing.
std::string text_member(const boost::json::object& object, std::string_view key);
uint64_t number_member(const boost::json::object& object, std::string_view key);
double real_member(const boost::json::object& object, std::string_view key);
bool flag_member(const boost::json::object& object, std::string_view key);
const boost::json::object& object_member(const boost::json::object& object, std::string_view key);
const boost::json::array& array_member(const boost::json::object& object, std::string_view key);

// "1.2/s".
std::string rate_text(double events_per_second);

// A headline and one row each, from a status or exporters-list document, those that could not be started at the end.
// `separate`: thousands in groups.
std::vector<std::vector<std::string>> exporter_rows(const boost::json::object& document, bool separate);

}  // namespace csiem::cli
