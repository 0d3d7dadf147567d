// Who is at the other end of the socket, and what they may do.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace csiem::admin {

// Each includes those before it.
enum class Role { none, viewer, operate, admin };
std::string_view role_word(Role role);

// As the kernel saw it when the peer connected. The process id may have been reused since: for the log only.
struct Peer {
  uid_t uid = 0;
  std::vector<gid_t> groups;  // primary and supplementary
  pid_t pid = 0;
};
Result<Peer> peer_of(int socket_fd);

// Roles by unix group. Root and the user that the daemon runs as always are `admin`.
class Access {
 public:
  // Groups by name; those that do not exist on this machine are left out.
  Access(const std::vector<std::string>& viewers, const std::vector<std::string>& operators,
         const std::vector<std::string>& admins);
  // Groups by number, with the user that the daemon runs as.
  Access(uid_t own, std::vector<gid_t> viewers, std::vector<gid_t> operators, std::vector<gid_t> admins);

  Role role_of(const Peer& peer) const;

 private:
  uid_t own_;
  std::vector<gid_t> viewers_, operators_, admins_;
};

}  // namespace csiem::admin
