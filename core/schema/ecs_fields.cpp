#include "schema/ecs_fields.hpp"

namespace csiem::schema::ecs {
namespace {

std::vector<std::string_view> split(std::string_view list) {
  std::vector<std::string_view> words;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    words.push_back(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return words;
}

struct Row {
  std::string_view name;
  Type type;
  std::string_view flags, object_type, values, pattern;
};

constexpr Row kRows[] = {

#define FIELD(name, type, flags, object_type, values, pattern) {name, type, flags, object_type, values, pattern},
#define CATEGORY(name, types)
#define MULTI(name)
#include "schema/ecs_fields.inc"
#undef FIELD
#undef CATEGORY
#undef MULTI

};

struct Pair {
  std::string_view name, types;
};
constexpr Pair kCategories[] = {
#define FIELD(name, type, flags, object_type, values, pattern)
#define CATEGORY(name, types) {name, types},
#define MULTI(name)
#include "schema/ecs_fields.inc"
#undef FIELD
#undef CATEGORY
#undef MULTI
};
constexpr std::string_view kMulti[] = {
#define FIELD(name, type, flags, object_type, values, pattern)
#define CATEGORY(name, types)
#define MULTI(name) name,
#include "schema/ecs_fields.inc"
#undef FIELD
#undef CATEGORY
#undef MULTI
};

FieldSet build() {
  FieldSet set;
  for (const auto& row : kRows) {
    Field field;
    field.name = row.name;
    field.type = row.type;
    field.required = row.flags.find('r') != std::string_view::npos;
    field.array = row.flags.find('a') != std::string_view::npos;
    field.cut = row.flags.find('c') != std::string_view::npos;
    field.indexed = row.flags.find('x') == std::string_view::npos;
    field.object_type = row.object_type;
    if (row.values.substr(0, 1) == "=") {
      field.allowed = split(row.values.substr(1));
    } else {
      field.expected = split(row.values);
    }
    field.pattern = row.pattern;
    if (field.required) set.required.push_back(row.name);
    for (std::size_t dot = row.name.find('.'); dot != std::string_view::npos; dot = row.name.find('.', dot + 1))
      set.parents.insert(row.name.substr(0, dot));
    set.fields.emplace(row.name, std::move(field));
  }
  for (const auto& category : kCategories) set.category_types.emplace(category.name, split(category.types));
  for (const auto& name : kMulti) set.multi.insert(name);
  return set;
}

}  // namespace

const FieldSet& field_set() {
  static const FieldSet set = build();
  return set;
}

}  // namespace csiem::schema::ecs
