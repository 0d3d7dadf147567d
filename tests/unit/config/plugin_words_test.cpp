// What a plugin's schema says to people, and what init makes of it.
#include <doctest/doctest.h>

#include "config/plugin_words.hpp"
#include "config/starter.hpp"

using namespace csiem::config;

namespace {

constexpr const char* kSchema = R"({
  "title": "Acme", "required": ["url", "token"],
  "x-csiem-lookup": "find {index|*} {site,url|nowhere} \"{event_id}\"",
  "x-csiem-answers": {
    "acme.7": {"setting": "index", "next": "allow it"},
    "acme.8": {"setting": "gone,index"},
    "CS4040": {"setting": "deep.name", "next": "correct it"}
  },
  "properties": {
    "url": {"type": "string", "description": "Where to.", "x-csiem-origin": true},
    "token": {"type": "string", "description": "What it asks for.", "x-csiem-secret": true},
    "index": {"type": "string", "default": "main", "description": "Which one."},
    "deep": {"type": "object", "properties": {"name": {"type": "string", "default": "x"}}}
  }
})";

Origin at(uint32_t line) { return {"a.toml", line, 9, 3}; }

Destination destination() {
  Destination out;
  out.origin = at(1);
  out.settings_json = R"({"url": "https://h", "token": "token", "index": "securty", "deep": {"name": "y"}})";
  out.places = {{"url", at(2)}, {"token", at(3)}, {"index", at(4)}, {"deep", at(5)}, {"deep.name", at(6)}};
  out.secrets.push_back({"token", "cred:ACME", "", at(3)});
  return out;
}

}  // namespace

TEST_CASE("the plugin's own code comes before the message's") {
  const auto words = answer_words(kSchema, destination(), "acme.7", 4040);
  CHECK(words.setting == "index");
  CHECK(words.value == "index = \"securty\"");
  CHECK(words.origin.line == 4);
  CHECK(words.next == "allow it");
  const auto other = answer_words(kSchema, destination(), "acme.9", 4040);
  CHECK(other.value == "deep.name = \"y\"");
  CHECK(other.origin.line == 6);
}

TEST_CASE("of several settings the first that was written counts") {
  CHECK(answer_words(kSchema, destination(), "acme.8", 4030).setting == "index");
  auto without = destination();
  without.places.erase("index");
  CHECK(answer_words(kSchema, without, "acme.8", 4030).setting == "gone");
}

TEST_CASE("without words of the plugin: the secret of a refused credential, the URL of a dead connection") {
  const auto auth = answer_words(kSchema, destination(), "", 4010);
  CHECK(auth.value == "token = \"cred:ACME\"");
  CHECK(auth.origin.line == 3);
  CHECK(answer_words(kSchema, destination(), "", 4002).value == "url = \"https://h\"");
  const auto nothing = answer_words(kSchema, destination(), "", 4030);
  CHECK(nothing.setting.empty());
  CHECK(nothing.origin.line == 1);
  CHECK(answer_words("", destination(), "x", 4001).setting.empty());
}

TEST_CASE("a literal secret and what is masked are not shown") {
  auto literal = destination();
  literal.secrets.front() = {"token", "", "canary", at(3)};
  literal.masked = {"https://h"};
  CHECK(answer_words(kSchema, literal, "", 4010).value == "token = \"…\"");
  CHECK(answer_words(kSchema, literal, "", 4001).value == "url = \"…\"");
}

TEST_CASE("a lookup takes the first setting with a plain value, else the text behind the bar") {
  CHECK(lookup_words(kSchema, destination(), "id-1") == "find securty https://h \"id-1\"");
  auto templated = destination();
  templated.settings_json = R"({"index": "{session.tenant_id|main}"})";
  CHECK(lookup_words(kSchema, templated, "id-1") == "find * nowhere \"id-1\"");
  CHECK(lookup_words("{}", destination(), "id-1").empty());
}

TEST_CASE("a schema without an example gives what is required, with credentials named after it") {
  const auto starter = exporter_starter("acme", {kSchema, {"native"}, "native"});
  CHECK(starter.credentials == std::vector<std::string>{"ACME_TOKEN"});
  CHECK(starter.text.find("# Acme. Every setting: clawdstrike-siem plugins info acme --keys\n[exporters.acme]\n") == 0);
  CHECK(starter.text.find("\n# Where to.\nurl = \"\"\n") != std::string::npos);
  CHECK(starter.text.find("\ntoken = \"cred:ACME_TOKEN\"\n") != std::string::npos);
  CHECK(starter.text.find("\n# index = \"main\"") != std::string::npos);
  CHECK(starter.text.find("\n# deep.name = \"x\"") != std::string::npos);
  CHECK(starter.text.find("\n# format = \"native\"") != std::string::npos);
}

TEST_CASE("an example is written in the order of the properties, the rest are comments") {
  const std::string schema = R"({"examples": [{"b": ["cred:B"], "a": 1}], "properties": {
    "a": {"type": "integer"}, "b": {"type": "array"}, "c": {"type": "boolean", "default": true}}})";
  const auto starter = exporter_starter("acme", {schema, {"*"}, ""});
  CHECK(starter.text.find("[exporters.acme]\na = 1\nb = [\"cred:B\"]\n") != std::string::npos);
  CHECK(starter.text.find("\n# c = true") != std::string::npos);
  CHECK(starter.text.find("\n# format = \"ecs\"") != std::string::npos);
  CHECK(starter.credentials == std::vector<std::string>{"B"});
}
