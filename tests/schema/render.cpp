// Canonical events on stdin, one per line, to what the linked format makes of them, on stdout. For the validators of
// schemas. SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>

#include "common/test_event.hpp"
#include "common/test_format.hpp"

int main(int argc, char** argv) {
  csiem::testing::TestFormat::Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) settings.emplace(argv[i], argv[i + 1]);
  csiem::testing::TestFormat format(std::move(settings));
  if (!format.created) {
    std::fprintf(stderr, "%s\n", format.error.c_str());
    return 2;
  }
  for (std::string line; std::getline(std::cin, line);) {
    csiem::testing::TestEvent event(line);
    const std::string text = format.encode(event.view());
    if (text.rfind("error: ", 0) == 0) {
      std::fprintf(stderr, "%s\n", text.c_str());
      return 1;
    }
    std::printf("%s\n", text.c_str());
  }
}
