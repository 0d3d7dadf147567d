// Who may do what.
#include "admin/access.hpp"

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/fd.hpp"

using namespace csiem;
using namespace csiem::admin;

TEST_CASE("the daemon's own user and root may do everything, others what their groups give them") {
  const Access access(500, {10}, {20, 21}, {30});
  CHECK(access.role_of({0, {99}, 1}) == Role::admin);
  CHECK(access.role_of({500, {99}, 1}) == Role::admin);
  CHECK(access.role_of({501, {99, 30}, 1}) == Role::admin);
  CHECK(access.role_of({501, {10, 21}, 1}) == Role::operate);
  CHECK(access.role_of({501, {10}, 1}) == Role::viewer);
  CHECK(access.role_of({501, {11}, 1}) == Role::none);
  CHECK(access.role_of({501, {}, 1}) == Role::none);
}

TEST_CASE("a group that does not exist gives nobody anything") {
  const Access access({"no-such-group-here"}, {"no-such-group-either"}, {});
  CHECK(access.role_of({geteuid() + 1, {1, 2, 3}, 1}) == Role::none);
}

TEST_CASE("groups are found by their names") {
  const Access access({"root"}, {}, {});
  CHECK(access.role_of({geteuid() + 1, {0}, 1}) == Role::viewer);
}

TEST_CASE("the kernel tells who is at the other end") {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  const Fd one(ends[0]), other(ends[1]);
  const auto peer = peer_of(one.get());
  REQUIRE(peer);
  CHECK(peer->uid == geteuid());
  CHECK(peer->pid == getpid());
  CHECK(std::find(peer->groups.begin(), peer->groups.end(), getegid()) != peer->groups.end());
  CHECK_FALSE(peer_of(-1));
}
