#include "webhook/templates_of.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cstring>
#include <fstream>
#include <optional>

#include "common/text.hpp"

namespace csiem::webhook {
namespace {

using templates::Problem;
using templates::Target;
using templates::TextTemplate;

std::string words(const Problem& problem) {
  if (problem.suggestion.empty()) return problem.what;
  return problem.what + "; did you mean '" + problem.suggestion + "'?";
}

// "key@7+12": the host shows the line at this place inside of the setting's text.
void refuse_at(const Config& config, const std::string& key, const Problem& problem) {
  config.refuse(
      key + "@" + std::to_string(problem.offset) + "+" + std::to_string(std::max<std::size_t>(problem.length, 1)),
      words(problem));
}

struct Place {
  std::size_t line = 1, column = 1;
};
// Columns count characters, as everywhere.
Place place_of(std::string_view text, std::size_t offset) {
  Place place;
  for (const char c : text.substr(0, offset)) {
    if (c == '\n') {
      ++place.line;
      place.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xc0u) != 0x80u) {
      ++place.column;
    }
  }
  return place;
}

std::optional<std::string> read_template_file(const Config& config, const std::string& path) {
  const auto refuse = [&](const std::string& why) { config.refuse("template_file", why); };
  if (path.front() != '/') return refuse("'" + path + "' is not an absolute path"), std::nullopt;
  std::ifstream file(path, std::ios::binary);
  std::string text(templates::kMaxSource + 1, '\0');
  if (!file) return refuse(path + ": " + std::strerror(errno)), std::nullopt;
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.fail() && !file.eof())) return refuse(path + " cannot be read"), std::nullopt;
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > templates::kMaxSource) return refuse(path + " is larger than 64 KiB"), std::nullopt;
  // What editors leave at the end of a file is not meant.
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) return refuse(path + " is empty"), std::nullopt;
  return text;
}

void read_tree(const Config& config, Shape& shape) {
  boost::json::error_code error;
  const std::string text = config.text("body");
  const auto body = boost::json::parse(text, error);
  if (error || !body.is_object()) return config.refuse("body", "is not a table");
  std::vector<templates::PlacedProblem> problems;
  shape.tree = templates::JsonTemplate::compile(body, "body", problems);
  for (const auto& placed : problems) refuse_at(config, placed.path, placed.problem);
  if (!shape.content_type.empty() && !common::is_json_type(shape.content_type))
    config.refuse("content_type", "'body' gives JSON; write a type of JSON, or a text in 'template'");
}

}  // namespace

TextTemplate template_of(const Config& config, const std::string& key, std::string_view text, Target target) {
  std::vector<Problem> problems;
  TextTemplate out = TextTemplate::compile(text, target, problems);
  for (const Problem& problem : problems) refuse_at(config, key, problem);
  return out;
}

void read_body_template(const Config& config, Shape& shape) {
  if (config.text("body", "{}") != "{}") return read_tree(config, shape);
  const std::string source = config.text("template", ""), path = config.text("template_file", "");
  if (source.empty() && path.empty()) return;
  const std::string key = source.empty() ? "template_file" : "template";
  shape.json_text = common::is_json_type(shape.content_type);
  if (shape.framing == Framing::array && !shape.json_text)
    return config.refuse(key, "an array holds JSON; set content_type = \"application/json\"");
  const Target target = shape.json_text ? Target::json : Target::plain;
  if (!source.empty()) {
    shape.text = template_of(config, key, source, target);
    return;
  }
  const auto text = read_template_file(config, path);
  if (!text) return;
  std::vector<Problem> problems;
  shape.text = TextTemplate::compile(*text, target, problems);
  for (const Problem& problem : problems) {
    const Place place = place_of(*text, problem.offset);
    config.refuse(key,
                  path + ":" + std::to_string(place.line) + ":" + std::to_string(place.column) + ": " + words(problem));
  }
}

}  // namespace csiem::webhook
