// The HTTP side of a double: connections, content codings, faults.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "faults.hpp"
#include "platform.hpp"
#include "recorder.hpp"

namespace boost::asio {
class io_context;
}

namespace csiem::doubles {

struct ServerOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;                     // 0: one that is free
  std::string tls_certificate, tls_key;  // PEM files; empty: plain HTTP
  std::string tls_client_ca;             // PEM file: clients must show a certificate that it signed
  std::size_t max_body_bytes = 512U << 20;
};

// Serves on the thread that runs `loop`. `after_request` is called when an answer is on its way.
class Server {
 public:
  Server(boost::asio::io_context& loop, ServerOptions options, Platform& platform, FaultPlan& faults,
         Recorder& recorder, std::function<void()> after_request);
  ~Server();
  // False, and `problem` says why, when the port or the certificate cannot be used.
  bool start(std::string* problem);
  uint16_t port() const;

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace csiem::doubles
