// What the classes of OCSF require, so that lists of fields leave it.
#include <algorithm>
#include <iterator>

#include "schema/field_tree.hpp"
#include "schema/move_target.hpp"
#include "schema/ocsf_schema.hpp"

namespace csiem::schema {
namespace {

using ocsf::Attribute;
using ocsf::Item;

constexpr int64_t kClasses[] = {0, 1001, 1007, 2004, 3002, 3004, 4001, 6002, 6003};
constexpr std::string_view kOther = "99";  // its caption is the source's own word
constexpr std::size_t kDeepest = 6;

std::string quoted(std::string_view name) { return "'" + std::string(name) + "'"; }
std::string joined(std::string_view prefix, std::string_view name) {
  return prefix.empty() ? std::string(name) : std::string(prefix) + "." + std::string(name);
}
bool has_other(const Attribute& a) { return a.values != nullptr && a.values->caption(kOther) != nullptr; }
bool contains(const std::vector<std::string_view>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

const ocsf::Schema& schema_of(const OutputSettings& settings) {
  const std::string version = settings.version("ocsf");
  return ocsf::Schema::of(version.empty() ? "1.8.0" : version);
}

bool excluded(const OutputSettings& settings, std::string_view path) {
  const auto found = settings.fields.find("ocsf");
  return found != settings.fields.end() && std::any_of(found->second.exclude.begin(), found->second.exclude.end(),
                                                       [&](const std::string& name) { return covers(name, path); });
}

// Why the member of the object at `prefix` has to stay; empty: it may go.
std::string reason_to_stay(const Item& item, const Attribute& a, const std::string& prefix,
                           const OutputSettings& settings) {
  const std::string path = joined(prefix, a.name);
  if (a.required || path == "metadata.profiles") return quoted(path) + " is required by OCSF";
  for (const auto& group : item.constraints) {
    if (!contains(group.names, a.name)) continue;
    return quoted(path) + " may be the only one of the members of which OCSF requires one";
  }
  for (const auto& [name, other] : item.attributes)
    if (other->sibling == a.name && has_other(*other) && !excluded(settings, joined(prefix, name)))
      return quoted(path) + " says what " + quoted(joined(prefix, name)) + " means when it is " + std::string(kOther);
  return {};
}

struct Finding {
  bool exists = false;
  std::string reason;  // to stay, in one class at least
};

Finding look_up(std::string_view name, const OutputSettings& settings) {
  Finding out;
  for (const int64_t uid : kClasses) {
    const Item* item = schema_of(settings).event_class(uid);
    std::string prefix;
    for (std::string_view rest = name; item != nullptr;) {
      const std::size_t dot = rest.find('.');
      const auto found = item->attributes.find(rest.substr(0, dot));
      if (found == item->attributes.end()) break;
      const Attribute& a = *found->second;
      if (dot == std::string_view::npos) {
        out.exists = true;
        if (out.reason.empty()) out.reason = reason_to_stay(*item, a, prefix, settings);
        break;
      }
      prefix = joined(prefix, a.name);
      rest.remove_prefix(dot + 1);
      item = a.object;
      if (item != nullptr && item->attributes.empty() && !rest.empty()) {  // of any form
        out.exists = true;
        break;
      }
    }
  }
  return out;
}

bool known_unmapped(std::string_view name, const OutputSettings& settings) {
  constexpr std::string_view kOwn = "unmapped.clawdstrike";
  if (name == "unmapped" || name == kOwn) return true;
  if (covers(kOwn, name)) {
    const std::string_view rest = name.substr(kOwn.size() + 1), first = rest.substr(0, rest.find('.'));
    // metadata_json is one text, of which nothing can be taken out.
    if (own_name(first) && (first != "metadata_json" || rest == first)) return true;
  }
  const auto mappings = settings.mappings.find("ocsf");
  return mappings != settings.mappings.end() &&
         std::any_of(mappings->second.begin(), mappings->second.end(),
                     [&](const FieldMapping& mapping) { return covers(name, mapping.target); });
}

// The smallest object around it that may go as a whole.
std::string advice_for(std::string_view name, const OutputSettings& settings) {
  for (std::size_t dot = name.rfind('.'); dot != std::string_view::npos; dot = name.rfind('.')) {
    name = name.substr(0, dot);
    if (look_up(name, settings).reason.empty()) return quoted(name) + " can be excluded as a whole";
  }
  return "remove it from the list";
}

// Marks what the object must have, below `node`.
void require(FieldTree& node, const Item& item, const std::string& prefix, std::size_t depth) {
  const auto need = [&](const Attribute& a) {
    FieldTree& child = node.child(a.name);
    if (child.required) return;
    child.required = true;
    if (a.object != nullptr && depth < kDeepest) require(child, *a.object, joined(prefix, a.name), depth + 1);
  };
  for (const auto& [name, a] : item.attributes)
    if (a->required || joined(prefix, name) == "metadata.profiles") need(*a);
  for (const auto& group : item.constraints) {
    for (const std::string_view name : group.names) {
      const auto found = item.attributes.find(name);
      if (found != item.attributes.end()) need(*found->second);
    }
  }
  for (const auto& [name, a] : item.attributes) {
    if (!has_other(*a)) continue;
    const FieldTree* const id = node.find(name);
    const auto caption = item.attributes.find(a->sibling);
    if (id != nullptr && (id->required || id->included) && caption != item.attributes.end()) need(*caption->second);
  }
}

}  // namespace

FieldVerdict ocsf_field(std::string_view name, bool exclude, const OutputSettings& settings) {
  FieldVerdict out;
  if (covers("observables", name) && name != "observables") {
    out.problem = "observables stay or go as a whole, each with the value that it names";
    out.advice = "write 'observables'";
    return out;
  }
  if (covers("unmapped", name) && known_unmapped(name, settings)) return out;
  const Finding found = covers("unmapped", name) ? Finding{} : look_up(name, settings);
  if (!found.exists) {
    const std::string_view parent = name.substr(0, name.rfind('.') == std::string_view::npos ? 0 : name.rfind('.'));
    out.problem = quoted(name) + " is no attribute of the classes that are written";
    for (const int64_t uid : kClasses) {
      const Item* item = schema_of(settings).event_class(uid);
      for (std::string_view rest = parent; item != nullptr && !rest.empty();) {
        const std::size_t dot = rest.find('.');
        const auto next = item->attributes.find(rest.substr(0, dot));
        item = next == item->attributes.end() ? nullptr : next->second->object;
        rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
      }
      if (item == nullptr) continue;
      for (const auto& [attribute, about] : item->attributes) out.known.push_back(joined(parent, attribute));
    }
    return out;
  }
  if (exclude && !found.reason.empty()) {
    out.problem = found.reason;
    out.advice = advice_for(name, settings);
  }
  return out;
}

void ocsf_required(FieldTree& root, const std::vector<std::string>& include, const OutputSettings& settings) {
  for (const int64_t uid : kClasses) {
    const Item* const event_class = schema_of(settings).event_class(uid);
    if (event_class == nullptr) continue;
    require(root, *event_class, "", 0);
    // An object of which a part was asked for is there with all that it must have.
    for (const std::string& name : include) {
      const Item* item = event_class;
      FieldTree* node = &root;
      std::string prefix;
      for (std::string_view rest = name; item != nullptr && rest.find('.') != std::string_view::npos;) {
        const std::string_view first = rest.substr(0, rest.find('.'));
        const auto found = item->attributes.find(first);
        if (found == item->attributes.end()) break;
        item = found->second->object;
        node = &node->child(first);
        prefix = joined(prefix, first);
        rest.remove_prefix(first.size() + 1);
        if (item != nullptr) require(*node, *item, prefix, 1);
      }
    }
  }
}

}  // namespace csiem::schema
