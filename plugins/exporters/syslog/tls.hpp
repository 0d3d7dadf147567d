// TLS over a connected socket, by OpenSSL: who is believed, and what is said about those who are not.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>

#include "syslog/endpoint.hpp"
#include "syslog/failure.hpp"
#include "syslog/waiter.hpp"

namespace csiem::syslog {

struct TlsSettings {
  bool verify = true;
  std::string ca_file;              // empty: the system's trust store
  std::string cert_file, key_file;  // empty: no client certificate
  std::string min_version = "1.2";  // or 1.3
  std::string server_name;          // empty: the endpoint's host
};

struct SslFree {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
};
using Ssl = std::unique_ptr<SSL, SslFree>;

// Shakes hands as a client. The files are read anew, so that renewed certificates count from the next connection on.
std::optional<Failure> shake_hands(int fd, const Endpoint& endpoint, const TlsSettings& settings, Waiter& waiter,
                                   Deadline deadline, Ssl& out);

// The failure that OpenSSL's error queue and `ssl_error` (of SSL_get_error) tell of; empties the queue.
Failure tls_failure(SSL* ssl, int ssl_error, const Endpoint& endpoint, const std::string& what);

}  // namespace csiem::syslog
