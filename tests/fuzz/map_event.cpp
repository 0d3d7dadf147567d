// Any bytes through mapping and stamping: never a crash, and what comes out is always an event that maps to itself.
#include <csiem/json.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "ingest/ingest.hpp"
#include "process/stamp.hpp"

namespace {

using namespace csiem;

constexpr int64_t kNow = 1'772'500'000'000'000'000;

// Small limits, so that short inputs reach them.
ingest::Options options_for(uint8_t selector) {
  ingest::Options options;
  options.strict = (selector & 1) != 0;
  options.keep_payloads = (selector & 2) != 0;
  if ((selector & 4) != 0) {
    options.max_string_bytes = 16;
    options.max_metadata_bytes = 64;
    options.max_labels = 2;
    options.max_array_elements = 3;
  }
  options.allow_foreign_lines = (selector & 8) != 0;
  return options;
}

void require(bool holds) {
  if (!holds) std::abort();
}

void map_again(std::string_view canonical) {
  ingest::Mapper mapper{ingest::Options{}};
  process::Stamper stamper{process::StampSettings{}};
  event::BatchBuilder batch(event::BatchPool::create());
  const auto result = mapper.map(canonical, kNow, batch);
  require(result.accepted == 1 && result.rejected == 0 && !result.utf8_repaired);
  stamper.stamp(batch, 0, kNow);
  require(view(batch.events()[0].canonical_json) == canonical);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string line(reinterpret_cast<const char*>(data) + 1, size - 1);
  ingest::Mapper mapper{options_for(data[0])};
  process::Stamper stamper{process::StampSettings{}};
  event::BatchBuilder batch(event::BatchPool::create());
  const auto result =
      (data[0] & 16) != 0 ? mapper.map_sse("violation", line, kNow, batch) : mapper.map(line, kNow, batch);
  require(result.accepted == batch.size());
  stamper.stamp(batch, 0, kNow);
  for (const csiem_event& e : batch.events()) map_again(view(e.canonical_json));
  return 0;
}
