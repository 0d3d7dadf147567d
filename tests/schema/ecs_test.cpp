// What the format `ecs` makes of real events is ECS 8.17: only known fields, of the right type, with legal values.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "common/address.hpp"
#include "common/test_event.hpp"
#include "common/test_format.hpp"

namespace json = boost::json;
using csiem::testing::TestEvent;
using csiem::testing::TestFormat;

namespace {

struct Field {
  std::string type;
  bool array;
};

std::map<std::string, Field> load_fields() {
  std::map<std::string, Field> out;
  std::ifstream file(CSIEM_TEST_DATA "/schema/ecs-8.17.0.tsv");
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream columns(line);
    std::string name, type, array;
    columns >> name >> type >> array;
    out[name] = {type, array == "array"};
  }
  return out;
}

// Collects what is wrong with one document.
class Checker {
 public:
  explicit Checker(const std::map<std::string, Field>& fields) : fields_(fields) {
    for (const auto& [name, field] : fields)
      for (auto dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1))
        parents_.insert(name.substr(0, dot));
  }

  std::string check(const std::string& text) {
    problems_.clear();
    json::error_code error;
    json::parse_options options;
    options.max_depth = 64;
    const json::value document = json::parse(text, error, {}, options);
    if (error || !document.is_object()) return "no JSON object";
    if (text.find('\n') != std::string::npos) problems_ += "line feed; ";
    members_ = 0;
    walk(document.get_object(), "", 1);
    if (members_ != keys_in(text)) problems_ += "a key occurs twice; ";
    if (document.get_object().if_contains("@timestamp") == nullptr) problems_ += "no @timestamp; ";
    if (document.at("ecs").at("version") != "8.17.0") problems_ += "wrong version; ";
    return problems_;
  }

 private:
  void wrong(const std::string& path, const char* why) { problems_ += path + ": " + why + "; "; }

  void walk(const json::object& object, const std::string& prefix, int depth) {
    if (object.empty()) wrong(prefix, "empty object");
    for (const auto& member : object) {
      ++members_;
      const std::string path = prefix + std::string(member.key().data(), member.key().size());
      if (path == "clawdstrike") {
        own(path, member.value(), depth + 1);
      } else if (path == "labels") {
        labels(member.value());
      } else if (const auto found = fields_.find(path); found != fields_.end()) {
        field(path, found->second, member.value());
      } else if (parents_.count(path) != 0 && member.value().is_object()) {
        walk(member.value().get_object(), path + ".", depth + 1);
      } else {
        wrong(path, "not in ECS");
      }
    }
  }

  void field(const std::string& path, const Field& field, const json::value& value) {
    if (field.array != value.is_array()) return wrong(path, field.array ? "must be an array" : "must not be an array");
    if (!field.array) return scalar(path, field.type, value);
    if (value.get_array().empty()) wrong(path, "empty array");
    for (const auto& element : value.get_array()) scalar(path, field.type, element);
  }

  void scalar(const std::string& path, const std::string& type, const json::value& value) {
    if (type == "long") {
      if (!value.is_int64()) wrong(path, "no integer");
    } else if (!value.is_string()) {
      wrong(path, "no text");
    } else if (type == "ip") {
      const auto& text = value.get_string();
      if (!csiem::formats::parse_address({text.data(), text.size()}).is_ip()) wrong(path, "no address");
    }
  }

  void labels(const json::value& value) {
    for (const auto& label : value.get_object()) {
      ++members_;
      if (!label.value().is_string() || label.key().find('.') != json::string_view::npos || label.key().empty())
        wrong("labels", "bad label");
    }
  }

  void own(const std::string& path, const json::value& value, int depth) {
    if (depth > 20) wrong(path, "too deep");
    if (const auto* object = value.if_object()) {
      for (const auto& member : *object) {
        ++members_;
        const std::string_view key(member.key().data(), member.key().size());
        if (key.find_first_not_of(". \t\r\n") == std::string_view::npos || key.find('\0') != std::string_view::npos)
          wrong(path, "bad key");
        own(path + "." + std::string(key), member.value(), depth + 1);
      }
    } else if (const auto* array = value.if_array()) {
      for (const auto& element : *array) own(path, element, depth);
    }
  }

  // Strings that a colon follows.
  static std::size_t keys_in(const std::string& text) {
    std::size_t keys = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] != '"') continue;
      for (++at; text[at] != '"'; ++at)
        if (text[at] == '\\') ++at;
      if (at + 1 < text.size() && text[at + 1] == ':') ++keys;
    }
    return keys;
  }

  const std::map<std::string, Field>& fields_;
  std::set<std::string> parents_;
  std::string problems_;
  std::size_t members_ = 0;
};

}  // namespace

TEST_CASE("every document of three hundred events is ECS") {
  const auto fields = load_fields();
  REQUIRE(fields.size() == 1692);
  Checker checker(fields);
  TestFormat format(TestFormat::Settings{{"csiem.host_name", "box.example"}, {"include_raw", "true"}});
  std::ifstream events(CSIEM_TEST_DATA "/schema/canonical-events.jsonl");
  int documents = 0;
  for (std::string line; std::getline(events, line); ++documents) {
    TestEvent event(line);
    event.view().ingested_unix_ns = 1'772'500'000'000'000'000;
    CHECK_MESSAGE(checker.check(format.encode(event.view())) == "", line.substr(0, 200));
  }
  CHECK(documents == 300);
}

TEST_CASE("the checker sees what is not ECS") {
  const auto fields = load_fields();
  Checker checker(fields);
  for (const char* text : {R"({"ecs":{"version":"8.17.0"}})", R"({"@timestamp":"x","ecs":{"version":"8.11.0"}})",
                           R"({"@timestamp":"x","ecs":{"version":"8.17.0"},"session":{"id":"x"}})",
                           R"({"@timestamp":"x","ecs":{"version":"8.17.0"},"event":{"category":"file"}})",
                           R"({"@timestamp":"x","ecs":{"version":"8.17.0"},"destination":{"ip":"host.example"}})",
                           R"({"@timestamp":"x","ecs":{"version":"8.17.0"},"destination":{"port":"443"}})",
                           R"({"@timestamp":"x","ecs":{"version":"8.17.0"},"labels":{"a.b":"c"}})",
                           R"({"@timestamp":"x","ecs":{"version":"8.17.0"},"message":"a","message":"b"})",
                           R"({"@timestamp":"x","ecs":{"version":"8.17.0"},"clawdstrike":{"metadata":{"":1}}})"})
    CHECK_MESSAGE(checker.check(text) != "", text);
}
