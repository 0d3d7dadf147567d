// Why a file operation failed, in words that tell the operator what to do.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk.hpp>

#include <string>
#include <string_view>

namespace csiem::file {

struct Failure {
  int32_t outcome = CSIEM_RETRY;
  std::string code;     // "ENOSPC", "EACCES" ...
  std::string message;  // path, reason, free space, owner
};

// `what`: "open", "write" ... Full disks, broken disks and missing permission are for a later attempt; a path that
// cannot exist as it is needs the operator.
Failure describe(std::string_view what, const std::string& path, int error);

}  // namespace csiem::file
