// The socket's name: made, taken over, refused, removed.
#include "admin/socket_file.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <optional>

#include "scratch.hpp"

using namespace csiem;
using namespace csiem::admin;
using csiem::test::Scratch;

namespace {

bool answers(const std::string& path) {
  const Fd probe(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

unsigned mode_of(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0U;
}

// A socket file as a process that was killed leaves it: nobody listens, the lock is gone.
void leave_behind(const std::string& path) {
  const Fd listener(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  REQUIRE(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener.get(), 1) == 0);
}

}  // namespace

TEST_CASE("the socket has the mode that was asked for, its directory is made, and it goes with its owner") {
  const Scratch scratch;
  const std::string path = scratch / "run/csiem/admin.sock";
  {
    const auto socket = SocketFile::open(path, 0640);
    REQUIRE(socket);
    CHECK(mode_of(path) == 0640);
    CHECK(answers(path));
  }
  CHECK(mode_of(path) == 0);
  CHECK(SocketFile::open(path, 0600));
}

TEST_CASE("a socket in use is refused with the code and the owner's process id, and goes on answering") {
  const Scratch scratch;
  const std::string path = scratch / "admin.sock";
  auto first = SocketFile::open(path, 0660);
  REQUIRE(first);
  const auto second = SocketFile::open(path, 0660);
  REQUIRE_FALSE(second);
  CHECK(second.error().message_code() == 8001);
  CHECK(second.error().what().find(std::to_string(getpid())) != std::string::npos);
  CHECK(answers(path));
}

TEST_CASE("a socket that was left behind is replaced") {
  const Scratch scratch;
  const std::string path = scratch / "admin.sock";
  leave_behind(path);
  REQUIRE_FALSE(answers(path));
  const auto socket = SocketFile::open(path, 0660);
  REQUIRE(socket);
  CHECK(answers(path));
}

TEST_CASE("a listener that takes no lock is not replaced") {
  const Scratch scratch;
  const std::string path = scratch / "admin.sock";
  const Fd listener(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  REQUIRE(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener.get(), 4) == 0);
  const auto refused = SocketFile::open(path, 0660);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message_code() == 8001);
  CHECK(answers(path));
}

TEST_CASE("a file that is no socket is left alone") {
  const Scratch scratch;
  const std::string path = scratch / "precious";
  std::ofstream(path) << "data";
  const auto refused = SocketFile::open(path, 0660);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message_code() == 8002);
  CHECK(std::filesystem::file_size(path) == 4);
}

TEST_CASE("a name that somebody else took over is not removed") {
  const Scratch scratch;
  const std::string path = scratch / "admin.sock";
  {
    const auto socket = SocketFile::open(path, 0660);
    REQUIRE(socket);
    std::filesystem::remove(path);
    std::ofstream(path) << "another's";
  }
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("places that cannot be are told with their path") {
  const Scratch scratch;
  for (const std::string& path : {std::string("relative.sock"), scratch / std::string(120, 'x'), std::string()}) {
    CAPTURE(path);
    const auto refused = SocketFile::open(path, 0660);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message_code() == 8002);
    CHECK(refused.error().what().find(path) != std::string::npos);
  }
}
