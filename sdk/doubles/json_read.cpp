#include "json_read.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/stream_parser.hpp>

#include "platform.hpp"

namespace csiem::doubles {
namespace {

boost::json::parse_options options() {
  boost::json::parse_options o;
  o.max_depth = 140;
  return o;
}

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

std::optional<boost::json::value> parse_one(std::string_view text) {
  boost::system::error_code error;
  auto value = boost::json::parse({text.data(), text.size()}, error, {}, options());
  if (error) return std::nullopt;
  return value;
}

bool parse_stacked(std::string_view text, Stacked& out) {
  std::size_t at = 0;
  for (;;) {
    while (at < text.size() && is_space(text[at])) ++at;
    if (at == text.size()) return true;
    boost::json::stream_parser parser({}, options());
    boost::system::error_code error;
    const std::size_t used = parser.write_some(text.data() + at, text.size() - at, error);
    if (error) return false;
    if (!parser.done()) {
      parser.finish(error);
      if (error) return false;
    }
    out.texts.push_back(text.substr(at, used));
    out.values.push_back(parser.release());
    at += used;
  }
}

std::string text_at(const boost::json::value& value, std::string_view dotted_path) {
  const boost::json::value* at = &value;
  while (!dotted_path.empty()) {
    const std::size_t dot = dotted_path.find('.');
    const auto* object = at->if_object();
    if (object == nullptr) return {};
    at = object->if_contains({dotted_path.data(), std::min(dot, dotted_path.size())});
    if (at == nullptr) return {};
    dotted_path = dot == std::string_view::npos ? std::string_view() : dotted_path.substr(dot + 1);
  }
  const auto* text = at->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

std::string event_id_of(std::string_view json_object) {
  const auto value = parse_one(json_object);
  if (!value) return {};
  for (const char* path : {"event_id", "event.id", "data.event_id", "data.event.id", "metadata.uid"})
    if (auto id = text_at(*value, path); !id.empty()) return id;
  return {};
}

}  // namespace csiem::doubles
