// The settings of a webhook, checked.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/config.hpp>

#include <string>

#include "webhook/destination.hpp"
#include "webhook/message.hpp"
#include "webhook/oauth2.hpp"
#include "webhook/response.hpp"
#include "webhook/signature.hpp"

namespace csiem::webhook {

// Secrets appear as handles only.
struct Auth {
  enum class Type { none, bearer, basic, header, oauth2, mtls } type = Type::none;
  std::string secret;
  std::string name;  // user name or header name
};

struct Health {
  std::string url, url_secret;  // one of them, or none: there is no health check
  std::string method;
  bool there() const noexcept { return !url.empty() || !url_secret.empty(); }
};

struct Settings {
  std::string method;
  Destination destination;
  Auth auth;
  ClientCredentials client;  // of type oauth2
  Signing signing;
  Shape shape;
  Rules rules;
  Health health;
  bool gzip = false;
  bool include_allowed = true;
  std::size_t max_body = 0;

  // Notes in `config` whatever cannot be used.
  static Settings read(const Config& config);
};

}  // namespace csiem::webhook
