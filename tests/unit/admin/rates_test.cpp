// Events a second over the last minute.
#include "admin/rates.hpp"

#include "scratch.hpp"

using namespace csiem::admin;

namespace {

Snapshot at(int64_t second, uint64_t delivered) {
  Snapshot snapshot = csiem::test::sample_snapshot();
  snapshot.taken_mono_ns = second * 1'000'000'000;
  snapshot.exporters[0].delivered = delivered;
  snapshot.sources[0].events = 2 * delivered;
  return snapshot;
}

}  // namespace

TEST_CASE("a rate is what came since the oldest sample, and forgets what is older than a minute") {
  Rates rates;
  CHECK(rates.delivered(at(0, 10), at(0, 10).exporters[0]) == 0);
  rates.sample(at(0, 0));
  const Snapshot soon = at(10, 50);
  CHECK(rates.delivered(soon, soon.exporters[0]) == doctest::Approx(5));
  CHECK(rates.read(soon, soon.sources[0]) == doctest::Approx(10));
  for (int i = 1; i <= 24; ++i) rates.sample(at(5 * i, 1000));
  const Snapshot late = at(121, 1000);
  CHECK(rates.delivered(late, late.exporters[0]) == 0);
}

TEST_CASE("an exporter that no sample knows, or whose counter went back, has no rate") {
  Rates rates;
  rates.sample(at(0, 100));
  Snapshot now = at(5, 50);
  CHECK(rates.delivered(now, now.exporters[0]) == 0);
  now.exporters[0].id = "new";
  now.exporters[0].delivered = 1'000;
  CHECK(rates.delivered(now, now.exporters[0]) == 0);
}
