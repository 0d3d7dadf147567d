// Reads data/cef.tsv; its columns are explained in its first lines.
#include "schema/cef_keys.hpp"

#include <charconv>

namespace csiem::schema::cef {
namespace {

constexpr std::string_view kTable =
#include "schema/cef_table.inc"
    ;

std::vector<std::string_view> split(std::string_view text, char mark) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = text.find(mark);
    out.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

int64_t number(std::string_view text) {
  int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

Type type_of(std::string_view word) {
  constexpr std::pair<std::string_view, Type> kWords[] = {
      {"string", Type::string}, {"int", Type::integer}, {"long", Type::long_}, {"float", Type::floating},
      {"ip", Type::ip},         {"ipv6", Type::ipv6},   {"mac", Type::mac},    {"enum", Type::enumeration},
      {"time", Type::time}};
  for (const auto& [name, type] : kWords)
    if (name == word) return type;
  return Type::string;
}

Dictionary build() {
  Dictionary out;
  for (const std::string_view line : split(kTable, '\n')) {
    if (line.empty() || line[0] == '#') continue;
    const auto c = split(line, '\t');
    const auto flag = [&c](char f) { return c[3].find(f) != std::string_view::npos; };
    Key key;
    key.name = c[0];
    key.type = type_of(c[2]);
    key.consumer = flag('c');
    key.since_1 = flag('1');
    key.integer_in_0 = flag('i');
    key.max_length = static_cast<std::size_t>(number(c[4]));
    if (const std::size_t dots = c[5].find(".."); dots != std::string_view::npos) {
      key.range = {number(c[5].substr(0, dots)), number(c[5].substr(dots + 2))};
    } else if (c[5] != "-") {
      key.values = split(c[5], ',');
    }
    if (c[6] != "-") key.label = c[6];
    if (c[7] != "-") key.labels = c[7];
    if (c[0] != c[1]) out.full_names.insert(c[1]);
    out.keys.emplace(c[0], std::move(key));
  }
  return out;
}

}  // namespace

const Dictionary& dictionary() {
  static const Dictionary all = build();
  return all;
}

}  // namespace csiem::schema::cef
