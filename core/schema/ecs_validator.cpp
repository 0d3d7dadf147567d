// ECS 8.17, strictly: types, arrays, closed lists, the table of categories and types, names of our own namespace.
#include <arpa/inet.h>
#include <re2/re2.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <set>

#include "base/rfc3339.hpp"
#include "schema/duplicate_keys.hpp"
#include "schema/ecs_fields.hpp"
#include "schema/ecs_quick.hpp"
#include "schema/validators.hpp"

namespace csiem::schema {
namespace {

namespace json = boost::json;
using ecs::Field;
using ecs::FieldSet;
using ecs::Type;

constexpr std::size_t kTermBytes = 32766;  // an indexed keyword may not have more when nothing cuts it
constexpr int kMaxDepth = 20;              // default mapping depth limit
// Elasticsearch keeps these beside the document.
const std::vector<std::string_view> kMetadataFields = {"_id",      "_index",   "_source",      "_type",
                                                       "_routing", "_version", "_ignored",     "_seq_no",
                                                       "_tier",    "_meta",    "_field_names", "_doc_count"};

std::string_view text_of(const json::string& s) { return {s.data(), s.size()}; }

std::string_view kind_of(const json::value& v) {
  switch (v.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "boolean";
    case json::kind::string:
      return "string";
    case json::kind::array:
      return "array";
    case json::kind::object:
      return "object";
    default:
      return "number";
  }
}

bool is_keyword(Type t) { return t == Type::keyword || t == Type::constant_keyword || t == Type::wildcard; }
bool is_object(Type t) { return t == Type::object || t == Type::nested || t == Type::flattened; }

bool blank(std::string_view key, std::string_view of) { return key.find_first_not_of(of) == std::string_view::npos; }

bool good_name(std::string_view key) {
  return !blank(key, " \t\r\n") && key.front() != '.' && key.back() != '.' &&
         key.find("..") == std::string_view::npos && key.find('\0') == std::string_view::npos;
}

bool contains(const std::vector<std::string_view>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// One document.
class Check {
 public:
  Check(std::string_view name_space, std::vector<Violation>& out)
      : set_(ecs::field_set()), namespace_(name_space), out_(out) {}

  void document(const json::object& document) {
    walk(document, "", 1);
    for (const auto& name : set_.required)
      if (seen_.find(name) == seen_.end()) error(std::string(name), "required_missing");
    event_rules();
    version();
    data_stream();
  }

 private:
  void error(std::string path, std::string rule, std::string detail = {}) {
    out_.push_back({std::move(path), std::move(rule), std::move(detail)});
  }
  void wrong_type(const std::string& path, std::string_view wanted, const json::value& got) {
    error(path, "wrong_type", "expected " + std::string(wanted) + ", got " + std::string(kind_of(got)));
  }

  void walk(const json::object& object, const std::string& prefix, int depth) {
    if (depth > kMaxDepth) return error(prefix, "too_deep");
    for (const auto& member : object) {
      const std::string_view key(member.key().data(), member.key().size());
      const std::string path = prefix + std::string(key);
      if (!good_name(key)) {
        error(path.empty() ? "-" : path, "bad_field_name");
      } else {
        node(path, member.value(), depth);
      }
    }
  }

  void node(const std::string& path, const json::value& value, int depth) {
    if (std::string_view(path).substr(0, path.find('.')) == namespace_) {
      if (path == namespace_ && !value.is_object()) return wrong_type(path, "object", value);
      if (value.is_object()) free_depth(path, value, depth + 1);
      return;
    }
    const auto found = set_.fields.find(path);
    if (found == set_.fields.end()) return unlisted(path, value, depth);
    const Field& field = found->second;
    if (!seen_.emplace(path, &value).second) error(path, "duplicate_field");
    if (value.is_null()) return error(path, "null_value");
    if (is_object(field.type)) return objects(path, value, field, depth);
    if (field.type == Type::geo_point) return;
    if (value.is_object()) return wrong_type(path, "a single value", value);
    if (const auto* array = value.if_array()) {
      if (!field.array) error(path, "strict_scalar_expected", "not an array field");
      for (std::size_t i = 0; i < array->size(); ++i) scalar(path + "[" + std::to_string(i) + "]", (*array)[i], field);
      return;
    }
    if (field.array) error(path, "array_expected", "got " + std::string(kind_of(value)));
    scalar(path, value, field);
  }

  void unlisted(const std::string& path, const json::value& value, int depth) {
    if (set_.parents.count(path) != 0) {
      if (const auto* object = value.if_object()) return walk(*object, path + ".", depth + 1);
      return value.is_null() ? error(path, "null_value") : wrong_type(path, "object", value);
    }
    for (std::size_t dot = path.rfind('.'); dot != std::string::npos && dot > 0; dot = path.rfind('.', dot - 1)) {
      const auto ancestor = set_.fields.find(std::string_view(path).substr(0, dot));
      if (ancestor == set_.fields.end()) continue;
      if (ancestor->second.type == Type::flattened) return;
      if (ancestor->second.type == Type::object && !ancestor->second.object_type.empty())
        return label(path, std::string_view(path).substr(dot + 1), value);
      if (set_.multi.count(path) != 0) return error(path, "multi_field", "built by the mapping, never sent");
      break;
    }
    if (contains(kMetadataFields, path)) return error(path, "metadata_field", "cannot be inside a document");
    const auto* object = value.if_object();
    if (object == nullptr || object->empty() || depth >= kMaxDepth)
      return error(path, "unknown_field", "not in ECS and not under " + std::string(namespace_) + ".*");
    for (const auto& member : *object)
      unlisted(path + "." + std::string(member.key().data(), member.key().size()), member.value(), depth + 1);
  }

  void label(const std::string& path, std::string_view key, const json::value& value) {
    if (key.find('.') != std::string_view::npos) return error(path, "label_key", "a dot in a key makes an object");
    const auto* text = value.if_string();
    if (text == nullptr) return wrong_type(path, "keyword", value);
    if (text->size() > kTermBytes) error(path, "term_too_long");
  }

  void objects(const std::string& path, const json::value& value, const Field& field, int depth) {
    const auto* array = value.if_array();
    if (field.array && array == nullptr) error(path, "array_expected", "got " + std::string(kind_of(value)));
    if (!field.array && array != nullptr && field.type != Type::nested)
      error(path, "strict_scalar_expected", "not an array field");
    if (array == nullptr) return one_object(path, value, field, depth);
    for (const auto& element : *array) one_object(path, element, field, depth);
  }

  void one_object(const std::string& path, const json::value& value, const Field& field, int depth) {
    const auto* object = value.if_object();
    if (object == nullptr) return wrong_type(path, "object", value);
    if (!field.object_type.empty()) {
      for (const auto& member : *object) {
        const std::string_view key(member.key().data(), member.key().size());
        label(path + "." + std::string(key), key, member.value());
      }
    } else if (field.type != Type::flattened && set_.parents.count(path) != 0) {
      auto outer = std::move(seen_);  // each element is its own document
      seen_.clear();
      walk(*object, path + ".", depth + 1);
      seen_ = std::move(outer);
    } else {
      free_depth(path, value, depth + 1);
    }
  }

  void free_depth(const std::string& path, const json::value& value, int depth) {
    if (depth > kMaxDepth) return error(path, "too_deep");
    if (const auto* object = value.if_object()) {
      for (const auto& member : *object) {
        const std::string_view key(member.key().data(), member.key().size());
        if (blank(key, ". \t\r\n") || key.find('\0') != std::string_view::npos)
          error(path + "." + std::string(key), "bad_field_name", "empty, blank, dots only or holds NUL");
        if (member.value().is_object() || member.value().is_array())
          free_depth(path + "." + std::string(key), member.value(), depth + 1);
      }
    } else if (const auto* array = value.if_array()) {
      for (const auto& element : *array)
        if (element.is_object() || element.is_array()) free_depth(path, element, depth);
    }
  }

  void scalar(const std::string& path, const json::value& value, const Field& field) {
    if (value.is_null()) return error(path, "null_value");
    if (value.is_object() || value.is_array()) return wrong_type(path, "a single value", value);
    switch (field.type) {
      case Type::boolean:
        if (!value.is_bool()) wrong_type(path, "boolean", value);
        return;
      case Type::long_:
        return whole(path, value);
      case Type::float_:
      case Type::scaled_float:
        if (!value.is_number()) wrong_type(path, "float", value);
        return;
      case Type::date:
        return date(path, value);
      case Type::ip: {
        unsigned char address[16];
        const auto* text = value.if_string();
        const std::string literal(text == nullptr ? "" : text_of(*text).substr(0, text->find('%')));
        if (inet_pton(AF_INET, literal.c_str(), address) != 1 && inet_pton(AF_INET6, literal.c_str(), address) != 1)
          error(path, "wrong_type", "not an ip address");
        return;
      }
      default:
        return keyword(path, value, field);
    }
  }

  void keyword(const std::string& path, const json::value& value, const Field& field) {
    const auto* string = value.if_string();
    if (string == nullptr) return wrong_type(path, "keyword", value);
    const std::string_view text = text_of(*string);
    if (!field.allowed.empty() && !contains(field.allowed, text)) {
      error(path, "value_not_allowed", std::string(text.substr(0, 60)));
    } else if (!field.expected.empty() && !contains(field.expected, text)) {
      error(path, "value_not_expected", std::string(text.substr(0, 60)));
    }
    if (!field.pattern.empty()) {
      const RE2 pattern(re2::StringPiece(field.pattern.data(), field.pattern.size()));
      if (!RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern))
        error(path, "pattern_not_matched", std::string(text.substr(0, 60)));
    }
    if (is_keyword(field.type) && field.type == Type::keyword && !field.cut && field.indexed &&
        text.size() > kTermBytes)
      error(path, "term_too_long");
  }

  void whole(const std::string& path, const json::value& value) {
    if (value.is_uint64()) return error(path, "out_of_range", "long");
    if (!value.is_int64())
      return error(path, "wrong_type",
                   "expected long, got " + std::string(value.is_double() ? "fraction" : kind_of(value)));
    const int64_t number = value.get_int64();
    if (path.ends_with(".port") && (number < 0 || number > 65535))
      error(path, "strict_port_range", std::to_string(number));
  }

  void date(const std::string& path, const json::value& value) {
    const auto* string = value.if_string();
    if (string == nullptr)
      return value.is_number() ? error(path, "strict_date_text", "epoch number instead of text")
                               : wrong_type(path, "date", value);
    const auto parsed = parse_rfc3339(text_of(*string));
    if (!parsed || text_of(*string).find('T') == std::string_view::npos) return error(path, "date_format");
    if (path == "@timestamp" && !parsed->had_zone) error(path, "strict_timestamp", "needs seconds and a zone");
  }

  std::vector<std::string_view> words(std::string_view path) const {
    std::vector<std::string_view> found;
    const auto it = seen_.find(path);
    if (it == seen_.end()) return found;
    if (const auto* string = it->second->if_string()) found.push_back(text_of(*string));
    if (const auto* array = it->second->if_array())
      for (const auto& element : *array)
        if (const auto* string = element.if_string()) found.push_back(text_of(*string));
    return found;
  }

  void event_rules() {
    const auto categories = words("event.category");
    const auto types = words("event.type");
    std::set<std::string_view> possible;
    bool any_known = false;
    for (const auto& category : categories) {
      const auto it = set_.category_types.find(category);
      if (it == set_.category_types.end()) continue;
      any_known = true;
      possible.insert(it->second.begin(), it->second.end());
      if (!types.empty() &&
          std::none_of(types.begin(), types.end(), [&](std::string_view t) { return contains(it->second, t); }))
        error("event.category", "strict_category_without_type", std::string(category));
    }
    const auto& known_types = set_.fields.find("event.type")->second.allowed;
    for (const auto& type : types)
      if (any_known && contains(known_types, type) && possible.count(type) == 0)
        error("event.type", "type_not_expected_for_category", std::string(type));
    if (!types.empty() && categories.empty()) error("event.type", "strict_type_without_category");
    for (const auto& [name, list] : {std::pair("event.category", categories), std::pair("event.type", types)})
      if (std::set<std::string_view>(list.begin(), list.end()).size() != list.size())
        error(name, "strict_duplicate_value");
    const auto kind = words("event.kind");
    if (seen_.find("event.kind") == seen_.end()) {
      error("event.kind", "strict_missing", "every document states its kind");
    } else if (!kind.empty() && kind.front() == "signal") {
      error("event.kind", "reserved_value", "signal belongs to the alerting framework");
    }
  }

  void version() {
    const auto given = words("ecs.version");
    if (given.empty()) return;
    static const RE2 pattern(R"((\d+)\.(\d+)\.\d+)");
    int major = 0;
    int minor = 0;
    if (!RE2::FullMatch(re2::StringPiece(given.front().data(), given.front().size()), pattern, &major, &minor) ||
        major != 8 || minor > 17)
      error("ecs.version", "bad_version", std::string(given.front().substr(0, 30)));
  }

  void data_stream() {
    const auto dataset = words("data_stream.dataset");
    const auto event_dataset = words("event.dataset");
    for (const char* name : {"data_stream.dataset", "data_stream.namespace"})
      for (const auto& word : words(name))
        if (word.empty() || word.size() > 100 || word.find_first_of("-\\/*?\"<>| ,#:") != std::string_view::npos ||
            std::any_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; }))
          error(name, "bad_data_stream_name", std::string(word.substr(0, 60)));
    if (!dataset.empty() && !event_dataset.empty() && dataset != event_dataset)
      error("event.dataset", "strict_dataset_mismatch", "differs from data_stream.dataset");
  }

  const FieldSet& set_;
  const std::string_view namespace_;
  std::vector<Violation>& out_;
  std::map<std::string, const json::value*, std::less<>> seen_;
};

class EcsValidator final : public Validator {
 public:
  EcsValidator(std::string_view name_space, bool quick) : namespace_(name_space) {
    if (quick) quick_ = std::make_unique<EcsQuick>(name_space);
  }

  bool check(std::string_view encoded, std::vector<Violation>& violations) override {
    if (quick_ != nullptr && quick_->accepts(encoded)) return true;
    const std::size_t before = violations.size();
    json::parse_options options;
    options.max_depth = 130;
    boost::system::error_code problem;
    const auto value = json::parse({encoded.data(), encoded.size()}, problem, {}, options);
    if (problem) {
      violations.push_back({"-", "not_json", problem.message()});
    } else if (const auto* document = value.if_object()) {
      Check(namespace_, violations).document(*document);
      for (auto& path : duplicate_keys(encoded)) violations.push_back({std::move(path), "duplicate_field", ""});
    } else {
      violations.push_back({"-", "not_object", ""});
    }
    return violations.size() == before;
  }

 private:
  const std::string namespace_;
  std::unique_ptr<const EcsQuick> quick_;
};

}  // namespace

std::unique_ptr<Validator> make_ecs_validator(std::string_view name_space, bool quick) {
  return std::make_unique<EcsValidator>(name_space, quick);
}

}  // namespace csiem::schema
