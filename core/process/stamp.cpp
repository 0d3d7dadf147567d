#include "process/stamp.hpp"

#include <algorithm>
#include <csiem/json.hpp>

#include "event/canonical.hpp"

namespace csiem::process {
namespace {

// Fills `field` with `value` where the settings say so. `kept` holds the copy in the arena, made once per batch.
void fill(csiem_str& field, std::string_view value, csiem_str& kept, bool override_field, Arena& arena) {
  if (value.empty() || (present(field) && !override_field)) return;
  if (!present(kept)) kept = str(arena.copy(value));
  field = kept;
}

bool has_label(const csiem_event& event, std::string_view key) noexcept {
  for (uint64_t i = 0; i < event.label_count; ++i)
    if (view(event.labels[i].key) == key) return true;
  return false;
}

using Labels = std::vector<std::pair<std::string, std::string>>;

void add_labels(csiem_event& event, const Labels& labels, Arena& arena) {
  auto* merged = arena.allocate_array<csiem_kv>(event.label_count + labels.size());
  std::copy_n(event.labels, event.label_count, merged);
  uint64_t n = event.label_count;
  for (const auto& [key, value] : labels)
    if (!has_label(event, key)) merged[n++] = {str(arena.copy(key)), str(arena.copy(value))};
  event.labels = merged;
  event.label_count = n;
}

}  // namespace

void Stamper::stamp(event::BatchBuilder& batch, std::size_t first, int64_t now_unix_ns) {
  csiem_str environment{};
  csiem_str tenant{};
  for (csiem_event& event : batch.events().subspan(first)) {
    if (event.ingested_unix_ns == 0) event.ingested_unix_ns = now_unix_ns;
    fill(event.environment, settings_.environment, environment, settings_.override_fields, batch.arena());
    fill(event.tenant_id, settings_.tenant_id, tenant, settings_.override_fields, batch.arena());
    if (!settings_.labels.empty()) add_labels(event, settings_.labels, batch.arena());
    scratch_.clear();
    event::write_canonical(event, scratch_.writer());
    event.canonical_json = str(batch.arena().copy(scratch_.view()));
  }
}

}  // namespace csiem::process
