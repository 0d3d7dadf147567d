// The non-blocking way out: one client per delivery thread, libcurl's multi interface on that thread's Asio loop.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "credentials/credential_store.hpp"

namespace boost::asio {
class io_context;
}

namespace csiem::http {

struct TlsPolicy {
  bool verify = true;
  std::string ca_file;  // empty: the system's trust store
  // Read for every new connection, so files that are replaced are taken up as connections end.
  std::string cert_file, key_file;
  credentials::SecretRef key_passphrase;  // of the key; may be null
  std::string min_version = "1.2";        // 1.2 | 1.3
};

// How one exporter reaches the network. Immutable; shared by its requests.
struct Policy {
  TlsPolicy tls;
  std::string proxy;                         // empty: HTTPS_PROXY / NO_PROXY of the environment
  std::vector<std::string> allowed_origins;  // "https://host:port"; anything else is refused before DNS, but for
  // hosts that an event may choose, in lower case: names, or "*.name". Whatever address they turn out to have is
  // checked when it is connected to and for every request: it must be public unless `allow_private`. Behind a proxy,
  // which all requests to them use when there is one, only their name is looked at.
  std::vector<std::string> allowed_hosts;
  bool allow_private = false;
  uint32_t connect_timeout_ms = 10'000;
  uint32_t default_timeout_ms = 30'000;
  uint32_t max_timeout_ms = 300'000;
  std::size_t max_response_bytes = 1024 * 1024;  // cap; a request may ask for less
  int compression_level = 1;                     // of libdeflate, 1..12
  bool http2 = true;                             // where a TLS server offers it; else HTTP/1.1 only
  uint32_t max_connections_per_host = 0;         // 0: no limit
  std::string user_agent = "clawdstrike-siem";
};
// "https://host:port" in lower case with the default port spelled out, or an error for anything but http and https.
Result<std::string> origin_of(std::string_view url);

struct Header {
  std::string name, value;
  credentials::SecretRef secret;  // appended to `value` on the wire; may be null
};

struct Request {
  std::string method = "POST";
  std::string url;
  credentials::SecretRef url_secret;  // appended to `url`; may be null
  std::vector<Header> headers;
  std::string body;  // as to be sent when `gzip` is false; compressed by send() otherwise
  bool gzip = false;
  uint32_t timeout_ms = 0;             // 0: the policy's default; whole request
  std::size_t max_response_bytes = 0;  // 0: the policy's cap
};

enum class Transport { ok, dns, connect, tls, timeout, reset, cancelled };

struct Response {
  Transport transport = Transport::ok;
  int status = 0;
  bool truncated = false;       // the body was longer than the cap, or a refusal's was cut by the end of the connection
  bool ambiguous = false;       // no whole answer, yet the request may have been processed
  bool resent = false;          // sent twice: a kept connection died under the first; may have been processed twice
  uint32_t retry_after_ms = 0;  // from seconds or from a date compared with the answer's own Date; 0 = none
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  uint64_t elapsed_ns = 0;
  std::string error;  // libcurl's words for a transport failure, without secrets
  std::size_t wire_bytes = 0, raw_bytes = 0;
};

using RequestId = uint64_t;

// All calls on the thread that runs `loop`. A handler runs from the loop after libcurl has returned, never inside
// send() or a libcurl callback; it may send and cancel. Destroying the client cancels everything without calling
// handlers.
class Client {
 public:
  explicit Client(boost::asio::io_context& loop);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  using Handler = std::function<void(const Response&)>;
  // Fails at once for a URL outside of the policy's origins, an illegal header or a proxy that cannot be parsed.
  Result<RequestId> send(Request request, std::shared_ptr<const Policy> policy, Handler done);
  // The handler of a cancelled request never runs. Unknown ids are ignored.
  void cancel(RequestId id);
  std::size_t in_flight() const;

  // An empty string with the memory of an earlier body, to build the next one in. Fresh pages for each body cost more
  // than sending it.
  std::string spare_body();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "libcurl/7.88.1 OpenSSL/3.0.17 ...": what the client is made of.
std::string library_versions();

}  // namespace csiem::http
