// CPU time of the privacy rules on a file of records, for events that nothing is found in and for all of them.
// Usage: bench-privacy FILE [ROUNDS]
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "ingest/ingest.hpp"
#include "process/privacy/detectors.hpp"
#include "process/privacy/redactor.hpp"
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

uint64_t finds(const process::Redactor& redactor) {
  uint64_t sum = 0;
  for (const auto& counter : redactor.counts().all()) sum += counter.count.load();
  return sum;
}

struct Work {
  ingest::Mapper mapper{ingest::Options{}};
  process::Stamper stamper{process::StampSettings{}};
  event::BatchBuilder batch{event::BatchPool::create()};

  std::vector<std::string_view> clean_ones(const std::vector<std::string_view>& lines, process::Redactor& redactor) {
    std::vector<std::string_view> clean;
    for (const std::string_view line : lines) {
      const uint64_t before = finds(redactor);
      mapper.map(line, kNow, batch);
      stamper.stamp(batch, 0, kNow);
      redactor.redact(batch, 0);
      if (batch.size() > 0 && finds(redactor) == before) clean.push_back(line);
      batch.seal(0);
    }
    return clean;
  }

  // Best of the rounds, in microseconds of redact() per event.
  double measure(const char* what, const std::vector<std::string_view>& lines, process::Redactor& redactor,
                 int rounds) {
    double best = 0;
    uint64_t bytes = 0;
    uint64_t events = 0;
    for (int i = 0; i < rounds; ++i) {
      int64_t ns = 0;
      events = bytes = 0;
      const auto flush = [&] {
        stamper.stamp(batch, 0, kNow);
        const int64_t start = cpu_ns();
        redactor.redact(batch, 0);
        ns += cpu_ns() - start;
        events += batch.size();
        for (const csiem_event& e : batch.events()) bytes += e.canonical_json.len;
        batch.seal(0);
      };
      for (const std::string_view line : lines) {
        mapper.map(line, kNow, batch);
        if (batch.size() >= kBatchEvents) flush();
      }
      flush();
      const double us = static_cast<double>(ns) / 1e3 / static_cast<double>(events == 0 ? 1 : events);
      if (i == 0 || us < best) best = us;
    }
    std::printf("%-34s %8.3f us/event  (%llu events of %llu bytes)\n", what, best,
                static_cast<unsigned long long>(events),
                static_cast<unsigned long long>(events == 0 ? 0 : bytes / events));
    return best;
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench-privacy FILE [ROUNDS]\n");
    return 2;
  }
  const auto text = read_file(argv[1], std::size_t{4} << 30);
  if (!text) {
    std::fprintf(stderr, "%s\n", text.error().what().c_str());
    return 1;
  }
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  const auto lines = lines_of(*text);
  process::PrivacySettings all;
  for (const auto& detector : process::detectors()) all.detectors.emplace_back(detector.name);
  process::Redactor everything(all);
  process::PrivacySettings with_fields = all;
  with_fields.drop_fields = {"metadata.prompt", "metadata.**.password"};
  with_fields.redact_fields = {"session.user_id"};
  process::Redactor fields(with_fields);
  process::PrivacySettings with_own = all;
  with_own.patterns = {{"employee", R"(\bEMP-[0-9]{6}\b)"}};
  process::Redactor own(with_own);

  Work work;
  const auto clean = work.clean_ones(lines, everything);
  std::printf("%zu of %zu lines are clean\n", clean.size(), lines.size());
  work.measure("all detectors, clean events", clean, everything, rounds);
  work.measure("all detectors, all events", lines, everything, rounds);
  work.measure("and an own pattern, clean events", clean, own, rounds);
  work.measure("and field lists, clean events", clean, fields, rounds);
  return 0;
}
