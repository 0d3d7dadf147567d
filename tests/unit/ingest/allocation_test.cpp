// Mapping and stamping in steady state do not ask the heap. An executable of its own: it counts every malloc.
#include <cstdio>
#include <string>

#include "counted_heap.hpp"
#include "ingest/ingest.hpp"
#include "process/stamp.hpp"

namespace {

using namespace csiem;

constexpr int64_t kNow = 1'772'500'000'000'000'000;
constexpr int kEvents = 500;

const std::string kCanonical =
    R"({"schema_version":"1.0.0","event_id":"0195a1c2-0000-7000-8000-00000000000d","event_type":"guard_block",)"
    R"("event_category":"file","timestamp":"2026-03-02T08:00:00.000000000Z","agent":{"id":"a","name":"a",)"
    R"("version":"1","type":"clawdstrike"},"session":{"id":"s","user_id":"u"},"outcome":"failure",)"
    R"("action":"file_access","threat":{"indicator":{"type":"file_path","value":"/x"},"tactic":"TA0006"},)"
    R"("decision":{"allowed":false,"guard":"forbidden_path","severity":"high","reason":"with \"escapes\" \u00e9"},)"
    R"("resource":{"type":"file","name":"/x","path":"/x"},"metadata":{"a":[1,2,{"b":"c"}]},"labels":{"k":"v"}})";
const std::string kHushd =
    R"({"id":"019cad8f-ac00-79b1-a648-4a093d001280","timestamp":"2026-03-02T08:00:00Z","event_type":"violation",)"
    R"("action_type":"file_access","target":"/etc/cron.d/agent","decision":"blocked","guard":"forbidden_path",)"
    R"("severity":"Critical","message":"no","session_id":"s","metadata":{"policy_hash":"a9ab","principal":)"
    R"({"id":"u","organization_id":"acme"},"roles":["developer"]}})";
const std::string kHushdRepaired =
    R"({"id":"019CAD8F-AC00-79b1-a648-4a093d001280","timestamp":"2026-03-02T08:00:00+01:00","event_type":"check","action_type":"egress",)"
    R"("target":"https://u:p@h.example/x","decision":"allowed","guard":"egress","severity":"Warning","new":{"x": 1}})";

void fill(const std::string& line, ingest::Mapper& mapper, process::Stamper& stamper, event::BatchBuilder& batch) {
  for (int i = 0; i < kEvents; ++i) mapper.map(line, kNow, batch);
  stamper.stamp(batch, 0, kNow);
}

// 0 when the line costs no allocation.
int check(const char* what, const std::string& line) {
  ingest::Mapper mapper{ingest::Options{}};
  process::StampSettings settings;
  settings.environment = "prod";
  settings.labels = {{"site", "b"}};
  process::Stamper stamper(settings);
  event::BatchBuilder batch(event::BatchPool::create());
  for (int i = 0; i < 4; ++i) {
    fill(line, mapper, stamper, batch);
    batch.seal(0);
  }
  const auto before = allocations;
  fill(line, mapper, stamper, batch);
  const auto counted = allocations - before;
  const bool complete = batch.size() == kEvents && batch.events()[kEvents - 1].canonical_json.len != 0;
  std::printf("%s: %llu allocations for %zu events\n", what, counted, batch.size());
  return counted == 0 && complete ? 0 : 1;
}

}  // namespace

int main() {
  if (!heap_is_counted()) return 1;
  return check("canonical", kCanonical) + check("hushd_audit", kHushd) + check("hushd_audit, repaired", kHushdRepaired);
}
