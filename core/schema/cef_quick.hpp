// The usual CEF line, checked in one pass. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace csiem::schema {

class CefQuick {
 public:
  // `custom_prefix`: user-defined keys that begin with it are allowed; empty: none are.
  explicit CefQuick(std::string_view custom_prefix) : custom_(custom_prefix) {}
  // True: the line breaks no rule. False: it may, or it is unusual; ask the thorough check.
  bool accepts(std::string_view line) const noexcept;

 private:
  const std::string custom_;
};

}  // namespace csiem::schema
