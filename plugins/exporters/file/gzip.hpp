// One file into its gzip form.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

namespace csiem::file {

// Writes `to`, which must not exist, with the permission and time of `from`, and forces it to the disk. `give_up` is
// asked between blocks. Returns an errno, ECANCELED when given up; 0 when `to` is complete.
int gzip_file(const std::string& from, const std::string& to, const std::function<bool()>& give_up);

}  // namespace csiem::file
