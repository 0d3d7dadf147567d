// One request on its way: the easy handle and every byte that libcurl points into.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/address.hpp"
#include "http/client.hpp"
#include "http/gzip.hpp"
#include "http/headers.hpp"
#include "http/libcurl.hpp"

namespace csiem::http {

// What libcurl would read from the environment for each request; read once, because getenv() beside a thread that
// changes the environment is a race.
struct Environment {
  std::string https_proxy, http_proxy, no_proxy, ca_file;  // empty: not set
  static Environment read();
};

// Reused for many requests, one after the other. Address fixed: libcurl holds pointers to it.
class Transfer {
 public:
  Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer();

  // Checks the request and sets up the handle. After an error the transfer must be cleared before its next use.
  Result<void> prepare(Request request, std::shared_ptr<const Policy> policy, const Environment& environment,
                       Gzip& gzip);
  CURL* easy() noexcept { return easy_.get(); }
  static Transfer& of(CURL* easy);
  // Turns the outcome into the response. Once per request, after libcurl has let go of the handle.
  Response finish(CURLcode code);
  // Forgets the request; what was secret in it is wiped. Returns the request's body, whose memory may be used again.
  std::string clear();

  RequestId id = 0;  // the client's

 private:
  void set_constant_options();
  void apply_policy(const Environment& environment);
  Result<void> set_target();
  Result<void> set_body(Gzip& gzip);
  void set_request_options();
  std::string failure_text(CURLcode code) const;
  void read_retry_after();

  static std::size_t on_body(char* data, std::size_t, std::size_t n, void* self) noexcept;
  static std::size_t on_header(char* data, std::size_t, std::size_t n, void* self) noexcept;
  static int on_request(void* self, char* peer, char*, int, int) noexcept;
  static int on_socket_options(void* self, curl_socket_t fd, curlsocktype) noexcept;
  static curl_socket_t on_open_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept;

  Easy easy_;
  std::string system_ca_file_, system_ca_path_;  // libcurl's own, as the distribution built it
  std::shared_ptr<const Policy> policy_;         // the one whose options the handle has; kept between requests
  Request request_;
  Response response_;
  HeaderLines headers_;
  std::string url_;  // with its secret
  bool https_ = false;
  Trust trust_ = Trust::operators;
  ScratchBytes compressed_;
  std::string_view body_;  // in request_.body or compressed_
  std::size_t response_cap_ = 0;
  std::size_t header_bytes_ = 0;
  uint32_t timeout_ms_ = 0;
  uint32_t times_requested_ = 0;
  int64_t started_ns_ = 0;
  const char* refusal_ = nullptr;  // why we ended it ourselves
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace csiem::http
