#include "schema/ocsf_plan.hpp"

#include <algorithm>
#include <charconv>

#include "schema/name_hash.hpp"

namespace csiem::schema::ocsf {
namespace {

constexpr int64_t kFirstMs = 946'684'800'000, kLastMs = 4'102'444'800'000;  // years 2000 to 2100
constexpr std::size_t kMaxProfiles = 32;

Kind kind_of(const Type& type) {
  switch (type.primitive) {
    case Primitive::string:
      return type.name == "datetime_t" ? Kind::datetime : Kind::text;
    case Primitive::integer:
      return Kind::whole;
    case Primitive::long_:
      return type.name == "timestamp_t" ? Kind::time : Kind::whole;
    case Primitive::boolean:
      return Kind::flag;
    case Primitive::json:
      return Kind::anything;
    case Primitive::floating:
      break;
  }
  return Kind::unusual;
}

// False: not all values are numbers. Deprecated ones are left out.
bool captions_of(const Enum& values, std::vector<std::pair<int64_t, std::string_view>>& out) {
  for (const auto& [key, caption] : values.captions) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
    if (error != std::errc() || end != key.data() + key.size()) return false;
    if (std::find(values.deprecated.begin(), values.deprecated.end(), key) == values.deprecated.end())
      out.emplace_back(number, caption);
  }
  return true;
}

void give_roles(const Item& item, bool is_class, Slot& slot) {
  constexpr std::pair<std::string_view, Role> kOfClass[] = {
      {"class_uid", Role::class_uid}, {"activity_id", Role::activity}, {"type_uid", Role::type_uid}};
  constexpr std::pair<std::string_view, Role> kOfMetadata[] = {{"version", Role::version}, {"profiles", Role::profile}};
  constexpr std::pair<std::string_view, Role> kOfObservable[] = {
      {"name", Role::name}, {"value", Role::value}, {"type_id", Role::type}};
  const auto give = [&slot](const auto& roles) {
    for (const auto& [name, role] : roles)
      if (slot.name == name) slot.role = role;
  };
  if (is_class) give(kOfClass);
  if (item.name == "metadata") give(kOfMetadata);
  if (item.name == "observable") give(kOfObservable);
}

}  // namespace

const Slot* Shape::find(std::string_view name) const noexcept {
  if (table.empty() || name.empty()) return nullptr;
  const std::size_t mask = table.size() - 1;
  for (std::size_t i = name_hash(name) & mask; table[i] != Slot::kNone; i = (i + 1) & mask)
    if (slots[table[i]].name == name) return &slots[table[i]];
  return nullptr;
}

Plan::Plan(const Schema& schema) {
  for (const std::string_view name : schema.profiles()) profiles_.push_back(name);
  if (profiles_.size() > kMaxProfiles) profiles_.resize(kMaxProfiles);
  for (const auto& [uid, item] : schema.classes()) {
    const Shape* const made = shape(item);
    if (!item.deprecated) classes_.emplace_back(uid, made);
  }
}

const Shape* Plan::shape(const Item& item) {
  const auto [at, added] = by_item_.try_emplace(&item, nullptr);
  if (!added) return at->second;
  Shape& made = shapes_.emplace_back();
  at->second = &made;  // before its attributes: objects hold each other
  lay_out(item, made);
  return &made;
}

void Plan::lay_out(const Item& item, Shape& out) {
  out.free = item.attributes.empty();
  out.unusual = item.deprecated || item.attributes.size() > kMaxAttributes;
  out.observable = item.name == "observable";
  for (const std::string_view name : item.profiles) out.profiles |= profile(name);
  if (out.free || out.unusual) return;
  const bool is_class = !item.profiles.empty() || item.attributes.count("class_uid") != 0;
  bool always = false;  // something that needs no profile
  for (const auto& [name, attribute] : item.attributes) {
    Slot& slot = out.slots.emplace_back();
    slot.name = name;
    slot.at = static_cast<uint8_t>(out.slots.size() - 1);
    fill(*attribute, slot);
    give_roles(item, is_class, slot);
    if (attribute->profiles.empty()) always = true;
    if (attribute->required && attribute->profiles.empty()) out.required.set(slot.at);
    if (attribute->required && slot.profile != 0) out.required_by.emplace_back(slot.at, slot.profile);
    if (attribute->required && attribute->profiles.size() > 1) out.unusual = true;
  }
  out.unusual = out.unusual || !always;
  std::size_t size = 4;
  while (size < out.slots.size() * 3) size *= 2;
  out.table.assign(size, Slot::kNone);
  for (const Slot& slot : out.slots) {
    std::size_t i = name_hash(slot.name) & (size - 1);
    while (out.table[i] != Slot::kNone) i = (i + 1) & (size - 1);
    out.table[i] = slot.at;
  }
  for (Slot& slot : out.slots) {
    const Attribute& attribute = *item.attributes.find(slot.name)->second;
    if (slot.kind == Kind::datetime && slot.name.ends_with("_dt"))
      if (const Slot* ms = out.find(slot.name.substr(0, slot.name.size() - 3))) slot.in_ms = ms->at;
    if (attribute.values == nullptr || attribute.sibling.empty()) continue;
    const Slot* const sibling = out.find(attribute.sibling);
    if (sibling == nullptr || sibling->kind != Kind::text || sibling->array || slot.array || slot.words != nullptr) {
      slot.kind = Kind::unusual;
    } else {
      slot.sibling = sibling->at;
      out.slots[sibling->at].caption = true;
    }
  }
  for (const Constraint& constraint : item.constraints) {
    Bits names;
    for (const std::string_view name : constraint.names)
      if (const Slot* slot = out.find(name)) names.set(slot->at);
    out.constraints.emplace_back(constraint.just_one, names);
  }
}

void Plan::fill(const Attribute& attribute, Slot& out) {
  out.array = attribute.array;
  out.required = attribute.required;
  out.numbers[0] = attribute.observable;
  if (attribute.profiles.size() == 1) out.profile = profile(attribute.profiles[0]);
  if (attribute.deprecated || attribute.profiles.size() > 1) return;
  if (!attribute.profiles.empty() && out.profile == 0) return;
  if (attribute.object != nullptr) {
    out.object = shape(*attribute.object);
    if (!attribute.object->deprecated) out.kind = out.object->free ? Kind::free : Kind::object;
    return;
  }
  if (attribute.type == nullptr) return;
  const Type& type = *attribute.type;
  out.kind = kind_of(type);
  out.pattern = type.pattern.get();
  out.numbers[1] = type.observable;
  out.observable = out.kind == Kind::text && (out.numbers[0] >= 0 || out.numbers[1] >= 0);
  if (type.max_length) out.max_bytes = *type.max_length;
  if (type.range) std::tie(out.low, out.high) = *type.range;
  if (out.kind == Kind::time) std::tie(out.low, out.high) = std::pair(kFirstMs, kLastMs);
  if (attribute.values == nullptr) return;
  if (out.kind == Kind::text && attribute.values->deprecated.empty()) {
    out.words = attribute.values;
  } else if (out.kind != Kind::whole || !captions_of(*attribute.values, out.captions)) {
    out.kind = Kind::unusual;
  }
  if (attribute.array) out.kind = Kind::unusual;
}

const Shape* Plan::event_class(int64_t uid) const noexcept {
  for (const auto& [known, shape] : classes_)
    if (known == uid) return shape;
  return nullptr;
}

uint32_t Plan::profile(std::string_view name) const noexcept {
  const auto at = std::find(profiles_.begin(), profiles_.end(), name);
  return at == profiles_.end() ? 0 : 1U << (at - profiles_.begin());
}

const Plan& Plan::of(std::string_view version) {
  static const Plan newest(Schema::of("1.8.0"));
  static const Plan oldest(Schema::of("1.5.0"));
  return version == "1.8.0" ? newest : oldest;
}

}  // namespace csiem::schema::ocsf
