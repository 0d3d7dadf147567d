// CPU time of checking formatted events. Usage: bench-check-schema FORMAT FILE [ROUNDS]; the file has one event a line,
// as `clawdstrike-siem transform --format FORMAT` prints them.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "schema/validator.hpp"

namespace {

int64_t cpu_ns() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

int main(int argc, char** argv) {
  const auto rules = argc < 3 ? nullptr : csiem::schema::make_validator(argv[1]);
  if (rules == nullptr) {
    std::fprintf(stderr, "usage: bench-check-schema FORMAT FILE [ROUNDS]\n");
    return 2;
  }
  std::vector<std::string> events;
  std::size_t bytes = 0;
  std::ifstream lines(argv[2]);
  for (std::string line; std::getline(lines, line);) {
    bytes += line.size();
    events.push_back(std::move(line));
  }
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 100;
  int64_t best = 0;
  std::size_t bad = 0;
  std::vector<csiem::schema::Violation> found;
  for (int i = 0; i < rounds; ++i) {
    bad = 0;
    const int64_t start = cpu_ns();
    for (const std::string& event : events)
      if (!rules->check(event, found)) ++bad;
    const int64_t ns = cpu_ns() - start;
    best = i == 0 ? ns : std::min(best, ns);
    found.clear();
  }
  const std::size_t count = std::max<std::size_t>(events.size(), 1);
  const double us = static_cast<double>(best) / 1e3 / static_cast<double>(count);
  std::printf("%-6s %8.3f us/event  %10.0f events/s  (%zu events, %zu bytes each, %zu break the schema)\n", argv[1], us,
              1e6 / us, events.size(), bytes / count, bad);
  return 0;
}
