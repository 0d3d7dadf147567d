// The tables of the store (delivery.md 3.1) and what can be done with them inside of one transaction.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/block.hpp"
#include "store/lmdb.hpp"
#include "store/mapped_pages.hpp"
#include "store/safe_point.hpp"
#include "store/store.hpp"

namespace csiem::store {

// Where the log ends.
struct Tail {
  Sequence next = 1;       // of the next event
  uint64_t log_bytes = 0;  // of all blocks ever written
};

class Database {
 public:
  // What stays free for cursors, dead letters and deletions when the log has used up max_bytes.
  static constexpr std::size_t kReserveBytes = 64U << 20;
  // Records in the quarantine; then the oldest go.
  static constexpr std::size_t kMostQuarantined = 10'000;

  struct Settings {
    std::string directory;                   // of the environment
    uint64_t max_bytes = uint64_t{4} << 30;  // 0: as it was created
    Durability durability = Durability::sync;
    bool read_only = false;
    std::string boot_id = {};  // see SafePoint
    // Of Durability::interval: what was written before may have been dropped by a sync that failed, and is written
    // again.
    bool rewrite = false;
    // Of each table, to be checked at once: a start must not take longer because exporters lag. Behind them each page
    // is checked before it is used.
    std::size_t pages_at_open = 1000;
  };
  // Creates what is missing unless read-only. Fails with CS5004 when a version with another format wrote it, and
  // with CS5009 when the file is damaged. Goes back to the safe point when the power was lost (CS5015); read-only it
  // fails with that code.
  static Result<Database> open(const Settings& settings);

  Result<lmdb::Transaction> read() const { return lmdb::Transaction::begin(env_, lmdb::Transaction::Kind::read); }
  Result<lmdb::Transaction> write() { return lmdb::Transaction::begin(env_, lmdb::Transaction::Kind::write); }
  // Durability::interval: everything that is committed is on the disk, and what is committed from now on can be lost
  // without harm to it. Where nothing is written meanwhile. `rewrite`: as in Settings.
  Result<void> reach_safe_point(bool rewrite = false);
  // The same, and nothing is committed any more: the next start has nothing to go back to.
  Result<void> end_safe_points();
  // After much was read. See MappedPages.
  void release_pages() const noexcept { pages_.release(); }
  // Fails with CS5005 when the file is not at its path any more: what is written would be gone with the process.
  Result<void> in_place() const;
  // Every page that leads to a record (page_check.hpp), and not only the first ones, as open() does. CS5009.
  Result<void> check_pages() const;

  // ---- meta ----
  Result<Tail> tail(const lmdb::Transaction& txn) const;
  Result<void> put_tail(lmdb::Transaction& txn, const Tail& tail) const;
  // Live pages of all tables.
  uint64_t used_bytes(const lmdb::Transaction& txn) const;
  // Of the environment's file, used pages and free ones.
  uint64_t file_bytes() const { return env_.file_bytes(); }

  // ---- log ----
  Result<void> put_block(lmdb::Transaction& txn, const event::EventBatch& batch, const BlockOrigin& origin,
                         int64_t accepted_unix_ns, uint64_t log_bytes_before, std::size_t bytes) const;
  struct Block {
    Sequence first = 0;
    std::string_view bytes;  // valid while the transaction is
  };
  // The block that holds the sequence, else the first one behind it.
  Result<std::optional<Block>> block_at(const lmdb::Transaction& txn, Sequence sequence) const;
  // Deletes blocks of which everything lies before `below`, at most `most`. Returns whether there may be more.
  Result<bool> erase_blocks(lmdb::Transaction& txn, Sequence below, std::size_t most) const;
  Result<void> erase_block(lmdb::Transaction& txn, Sequence first) const {
    return txn.erase(log_, lmdb::NumberKey(first));
  }
  // Deletes blocks that lie inside of the range as a whole, at most `most`. Returns whether there may be more.
  Result<bool> erase_inside(lmdb::Transaction& txn, Range range, std::size_t most) const;
  // Calls look(block) for each block from `from` on until it returns false; those on damaged pages are left out.
  Result<void> walk_log(const lmdb::Transaction& txn, Sequence from,
                        const std::function<bool(const Block&)>& look) const;

  // The first sequence behind those that cannot be reached (CS5009) together with this one.
  Result<Sequence> behind_damage(const lmdb::Transaction& txn, Sequence sequence) const;

  // ---- recent ----
  Result<void> put_recent(lmdb::Transaction& txn, const event::EventBatch& batch, int64_t accepted_unix_ns) const;
  // Forgets what lies before `below` or was accepted before the time.
  Result<void> trim_recent(lmdb::Transaction& txn, Sequence below, int64_t before_unix_ns) const;
  Result<void> walk_recent(const lmdb::Transaction& txn,
                           const std::function<void(const event::UuidBits&, int64_t)>& take) const;

  // ---- cursors, checkpoints, quarantine: no record is empty, so an empty one was found damaged (sealed.hpp) ----
  using Entry = std::function<bool(std::string_view key, std::string_view value)>;  // false ends the walk
  Result<void> put_cursor(lmdb::Transaction& txn, std::string_view exporter, std::string_view record) const;
  Result<void> erase_cursor(lmdb::Transaction& txn, std::string_view exporter) const {
    return txn.erase(cursors_, exporter);
  }
  Result<void> walk_cursors(const lmdb::Transaction& txn, const Entry& look) const;
  Result<void> put_checkpoint(lmdb::Transaction& txn, std::string_view source, std::string_view text) const;
  Result<void> walk_checkpoints(const lmdb::Transaction& txn, const Entry& look) const;
  // Of each source, where the newest whole block of the log ends: the way back when a checkpoint is damaged. Reads the
  // whole log.
  Result<std::map<std::string, std::string>> positions_in_log(const lmdb::Transaction& txn) const;

  // ---- dead letters: dead_letters.hpp ----
  MDB_dbi dead() const noexcept { return dead_; }

  // ---- quarantine ----
  // The oldest go when there are more than `most`.
  Result<void> put_quarantined(lmdb::Transaction& txn, std::string_view json, std::size_t most) const;
  uint64_t quarantined(const lmdb::Transaction& txn) const { return txn.stat(quarantine_).ms_entries; }
  Result<void> walk_quarantine(const lmdb::Transaction& txn, const Entry& look) const;

  // ---- damage in records that only help: they are left out wherever they are read ----
  struct Damaged {
    std::vector<std::string> recent, quarantined;  // keys
  };
  Result<Damaged> damaged_helpers(const lmdb::Transaction& txn) const;
  Result<void> erase_helpers(lmdb::Transaction& txn, const Damaged& damaged) const;

 private:
  Database(lmdb::Environment env, std::string file) : env_(std::move(env)), file_(std::move(file)) {}
  static Result<void> create(const Settings& settings);
  static Result<Database> open_existing(const Settings& settings);
  Result<void> open_tables(bool read_only);
  Result<void> check_format(lmdb::Transaction& txn, bool read_only);
  Result<void> check_ends() const;
  Result<void> walk(const lmdb::Transaction& txn, MDB_dbi db, const Entry& look) const;
  // Deletes from the front of the table, at most `most`, as long as `goes(scan)` agrees, which may move the scan.
  // Returns whether there may be more.
  using Goes = std::function<Result<bool>(lmdb::Scan&)>;
  Result<bool> erase_front(lmdb::Transaction& txn, MDB_dbi db, std::size_t most, const Goes& goes) const;

  lmdb::Environment env_;
  // Of Durability::interval: while its state is read by somebody, LMDB uses none of its pages again.
  std::optional<SafePoint> safe_point_;
  std::optional<lmdb::Transaction> safe_state_;
  MappedPages pages_;
  std::string file_;
  MDB_dbi meta_ = 0, log_ = 0, cursors_ = 0, checkpoints_ = 0, recent_ = 0, dead_ = 0, quarantine_ = 0;
};

}  // namespace csiem::store
