// What a plugin has against its settings, and rules between settings: each at the place of its key.
#include <doctest/doctest.h>

#include "support.hpp"

using namespace csiem::config;
using namespace csiem::config::test;

namespace {

// The settings begin at line 4.
Loaded with(const std::string& settings, std::vector<std::string> refusals = {}) {
  Options options;
  options.refusals = std::move(refusals);
  return load_text("version = \"1\"\n[exporters.it]\ntype = \"rules\"\n" + settings, options);
}

}  // namespace

TEST_CASE("every complaint of a plugin stands at its key, with what to write as the hint") {
  const auto loaded =
      with("nodes = [\"a\", \"b\"]\nheaders = { A = \"1\", \"X.Y\" = \"2\" }\nauth = { token = \"cred:T\" }\n",
           {"nodes[1]: 'b' is no node; use https://b", "headers.X.Y: is set by the exporter itself",
            "auth.token: is of another kind", "nodes.0: too short"});
  CHECK(list(loaded) ==
        "CS3009 main.toml:4:10 'nodes.0' in exporter 'it': too short\n"
        "CS3009 main.toml:4:15 'nodes[1]' in exporter 'it': 'b' is no node <use https://b>\n"
        "CS3009 main.toml:5:30 'headers.X.Y' in exporter 'it': is set by the exporter itself\n"
        "CS3009 main.toml:6:18 'auth.token' in exporter 'it': is of another kind\n");
}

TEST_CASE("a complaint about a part of a text stands at that part") {
  const auto loaded =
      with("note = \"ab {x\u00e4} cd\"\nauth = { token = \"cred:T\" }\n",
           {"note@3+5: 'x' is no field; did you mean 'y'?", "note@99+1: behind the end", "note@x: no place"});
  CHECK(list(loaded).find("CS3009 main.toml:4:12 'note' in exporter 'it': 'x' is no field <did you mean 'y'?>\n") !=
        std::string::npos);
  CHECK(loaded.diagnostics.size() == 3);
}

TEST_CASE("a complaint about what was not written stands at what would hold it, any other at the header") {
  const auto loaded = with("auth = { type = \"none\" }\n",
                           {"auth.token: missing", "size: missing", "and 3 more problems", "Note: that is no key"});
  CHECK(list(loaded) ==
        "CS3009 main.toml:2:1 'size' in exporter 'it': missing\n"
        "CS3009 main.toml:2:1 plugin 'rules' refuses its settings in exporter 'it': Note: that is no key\n"
        "CS3009 main.toml:2:1 plugin 'rules' refuses its settings in exporter 'it': and 3 more problems\n"
        "CS3009 main.toml:4:8 'auth.token' in exporter 'it': missing\n");
}

TEST_CASE("what follows from an error that is reported already is no second one; other complaints are heard") {
  const auto loaded = with("size = \"large\"\nnodes = [\"a\"]\nbatch_sise = 5\n",
                           {"size: missing", "nodes[0]: too short", "nodes[0]: needs size"});
  CHECK(list(loaded).find("CS1022 main.toml:4:8") == 0);
  CHECK(list(loaded).find("CS3009 main.toml:5:10 'nodes[0]' in exporter 'it': too short\n") != std::string::npos);
  CHECK(list(loaded).find("CS1021 main.toml:6:1") != std::string::npos);
  CHECK(loaded.diagnostics.size() == 3);
}

TEST_CASE("a route's own setting is the one that is complained about") {
  const auto loaded = with("nodes = [\"a\"]\n[[exporters.it.routes]]\nwhen = 'true'\nset = { nodes = [\"b\"] }\n",
                           {"nodes[0]: too short"});
  CHECK(list(loaded) ==
        "CS3009 main.toml:4:10 'nodes[0]' in exporter 'it': too short\n"
        "CS3009 main.toml:7:18 'nodes[0]' in exporter 'it': too short\n");
}

TEST_CASE("a complaint does not repeat what may not be shown") {
  const auto loaded = with("url = \"https://h/hook/77\"\n", {"url: 'https://h/hook/77' is not reachable"});
  CHECK(list(loaded).find("hook/77") == std::string::npos);
}

TEST_CASE("settings that need or exclude each other") {
  CHECK(list(with("username = \"u\"\n")) == "CS1026 main.toml:4:12 'username' in exporter 'it' needs 'password'\n");
  CHECK(list(with("username = \"\"\n")) == "");
  const auto both = with("api_key = \"k\"\nusername = \"u\"\npassword = \"cred:P\"\n");
  CHECK(list(both) == "CS1026 main.toml:6:12 'password' and 'api_key' in exporter 'it' exclude each other\n");
  CHECK(both.diagnostics[0].notes.at(0) == "the other one stands at main.toml:4:11");
  CHECK(list(with("auth = { type = \"bearer\" }\n")) ==
        "CS1023 main.toml:4:17 'auth.type' in exporter 'it' = \"bearer\" needs 'auth.token'\n");
  CHECK(list(with("auth = { type = \"none\" }\n")) == "");
  CHECK(list(with("auth = { type = \"bearer\", token = \"cred:T\" }\n")) == "");
}

TEST_CASE("text follows the pattern of its setting, whose description tells the rule") {
  const auto loaded = with("username = \"a:b\"\npassword = \"cred:P\"\n");
  REQUIRE(loaded.diagnostics.size() == 1);
  CHECK(list(loaded) == "CS1024 main.toml:4:12 'username' in exporter 'it' cannot be \"a:b\"\n");
  CHECK(loaded.diagnostics[0].notes.at(0) == "username: User name, without ':'.");
}
