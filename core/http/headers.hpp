// Header lines as they go onto the wire, secrets included.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "http/client.hpp"

namespace csiem::http {

// Checks the headers of a request and spells them as the list that libcurl takes. All lines stand in one block of
// memory, so that the secrets in them can be wiped as soon as the transfer is over.
class HeaderLines {
 public:
  HeaderLines() = default;
  HeaderLines(const HeaderLines&) = delete;
  HeaderLines& operator=(const HeaderLines&) = delete;
  ~HeaderLines() { wipe(); }

  // Refuses names that are not tokens or that libcurl must write itself, and values that would end the line. Error
  // texts hold the name, never the value.
  Result<void> build(const std::vector<Header>& headers, bool gzip);
  // Valid until the next build() or wipe().
  curl_slist* list() noexcept { return nodes_.empty() ? nullptr : nodes_.data(); }
  void wipe() noexcept;

 private:
  void add_line(std::string_view line);

  std::string bytes_;
  std::vector<std::size_t> offsets_;
  std::vector<curl_slist> nodes_;
};

// RFC 9110 token: what header names and methods are made of.
bool is_token(std::string_view text);

}  // namespace csiem::http
