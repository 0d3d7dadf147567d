// The catalogue of operator-facing messages: every CSnnnn that the daemon can print, with what it means and what to do.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace csiem::messages {

struct Message {
  int code;
  std::string_view title;
  std::string_view cause;
  std::string_view confirm;
  std::string_view fix;
  std::string_view metrics;
};

std::span<const Message> all();
// Null when the code is not in the catalogue.
const Message* find(int code);
// "CS4010".
std::string code_text(int code);

}  // namespace csiem::messages
