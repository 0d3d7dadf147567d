// What a command line or path looks like, by its words. Letters match in any case.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace csiem::event {

// `needle` must be in lower case; the empty needle is in every text.
bool contains_folded(std::string_view text, std::string_view needle) noexcept;

// `rm -r...` in any flag order, `dd if=/dev/...`.
bool destroys_data(std::string_view command) noexcept;
// curl or wget whose output goes into sh, bash or zsh.
bool pipes_download_to_shell(std::string_view command) noexcept;
// base64 output into nc, curl or wget; anything into nc.
bool pipes_data_out(std::string_view command) noexcept;
// chmod 777, chmod a+rwx.
bool opens_permissions(std::string_view command) noexcept;

}  // namespace csiem::event
