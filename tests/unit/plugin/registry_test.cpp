#include <dlfcn.h>
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/sha256.hpp"
#include "fake_host.hpp"

using namespace csiem::plugin;
using namespace csiem::plugin::test;

TEST_CASE("a component carries what its descriptor says") {
  Registry registry(only(FIXTURE_DIR));
  const auto found = registry.exporter("sdk_http");
  REQUIRE(bool(found));
  const Component& c = **found;
  CHECK(c.kind == "exporter");
  CHECK(c.name == "sdk_http");
  CHECK(c.version == "2.3.4");
  CHECK(c.vendor == "V");
  CHECK(c.license == "L");
  CHECK(c.description == "D");
  CHECK(c.plugin_id == "org.clawdstrike.test");
  CHECK(c.file == FIXTURE_DIR "/sdk_http.so");
  CHECK(c.sha256 == csiem::to_hex(csiem::sha256(read_bytes(c.file))));
  CHECK(c.abi_version == CSIEM_ABI_VERSION);
  CHECK(c.config_schema.find("\"required\"") != std::string::npos);
  CHECK(c.default_format == "ecs");
  CHECK(c.formats == std::vector<std::string>{"ecs", "native"});
  CHECK(c.exporter.flags == CSIEM_EXPORTER_PARTIAL);
  CHECK(c.limits.max_events == 500);
  CHECK(c.limits.max_batch_bytes == 1000);
  CHECK(c.limits.max_event_bytes == 10);
  const auto format = registry.format("sdk_format");
  REQUIRE(bool(format));
  CHECK((*format)->content_type == "text/angle");
  CHECK((*format)->config_schema.empty());
  const auto worker = registry.exporter("sdk_worker");
  REQUIRE(bool(worker));
  CHECK((*worker)->exporter.flags == CSIEM_EXPORTER_OWN_IO);
  CHECK(bool((*worker)->exporter.health));  // it overrides probe()
}

TEST_CASE("a name that nobody has fails with CS3001 and tells what there is") {
  Registry registry(only(FIXTURE_DIR));
  const auto found = registry.exporter("splnk");
  REQUIRE_FALSE(bool(found));
  CHECK(found.error().message_code() == 3001);
  CHECK(found.error().what() ==
        "no exporter plugin 'splnk' in the search path (there are: acme, sdk_http, sdk_worker)");
  // Kinds are told apart.
  CHECK(registry.exporter("sdk_format").error().message_code() == 3001);
  CHECK(registry.names("format") == std::vector<std::string>{"sdk_format"});
}

TEST_CASE("a refused file says why it was refused when it is asked for") {
  const Folder folder;
  write_bytes(folder / "acme.so", read_bytes(hostile_file("nothing")));
  ::chmod((folder / "acme.so").c_str(), 0666);
  Registry registry(only(folder.text(), "configured"));
  const auto found = registry.exporter("hostile_nothing");
  REQUIRE_FALSE(bool(found));
  CHECK(found.error().message_code() == 3005);
  CHECK(registry.names("exporter").empty());
}

TEST_CASE("a file given by hand wins over the search path") {
  const Folder folder;
  const std::string file = folder / "mine.so";
  write_bytes(file, read_bytes(FIXTURE_DIR "/sdk_http.so"));
  Registry registry(only(FIXTURE_DIR));
  REQUIRE(bool(registry.add_file(file)));
  CHECK((*registry.exporter("sdk_http"))->file == file);
  CHECK(registry.files()[0].path == file);
  const auto missing = registry.add_file(folder / "none.so");
  REQUIRE_FALSE(bool(missing));
  CHECK(missing.error().message_code() == 3001);
}

TEST_CASE("a replaced file is loaded beside the old one, with its own state") {
  const Folder folder;
  write_bytes(folder / "acme.so", read_bytes(hostile_file("nothing")));
  Registry old_registry(only(folder.text(), "configured"));
  const auto* old_one = *old_registry.exporter("hostile_nothing");
  // The same path, now another program.
  std::filesystem::remove(folder / "acme.so");
  write_bytes(folder / "acme.so", read_bytes(hostile_file("completes_twice")));
  Registry new_registry(only(folder.text(), "configured"));
  const auto found = new_registry.exporter("hostile_completes_twice");
  REQUIRE(bool(found));
  CHECK(reinterpret_cast<void*>((*found)->exporter.submit) != reinterpret_cast<void*>(old_one->exporter.submit));
  FakeHost host;
  CallSlot slot;
  const Batch batch(1);
  auto a = ExporterInstance::create(*old_one, host, slot, "a", "{}");
  REQUIRE(bool(a));
  (*a)->submit(*batch, 1, nullptr);
  CHECK(host.completions.size() == 1);
  auto b = ExporterInstance::create(**found, host, slot, "b", "{}");
  REQUIRE(bool(b));
  (*b)->submit(*batch, 2, nullptr);
  CHECK(host.completions.size() == 3);
}

TEST_CASE("what was checked is what is loaded, even if the file changes in between") {
  const Folder folder;
  const std::string file = folder / "acme.so";
  write_bytes(file, read_bytes(hostile_file("nothing")));
  SearchPath path = only(folder.text(), "configured");
  path.digests = {{"hostile_nothing", "sha256:" + csiem::to_hex(csiem::sha256(read_bytes(file)))}};
  Registry registry(path);
  std::string changed = read_bytes(file);
  changed += "appended";
  write_bytes(file, changed);
  const auto found = registry.exporter("hostile_nothing");
  REQUIRE_FALSE(bool(found));
  CHECK(found.error().message_code() == 3006);
}

TEST_CASE("plugins keep their symbols to themselves and stay loaded") {
  const Component* kept = nullptr;
  {
    Registry registry(only(FIXTURE_DIR));
    kept = *registry.exporter("sdk_http");
    CHECK(::dlsym(RTLD_DEFAULT, "csiem_plugin_v1") == nullptr);
  }
  Dl_info info{};
  CHECK(::dladdr(reinterpret_cast<void*>(kept->exporter.create), &info) != 0);
  CHECK(kept->name == "sdk_http");
}
