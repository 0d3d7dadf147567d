#include <algorithm>

#include "base/log.hpp"
#include "fixture.hpp"

namespace csiem::credentials {
namespace {

using namespace test;

TEST_CASE("a variable is read once, then gone from the environment") {
  ::setenv("CSIEM_TEST_TOKEN", "t0ken-from-env", 1);
  const auto provider = make_env_provider({});
  char* const in_place = std::getenv("CSIEM_TEST_TOKEN");
  const auto value = provider->fetch(ref("env/CSIEM_TEST_TOKEN"));
  REQUIRE(value);
  CHECK(text_of(*value) == "t0ken-from-env");
  CHECK(std::getenv("CSIEM_TEST_TOKEN") == nullptr);
  CHECK(std::all_of(in_place, in_place + 14, [](char c) { return c == '\0'; }));
  CHECK_FALSE(provider->can_refresh());
}

TEST_CASE("a provider made later, as by a reload, still finds it; a newer value replaces it") {
  ::setenv("CSIEM_TEST_RELOAD", "first-value", 1);
  CHECK(text_of(*make_env_provider({})->fetch(ref("CSIEM_TEST_RELOAD"))) == "first-value");
  CHECK(text_of(*make_env_provider({})->fetch(ref("CSIEM_TEST_RELOAD"))) == "first-value");
  ::setenv("CSIEM_TEST_RELOAD", "second-value", 1);
  CHECK(text_of(*make_env_provider({})->fetch(ref("CSIEM_TEST_RELOAD"))) == "second-value");
}

TEST_CASE("the prefix stands before the name") {
  ::setenv("SIEM_TOKEN_A", "with-prefix", 1);
  CHECK(text_of(*make_env_provider({"SIEM_"})->fetch(ref("TOKEN_A"))) == "with-prefix");
  CHECK_FALSE(make_env_provider({"OTHER_"})->fetch(ref("TOKEN_A")));
}

TEST_CASE("unset and empty are the same: not found, CS2001") {
  ::unsetenv("CSIEM_TEST_NONE");
  ::setenv("CSIEM_TEST_EMPTY", "", 1);
  for (const char* name : {"CSIEM_TEST_NONE", "CSIEM_TEST_EMPTY"}) {
    const auto missing = make_env_provider({})->fetch(ref(name));
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code() == Code::not_found);
    CHECK(missing.error().message_code() == 2001);
    CHECK(missing.error().what().find(name) != std::string::npos);
  }
  CHECK_FALSE(make_env_provider({})->fetch(ref("env/CSIEM_TEST_TOKEN#field")));
}

TEST_CASE("other variables stay") {
  ::setenv("CSIEM_TEST_OTHER", "ordinary", 1);
  ::setenv("CSIEM_TEST_SECRET", "taken-away", 1);
  REQUIRE(make_env_provider({})->fetch(ref("CSIEM_TEST_SECRET")));
  CHECK(std::string(std::getenv("CSIEM_TEST_OTHER")) == "ordinary");
}

TEST_CASE("/proc/self/environ shows the value before and not after") {
  const char* const marker = "CSIEM_TEST_PROC";
  const auto environ_has = [](const std::string& text) {
    std::ifstream file("/proc/self/environ", std::ios::binary);
    const std::string all((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    return all.find(text) != std::string::npos;
  };
  if (std::getenv(marker) == nullptr) {  // the outer run: start this test again with the variable in its block
    const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    const std::string command =
        std::string(marker) + "=visible-at-start '" + self + "' -tc='/proc/self/environ shows*' >/dev/null 2>&1";
    CHECK(std::system(command.c_str()) == 0);
    return;
  }
  REQUIRE(environ_has("visible-at-start"));
  const auto value = make_env_provider({})->fetch(ref(marker));
  REQUIRE(value);
  CHECK(text_of(*value) == "visible-at-start");
  CHECK_FALSE(environ_has("visible-at-start"));
}

TEST_CASE("the log masks what a provider handed out") {
  ::setenv("CSIEM_TEST_MASKED", "s3cret-in-a-log-line", 1);
  CHECK(log::scrub("x s3cret-in-a-log-line y") == "x s3cret-in-a-log-line y");
  REQUIRE(make_env_provider({})->fetch(ref("CSIEM_TEST_MASKED")));
  CHECK(log::scrub("x s3cret-in-a-log-line y") == "x *** y");
}

}  // namespace
}  // namespace csiem::credentials
