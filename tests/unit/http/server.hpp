// A scripted HTTP/1.1 server on loopback, one thread per connection, with or without TLS.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace csiem::http::test {

struct Seen {
  std::string method, target, head, body;
  int connection = 0;       // counted from 1
  std::string client_name;  // of its certificate
  // The value of a header, or "<none>".
  std::string header(const std::string& name) const;
};

enum class After { keep, close, reset };

struct Reply {
  std::string bytes;
  After after = After::keep;
  int delay_ms = 0;
};

// "HTTP/1.1 200 OK" with its length.
Reply answer(int status, const std::string& body = {}, const std::string& extra_headers = {});

struct TlsFiles {
  std::string cert, key;
  std::string client_ca;  // empty: no client certificate asked for
};

class Server {
 public:
  using Script = std::function<Reply(const Seen&)>;
  explicit Server(Script script, TlsFiles tls = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const { return port_; }
  std::string origin() const;
  std::vector<Seen> seen() const;
  int connections() const { return connections_; }
  // Connections are reset as soon as they are accepted.
  void reset_on_accept() { reset_on_accept_ = true; }
  // The script answers after so many bytes of a body; the rest is never read.
  void read_at_most(std::size_t bytes) { read_at_most_ = bytes; }

 private:
  struct Channel;
  void accept_all();
  void serve(int fd, int number);
  bool read_request(Channel& channel, std::string& buffer, Seen& seen);

  Script script_;
  TlsFiles tls_;
  std::shared_ptr<void> tls_context_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false}, reset_on_accept_{false};
  std::atomic<int> connections_{0};
  std::atomic<std::size_t> read_at_most_{SIZE_MAX};
  mutable std::mutex mutex_;  // guards the three below
  std::vector<Seen> seen_;
  std::vector<std::thread> threads_;
  std::vector<int> open_;
  std::thread acceptor_;
};

}  // namespace csiem::http::test
