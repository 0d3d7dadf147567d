// Signatures by which a receiver tells our requests from others': Standard Webhooks 1.0.0, and the ways of GitHub and
// Stripe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/host.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace csiem::webhook {

enum class Scheme { none, standard_webhooks, github, stripe };

struct Signing {
  Scheme scheme = Scheme::none;
  std::string secret, previous_secret;  // handles; the previous one may be empty
  std::string header;                   // github and stripe only
};

// The key inside of a secret: for Standard Webhooks the bytes that its base64 stands for, else the secret itself.
// Nothing, and `problem` says why without the secret, when it is not of the scheme's form.
std::optional<std::string> key_of(Scheme scheme, std::string_view secret, std::string* problem);

// The headers that sign `body` under `id` at this second. Every copy of a secret is wiped. Nothing when the host does
// not lend the current secret or it cannot be used; then `problem` says why. A previous secret that is not to be had is
// left out.
std::optional<std::vector<std::pair<std::string, std::string>>> sign(const Signing& signing, const Host& host,
                                                                     std::string_view id, int64_t unix_s,
                                                                     std::string_view body, std::string* problem);

}  // namespace csiem::webhook
