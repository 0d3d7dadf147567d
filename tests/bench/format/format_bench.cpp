// CPU time of the linked format on canonical events, formatting only. Usage: bench-format-NAME FILE [ROUNDS]
// Takes them in portions as a lane does, which formats what was read just now: reading a portion is not counted.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <string>
#include <vector>

#include "common/test_event.hpp"
#include "common/test_format.hpp"

namespace {

constexpr std::size_t kPortion = 500;

int64_t cpu_ns() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench-format-%s FILE [ROUNDS]\n", csiem::testing::TestFormat::component().name);
    return 2;
  }
  std::vector<std::string> lines;
  std::ifstream file(argv[1]);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 20;
  csiem::testing::TestFormat format;
  std::vector<uint8_t> room(8 << 20);
  int64_t best = 0;
  std::size_t bytes = 0;
  for (int round = 0; round < rounds; ++round) {
    bytes = 0;
    int64_t ns = 0;
    for (std::size_t at = 0; at < lines.size(); at += kPortion) {
      std::deque<csiem::testing::TestEvent> events;
      for (std::size_t i = at; i < std::min(at + kPortion, lines.size()); ++i) events.emplace_back(lines[i]);
      const int64_t start = cpu_ns();
      for (auto& event : events) {
        csiem_writer writer{room.data(), room.data() + room.size(),
                            [](csiem_writer*, std::size_t) noexcept { return csiem_status{CSIEM_E_LIMIT}; }, nullptr};
        if (format.encode(event.view(), writer) != CSIEM_OK) return 1;
        bytes += static_cast<std::size_t>(writer.cur - room.data());
      }
      ns += cpu_ns() - start;
    }
    best = round == 0 ? ns : std::min(best, ns);
  }
  const double us = static_cast<double>(best) / 1e3 / static_cast<double>(std::max<std::size_t>(lines.size(), 1));
  std::printf("%-6s %8.3f us/event  %10.0f events/s  (%zu events, %zu bytes each)\n",
              csiem::testing::TestFormat::component().name, us, 1e6 / us, lines.size(),
              bytes / std::max<std::size_t>(lines.size(), 1));
  return 0;
}
