#include "schema/ocsf_observables.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>

namespace csiem::schema::ocsf {
namespace {

namespace json = boost::json;

struct Segment {
  std::string_view name;
  bool bracket = false;
  std::optional<std::size_t> index;  // none: every element
};

std::string_view view(const json::string& s) { return {s.data(), s.size()}; }

// "evidences[0].file.path" at its dots outside of brackets.
std::vector<Segment> segments_of(std::string_view path) {
  std::vector<Segment> out;
  std::size_t begin = 0;
  bool inside = false;
  for (std::size_t i = 0; i <= path.size(); ++i) {
    if (i < path.size() && path[i] == '[') inside = true;
    if (i < path.size() && path[i] == ']') inside = false;
    if (i != path.size() && (path[i] != '.' || inside)) continue;
    Segment segment{path.substr(begin, i - begin), false, {}};
    const std::size_t open = segment.name.find('[');
    if (open != std::string_view::npos && open != 0 && segment.name.back() == ']') {
      const std::string_view index = segment.name.substr(open + 1, segment.name.size() - open - 2);
      std::size_t n = 0;
      if (std::from_chars(index.data(), index.data() + index.size(), n).ec == std::errc()) segment.index = n;
      segment.name = segment.name.substr(0, open);
      segment.bracket = true;
    }
    out.push_back(segment);
    begin = i + 1;
  }
  return out;
}

void resolve(const json::value& value, const Segment* at, const Segment* end, std::vector<const json::value*>& out) {
  if (const auto* array = value.if_array()) {
    for (const auto& element : *array) resolve(element, at, end, out);
  } else if (at == end) {
    if (!value.is_null()) out.push_back(&value);
  } else if (const auto* object = value.if_object()) {
    const auto* member = object->if_contains({at->name.data(), at->name.size()});
    if (member == nullptr) return;
    if (at->index && member->is_array()) {
      const auto& elements = member->get_array();
      if (*at->index < elements.size()) resolve(elements[*at->index], at + 1, end, out);
    } else {
      resolve(*member, at + 1, end, out);
    }
  }
}

// What the path names in the class; null: nothing.
const Attribute* find(const Item& event_class, const std::vector<Segment>& segments, const Profiles& profiles) {
  const Item* item = &event_class;
  const Attribute* leaf = nullptr;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    leaf = item == nullptr ? nullptr : visible(*item, segments[i].name, profiles);
    const bool last = i + 1 == segments.size();
    if (leaf == nullptr || (!last && ((segments[i].bracket && !leaf->array) || leaf->object == nullptr)))
      return nullptr;
    item = leaf->object;
  }
  return leaf;
}

}  // namespace

const Attribute* visible(const Item& item, std::string_view name, const Profiles& profiles) {
  const auto at = item.attributes.find(name);
  if (at == item.attributes.end()) return nullptr;
  const auto& needs = at->second->profiles;
  const bool listed =
      std::any_of(needs.begin(), needs.end(), [&](std::string_view p) { return profiles.count(p) != 0; });
  return needs.empty() || listed ? at->second : nullptr;
}

std::string scalar_text(const json::value& value) {
  if (const auto* string = value.if_string()) return std::string(view(*string));
  return value.is_structured() || value.is_null() ? std::string() : json::serialize(value);
}

void check_observables(const json::value& event, const Item& event_class, const Profiles& profiles,
                       std::vector<Violation>& out) {
  const auto* list = event.get_object().if_contains("observables");
  if (list == nullptr || !list->is_array()) return;
  for (std::size_t i = 0; i < list->get_array().size(); ++i) {
    const auto* observable = list->get_array()[i].if_object();
    const auto* name = observable == nullptr ? nullptr : observable->if_contains("name");
    if (name == nullptr || !name->is_string()) continue;
    const std::string at = "observables[" + std::to_string(i) + "]";
    const auto segments = segments_of(view(name->get_string()));
    const Attribute* leaf = find(event_class, segments, profiles);
    if (leaf == nullptr) {
      out.push_back({at + ".name", "observable_name_invalid_reference", scalar_text(*name).substr(0, 80)});
      continue;
    }
    std::vector<const json::value*> values;
    resolve(event, segments.data(), segments.data() + segments.size(), values);
    const auto* value = observable->if_contains("value");
    if (values.empty()) {
      out.push_back({at + ".name", "strict_observable_name_absent", scalar_text(*name).substr(0, 80)});
    } else if (leaf->object == nullptr && value == nullptr) {
      out.push_back({at + ".value", "strict_observable_value_missing", ""});
    } else if (leaf->object == nullptr && std::none_of(values.begin(), values.end(), [&](const auto* v) {
                 return scalar_text(*v) == scalar_text(*value);
               })) {
      out.push_back({at + ".value", "strict_observable_value_mismatch", ""});
    }
    const int wanted[] = {leaf->observable, leaf->type != nullptr     ? leaf->type->observable
                                            : leaf->object != nullptr ? leaf->object->observable
                                                                      : -1};
    const auto* type = observable->if_contains("type_id");
    if (type == nullptr || !type->is_int64() || (wanted[0] < 0 && wanted[1] < 0)) continue;
    const int64_t given = type->get_int64();
    const bool right = given >= 0 && (given == wanted[0] || given == wanted[1]);
    if (!right && given != 0 && given != 99)
      out.push_back({at + ".type_id", "strict_observable_type_mismatch", std::to_string(given)});
  }
}

}  // namespace csiem::schema::ocsf
