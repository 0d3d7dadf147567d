// How one group gets to the disk, and what is done when it does not (delivery.md 3.3).

#include <algorithm>
#include <utility>

#include "base/fault_point.hpp"
#include "base/log.hpp"
#include "store/committer.hpp"
#include "store/kept_lines.hpp"

namespace csiem::store {
namespace {

constexpr std::size_t kBlocksDeletedAtOnce = 256;
// Of Durability::interval: then a sync comes before its time. What is freed until then makes the file grow instead.
constexpr std::size_t kMostUnsyncedBytes = 64U << 20;
// What ingest::RecentIds can hold, and its window.
constexpr Sequence kRecentEvents = 12 << 14;
constexpr int64_t kRecentNs = int64_t{3600} * 1'000'000'000;

}  // namespace

Result<void> Committer::write(Group& group) {
  bool more = false;
  uint64_t used = 0;
  std::vector<Range> left;
  const auto try_once = [&] {
    return database_.with([&](Database& database) { return write_group(database, group, more, used, left); });
  };
  auto written = try_once();
  // The safe point holds what was freed behind it.
  if (!written && written.error().message_code() == 5007 && durability_ == Durability::interval && sync_if_due(true))
    written = try_once();
  if (!written && written.error().message_code() == 5007) {
    // No room: what exporters give up makes some.
    health_.store(Health::full, std::memory_order_release);
    if (!feeds_.make_room(group.bytes + max_bytes_ / 64)) return written;
    group.changes.merge(feeds_.take_changes());
    written = try_once();
  }
  if (!written && written.error().message_code() == 5007) return written;
  if (!written && (written.error().code() == Code::internal || written.error().message_code() == 5008)) {
    bool already = false;
    if (auto opened = reopen(group, already); !opened) {
      if (++failed_syncs_ >= 2) health_.store(Health::failed, std::memory_order_release);
      return opened;
    }
    written = database_.with([&](Database& database) {
      return already ? confirm(database, group.tail) : write_group(database, group, more, used, left);
    });
    if (!written && ++failed_syncs_ >= 2) {
      health_.store(Health::failed, std::memory_order_release);
      return written;
    }
  }
  if (!written) {
    if (own_health() == Health::ok) health_.store(Health::failing, std::memory_order_release);
    return written;
  }
  failed_syncs_ = 0;
  holes_ = std::move(left);
  more_to_delete_ = more || !holes_.empty();
  if (used != 0) used_bytes_ = used;
  committed_ = group.tail;
  unsynced_ = true;
  unsynced_bytes_ += group.bytes;
  count(group);
  const bool full = used_bytes_ >= max_bytes_;
  if (full && own_health() != Health::full)
    log::warn(5007, {}, "store.max_bytes is used up: the sources wait until exporters have made room");
  health_.store(full ? Health::full : Health::ok, std::memory_order_release);
  return {};
}

Result<void> Committer::write_group(Database& database, const Group& group, bool& more_to_delete, uint64_t& used,
                                    std::vector<Range>& left) {
  left.clear();
  CS_CHECK(database.in_place());
  CS_TRY(txn, database.write());
  CSIEM_FAULT_POINT("txn-open");
  uint64_t log_bytes = committed_.log_bytes;
  const int64_t now = clock_.unix_ns();
  for (const Item& item : group.items) {
    if (item.block_bytes == 0) return Error{Code::limit, "a batch of more than 4 GiB cannot be stored", 5005};
    CS_CHECK(database.put_block(txn, *item.batch, item.origin(), item.accepted_unix_ns, log_bytes, item.block_bytes));
    CS_CHECK(database.put_recent(txn, *item.batch, item.accepted_unix_ns));
    log_bytes += item.block_bytes;
  }
  // In front of the deletions, which look where the log ends.
  CS_CHECK(database.put_tail(txn, group.tail));
  CSIEM_FAULT_POINT("block-put");
  for (const auto& [source, text] : group.checkpoints) CS_CHECK(database.put_checkpoint(txn, source, text));
  CSIEM_FAULT_POINT("checkpoint-put");
  for (const auto& line : group.quarantined) CS_CHECK(database.put_quarantined(txn, line, Database::kMostQuarantined));
  for (const auto& [first, raw] : group.changes.damaged) {
    CS_CHECK(database.put_quarantined(txn, damaged_block_line(first, raw, now), Database::kMostQuarantined));
    // Beside pages that are damaged it stays until a repair.
    if (auto erased = database.erase_block(txn, first); !erased && erased.error().message_code() != 5009)
      return std::move(erased).error();
  }
  for (const auto& [exporter, letter] : group.changes.letters) CS_CHECK(put_letter(txn, database, exporter, letter));
  for (const auto& [exporter, sequence] : group.changes.erased_letters)
    CS_CHECK(erase_letter(txn, database, exporter, sequence));
  CSIEM_FAULT_POINT("dead-put");
  for (const auto& [exporter, record] : group.changes.cursors) CS_CHECK(database.put_cursor(txn, exporter, record));
  for (const auto& exporter : group.changes.removed) CS_CHECK(database.erase_cursor(txn, exporter));
  CS_CHECK(letters_.write(database, txn, group.letters, group.changes.letters));
  CS_TRY(more, database.erase_blocks(txn, group.changes.passed, kBlocksDeletedAtOnce));
  more_to_delete = more;
  for (const Range& hole : group.changes.holes) {
    CS_TRY(rest, database.erase_inside(txn, hole, kBlocksDeletedAtOnce));
    if (rest) left.push_back(hole);
  }
  CSIEM_FAULT_POINT("block-deleted");
  if (!group.items.empty()) {
    const Sequence next = group.tail.next;
    CS_CHECK(database.trim_recent(txn, next > kRecentEvents ? next - kRecentEvents : 0, now - kRecentNs));
  }
  used = database.used_bytes(txn);
  CSIEM_FAULT_POINT("before-commit");
  CS_CHECK(txn.commit());
  CSIEM_FAULT_POINT("after-commit");
  return {};
}

// What is read back after a failed sync may not be on the disk: a commit that succeeds behind it says that it is.
Result<void> Committer::confirm(Database& database, const Tail& tail) {
  CS_TRY(txn, database.write());
  CS_CHECK(database.put_tail(txn, tail));
  return txn.commit();
}

Result<void> Committer::reopen(const Group& group, bool& already_written) {
  log::warn(5008, {}, "a sync of the store failed; it is opened again");
  CS_CHECK(database_.reopen());
  CS_TRY(tail, database_.with([](Database& database) -> Result<Tail> {
    CS_TRY(txn, database.read());
    return database.tail(txn);
  }));
  // The newest committed sequence tells whether the group got to the disk after all.
  already_written = !group.items.empty() && tail.next == group.tail.next;
  if (!already_written && tail.next != committed_.next)
    return Error{
        Code::io,
        "the store ends at event " + std::to_string(tail.next) + " instead of " + std::to_string(committed_.next),
        5008};
  return {};
}

Result<void> Committer::sync_if_due(bool now) {
  if (durability_ != Durability::interval || !unsynced_) return {};
  const int64_t time = clock_.mono_ns();
  const bool due = time >= synced_at_ns_ + sync_interval_ns_ || unsynced_bytes_ >= kMostUnsyncedBytes;
  if (!now && !due) return {};
  auto synced = database_.with([&](Database& database) { return database.reach_safe_point(unsafe_); });
  synced_at_ns_ = clock_.mono_ns();
  if (synced) {
    unsynced_ = false;
    unsynced_bytes_ = 0;
    failed_syncs_ = 0;
    if (health_ == Health::failed) health_.store(Health::ok, std::memory_order_release);
  } else if (++failed_syncs_ >= 2) {
    health_.store(Health::failed, std::memory_order_release);
  }
  // Whatever was published is in the file already: the sources wait until it is on the disk as well.
  unsafe_.store(!synced, std::memory_order_release);
  note(synced);
  return synced;
}

// The thread ends. What is still unsynced would survive the process anyway.
void Committer::end_safe_points() {
  if (durability_ != Durability::interval || !sync_if_due(true)) return;
  const auto ended = database_.with([](Database& database) { return database.end_safe_points(); });
  if (!ended) log::warn(ended.error().message_code(), {}, ended.error().what());
}

// Says once that there is trouble and once that it is over.
void Committer::note(const Result<void>& result) {
  if (result) {
    if (unsafe_) return;
    if (std::exchange(reported_, 0) != 0) log::info("the store can be written again");
    return;
  }
  const int code = own_health() == Health::failed ? 5008 : result.error().message_code();
  trouble_.store(code, std::memory_order_relaxed);
  if (std::exchange(reported_, code) != code)
    log::error(code, {}, result.error().what() + "; kept in memory, tried again every second");
}

}  // namespace csiem::store
