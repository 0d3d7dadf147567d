// Encoded events on stdin against the product's own rules: check-schema FORMAT [VERSION]. Prints what is wrong as
// "line N: path: rule (detail)", then how many lines passed. For comparing with other validators.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <iostream>
#include <string>

#include "schema/validator.hpp"

int main(int argc, char** argv) {
  csiem::schema::OutputSettings settings;
  if (argc > 2) settings.versions[argv[1]] = argv[2];
  const auto validator = argc < 2 ? nullptr : csiem::schema::make_validator(argv[1], settings);
  if (validator == nullptr) {
    std::fprintf(stderr, "usage: check-schema FORMAT [VERSION]\n");
    return 2;
  }
  int number = 0, passed = 0, failed = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++number;
    if (line.empty()) continue;
    std::vector<csiem::schema::Violation> found;
    ++(validator->check(line, found) ? passed : failed);
    for (const auto& v : found)
      std::printf("line %d: %s: %s (%s)\n", number, v.path.c_str(), v.rule.c_str(), v.detail.c_str());
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}
