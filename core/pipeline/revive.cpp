#include "pipeline/revive.hpp"

#include <limits>
#include <memory>

#include "ingest/ingest.hpp"

namespace csiem::pipeline {
namespace {

ingest::Options canonical_options() {
  constexpr auto kNoLimit = std::numeric_limits<std::size_t>::max() / 2;
  ingest::Options options;
  options.shape = "security_event";
  options.keep_payloads = true;
  options.max_line_bytes = kNoLimit;
  options.max_string_bytes = kNoLimit;
  options.max_metadata_bytes = kNoLimit;
  options.max_labels = kNoLimit;
  options.max_array_elements = kNoLimit;
  return options;
}

}  // namespace

store::Revive make_reviver() {
  auto mapper = std::make_shared<ingest::Mapper>(canonical_options());
  return [mapper](std::string_view canonical, event::BatchBuilder& out) {
    const std::size_t before = out.size();
    const auto result = mapper->map(canonical, 0, out);
    if (result.accepted != 1 || out.size() != before + 1) return false;
    csiem_event& event = out.events()[before];
    const auto text = out.arena().copy(canonical);
    event.canonical_json = {text.data(), text.size()};
    return true;
  };
}

}  // namespace csiem::pipeline
