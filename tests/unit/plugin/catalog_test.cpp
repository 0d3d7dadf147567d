#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/sha256.hpp"
#include "fake_host.hpp"

using namespace csiem::plugin;
using namespace csiem::plugin::test;
namespace fs = std::filesystem;

namespace {

// A configured directory with one good plugin in it.
struct OnePlugin {
  OnePlugin() {
    file = folder / "acme.so";
    write_bytes(file, read_bytes(hostile_file("nothing")));
    path = only(folder.text(), "configured");
  }
  PluginFile look() const {
    auto files = discover(path);
    REQUIRE(files.size() == 1);
    return files[0];
  }
  Folder folder;
  std::string file;
  SearchPath path;
};

}  // namespace

TEST_CASE("a plugin in the search path is listed with what it announces") {
  const OnePlugin one;
  const auto file = one.look();
  CHECK(file.refused.empty());
  CHECK(file.refused_code == 0);
  CHECK(file.origin == "configured");
  CHECK(file.path == one.file);
  REQUIRE(file.components.size() == 1);
  CHECK(file.components[0].name == "hostile_nothing");
}

TEST_CASE("files and directories that others may write are refused") {
  SUBCASE("file, group") {
    const OnePlugin one;
    ::chmod(one.file.c_str(), 0664);
    CHECK(one.look().refused_code == 3005);
    CHECK(one.look().refused == "it is writable by group or others");
  }
  SUBCASE("file, others") {
    const OnePlugin one;
    ::chmod(one.file.c_str(), 0646);
    CHECK(one.look().refused_code == 3005);
  }
  SUBCASE("directory, even with the sticky bit") {
    const OnePlugin one;
    ::chmod(one.folder.text().c_str(), 01777);
    CHECK(one.look().refused_code == 3005);
    CHECK(one.look().refused.find("its directory") == 0);
  }
  SUBCASE("in a build tree the own group may write, others may not") {
    OnePlugin one;
    one.path = only(one.folder.text(), "build");
    ::chmod(one.file.c_str(), 0664);
    CHECK(one.look().refused_code == 0);
    ::chmod(one.file.c_str(), 0666);
    CHECK(one.look().refused_code == 3005);
  }
  SUBCASE("a foreign owner") {
    const OnePlugin one;
    if (::geteuid() == 0) {
      REQUIRE(::chown(one.file.c_str(), 12345, 0) == 0);
      CHECK(one.look().refused_code == 3005);
      CHECK(one.look().refused.find("uid 12345") != std::string::npos);
    }
  }
}

TEST_CASE("only regular files count") {
  const Folder folder;
  fs::create_symlink(hostile_file("nothing"), folder / "link.so");
  REQUIRE(::mkfifo((folder / "pipe.so").c_str(), 0600) == 0);
  fs::create_directory(folder / "directory.so");
  write_bytes(folder / "text.so", "hello");
  write_bytes(folder / "notes.txt", "not looked at");
  write_bytes(folder / "Upper Case.so", "not looked at");
  const auto files = discover(only(folder.text(), "configured"));
  REQUIRE(files.size() == 3);
  CHECK(files[0].path == folder / "link.so");
  CHECK(files[0].refused_code == 3005);
  CHECK(files[1].path == folder / "pipe.so");
  CHECK(files[1].refused_code == 3005);
  CHECK(files[2].path == folder / "text.so");
  CHECK(files[2].refused_code == 3003);
}

TEST_CASE("allow and deny go by the component's name") {
  OnePlugin one;
  const struct {
    std::vector<std::string> allow, deny;
    int code;
  } kCases[] = {
      {{"*"}, {}, 0},
      {{"hostile_*"}, {}, 0},
      {{"acme"}, {}, 3005},  // the file's name counts for nothing
      {{}, {}, 3005},
      {{"*"}, {"hostile_nothing"}, 3005},
      {{"*"}, {"host?le_*"}, 3005},
      {{"*"}, {"splunk"}, 0},
  };
  for (const auto& c : kCases) {
    one.path.allow = c.allow;
    one.path.deny = c.deny;
    CHECK(one.look().refused_code == c.code);
  }
}

TEST_CASE("a listed digest must match, and with require_digest each must be listed") {
  OnePlugin one;
  const std::string right = "sha256:" + csiem::to_hex(csiem::sha256(read_bytes(one.file)));
  one.path.require_digest = true;
  CHECK(one.look().refused_code == 3006);
  one.path.digests = {{"hostile_nothing", right}};
  CHECK(one.look().refused_code == 0);
  one.path.require_digest = false;
  one.path.digests = {{"hostile_nothing", "sha256:00"}};
  CHECK(one.look().refused_code == 3006);
  one.path.digests = {{"other", "sha256:00"}};
  CHECK(one.look().refused_code == 0);
}

TEST_CASE("the first file with a name wins; a refused one does not take the name") {
  const Folder first, second, third;
  for (const Folder* folder : {&first, &second, &third})
    write_bytes(*folder / "acme.so", read_bytes(hostile_file("nothing")));
  ::chmod((first / "acme.so").c_str(), 0666);
  SearchPath path = only(first.text(), "configured");
  path.directories.push_back({second.text(), "local"});
  path.directories.push_back({third.text(), "package"});
  const auto files = discover(path);
  REQUIRE(files.size() == 3);
  CHECK(files[0].refused_code == 3005);
  CHECK(files[1].shadowed_by.empty());
  CHECK(files[2].shadowed_by == second / "acme.so");
}

TEST_CASE("only a build tree is searched in depth") {
  const Folder folder;
  fs::create_directories(folder / "exporters/acme");
  fs::permissions(folder / "exporters/acme", fs::perms(0755));
  write_bytes(folder / "exporters/acme/acme.so", read_bytes(hostile_file("nothing")));
  CHECK(discover(only(folder.text(), "configured")).empty());
  CHECK(discover(only(folder.text(), "build")).size() == 1);
}

TEST_CASE("a search path may name what does not exist") {
  CHECK(discover(only("/nonexistent/plugins", "configured")).empty());
}

TEST_CASE("configured directories come first, then the environment's, then local and package") {
  ::setenv("CLAWDSTRIKE_SIEM_PLUGIN_PATH", "/from/env:relative::/from/env2", 1);
  ::unsetenv("NOTIFY_SOCKET");
  auto path = default_search_path({"/configured/one"});
  REQUIRE(path.directories.size() >= 5);
  CHECK(path.directories[0].path == "/configured/one");
  CHECK(path.directories[1].path == "/from/env");
  CHECK(path.directories[2].path == "/from/env2");
  std::vector<std::string> origins;
  for (const auto& d : path.directories) origins.push_back(d.origin);
  CHECK(origins.back() == "package");
  CHECK(std::count(origins.begin(), origins.end(), "local") >= 1);
  CHECK(path.directories.back().path == "/usr/lib/clawdstrike-siem/plugins-1");

  // Under a service manager the environment does not choose code.
  ::setenv("NOTIFY_SOCKET", "/run/x", 1);
  path = default_search_path({});
  for (const auto& d : path.directories) CHECK(d.path.find("/from/env") == std::string::npos);
  ::unsetenv("NOTIFY_SOCKET");
  ::unsetenv("CLAWDSTRIKE_SIEM_PLUGIN_PATH");
}
