// The part of a URL that decides whom a request goes to. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace csiem::config {

struct UrlOrigin {
  std::string scheme, host;  // lower case; an IPv6 host with its brackets
  unsigned port = 0;
  std::string text() const { return scheme + "://" + host + ":" + std::to_string(port); }
  bool loopback() const;
};

// scheme://host[:port][/...], http and https only. Nothing when malformed; `problem` says why and never holds the URL.
std::optional<UrlOrigin> parse_origin(std::string_view url, std::string* problem);

// The bare site of a vendor that is reached at hosts named after it, out of what people paste:
// "https://app.datadoghq.eu/" is datadoghq.eu. Nothing when it is no host name of at least two parts.
std::optional<std::string> site_name(std::string_view text);

// The deployment that an Elastic cloud id names, label:BASE64.
std::optional<UrlOrigin> origin_of_cloud_id(std::string_view cloud_id, std::string* problem);

}  // namespace csiem::config
