// Addresses that no destination may have.
// SPDX-License-Identifier: Apache-2.0
#pragma once

struct sockaddr;

namespace csiem::http {

// Link-local ranges of both families and the metadata services of clouds that live there (169.254.169.254,
// fd00:ec2::254), mapped forms included. Such services hand out credentials of the machine to whoever asks.
bool is_link_local(const sockaddr* address);

}  // namespace csiem::http
