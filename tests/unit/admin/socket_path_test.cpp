// Where daemon and clients meet without being told.
#include "admin/socket_path.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdlib>
#include <string>

using namespace csiem::admin;

TEST_CASE("a configured path is the only one; else the service's, the user's and the system's directory") {
  CHECK(socket_candidates("/tmp/x.sock") == std::vector<std::string>{"/tmp/x.sock"});
  ::setenv("RUNTIME_DIRECTORY", "/run/one:/run/two", 1);
  CHECK(automatic_socket_path() == "/run/one/admin.sock");
  CHECK(socket_candidates("auto") ==
        std::vector<std::string>{"/run/one/admin.sock", "/run/clawdstrike-siem/admin.sock"});
  ::unsetenv("RUNTIME_DIRECTORY");
  ::setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
  const std::string own =
      geteuid() == 0 ? "/run/clawdstrike-siem/admin.sock" : "/run/user/7/clawdstrike-siem/admin.sock";
  CHECK(automatic_socket_path() == own);
  CHECK(socket_candidates("auto").back() == "/run/clawdstrike-siem/admin.sock");
  CHECK(socket_candidates("auto").size() == (geteuid() == 0 ? 1 : 2));
  ::unsetenv("XDG_RUNTIME_DIR");
  CHECK(automatic_socket_path() == "/run/clawdstrike-siem/admin.sock");
}
