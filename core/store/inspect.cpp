#include "store/inspect.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/clock.hpp"
#include "store/cursor_state.hpp"
#include "store/cursor_views.hpp"
#include "store/data_directory.hpp"
#include "store/kept_lines.hpp"

namespace csiem::store {
namespace {

constexpr std::size_t kLettersAtOnce = 2048, kBlocksBetweenReleases = 64;

}  // namespace

Result<Inspector> Inspector::open(const std::string& directory, Access access) {
  const std::string store = directory + "/store";
  if (::access((store + "/data.mdb").c_str(), F_OK) != 0)
    return Error{Code::not_found, "there is no store in " + directory, 5005};
  Fd lock;
  if (access == Access::change) {
    CS_TRY(locked, lock_directory(directory));
    lock = std::move(locked);
  }
  Database::Settings settings;
  settings.directory = store;
  settings.max_bytes = 0;
  settings.read_only = access == Access::read;
  CS_TRY(database, Database::open(settings));
  return Inspector(std::move(lock), std::move(database));
}

Result<Tail> Inspector::tail() const {
  CS_TRY(txn, database_.read());
  return database_.tail(txn);
}

Result<std::vector<CursorView>> Inspector::cursors() const {
  CS_TRY(txn, database_.read());
  return cursor_views(txn, database_);
}

Result<CheckReport> Inspector::check(const std::function<void(uint64_t, uint64_t)>& progress) const {
  CheckReport report;
  CS_CHECK(database_.check_pages());
  CS_TRY(txn, database_.read());
  CS_TRY(tail, database_.tail(txn));
  uint64_t before = 0;
  Sequence expected = 0;
  bool damaged_before = false;
  CS_CHECK(database_.walk_log(txn, 1, [&](const Database::Block& block) {
    if (report.blocks == 0)
      if (const auto header = BlockView::peek(block.bytes)) before = header->log_bytes_before;
    if (damaged_before) report.damaged.back().last = block.first - 1;
    ++report.blocks;
    report.bytes += block.bytes.size();
    const auto view = BlockView::open(block.bytes, BlockView::Check::everything);
    damaged_before = !view;
    if (!view) {
      report.damaged.push_back({block.first, tail.next - 1});
      expected = 0;
    } else {
      report.events += view->count();
      if (expected != 0 && block.first < expected)
        report.notes.push_back("the block at " + std::to_string(block.first) + " overlaps the one before it");
      expected = block.first + view->count();
      if (expected > tail.next)
        report.notes.push_back("the block at " + std::to_string(block.first) + " reaches behind the log's end");
    }
    if (report.blocks % kBlocksBetweenReleases == 0) database_.release_pages();
    progress(report.bytes, tail.log_bytes - std::min(before, tail.log_bytes));
    return true;
  }));
  CS_CHECK(database_.walk_cursors(txn, [&](std::string_view exporter, std::string_view record) {
    const auto state = CursorState::decode(record);
    if (!state)
      report.notes.push_back("the place of exporter " + std::string(exporter) +
                             " is damaged; it begins at the oldest event when the daemon starts");
    else if (state->frontier() > tail.next)
      report.notes.push_back("exporter " + std::string(exporter) + " stands behind the log's end");
    return true;
  }));
  CS_CHECK(database_.walk_checkpoints(txn, [&](std::string_view source, std::string_view text) {
    if (text.empty()) report.notes.push_back("the checkpoint of source " + std::string(source) + " is damaged");
    return true;
  }));
  CS_TRY(helpers, database_.damaged_helpers(txn));
  if (const std::size_t n = helpers.quarantined.size(); n > 0)
    report.notes.push_back(std::to_string(n) + (n == 1 ? " record" : " records") + " of the quarantine cannot be read");
  if (const std::size_t n = helpers.recent.size(); n > 0)
    report.notes.push_back(
        std::to_string(n) + (n == 1 ? " list" : " lists") +
        " of the ids of the last hour cannot be read: their events are not known when they come again");
  CS_TRY(letters, find_damaged(txn, database_));
  for (const std::string& key : letters) report.notes.push_back(damaged_entry_name(key) + " is damaged");
  return report;
}

Result<Inspector::Repaired> Inspector::repair() {
  CS_TRY(report, check([](uint64_t, uint64_t) {}));
  CS_TRY(txn, database_.write());
  const int64_t now = system_clock().unix_ns();
  for (const Range& range : report.damaged) {
    CS_TRY(block, database_.block_at(txn, range.first));
    if (!block) continue;
    const std::string line = damaged_block_line(block->first, block->bytes, now);
    CS_CHECK(database_.put_quarantined(txn, line, Database::kMostQuarantined));
    CS_CHECK(database_.erase_block(txn, range.first));
  }
  Repaired out;
  CS_TRY(letters, find_damaged(txn, database_));
  if (!letters.empty()) {
    CS_TRY(moved, quarantine_letters(txn, database_, letters, now, Database::kMostQuarantined));
    out.letters = moved;
  }
  CS_TRY(helpers, database_.damaged_helpers(txn));
  CS_CHECK(database_.erase_helpers(txn, helpers));
  CS_CHECK(txn.commit());
  out.blocks = std::move(report.damaged);
  return out;
}

Result<void> Inspector::walk_events(Sequence from, const std::function<bool(const Event&)>& look) const {
  CS_TRY(txn, database_.read());
  return database_.walk_log(txn, from, [&](const Database::Block& block) {
    const auto view = BlockView::open(block.bytes, BlockView::Check::everything);
    for (uint32_t i = 0; view && i < view->count(); ++i) {
      if (block.first + i < from) continue;
      if (!look({block.first + i, view->severity(i), view->header().accepted_unix_ns, view->event(i)})) return false;
    }
    return true;
  });
}

Result<std::string> Inspector::record_of(const lmdb::Transaction& txn, const std::string& exporter) const {
  std::string found;
  bool damaged = false;
  CS_CHECK(database_.walk_cursors(txn, [&](std::string_view id, std::string_view record) {
    if (id != exporter) return true;
    damaged = !CursorState::decode(record);
    found = record;
    return false;
  }));
  if (damaged) return Error{Code::invalid, "the place of exporter '" + exporter + "' in the log is damaged", 5006};
  return found;
}

Result<void> Inspector::walk_queue(const std::string& exporter, const std::function<bool(const Event&)>& look) const {
  std::optional<CursorState> state;
  {
    CS_TRY(txn, database_.read());
    CS_TRY(record, record_of(txn, exporter));
    state = CursorState::decode(record);
  }
  if (!state) return Error{Code::not_found, "the store knows no exporter '" + exporter + "'"};
  std::vector<Range> skipped;
  return walk_events(state->frontier(), [&](const Event& event) {
    state->skipped_in(event.sequence, event.sequence, skipped);
    return !skipped.empty() || look(event);
  });
}

// In portions: a daemon that works on the store may not use again what somebody still reads.
Result<void> Inspector::walk_letters(const LetterFilter& filter,
                                     const std::function<bool(const StoredLetter&)>& look) const {
  std::string exporter;
  Sequence sequence = 0;
  for (bool more = true; more;) {
    std::size_t left = kLettersAtOnce;
    bool stopped = false;
    CS_TRY(txn, database_.read());
    const auto look_at = [&](const StoredLetter& letter) {
      exporter = letter.exporter;
      sequence = letter.sequence;
      stopped = !look(letter);
      return !stopped && --left > 0;
    };
    CS_CHECK(store::walk_letters(txn, database_, filter, look_at, std::string(exporter), sequence));
    more = !stopped && left == 0;
  }
  return {};
}

Result<std::string> Inspector::letter(std::string_view id) const {
  const auto slash = id.rfind('/');
  Sequence sequence = 0;
  if (slash != std::string_view::npos) std::from_chars(id.data() + slash + 1, id.data() + id.size(), sequence);
  std::string json;
  LetterFilter filter;
  filter.exporter = slash == std::string_view::npos ? std::string() : std::string(id.substr(0, slash));
  CS_CHECK(walk_letters(filter, [&](const StoredLetter& letter) {
    if (letter.sequence == sequence && letter.exporter == filter.exporter) json = letter.json;
    return json.empty();
  }));
  if (json.empty()) return Error{Code::not_found, "there is no dead letter '" + std::string(id) + "'"};
  return json;
}

Result<uint64_t> Inspector::purge_letters(const LetterFilter& filter,
                                          const std::function<bool(const StoredLetter&)>& matches) {
  CS_TRY(txn, database_.write());
  std::vector<std::pair<std::string, Sequence>> chosen;
  CS_CHECK(store::walk_letters(txn, database_, filter, [&](const StoredLetter& letter) {
    if (!matches || matches(letter)) chosen.emplace_back(letter.exporter, letter.sequence);
    return true;
  }));
  for (const auto& [exporter, sequence] : chosen) CS_CHECK(erase_letter(txn, database_, exporter, sequence));
  CS_CHECK(txn.commit());
  return uint64_t{chosen.size()};
}

Result<void> Inspector::walk_quarantine(const std::function<bool(std::string_view)>& look) const {
  CS_TRY(txn, database_.read());
  return database_.walk_quarantine(txn, [&](std::string_view, std::string_view line) {
    return line.empty() || look(line);  // what is damaged says nothing
  });
}

Result<void> Inspector::adopt(const std::string& from, const std::string& to) {
  CS_TRY(txn, database_.write());
  CS_TRY(record, record_of(txn, from));
  CS_TRY(taken, record_of(txn, to));
  if (record.empty()) return Error{Code::not_found, "the store knows no exporter '" + from + "'"};
  if (!taken.empty())
    return Error{Code::invalid, "exporter '" + to + "' has a place of its own; adopt before its first start"};
  CS_CHECK(database_.put_cursor(txn, to, record));
  CS_CHECK(database_.erase_cursor(txn, from));
  return txn.commit();
}

}  // namespace csiem::store
