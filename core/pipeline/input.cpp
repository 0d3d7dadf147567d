#include "pipeline/input.hpp"

#include <csiem/json.hpp>
#include <cstring>
#include <utility>

#include "base/log.hpp"

namespace csiem::pipeline {

ingest::Options mapping_options(const config::Source& settings, std::shared_ptr<const event::AttackOverrides> attack) {
  ingest::Options options;
  options.attack = std::move(attack);
  options.shape = settings.format;
  options.strict = settings.strict;
  options.keep_payloads = settings.keep_payloads;
  options.drop_unevaluated = settings.unevaluated == "drop";
  options.allow_foreign_lines = settings.allow_foreign_lines;
  options.strict_seed_categories = settings.strict_seed_categories;
  options.max_line_bytes = settings.max_line_bytes;
  if (!settings.default_agent_id.empty()) options.default_agent_id = settings.default_agent_id;
  if (!settings.default_agent_version.empty()) options.default_agent_version = settings.default_agent_version;
  if (!settings.default_session_id.empty()) options.default_session_id = settings.default_session_id;
  return options;
}

namespace {

// Keeps the events of [first, size) that neither the filter nor the window of recent ids refuses.
void sift(Workshop& shop, std::size_t first, int64_t now_unix_ns) {
  auto events = shop.builder.events();
  std::size_t kept = first;
  uint64_t filtered = 0;
  uint64_t repeated = 0;
  for (std::size_t i = first; i < events.size(); ++i) {
    if (shop.recent.seen_before(view(events[i].event_id), now_unix_ns)) {
      ++repeated;
    } else if (shop.filter.refusal(events[i], now_unix_ns) != nullptr) {
      ++filtered;
    } else {
      if (kept != i) events[kept] = events[i];
      ++kept;
    }
  }
  for (std::size_t n = events.size(); n > kept; --n) shop.builder.drop_last();
  if (filtered > 0) shop.stats.filtered.fetch_add(filtered, std::memory_order_relaxed);
  if (repeated > 0) shop.stats.repeated.fetch_add(repeated, std::memory_order_relaxed);
}

}  // namespace

Input::Input(config::Source settings, std::unique_ptr<source::Source> source,
             std::shared_ptr<const event::AttackOverrides> attack)
    : settings_(std::move(settings)),
      source_(std::move(source)),
      mapper_(mapping_options(settings_, std::move(attack))) {}

bool Input::take(const source::LineBlock& block, int64_t now_unix_ns, Workshop& shop) {
  const std::size_t first = shop.builder.size();
  const bool speculative = block.tail == source::LineBlock::Tail::speculative;
  uint64_t number = block.first_line;
  uint64_t lines = 0;
  if (block.oversize) {
    shop.store.quarantine({settings_.id, block.offset, number, "too_long",
                           "longer than " + std::to_string(settings_.max_line_bytes) + " bytes",
                           shop.redactor.unread_line(block.bytes)});
    shop.stats.quarantined.fetch_add(1, std::memory_order_relaxed);
    log::warn(4504, {},
              "source " + settings_.id + ": a line at offset " + std::to_string(block.offset) +
                  " is longer than max_line_bytes and went to quarantine");
    lines = 1;
  } else {
    std::string_view rest = block.bytes;
    while (!rest.empty()) {
      const void* feed = std::memchr(rest.data(), '\n', rest.size());
      const std::size_t length =
          feed == nullptr ? rest.size() : static_cast<std::size_t>(static_cast<const char*>(feed) - rest.data());
      const auto offset = block.offset + static_cast<uint64_t>(rest.data() - block.bytes.data());
      if (!take_line(rest.substr(0, length), offset, number, speculative, now_unix_ns, shop)) return false;
      if (number != 0) ++number;
      ++lines;
      rest.remove_prefix(feed == nullptr ? length : length + 1);
    }
  }
  shop.stats.lines.fetch_add(lines, std::memory_order_relaxed);
  shop.stats.bytes.fetch_add(block.bytes.size(), std::memory_order_relaxed);
  if (shop.builder.size() == first) return true;
  shop.stamper.stamp(shop.builder, first, now_unix_ns);
  shop.redactor.redact(shop.builder, first);
  sift(shop, first, now_unix_ns);
  const uint64_t taken = shop.builder.size() - first;
  events_ += taken;
  shop.stats.accepted.fetch_add(taken, std::memory_order_relaxed);
  return true;
}

bool Input::take_line(std::string_view line, uint64_t offset, uint64_t number, bool speculative, int64_t now_unix_ns,
                      Workshop& shop) {
  const ingest::LineResult result = mapper_.map(line, now_unix_ns, shop.builder);
  if (result.suppressed > 0) shop.stats.suppressed.fetch_add(result.suppressed, std::memory_order_relaxed);
  if (result.foreign) shop.stats.foreign.fetch_add(1, std::memory_order_relaxed);
  if (result.utf8_repaired) shop.stats.utf8_repaired.fetch_add(1, std::memory_order_relaxed);
  if (result.rejected == 0) return true;
  if (speculative && result.accepted == 0) {
    shop.stats.partial_tails.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  const std::string_view reason = ingest::reject_word(result.reason);
  shop.store.quarantine(
      {settings_.id, offset, number, std::string(reason), std::string(result.detail), shop.redactor.unread_line(line)});
  shop.stats.quarantined.fetch_add(result.rejected, std::memory_order_relaxed);
  log::warn(4504, {},
            "source " + settings_.id + ": " +
                (number != 0 ? "line " + std::to_string(number) : "the line at offset " + std::to_string(offset)) +
                " is not an event (" + std::string(reason) +
                (result.detail.empty() ? std::string() : ": " + std::string(result.detail)) +
                ") and went to quarantine");
  return true;
}

void Input::report() {
  std::string problem = source_->problem();
  if (problem == reported_problem_) return;
  // That it is read again the source says itself.
  if (!problem.empty()) log::warn(source_->problem_code(), {}, "source " + settings_.id + ": " + problem);
  reported_problem_ = std::move(problem);
}

}  // namespace csiem::pipeline
