// The certificate that a double shows, and the one that it asks for.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <optional>
#include <string>

#include "server.hpp"

namespace csiem::doubles {

// Nothing, and `problem` says why, when a file cannot be used. The options name a certificate.
std::optional<boost::asio::ssl::context> server_tls(const ServerOptions& options, std::string* problem);

}  // namespace csiem::doubles
