// OCSF, strictly: attributes, types, enumerations with their captions, profiles, constraints, observables.
#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <cmath>

#include "base/rfc3339.hpp"
#include "schema/duplicate_keys.hpp"
#include "schema/ocsf_observables.hpp"
#include "schema/ocsf_quick.hpp"
#include "schema/ocsf_schema.hpp"
#include "schema/validators.hpp"

namespace csiem::schema {
namespace {

namespace json = boost::json;
using ocsf::Attribute;
using ocsf::Item;
using ocsf::Primitive;
using ocsf::Profiles;

constexpr int64_t kFirstMs = 946'684'800'000, kLastMs = 4'102'444'800'000;  // years 2000 to 2100
constexpr int64_t kOther = 99;

std::string_view view(const json::string& s) { return {s.data(), s.size()}; }
std::string_view view(json::string_view s) { return {s.data(), s.size()}; }

bool contains(const std::vector<std::string_view>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// What an attribute of this type may be, as JSON.
bool right_kind(Primitive primitive, const json::value& v) {
  switch (primitive) {
    case Primitive::string:
      return v.is_string();
    case Primitive::integer:
      return v.is_int64();
    case Primitive::long_:
      return v.is_int64() || v.is_uint64();
    case Primitive::floating:
      return v.is_double() && std::isfinite(v.get_double());
    case Primitive::boolean:
      return v.is_bool();
    case Primitive::json:
      return true;
  }
  return false;
}

struct Version {
  int part[3] = {};
  bool prerelease = false;
  auto order() const { return std::tuple(part[0], part[1], part[2], !prerelease); }
};

// ^\d+\.\d+\.\d+(-prerelease)?(\+build)?$
std::optional<Version> parse_version(std::string_view text) {
  Version v;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int i = 0; i < 3; ++i) {
    if (i > 0 && (at == end || *at++ != '.')) return std::nullopt;
    const auto [next, error] = std::from_chars(at, end, v.part[i]);
    if (error != std::errc() || *at == '-') return std::nullopt;
    at = next;
  }
  if (at != end && *at == '-') v.prerelease = true;
  if (at != end && *at != '-' && *at != '+') return std::nullopt;
  return v;
}

// One event.
class Check {
 public:
  Check(const ocsf::Schema& schema, std::string_view version, std::vector<Violation>& out)
      : schema_(schema), version_(version), out_(out) {}

  void event(const json::value& document, std::vector<std::string> duplicates) {
    duplicates_ = std::move(duplicates);
    const auto& event = document.get_object();
    const auto* uid = event.if_contains("class_uid");
    if (uid == nullptr) return error("class_uid", "attribute_required_missing");
    if (!uid->is_int64()) return error("class_uid", "attribute_wrong_type", "expected integer_t");
    const Item* const event_class = schema_.event_class(uid->get_int64());
    if (event_class == nullptr) return error("class_uid", "class_uid_unknown", std::to_string(uid->get_int64()));
    profiles(event, *event_class);
    if (event_class->deprecated) error("class_uid", "class_deprecated", std::string(event_class->name));
    attributes(event, "", *event_class);
    version(event);
    const auto *activity = event.if_contains("activity_id"), *type = event.if_contains("type_uid");
    if (activity != nullptr && type != nullptr && activity->is_int64() && type->is_int64() &&
        type->get_int64() != uid->get_int64() * 100 + activity->get_int64())
      error("type_uid", "type_uid_incorrect", std::to_string(type->get_int64()));
    constraints(event, "", *event_class);
    ocsf::check_observables(document, *event_class, profiles_, out_);
  }

 private:
  void error(std::string path, std::string rule, std::string detail = {}) {
    out_.push_back({std::move(path), std::move(rule), std::move(detail)});
  }

  void profiles(const json::object& event, const Item& event_class) {
    const auto* metadata = event.if_contains("metadata");
    const auto* list =
        metadata == nullptr || !metadata->is_object() ? nullptr : metadata->get_object().if_contains("profiles");
    if (list == nullptr || !list->is_array()) return;
    for (std::size_t i = 0; i < list->get_array().size(); ++i) {
      const auto* name = list->get_array()[i].if_string();
      if (name == nullptr) continue;
      const std::string at = "metadata.profiles[" + std::to_string(i) + "]";
      if (!schema_.knows_profile(view(*name))) {
        error(at, "profile_unknown", std::string(view(*name)));
      } else if (!contains(event_class.profiles, view(*name))) {
        error(at, "strict_profile_not_applicable", std::string(view(*name)));
      }
      if (!profiles_.insert(view(*name)).second) error("metadata.profiles", "strict_duplicate_value");
    }
  }

  void version(const json::object& event) {
    const auto* metadata = event.if_contains("metadata");
    const auto* given =
        metadata == nullptr || !metadata->is_object() ? nullptr : metadata->get_object().if_contains("version");
    if (given == nullptr || !given->is_string()) return;
    const std::string_view text = view(given->get_string());
    const auto have = parse_version(text), want = parse_version(version_);
    if (!have) return error("metadata.version", "version_earlier", "not a semantic version");
    if (have->order() == want->order()) return;
    const char* rule = have->order() > want->order() ? "version_incompatible_later"
                       : have->part[0] == 0          ? "version_incompatible_initial_development"
                       : have->prerelease            ? "version_incompatible_prerelease"
                                                     : "version_earlier";
    error("metadata.version", rule, std::string(text.substr(0, 40)));
  }

  void attributes(const json::object& object, const std::string& base, const Item& item) {
    for (const auto& path : duplicates_)
      if (path.size() > base.size() && path.compare(0, base.size(), base) == 0 &&
          path.find_first_of(".[", base.size()) == std::string::npos)
        error(path, "strict_duplicate_key");
    if (item.attributes.empty()) return;  // free form
    bool any_visible = false;
    for (const auto& [name, attribute] : item.attributes) {
      if (ocsf::visible(item, name, profiles_) == nullptr) continue;
      any_visible = true;
      if (!attribute->required) continue;
      const auto* value = object.if_contains({name.data(), name.size()});
      if (value == nullptr || value->is_null()) {
        error(base + std::string(name), "attribute_required_missing");
      } else if (value->is_string() && value->get_string().empty()) {
        error(base + std::string(name), "strict_required_empty");
      }
    }
    if (!any_visible) return;
    for (const auto& member : object) one_attribute(object, view(member.key()), member.value(), base, item);
    time_pairs(object, base);
  }

  void one_attribute(const json::object& object, std::string_view name, const json::value& value,
                     const std::string& base, const Item& item) {
    const std::string path = base + std::string(name);
    const Attribute* const a = ocsf::visible(item, name, profiles_);
    if (a == nullptr) {
      const bool needs_profile = item.attributes.find(name) != item.attributes.end();
      return error(path, "attribute_unknown",
                   needs_profile ? "needs a profile" : "not defined in " + std::string(item.name));
    }
    if (value.is_null()) {
      if (a->values != nullptr) error(path, "attribute_enum_value_unknown", "null");
      return error(path, "strict_null_value");
    }
    if (a->deprecated) error(path, "attribute_deprecated");
    if (a->array) {
      const auto* array = value.if_array();
      if (array == nullptr) return error(path, "attribute_wrong_type", "expected an array");
      for (std::size_t i = 0; i < array->size(); ++i) element(path + "[" + std::to_string(i) + "]", (*array)[i], *a);
      if (a->values != nullptr) enumeration_array(object, *array, *a, base);
    } else {
      element(path, value, *a);
      if (a->values != nullptr) enumeration(object, value, *a, base);
    }
  }

  void element(const std::string& path, const json::value& value, const Attribute& a) {
    if (a.object == nullptr) return scalar(path, value, *a.type);
    const auto* object = value.if_object();
    if (object == nullptr) return error(path, "attribute_wrong_type", "expected " + std::string(a.type_name));
    if (a.object->deprecated) error(path, "object_deprecated", std::string(a.type_name));
    attributes(*object, path + ".", *a.object);
    constraints(*object, path, *a.object);
  }

  void scalar(const std::string& path, const json::value& value, const ocsf::Type& type) {
    if (!right_kind(type.primitive, value))
      return error(path, "attribute_wrong_type", "expected " + std::string(type.name));
    if (type.range &&
        (!value.is_int64() || value.get_int64() < type.range->first || value.get_int64() > type.range->second))
      error(path, "attribute_value_exceeds_range");
    if (type.name == "timestamp_t" && value.is_int64() && value.get_int64() != 0 &&
        (value.get_int64() < kFirstMs || value.get_int64() > kLastMs))
      error(path, "strict_time_not_epoch_ms", std::to_string(value.get_int64()));
    const auto* string = value.if_string();
    if (string == nullptr) return;
    const std::string_view text = view(*string);
    if (type.max_length && characters(text) > *type.max_length) error(path, "attribute_value_exceeds_max_len");
    if (type.pattern != nullptr && !RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *type.pattern)) {
      error(path, "attribute_value_regex_not_matched", std::string(text.substr(0, 60)));
    } else if (type.name == "datetime_t" && !parse_rfc3339(text)) {
      error(path, "strict_datetime_invalid", std::string(text.substr(0, 40)));
    }
  }

  void enumeration(const json::object& object, const json::value& value, const Attribute& a, const std::string& base) {
    if (value.is_structured()) return;
    const std::string key = ocsf::scalar_text(value);
    const std::string path = base + std::string(a.name), sibling_path = base + std::string(a.sibling);
    const auto* caption = a.values->caption(key);
    if (caption == nullptr) return error(path, "attribute_enum_value_unknown", key.substr(0, 40));
    if (contains(a.values->deprecated, key)) error(path, "attribute_enum_value_deprecated");
    if (a.sibling.empty()) return;
    const bool other = value.is_int64() && value.get_int64() == kOther;
    const auto* sibling = object.if_contains({a.sibling.data(), a.sibling.size()});
    if (sibling == nullptr) {
      if (other) error(sibling_path, "strict_other_without_sibling");
      return;
    }
    const bool same = sibling->is_string() && view(sibling->get_string()) == *caption;
    if (other && same) error(sibling_path, "attribute_enum_sibling_suspicious_other");
    if (!other && !same) error(sibling_path, "attribute_enum_sibling_incorrect", "expected " + std::string(*caption));
  }

  void enumeration_array(const json::object& object, const json::array& values, const Attribute& a,
                         const std::string& base) {
    const auto* sibling = a.sibling.empty() ? nullptr : object.if_contains({a.sibling.data(), a.sibling.size()});
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i].is_structured()) continue;
      const std::string index = "[" + std::to_string(i) + "]", key = ocsf::scalar_text(values[i]);
      const std::string path = base + std::string(a.name) + index, sibling_path = base + std::string(a.sibling) + index;
      const auto* caption = a.values->caption(key);
      if (caption == nullptr) {
        error(path, "attribute_enum_array_value_unknown", key.substr(0, 40));
        continue;
      }
      if (contains(a.values->deprecated, key)) error(path, "attribute_enum_array_value_deprecated");
      const bool other = values[i].is_int64() && values[i].get_int64() == kOther;
      if (other || sibling == nullptr || !sibling->is_array()) continue;
      const auto& captions = sibling->get_array();
      if (i >= captions.size()) {
        error(sibling_path, "attribute_enum_array_sibling_missing");
      } else if (!captions[i].is_string() || view(captions[i].get_string()) != *caption) {
        error(sibling_path, "attribute_enum_array_sibling_incorrect", "expected " + std::string(*caption));
      }
    }
  }

  void constraints(const json::object& object, const std::string& path, const Item& item) {
    for (const auto& constraint : item.constraints) {
      const auto n = std::count_if(constraint.names.begin(), constraint.names.end(), [&](std::string_view name) {
        return object.if_contains({name.data(), name.size()}) != nullptr;
      });
      if (constraint.just_one ? n != 1 : n == 0)
        error(path.empty() ? std::string(item.name) : path, "constraint_failed",
              constraint.just_one ? "just_one" : "at_least_one");
    }
  }

  // x_dt says the same as x.
  void time_pairs(const json::object& object, const std::string& base) {
    for (const auto& member : object) {
      const std::string_view name = view(member.key());
      if (!name.ends_with("_dt") || !member.value().is_string()) continue;
      const auto* ms = object.if_contains({name.data(), name.size() - 3});
      const auto text = parse_rfc3339(view(member.value().get_string()));
      if (ms == nullptr || !ms->is_int64() || !text) continue;
      if (const int64_t apart = text->unix_ns / 1'000'000 - ms->get_int64(); apart < -1 || apart > 1)
        error(base + std::string(name), "strict_time_dt_mismatch", std::to_string(apart) + " ms");
    }
  }

  const ocsf::Schema& schema_;
  std::string_view version_;
  std::vector<Violation>& out_;
  Profiles profiles_;
  std::vector<std::string> duplicates_;
};

class OcsfValidator final : public Validator {
 public:
  OcsfValidator(std::string_view version, bool quick) : version_(version), schema_(ocsf::Schema::of(version)) {
    if (quick) quick_.emplace(version);
  }

  bool check(std::string_view encoded, std::vector<Violation>& violations) override {
    if (quick_ && quick_->accepts(encoded)) return true;
    const std::size_t before = violations.size();
    json::parse_options options;
    options.max_depth = 1024;
    boost::system::error_code problem;
    const auto value = json::parse({encoded.data(), encoded.size()}, problem, {}, options);
    if (problem) {
      violations.push_back({"-", "not_json", problem.message()});
    } else if (!value.is_object()) {
      violations.push_back({"-", "not_object", ""});
    } else {
      Check(schema_, version_, violations).event(value, duplicate_keys(encoded));
    }
    return violations.size() == before;
  }

 private:
  std::string version_;
  const ocsf::Schema& schema_;
  std::optional<const OcsfQuick> quick_;
};

}  // namespace

std::unique_ptr<Validator> make_ocsf_validator(std::string_view version, bool quick) {
  return std::make_unique<OcsfValidator>(version, quick);
}

}  // namespace csiem::schema
