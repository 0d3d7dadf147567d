#include "cli/pretty.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace csiem::cli {
namespace {

void print(std::string& out, const boost::json::value& value, std::size_t depth) {
  const std::string indent(depth * 2, ' ');
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    out += "{\n";
    std::size_t left = object->size();
    for (const auto& member : *object) {
      out += indent + "  " + boost::json::serialize(member.key()) + ": ";
      print(out, member.value(), depth + 1);
      out += --left > 0 ? ",\n" : "\n";
    }
    out += indent + "}";
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    out += "[";
    std::size_t left = array->size();
    for (const auto& element : *array) {
      print(out, element, depth + 1);
      out += --left > 0 ? ", " : "";
    }
    out += "]";
  } else {
    out += boost::json::serialize(value);
  }
}

}  // namespace

std::string pretty_json(std::string_view json) {
  boost::json::parse_options options;
  options.max_depth = 130;
  boost::system::error_code error;
  const auto value = boost::json::parse({json.data(), json.size()}, error, {}, options);
  if (error) return std::string(json);
  std::string text;
  print(text, value, 0);
  return text;
}

}  // namespace csiem::cli
