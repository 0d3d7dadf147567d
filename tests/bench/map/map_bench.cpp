// CPU time of mapping a file of records, with and without stamping. Usage: bench-map FILE [ROUNDS]
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "ingest/ingest.hpp"
#include "process/stamp.hpp"

namespace {

using namespace csiem;

constexpr std::size_t kBatchEvents = 500;
constexpr int64_t kNow = 1'772'500'000'000'000'000;

int64_t cpu_ns() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return lines;
}

struct Round {
  uint64_t events = 0, rejected = 0, canonical_bytes = 0;
  int64_t ns = 0;
};

Round run(const std::vector<std::string_view>& lines, ingest::Mapper& mapper, process::Stamper* stamper,
          event::BatchBuilder& batch) {
  Round round;
  const int64_t start = cpu_ns();
  const auto flush = [&] {
    if (stamper != nullptr) {
      stamper->stamp(batch, 0, kNow);
      for (const csiem_event& e : batch.events()) round.canonical_bytes += e.canonical_json.len;
    }
    batch.seal(0);
  };
  for (const std::string_view line : lines) {
    const auto result = mapper.map(line, kNow, batch);
    round.events += result.accepted;
    round.rejected += result.rejected;
    if (batch.size() >= kBatchEvents) flush();
  }
  flush();
  round.ns = cpu_ns() - start;
  return round;
}

void report(const char* what, const Round& best) {
  const double us = static_cast<double>(best.ns) / 1e3 / static_cast<double>(best.events == 0 ? 1 : best.events);
  std::printf("%-12s %8.3f us/event  %10.0f events/s  (%llu events, %llu rejected)\n", what, us, 1e6 / us,
              static_cast<unsigned long long>(best.events), static_cast<unsigned long long>(best.rejected));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench-map FILE [ROUNDS]\n");
    return 2;
  }
  const auto text = read_file(argv[1], std::size_t{4} << 30);
  if (!text) {
    std::fprintf(stderr, "%s\n", text.error().what().c_str());
    return 1;
  }
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  const auto lines = lines_of(*text);
  ingest::Mapper mapper{ingest::Options{}};
  process::Stamper stamper{process::StampSettings{}};
  event::BatchBuilder batch(event::BatchPool::create());
  Round mapped;
  Round stamped;
  for (int i = 0; i < rounds; ++i) {
    const Round a = run(lines, mapper, nullptr, batch);
    const Round b = run(lines, mapper, &stamper, batch);
    if (i == 0 || a.ns < mapped.ns) mapped = a;
    if (i == 0 || b.ns < stamped.ns) stamped = b;
  }
  report("map", mapped);
  report("map+stamp", stamped);
  return 0;
}
