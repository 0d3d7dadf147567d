// Targets in CEF lines: the keys that a producer may send.
#include "schema/cef_keys.hpp"
#include "schema/move_target.hpp"

namespace csiem::schema {
namespace {

using Type = MoveTarget::Type;

std::optional<Type> type_of(cef::Type type) {
  switch (type) {
    case cef::Type::string:
    case cef::Type::enumeration:
      return Type::text;
    case cef::Type::integer:
    case cef::Type::long_:
      return Type::integer;
    case cef::Type::floating:
      return Type::real;
    case cef::Type::ip:
      return Type::ip;
    case cef::Type::ipv6:
      return Type::ipv6;
    case cef::Type::time:
      return Type::epoch_ms;
    case cef::Type::mac:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<MoveTarget> cef_target(std::string_view target, const OutputSettings&, std::string& problem,
                                     std::vector<std::string_view>& known) {
  const std::size_t colon = target.find(':');
  const std::string_view name = target.substr(0, colon);
  const std::string quoted = "'" + std::string(name) + "'";
  const auto& keys = cef::dictionary().keys;
  const auto found = keys.find(name);
  if (found == keys.end()) {
    problem = quoted + (cef::dictionary().full_names.count(name) != 0 ? " is a full name; CEF sends the short key"
                                                                      : " is no key of CEF");
    for (const auto& [key, about] : keys)
      if (!about.consumer && about.labels.empty()) known.push_back(key);
    return std::nullopt;
  }
  const cef::Key& key = found->second;
  const auto type = type_of(key.type);
  if (key.consumer) problem = quoted + " is reserved for who receives";
  if (!key.labels.empty()) problem = quoted + " is the label of '" + std::string(key.labels) + "'";
  if (!type || key.since_1) problem = quoted + " cannot be the target of a mapping";
  if (!key.label.empty() && (colon == std::string_view::npos || colon + 1 == target.size()))
    problem = quoted + " needs a label: \"" + std::string(name) + ":Label\"";
  if (key.label.empty() && colon != std::string_view::npos) problem = quoted + " takes no label";
  MoveTarget out;
  if (colon != std::string_view::npos) {
    out.label = target.substr(colon + 1);
    if (out.label.find_first_of("=\\|") != std::string::npos || out.label.front() == ' ' || out.label.back() == ' ')
      problem = "the label of " + quoted + " may not hold = \\ | nor begin or end with a blank";
  }
  if (!problem.empty()) return std::nullopt;
  out.path = {std::string(name)};
  out.type = *type;
  out.words = key.values;
  out.max_characters = key.max_length;
  if (key.range) out.range = *key.range;
  if (key.type == cef::Type::integer || key.integer_in_0)
    out.range = {std::max<int64_t>(out.range.first, INT32_MIN), std::min<int64_t>(out.range.second, INT32_MAX)};
  return out;
}

}  // namespace csiem::schema
