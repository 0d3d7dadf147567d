// The linked format does not ask the heap. An executable of its own: it counts every malloc.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <deque>
#include <fstream>
#include <string>
#include <vector>

#include "common/test_event.hpp"
#include "common/test_format.hpp"
#include "counted_heap.hpp"

namespace {

using csiem::testing::TestEvent;
using csiem::testing::TestFormat;

// 0 when no event costs an allocation.
int check(const TestFormat::Settings& settings, std::deque<TestEvent>& events) {
  TestFormat format(settings);
  std::vector<uint8_t> room(1 << 20);
  std::size_t bytes = 0;
  bool good = format.created;
  const auto before = allocations;
  for (TestEvent& event : events) {
    csiem_writer writer{room.data(), room.data() + room.size(),
                        [](csiem_writer*, std::size_t) noexcept { return csiem_status{CSIEM_E_LIMIT}; }, nullptr};
    good = format.encode(event.view(), writer) == CSIEM_OK && good;
    bytes += static_cast<std::size_t>(writer.cur - room.data());
  }
  const auto counted = allocations - before;
  std::printf("%s: %llu allocations for %zu events, %zu bytes\n", TestFormat::component().name, counted, events.size(),
              bytes);
  return good && counted == 0 && bytes > 0 ? 0 : 1;
}

}  // namespace

int main() {
  if (!heap_is_counted()) return 1;
  std::deque<TestEvent> events;
  std::ifstream lines(CSIEM_TEST_DATA "/schema/canonical-events.jsonl");
  for (std::string line; std::getline(lines, line);) events.emplace_back(line);
  if (events.size() != 300) return 1;
  return check({}, events) + check({{"csiem.host_name", "box.example"},
                                    {"include_raw", "true"},
                                    {"custom_keys", "true"},
                                    {"mode", "activity"}},
                                   events);
}
