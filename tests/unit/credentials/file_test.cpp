#include <sys/socket.h>
#include <sys/un.h>

#include "base/log.hpp"
#include "fixture.hpp"

namespace csiem::credentials {
namespace {

using namespace test;

std::string fetch(const SecretsDirectory& d, const std::string& reference) {
  const auto value = make_file_provider(d.settings())->fetch(ref(reference));
  if (!value) FAIL("fetch failed: " << value.error().what());
  return text_of(*value);
}

Error refusal(const FileSettings& settings, const std::string& reference) {
  auto value = make_file_provider(settings)->fetch(ref(reference));
  if (value) FAIL("was not refused");
  return std::move(value).error();
}

TEST_CASE("the content is the secret, without one line break at its end") {
  SecretsDirectory d;
  const struct {
    const char *content, *secret;
  } table[] = {{"t0ken", "t0ken"},       {"t0ken\n", "t0ken"},     {"t0ken\r\n", "t0ken"},
               {"t0ken\n\n", "t0ken\n"}, {" t0ken \n", " t0ken "}, {"two\nlines\n", "two\nlines"}};
  for (const auto& row : table) {
    d.write("token", row.content);
    CHECK(fetch(d, "file/token") == row.secret);
  }
  d.write("token", "t0ken\n");
  FileSettings raw = d.settings();
  raw.trim = false;
  CHECK(text_of(*make_file_provider(raw)->fetch(ref("token"))) == "t0ken\n");
  CHECK(make_file_provider(raw)->can_refresh());
}

TEST_CASE("a field of a JSON file") {
  SecretsDirectory d;
  d.write("all.json", R"({"splunk":"t0ken-a","n":7,"empty":"","esc":"a\u0062\n"})");
  CHECK(fetch(d, "file/all.json#splunk") == "t0ken-a");
  CHECK(fetch(d, "file/all.json#esc") == "ab\n");
  CHECK(refusal(d.settings(), "all.json#none").code() == Code::not_found);
  CHECK(refusal(d.settings(), "all.json#n").code() == Code::invalid);
  CHECK(refusal(d.settings(), "all.json#empty").code() == Code::not_found);
  d.write("bad.json", R"({"splunk":"t0ken-a")");
  const Error bad = refusal(d.settings(), "bad.json#splunk");
  CHECK(bad.code() == Code::invalid);
  CHECK(bad.what().find("t0ken-a") == std::string::npos);
  d.write("list.json", R"(["t0ken-a"])");
  CHECK(refusal(d.settings(), "list.json#splunk").code() == Code::invalid);
}

TEST_CASE("a missing or empty file is not found, CS2001") {
  SecretsDirectory d;
  d.write("empty", "");
  d.write("newline", "\n");
  for (const char* name : {"none", "empty", "newline", "none/below"}) {
    const Error error = refusal(d.settings(), std::string("file/") + name);
    CHECK(error.code() == Code::not_found);
    CHECK(error.message_code() == 2001);
  }
  CHECK(refusal({"/nonexistent/secrets.d", true, false}, "x").code() == Code::not_found);
}

TEST_CASE("a file that others can read or change is refused, CS2004") {
  SecretsDirectory d;
  for (const mode_t mode : {0644U, 0604U, 0660U, 0620U, 0602U, 0777U, 0650U}) {
    d.write("token", "t0ken", mode);
    CAPTURE(mode);
    const Error error = refusal(d.settings(), "token");
    CHECK(error.code() == Code::denied);
    CHECK(error.message_code() == 2004);
  }
  for (const mode_t mode : {0600U, 0640U, 0400U, 0440U}) {
    d.write("token", "", 0600);
    std::filesystem::remove(d.path + "/token");
    d.write("token", "t0ken", mode);
    CAPTURE(mode);
    CHECK(fetch(d, "token") == "t0ken");
  }
}

TEST_CASE("a directory that others can change is refused at every level, CS2004") {
  SecretsDirectory d;
  d.write("token", "t0ken");
  for (const std::string& directory : {d.path, d.outer}) {
    for (const mode_t mode : {0770U, 0707U}) {
      ::chmod(directory.c_str(), mode);
      CHECK(refusal(d.settings(), "token").message_code() == 2004);
    }
    ::chmod(directory.c_str(), 0700);
  }
  CHECK(fetch(d, "token") == "t0ken");
}

TEST_CASE("a file of another user is refused" * doctest::skip(::geteuid() != 0)) {
  SecretsDirectory d;
  const std::string file = d.write("token", "t0ken");
  REQUIRE(::chown(file.c_str(), 65534, 65534) == 0);
  CHECK(refusal(d.settings(), "token").message_code() == 2004);
  REQUIRE(::chown(file.c_str(), 0, 0) == 0);
  REQUIRE(::chown(d.path.c_str(), 65534, 65534) == 0);
  CHECK(refusal(d.settings(), "token").message_code() == 2004);
}

TEST_CASE("links are followed below the directory and nowhere else") {
  SecretsDirectory d;
  d.write("..2026_data", "x");  // a name with dots is just a name
  std::filesystem::create_directory(d.path + "/..2026_01");
  ::chmod((d.path + "/..2026_01").c_str(), 0700);
  d.write("..2026_01/token", "t0ken-one");
  std::filesystem::create_symlink("..2026_01", d.path + "/..data");
  std::filesystem::create_symlink("..data/token", d.path + "/token");
  CHECK(fetch(d, "token") == "t0ken-one");
  std::ofstream(d.outer + "/outside") << "t0ken-out";
  ::chmod((d.outer + "/outside").c_str(), 0600);
  std::filesystem::create_symlink("../outside", d.path + "/up");
  std::filesystem::create_symlink(d.outer + "/outside", d.path + "/absolute");
  std::filesystem::create_symlink("loop", d.path + "/loop");
  std::filesystem::create_symlink("/proc/self/fd/0", d.path + "/magic");
  for (const char* name : {"up", "absolute", "loop", "magic"}) {
    CAPTURE(std::string(name));
    CHECK(refusal(d.settings(), name).message_code() == 2004);
  }
}

TEST_CASE("only regular files up to 64 KiB, and nothing hangs") {
  SecretsDirectory d;
  d.write("full", std::string(64 * 1024, 'k'));
  CHECK(fetch(d, "full").size() == 64 * 1024);
  d.write("larger", std::string(64 * 1024 + 1, 'k'));
  CHECK(refusal(d.settings(), "larger").code() == Code::limit);
  REQUIRE(::mkfifo((d.path + "/fifo").c_str(), 0600) == 0);
  CHECK(refusal(d.settings(), "fifo").code() == Code::denied);
  std::filesystem::create_directory(d.path + "/directory");
  CHECK(refusal(d.settings(), "directory").code() == Code::denied);
}

TEST_CASE("without a directory, that of systemd's credentials is used") {
  SecretsDirectory d;
  d.write("token", "t0ken-of-the-unit");
  ::setenv("CREDENTIALS_DIRECTORY", d.path.c_str(), 1);
  const auto provider = make_file_provider({});
  ::unsetenv("CREDENTIALS_DIRECTORY");
  CHECK(text_of(*provider->fetch(ref("file/token"))) == "t0ken-of-the-unit");
}

TEST_CASE("trust_mount lifts owner and mode on memory file systems only" *
          doctest::skip(!std::filesystem::exists("/dev/shm"))) {
  std::string pattern = "/dev/shm/csiem-secrets-XXXXXX";
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  std::ofstream(pattern + "/token") << "t0ken-shm";
  ::chmod((pattern + "/token").c_str(), 0644);
  CHECK(refusal({pattern, true, false}, "token").message_code() == 2004);
  const auto trusted = make_file_provider({pattern, true, true})->fetch(ref("token"));
  std::filesystem::remove_all(pattern);
  REQUIRE(trusted);
  CHECK(text_of(*trusted) == "t0ken-shm");
}

TEST_CASE("the log masks what a file held") {
  SecretsDirectory d;
  d.write("token", "from-a-file-into-the-log\n");
  d.write("all.json", R"({"k":"from-a-field-into-the-log"})");
  fetch(d, "token");
  fetch(d, "all.json#k");
  CHECK(log::scrub("from-a-file-into-the-log,from-a-field-into-the-log") == "***,***");
}

}  // namespace
}  // namespace csiem::credentials
