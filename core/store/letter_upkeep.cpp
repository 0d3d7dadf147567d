#include "store/letter_upkeep.hpp"

#include <limits>
#include <map>

#include "base/log.hpp"

namespace csiem::store {
namespace {

// So many are looked at in one go, until the end; then a pause.
constexpr std::size_t kAtOnce = 4096;
constexpr int64_t kSpacingNs = 1'000'000'000, kPauseNs = 60'000'000'000;
// After a start: by then the exporters have their cursors, and with them the limits of the configuration.
constexpr int64_t kDelayNs = 2'000'000'000;

}  // namespace

LetterUpkeep::LetterUpkeep(SharedDatabase& database, const Feeds& feeds, const Clock& clock)
    : database_(database), feeds_(feeds), clock_(clock), look_at_ns_(clock.mono_ns() + kDelayNs) {}

// The limit holds as well when nothing is added, and for what came of age while the daemon was down.
void LetterUpkeep::look() {
  const int64_t now = clock_.mono_ns();
  if (found_work() || now < look_at_ns_) return;
  look_at_ns_ = now + kPauseNs;
  const int64_t now_unix = clock_.unix_ns();
  auto found = database_.with([&](Database& database) -> Result<ExpiredLetters> {
    CS_TRY(txn, database.read());
    const auto check = checked_ ? LetterCheck::structure : LetterCheck::everything;
    return find_expired(txn, database, next_, kAtOnce, check, [&](const std::string& exporter) {
      const auto max_age_ms = feeds_.letter_age_limit_ms(exporter);
      return max_age_ms ? now_unix - *max_age_ms * 1'000'000 : std::numeric_limits<int64_t>::min();
    });
  });
  if (!found) {
    next_.clear();
    return;
  }
  work_.expired = std::move(found->letters);
  work_.damaged = std::move(found->damaged);
  next_ = std::move(found->next);
  checked_ = checked_ || next_.empty();
  if (!next_.empty()) look_at_ns_ = now + kSpacingNs;
}

Result<void> LetterUpkeep::write(Database& database, lmdb::Transaction& txn, const Work& work,
                                 const std::vector<std::pair<std::string, DeadLetter>>& added) {
  CS_CHECK(erase_expired(database, txn, work));
  CS_CHECK(move_damaged(database, txn, work));
  const std::string* before = nullptr;
  for (const auto& [exporter, letter] : added) {
    if (before == nullptr || exporter != *before) trim(database, txn, exporter);
    before = &exporter;
  }
  return {};
}

Result<void> LetterUpkeep::erase_expired(Database& database, lmdb::Transaction& txn, const Work& work) {
  std::map<std::string, uint64_t> gone;
  for (const LetterKey& letter : work.expired) {
    const auto erased = erase_letter(txn, database, letter.exporter, letter.sequence);
    if (!erased && erased.error().message_code() != 5009) return erased.error();
    gone[letter.exporter] += erased && *erased;  // beside damaged pages it stays until a repair
  }
  for (const auto& [exporter, letters] : gone) {
    if (letters == 0) continue;
    dropped_.fetch_add(letters, std::memory_order_relaxed);
    log::warn(5011, exporter, std::to_string(letters) + " dead letters were dropped: older than dlq.max_age");
  }
  return {};
}

Result<void> LetterUpkeep::move_damaged(Database& database, lmdb::Transaction& txn, const Work& work) {
  if (work.damaged.empty()) return {};
  auto done = quarantine_letters(txn, database, work.damaged, clock_.unix_ns(), Database::kMostQuarantined);
  if (!done && done.error().message_code() != 5009) return std::move(done).error();
  const uint64_t moved = done ? *done : 0;  // beside damaged pages they stay until a repair
  damaged_.fetch_add(moved, std::memory_order_relaxed);
  if (moved > 0) log::error(5017, {}, std::to_string(moved) + " dead letters are damaged; they lie in the quarantine");
  return {};
}

void LetterUpkeep::trim(Database& database, lmdb::Transaction& txn, const std::string& exporter) {
  const CursorLimits limits = feeds_.limits(exporter);
  const int64_t oldest = clock_.unix_ns() - limits.dead_max_age_ms * 1'000'000;
  const auto gone = trim_letters(txn, database, exporter, limits.dead_max_bytes, oldest);
  if (gone && *gone > 0)
    log::warn(5011, exporter, std::to_string(*gone) + " of the oldest dead letters were dropped: limit reached");
  if (gone) dropped_.fetch_add(*gone, std::memory_order_relaxed);
  const auto totals = letter_totals(txn, database, exporter);
  if (totals && growth_.tell(exporter, totals->bytes, limits.dead_max_bytes))
    log::warn(5014, exporter,
              "its dead letters use " + std::to_string(GrowthAlarm::percent(totals->bytes, limits.dead_max_bytes)) +
                  " % of dlq.max_bytes; at the limit the oldest go");
}

}  // namespace csiem::store
