// Why a receiver could not be given its messages.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <cstdint>
#include <string>

namespace csiem::syslog {

struct Failure {
  int32_t outcome = CSIEM_RETRY;
  std::string code;     // "transport.connect", "tls.certificate", "syslog.closed" …
  std::string message;  // what the operator reads, with the endpoint in it
};

}  // namespace csiem::syslog
