#include "process/stamp.hpp"

#include <doctest/doctest.h>
#include <csiem/json.hpp>

#include "mapping.hpp"

using namespace csiem;

namespace {

const std::string kLine =
    R"({"schema_version":"1.0.0","event_id":"0195a1c2-0000-7000-8000-00000000000d","event_type":"guard_block",)"
    R"("event_category":"file","timestamp":"2026-03-02T08:00:00Z","session":{"id":"s","environment":"dev"},)"
    R"("outcome":"failure","action":"file_access","decision":{"allowed":false,"guard":"g","severity":"high",)"
    R"("reason":"r"},"resource":{"type":"file","name":"/x"},"labels":{"team":"own"}})";

boost::json::value stamped(process::StampSettings settings, const std::string& line = kLine) {
  ingest::Mapper mapper{ingest::Options{}};
  process::Stamper stamper(std::move(settings));
  event::BatchBuilder batch(event::BatchPool::create());
  mapper.map(line, testing::kArrival, batch);
  mapper.map(line, testing::kArrival, batch);
  stamper.stamp(batch, 1, testing::kArrival + 1);
  CHECK_FALSE(present(batch.events()[0].canonical_json));
  return testing::parsed(view(batch.events()[1].canonical_json));
}

}  // namespace

TEST_CASE("the time of receipt is set where the source has none") {
  CHECK(stamped({}).at("ingested_at") == "2026-03-03T01:06:40.000000001Z");
  std::string line = kLine;
  line.insert(1, R"("ingested_at":"2026-03-02T08:00:01Z",)");
  CHECK(stamped({}, line).at("ingested_at") == "2026-03-02T08:00:01.000000000Z");
}

TEST_CASE("environment and tenant fill gaps; overriding is a setting") {
  process::StampSettings settings;
  settings.environment = "prod";
  settings.tenant_id = "acme";
  CHECK(stamped(settings).at("session") == testing::parsed(R"({"id":"s","tenant_id":"acme","environment":"dev"})"));
  settings.override_fields = true;
  CHECK(stamped(settings).at("session") == testing::parsed(R"({"id":"s","tenant_id":"acme","environment":"prod"})"));
}

TEST_CASE("the event's own labels win") {
  process::StampSettings settings;
  settings.labels = {{"team", "config"}, {"site", "b"}};
  CHECK(stamped(settings).at("labels") == testing::parsed(R"({"team":"own","site":"b"})"));
}
