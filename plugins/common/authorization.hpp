// Authorization headers that need the secret inside base64.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/request.hpp>

#include <string>
#include <string_view>

#include "common/base64.hpp"

namespace csiem::common {

// Overwrites a string that held a secret, in a way the optimiser may not drop.
inline void wipe(std::string& text) noexcept {
  volatile char* at = text.data();
  for (std::size_t i = 0; i < text.size(); ++i) at[i] = '\0';
  text.clear();
}

// `Authorization: <scheme> base64(<before><secret>)`. Every copy made here is wiped. When the host does not lend the
// secret, nothing is sent and the batch waits for the credential.
inline void encoded_authorization(const Host& host, std::string_view scheme, std::string_view before,
                                  std::string_view handle, Request& out) {
  std::string value;
  const csiem_status status = host.borrow(handle, [&](std::string_view secret) {
    // Room first: growing would leave copies behind.
    std::string joined;
    joined.reserve(before.size() + secret.size());
    joined.append(before).append(secret);
    value.reserve(scheme.size() + base64_size(joined.size()));
    value += scheme;
    append_base64(value, joined);
    wipe(joined);
  });
  if (status == CSIEM_OK)
    out.header("Authorization", value);
  else
    out.settle(Verdict::of(CSIEM_AUTH, "credential.unavailable", "the host does not lend " + std::string(handle)));
  wipe(value);
}

}  // namespace csiem::common
