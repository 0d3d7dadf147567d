// Reads data/ocsf.tsv; its columns are explained in condense_ocsf.py.
#include "schema/ocsf_schema.hpp"

#include <algorithm>
#include <charconv>

namespace csiem::schema::ocsf {
namespace {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"  // both compilers take more than the standard demands
constexpr std::string_view kTable =
#include "schema/ocsf_table.inc"
    ;
#pragma GCC diagnostic pop

template <class Use>
void each_part(std::string_view text, char mark, Use use) {
  if (text == "-") return;
  while (!text.empty()) {
    const std::size_t end = text.find(mark);
    use(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
}

std::vector<std::string_view> parts(std::string_view text, char mark) {
  std::vector<std::string_view> out;
  each_part(text, mark, [&out](std::string_view part) { out.push_back(part); });
  return out;
}

int64_t number(std::string_view text) {
  int64_t out = -1;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

std::pair<std::string_view, std::string_view> cut(std::string_view text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  return {text.substr(0, at), text.substr(at + mark.size())};
}

Primitive primitive_of(std::string_view name) {
  if (name == "string_t") return Primitive::string;
  if (name == "integer_t") return Primitive::integer;
  if (name == "long_t") return Primitive::long_;
  if (name == "float_t") return Primitive::floating;
  return name == "boolean_t" ? Primitive::boolean : Primitive::json;
}

using Cells = std::vector<std::string_view>;

Type type_of(const Cells& c) {
  Type t;
  t.name = c[0];
  t.primitive = primitive_of(c[1] == "-" ? c[0] : c[1]);
  if (c[2] != "-") t.pattern = std::make_unique<RE2>(re2::StringPiece(c[2].data(), c[2].size()));
  if (c[3] != "-") t.max_length = static_cast<std::size_t>(number(c[3]));
  if (c[4] != "-") {
    const auto [low, high] = cut(c[4], "..");
    t.range = {number(low), number(high)};
  }
  t.observable = static_cast<int>(number(c[5]));
  return t;
}

Enum enum_of(const Cells& c) {
  Enum e;
  each_part(c[1], ';', [&e](std::string_view pair) { e.captions.push_back(cut(pair, "=")); });
  e.deprecated = parts(c[2], ',');
  return e;
}

std::vector<Constraint> constraints_of(std::string_view text) {
  std::vector<Constraint> out;
  each_part(text, ';', [&out](std::string_view one) {
    const auto [kind, names] = cut(one, ":");
    out.push_back({kind == "just_one", parts(names, ',')});
  });
  return out;
}

}  // namespace

const std::string_view* Enum::caption(std::string_view value) const {
  const auto at = std::find_if(captions.begin(), captions.end(), [&](const auto& pair) { return pair.first == value; });
  return at == captions.end() ? nullptr : &at->second;
}

Schema::Schema(bool newest) {
  std::vector<Cells> attribute_rows, class_rows, object_rows;
  each_part(kTable, '\n', [&](std::string_view line) {
    const char other = newest ? '-' : '+';
    if (line.empty() || line[0] == '#' || line[0] == other) return;
    Cells cells = parts(line, '\t');
    const std::string_view kind = cells[1];
    cells.erase(cells.begin(), cells.begin() + 2);
    if (kind == "type") types_.emplace(cells[0], type_of(cells));
    if (kind == "enum") enums_.push_back(enum_of(cells));
    if (kind == "attr") attribute_rows.push_back(std::move(cells));
    if (kind == "class") class_rows.push_back(std::move(cells));
    if (kind == "object") object_rows.push_back(std::move(cells));
    if (kind == "profiles") each_part(cells[0], ',', [this](std::string_view name) { profiles_.insert(name); });
  });
  for (const Cells& c : object_rows) {
    Item item;
    item.name = c[0];
    item.observable = static_cast<int>(number(c[1]));
    item.deprecated = c[2] == "d";
    item.constraints = constraints_of(c[3]);
    objects_.emplace(c[0], std::move(item));
  }
  attributes_.reserve(attribute_rows.size());
  for (const Cells& c : attribute_rows) {
    const auto flag = [&c](char f) { return c[3].find(f) != std::string_view::npos; };
    Attribute a;
    a.name = c[1];
    a.type_name = c[2];
    if (flag('o')) {
      const auto object = objects_.find(c[2]);
      a.object = object == objects_.end() ? nullptr : &object->second;  // only the other version has it
    } else {
      const auto type = types_.find(c[2]);
      a.type = type == types_.end() ? nullptr : &type->second;
    }
    a.array = flag('a');
    a.required = flag('r');
    a.deprecated = flag('d');
    if (c[4] != "-") a.values = &enums_[static_cast<std::size_t>(number(c[4]))];
    if (c[5] != "-") a.sibling = c[5];
    a.observable = static_cast<int>(number(c[6]));
    a.profiles = parts(c[7], ',');
    attributes_.push_back(std::move(a));
  }
  const auto give = [this](Item& item, std::string_view numbers) {
    each_part(numbers, ' ', [&](std::string_view n) {
      const Attribute& a = attributes_[static_cast<std::size_t>(number(n))];
      item.attributes.emplace(a.name, &a);
    });
  };
  for (const Cells& c : object_rows) give(objects_.find(c[0])->second, c[4]);
  for (const Cells& c : class_rows) {
    Item item;
    item.name = c[0];
    item.deprecated = c[2] == "d";
    item.profiles = parts(c[3], ',');
    item.constraints = constraints_of(c[4]);
    give(item, c[5]);
    classes_.emplace(number(c[1]), std::move(item));
  }
}

const Item* Schema::event_class(int64_t uid) const {
  const auto at = classes_.find(uid);
  return at == classes_.end() ? nullptr : &at->second;
}

const Schema& Schema::of(std::string_view version) {
  static const Schema newest(true);
  static const Schema oldest(false);
  return version == "1.8.0" ? newest : oldest;
}

}  // namespace csiem::schema::ocsf
