// HTTP on the admin socket.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "admin/access.hpp"
#include "admin/api.hpp"
#include "admin/socket_file.hpp"

namespace boost::asio {
class io_context;
}

namespace csiem::admin {

// Beyond these a client is answered with an error, or just dropped.
struct Limits {
  std::size_t header_bytes = 8 * 1024, body_bytes = 64 * 1024;
  std::size_t connections = 64;
  // Of all clients together: at once after a pause, and then a second. Whoever comes too early is answered later.
  int64_t burst = 100, requests_per_second = 20;
  // To send a request, from the moment the server waits for it; and to take the answer.
  std::chrono::milliseconds patience{10'000};
};

// Answers on the thread that runs `loop`, and never makes it wait. Construct and destroy it there, or while the loop
// does not run.
class Server {
 public:
  Server(boost::asio::io_context& loop, SocketFile socket, Access access, Backend backend, Limits limits = {});
  // Drops every connection. The backend is not called any more.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Begins to answer. Clients that connected since the socket was opened are served then.
  void start();
  const std::string& path() const noexcept { return socket_.path(); }

  struct Impl;

 private:
  SocketFile socket_;
  std::shared_ptr<Impl> impl_;
};

}  // namespace csiem::admin
