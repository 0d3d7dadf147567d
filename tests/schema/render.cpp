// What the linked format makes of events, on stdout, for the validators of schemas: canonical events on stdin, one per
// line, or `random SEED COUNT`. Further arguments are pairs of setting and value.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "common/test_event.hpp"
#include "common/test_format.hpp"
#include "random_event.hpp"

namespace {

bool print(csiem::testing::TestFormat& format, const csiem_event& event) {
  const std::string text = format.encode(event);
  if (text.rfind("error: ", 0) == 0) {
    std::fprintf(stderr, "%s\n", text.c_str());
    return false;
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const bool random = argc > 3 && std::string_view(argv[1]) == "random";
  csiem::testing::TestFormat::Settings settings;
  for (int i = random ? 4 : 1; i + 1 < argc; i += 2) settings.emplace(argv[i], argv[i + 1]);
  csiem::testing::TestFormat format(std::move(settings));
  if (!format.created) {
    std::fprintf(stderr, "%s\n", format.error.c_str());
    return 2;
  }
  if (random) {
    csiem::testing::RandomEvents events(std::strtoull(argv[2], nullptr, 10));
    for (uint64_t left = std::strtoull(argv[3], nullptr, 10); left > 0; --left)
      if (!print(format, events.next())) return 1;
    return 0;
  }
  for (std::string line; std::getline(std::cin, line);) {
    csiem::testing::TestEvent event(line);
    if (!print(format, event.view())) return 1;
  }
}
