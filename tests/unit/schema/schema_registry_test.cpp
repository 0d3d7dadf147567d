#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "schema/schema_registry.hpp"

using csiem::plugin::Component;
using csiem::plugin::Registry;
using csiem::plugin::SearchPath;
using csiem::schema::SchemaRegistry;

namespace {

struct Fixture {
  SearchPath path = [] {
    SearchPath p;
    p.directories.push_back({FIXTURE_DIR, "build"});
    return p;
  }();
  Registry registry{path};
  SchemaRegistry schemas{registry, {"web1", "1.2.3"}};

  // The chosen format's name, "-" for no bodies, "CSnnnn" for an error.
  std::string choose(const std::string& own_default, std::vector<std::string> accepted, const char* requested,
                     const char* default_format) {
    Component exporter;
    exporter.name = "acme";
    exporter.default_format = own_default;
    exporter.formats = std::move(accepted);
    const auto chosen = schemas.choose(exporter, requested, default_format);
    if (!chosen) return "CS" + std::to_string(chosen.error().message_code());
    return *chosen == nullptr ? "-" : (*chosen)->name;
  }
};

}  // namespace

TEST_CASE("an exporter's own format, else the default if it takes it, else the plugin's default") {
  Fixture f;
  CHECK(f.choose("sdk_format", {"*"}, "", "") == "sdk_format");
  CHECK(f.choose("other", {"*"}, "sdk_format", "") == "sdk_format");
  CHECK(f.choose("other", {"*"}, "", "sdk_format") == "sdk_format");
  CHECK(f.choose("sdk_format", {"sdk_format"}, "", "ecs") == "sdk_format");
  CHECK(f.choose("none", {}, "", "sdk_format") == "-");
  CHECK(f.choose("none", {}, "none", "sdk_format") == "-");
}

TEST_CASE("a format that the exporter does not take, or that is not there, is an error") {
  Fixture f;
  CHECK(f.choose("sdk_format", {"sdk_format"}, "ecs", "") == "CS1024");
  CHECK(f.choose("sdk_format", {"sdk_format"}, "none", "") == "CS1024");
  CHECK(f.choose("none", {}, "sdk_format", "") == "CS1024");
  CHECK(f.choose("sdk_format", {"*"}, "absent", "") == "CS3001");
  CHECK(f.choose("sdk_format", {"*"}, "", "absent") == "CS3001");
}

TEST_CASE("formats are told where they run and what the operator wants of them") {
  Fixture f;
  Component ecs, ocsf;
  ecs.name = "ecs";
  ocsf.name = "ocsf";
  ocsf.config_schema = R"({"properties":{"include_raw":{"type":"boolean"}}})";
  csiem::schema::OutputSettings output;
  output.versions["ocsf"] = "1.5.0";
  output.include_raw = true;
  output.ecs_namespace = "acme";
  output.ocsf_mode = "activity";
  const auto value = boost::json::parse(f.schemas.config_json(ecs, output));
  CHECK(value.at("csiem").at("host_name").as_string() == "web1");
  CHECK(value.at("csiem").at("version").as_string() == "1.2.3");
  CHECK(value.as_object().count("version") == 0);
  CHECK(value.as_object().count("include_raw") == 0);  // its schema does not know it
  CHECK(value.at("namespace").as_string() == "acme");
  const auto other = boost::json::parse(f.schemas.config_json(ocsf, output));
  CHECK(other.at("version").as_string() == "1.5.0");
  CHECK(other.at("include_raw").as_bool());
  CHECK(other.at("mode").as_string() == "activity");
}
