#include "store/trace.hpp"

#include <algorithm>

#include "event/ids.hpp"
#include "store/cursor_state.hpp"
#include "store/inspect.hpp"

namespace csiem::store {
namespace {

// Blocks looked through in one read transaction, so that a running daemon can reuse its pages.
constexpr std::size_t kBlocksAtOnce = 64;

struct Place {
  Sequence sequence = 0;
  int severity = 0;
  int64_t accepted_unix_ns = 0;
  std::string json;
};

// The event of the block whose id is spelled like `member`.
std::optional<Place> find_in(const Database::Block& block, std::string_view member) {
  if (block.bytes.find(member) == std::string_view::npos) return std::nullopt;
  const auto view = BlockView::open(block.bytes, BlockView::Check::everything);
  for (uint32_t i = 0; view && i < view->count(); ++i)
    if (view->event(i).find(member) != std::string_view::npos)
      return Place{block.first + i, view->severity(i), view->header().accepted_unix_ns, std::string(view->event(i))};
  return std::nullopt;
}

}  // namespace

Result<std::optional<EventTrace>> Inspector::trace(std::string_view event_id) const {
  // Canonical events and envelopes are written without spaces.
  const std::string member = "\"event_id\":\"" + std::string(event_id) + "\"";
  EventTrace out;
  for (Sequence from = 1; from != 0 && !out.in_log;) {
    CS_TRY(part, database_.read());
    std::size_t looked = 0;
    Sequence next = 0;
    CS_CHECK(database_.walk_log(part, from, [&](const Database::Block& block) {
      if (looked++ == kBlocksAtOnce) {
        next = block.first;
        return false;
      }
      if (auto found = find_in(block, member)) {
        out.in_log = true;
        out.sequence = found->sequence;
        out.severity = found->severity;
        out.accepted_unix_ns = found->accepted_unix_ns;
        out.event_json = std::move(found->json);
      }
      return !out.in_log;
    }));
    from = next;
  }
  CS_CHECK(walk_letters({}, [&](const StoredLetter& letter) {
    if (letter.json.find(member) == std::string_view::npos) return true;
    out.sequence = letter.sequence;
    out.exporters.push_back(
        {std::string(letter.exporter), EventTrace::Place::dead_letter, false, std::string(letter.json)});
    return true;
  }));
  CS_TRY(txn, database_.read());
  if (const auto bits = event::uuid_bits(event_id); bits && !out.in_log)
    CS_CHECK(database_.walk_recent(txn, [&](const event::UuidBits& id, int64_t accepted) {
      if (id == *bits) out.accepted_unix_ns = accepted;
    }));
  if (out.accepted_unix_ns == 0 && out.exporters.empty()) return std::optional<EventTrace>();
  CS_TRY(tail, database_.tail(txn));
  CS_CHECK(database_.walk_cursors(txn, [&](std::string_view exporter, std::string_view record) {
    const auto state = CursorState::decode(record);
    const bool dead = std::any_of(out.exporters.begin(), out.exporters.end(),
                                  [&](const EventTrace::Exporter& one) { return one.id == exporter; });
    if (!state || dead) return true;
    EventTrace::Exporter& one = out.exporters.emplace_back();
    one.id = exporter;
    const Ledger ledger = state->ledger(tail.next);
    one.drops = ledger.dropped() > 0 || ledger.lost > 0;
    if (out.sequence == 0) {
      one.place = EventTrace::Place::settled;
    } else if (tail.next - ledger.accepted > out.sequence) {
      one.place = EventTrace::Place::before_start;
    } else if (out.sequence < state->frontier() || state->is_settled(out.sequence)) {
      one.place = EventTrace::Place::settled;
    }
    return true;
  }));
  std::sort(out.exporters.begin(), out.exporters.end(),
            [](const EventTrace::Exporter& a, const EventTrace::Exporter& b) { return a.id < b.id; });
  return std::optional<EventTrace>(std::move(out));
}

}  // namespace csiem::store
