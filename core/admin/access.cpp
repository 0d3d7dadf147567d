#include "admin/access.hpp"

#include <grp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/fd.hpp"

namespace csiem::admin {
namespace {

std::vector<gid_t> numbers(const std::vector<std::string>& names) {
  std::vector<gid_t> found;
  for (const std::string& name : names) {
    group entry{};
    group* result = nullptr;
    std::vector<char> room(16 * 1024);
    while (getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &result) == ERANGE) room.resize(room.size() * 2);
    if (result != nullptr) found.push_back(entry.gr_gid);
  }
  return found;
}

bool share(const std::vector<gid_t>& a, const std::vector<gid_t>& b) {
  return std::find_first_of(a.begin(), a.end(), b.begin(), b.end()) != a.end();
}

}  // namespace

std::string_view role_word(Role role) {
  switch (role) {
    case Role::none:
      return "none";
    case Role::viewer:
      return "viewer";
    case Role::operate:
      return "operator";
    case Role::admin:
      return "admin";
  }
  return "none";
}

Result<Peer> peer_of(int socket_fd) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
    return Error{Code::io, "credentials of the peer: " + errno_text(errno)};
  Peer peer;
  peer.uid = credentials.uid;
  peer.pid = credentials.pid;
  std::vector<gid_t> groups(32);
  for (;;) {
    size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0) break;
    if (errno != ERANGE) {  // an older kernel: the primary group has to do
      size = 0;
      break;
    }
    groups.resize(size / sizeof(gid_t));
  }
  groups.resize(size / sizeof(gid_t));
  groups.push_back(credentials.gid);
  peer.groups = std::move(groups);
  return peer;
}

Access::Access(const std::vector<std::string>& viewers, const std::vector<std::string>& operators,
               const std::vector<std::string>& admins)
    : Access(geteuid(), numbers(viewers), numbers(operators), numbers(admins)) {}

Access::Access(uid_t own, std::vector<gid_t> viewers, std::vector<gid_t> operators, std::vector<gid_t> admins)
    : own_(own), viewers_(std::move(viewers)), operators_(std::move(operators)), admins_(std::move(admins)) {}

Role Access::role_of(const Peer& peer) const {
  if (peer.uid == 0 || peer.uid == own_ || share(peer.groups, admins_)) return Role::admin;
  if (share(peer.groups, operators_)) return Role::operate;
  return share(peer.groups, viewers_) ? Role::viewer : Role::none;
}

}  // namespace csiem::admin
