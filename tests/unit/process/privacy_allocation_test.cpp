// The privacy rules do not ask the heap for events that they find nothing in. An executable of its own: it counts every
// malloc.
#include <cstdio>
#include <string>

#include "counted_heap.hpp"
#include "ingest/ingest.hpp"
#include "process/privacy/detectors.hpp"
#include "process/privacy/redactor.hpp"
#include "process/stamp.hpp"

namespace {

using namespace csiem;

constexpr int64_t kNow = 1'772'500'000'000'000'000;
constexpr int kEvents = 500;

const std::string kLine =
    R"({"schema_version":"1.0.0","event_id":"0195a1c2-0000-7000-8000-00000000000d","event_type":"guard_block",)"
    R"("event_category":"file","timestamp":"2026-03-02T08:00:00.000000000Z","agent":{"id":"a","name":"a",)"
    R"("version":"1","type":"clawdstrike"},"session":{"id":"s","user_id":"u"},"outcome":"failure",)"
    R"("action":"file_access","threat":{"indicator":{"type":"file_path","value":"/x"},"tactic":"TA0006"},)"
    R"("decision":{"allowed":false,"guard":"forbidden_path","severity":"high","reason":"with \"escapes\" \u00e9"},)"
    R"("resource":{"type":"file","name":"/x","path":"/x"},"metadata":{"a":[1,2,{"b":"c"}]},"labels":{"k":"v"}})";

// 0 when the rules cost no allocation and change nothing.
int check(const char* what, process::PrivacySettings settings) {
  for (const auto& detector : process::detectors()) settings.detectors.emplace_back(detector.name);
  ingest::Mapper mapper{ingest::Options{}};
  process::Stamper stamper{process::StampSettings{}};
  process::Redactor redactor(settings);
  event::BatchBuilder batch(event::BatchPool::create());
  unsigned long long counted = 0;
  bool same = true;
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < kEvents; ++i) mapper.map(kLine, kNow, batch);
    stamper.stamp(batch, 0, kNow);
    const char* text = batch.events()[0].canonical_json.ptr;
    const auto before = allocations;
    redactor.redact(batch, 0);
    counted = allocations - before;
    same = same && batch.events()[0].canonical_json.ptr == text;
    batch.seal(0);
  }
  std::printf("%s: %llu allocations for %d events\n", what, counted, kEvents);
  return counted == 0 && same ? 0 : 1;
}

}  // namespace

int main() {
  if (!heap_is_counted()) return 1;
  process::PrivacySettings own;
  own.patterns = {{"employee", "EMP-[0-9]{6}"}};
  return check("all detectors", {}) + check("and an own pattern", own);
}
