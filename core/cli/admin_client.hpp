// Talking to the running daemon through its admin socket.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cli/arguments.hpp"

namespace csiem::cli {

struct AdminAnswer {
  unsigned status = 0;
  std::string body;
};

// For what is answered at once.
inline constexpr std::chrono::seconds kAnswerPatience{5};

// One request, waiting for the answer as long as `patience`. The socket is --socket, CLAWDSTRIKE_SIEM_SOCKET, what the
// configuration says if it can be read, or where daemons have it by default. Fails with CS8004, or with CS8003 when the
// socket may not be opened; the text names every socket that was tried.
Result<AdminAnswer> ask_daemon(const GlobalArguments& global, std::string_view method, const std::string& target,
                               const std::string& body = {}, std::chrono::seconds patience = kAnswerPatience);

// The same for JSON: an answer that is an error becomes one, with the daemon's code and words.
Result<boost::json::value> ask_daemon_json(const GlobalArguments& global, std::string_view method,
                                           const std::string& target, const std::string& body = {},
                                           std::chrono::seconds patience = kAnswerPatience);

// Prints what kept us from an answer, and the exit status for it.
int report_admin_error(const Error& error);

}  // namespace csiem::cli
