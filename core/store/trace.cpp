#include "store/trace.hpp"

#include <algorithm>

#include "event/ids.hpp"
#include "store/cursor_state.hpp"
#include "store/inspect.hpp"

namespace csiem::store {
namespace {

// Blocks looked through in one read transaction, so that a running daemon can reuse its pages.
constexpr std::size_t kTracedAtOnce = 64, kLettersAtOnce = 4096;

struct Place {
  Sequence sequence = 0;
  int severity = 0;
  int64_t accepted_unix_ns = 0;
  std::string json, source, position;
};

// The event of the block whose id is spelled like `member`.
std::optional<Place> find_in(const Database::Block& block, std::string_view member) {
  if (block.bytes.find(member) == std::string_view::npos) return std::nullopt;
  const auto view = BlockView::open(block.bytes, BlockView::Check::everything);
  for (uint32_t i = 0; view && i < view->count(); ++i)
    if (view->event(i).find(member) != std::string_view::npos)
      return Place{block.first + i,
                   view->severity(i),
                   view->header().accepted_unix_ns,
                   std::string(view->event(i)),
                   std::string(view->origin().source),
                   std::string(view->origin().position)};
  return std::nullopt;
}

// Every exporter that has no letter of it.
Result<void> look_at_cursors(const lmdb::Transaction& txn, const Database& database, EventTrace& out) {
  CS_TRY(tail, database.tail(txn));
  CS_CHECK(database.walk_cursors(txn, [&](std::string_view exporter, std::string_view record) {
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
  return {};
}

// One portion of the log. Where the next one begins; 0: it ends here, or the event is found.
Result<Sequence> look_in_log(const Database& database, Sequence from, std::string_view member, EventTrace& out) {
  CS_TRY(txn, database.read());
  std::size_t looked = 0;
  Sequence next = 0;
  CS_CHECK(database.walk_log(txn, from, [&](const Database::Block& block) {
    if (looked++ == kTracedAtOnce) {
      next = block.first;
      return false;
    }
    if (auto found = find_in(block, member)) {
      out.in_log = true;
      out.sequence = found->sequence;
      out.severity = found->severity;
      out.accepted_unix_ns = found->accepted_unix_ns;
      out.event_json = std::move(found->json);
      out.source = std::move(found->source);
      out.position = std::move(found->position);
    }
    return !out.in_log;
  }));
  database.release_pages();
  return next;
}

struct LetterPlace {
  std::string exporter;
  Sequence sequence = 0;
};
// One portion of the letters behind `after`, which moves on. Whether there may be more.
Result<bool> look_in_letters(const Database& database, LetterPlace& after, std::string_view member, EventTrace& out) {
  CS_TRY(txn, database.read());
  std::size_t looked = 0;
  const LetterPlace from = after;
  const auto look = [&](const StoredLetter& letter) {
    after = {std::string(letter.exporter), letter.sequence};
    if (letter.json.find(member) != std::string_view::npos) {
      out.sequence = letter.sequence;
      out.exporters.push_back({after.exporter, EventTrace::Place::dead_letter, false, std::string(letter.json)});
    }
    return ++looked < kLettersAtOnce;
  };
  CS_CHECK(walk_letters(txn, database, {}, look, from.exporter, from.sequence));
  database.release_pages();
  return looked == kLettersAtOnce;
}

// What is still to be said when log and letters are looked through. Whether the event is known.
Result<bool> look_at_rest(const Database& database, std::string_view event_id, EventTrace& out) {
  CS_TRY(txn, database.read());
  if (const auto bits = event::uuid_bits(event_id); bits && !out.in_log)
    CS_CHECK(database.walk_recent(txn, [&](const event::UuidBits& id, int64_t accepted) {
      if (id == *bits) out.accepted_unix_ns = accepted;
    }));
  if (out.accepted_unix_ns == 0 && out.exporters.empty()) return false;
  CS_CHECK(look_at_cursors(txn, database, out));
  return true;
}

// What `look(database)` returns, with the database open during the call.
template <class T, class Look>
Result<T> look_with(const WithDatabase& with, Look&& look) {
  T found{};
  CS_CHECK(with([&](const Database& database) -> Result<void> {
    auto looked = look(database);
    if (!looked) return std::move(looked).error();
    found = *looked;
    return {};
  }));
  return found;
}

}  // namespace

Result<std::optional<EventTrace>> trace_event(const WithDatabase& with, std::string_view event_id) {
  // Canonical events and envelopes are written without spaces.
  const std::string member = "\"event_id\":\"" + std::string(event_id) + "\"";
  EventTrace out;
  for (Sequence from = 1; from != 0;) {
    CS_TRY(next, look_with<Sequence>(with, [&](const Database& open) { return look_in_log(open, from, member, out); }));
    from = next;
  }
  LetterPlace after;
  for (bool more = true; more;) {
    CS_TRY(rest,
           look_with<bool>(with, [&](const Database& open) { return look_in_letters(open, after, member, out); }));
    more = rest;
  }
  CS_TRY(known, look_with<bool>(with, [&](const Database& open) { return look_at_rest(open, event_id, out); }));
  if (!known) return std::optional<EventTrace>();
  return std::optional<EventTrace>(std::move(out));
}

Result<std::optional<EventTrace>> Inspector::trace(std::string_view event_id) const {
  return trace_event([&](const auto& use) { return use(database_); }, event_id);
}

}  // namespace csiem::store
