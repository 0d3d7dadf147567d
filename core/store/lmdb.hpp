// LMDB with owners for its handles and results for its codes. Knows nothing about what is stored.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <lmdb.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "store/page_guard.hpp"

namespace csiem::store::lmdb {

// What a return code means for the caller.
enum class Trouble {
  none,
  map_full,   // the map's size is used up
  disk_full,  // ENOSPC, EDQUOT, EFBIG
  read_only,  // EROFS, EACCES
  panic,      // a sync failed: the environment must be opened again
  other
};
Trouble trouble(int code) noexcept;
// Message code CS5007 (map full), CS5001 (disk full) or CS5005.
Error error(std::string doing, int code);

class Environment {
 public:
  struct Settings {
    std::string directory;
    std::size_t map_bytes = 0;
    unsigned databases = 16;
    bool read_only = false;
    bool sync = true;  // false: commits do not wait for the disk; see sync()
  };
  static Result<Environment> open(const Settings& settings);
  Environment(Environment&& other) noexcept
      : env_(std::exchange(other.env_, nullptr)), guarded_(std::move(other.guarded_)) {}
  Environment& operator=(Environment&& other) noexcept;
  ~Environment();
  MDB_env* get() const noexcept { return env_; }
  // Up to the last page that was ever used.
  uint64_t file_bytes() const;
  // Waits until everything committed is on the disk.
  Result<void> sync();
  // Writes what the file holds over itself: a sync that fails may leave pages that count as written and are not on the
  // disk. Where nothing is written meanwhile; reading goes on. May take as long as reading and writing all of it.
  Result<void> rewrite();
  // Of the data file.
  int fd() const noexcept;
  // From now on every transaction checks the pages that it is about to use (page_guard.hpp). Before tables are opened.
  void guard_pages() { guarded_ = std::make_shared<std::vector<std::string>>(); }
  // Names of the tables by their numbers, when pages are guarded.
  const std::shared_ptr<std::vector<std::string>>& guarded() const noexcept { return guarded_; }

 private:
  explicit Environment(MDB_env* env) : env_(env) {}
  MDB_env* env_;
  std::shared_ptr<std::vector<std::string>> guarded_;
};

inline MDB_val to_val(std::string_view bytes) noexcept { return {bytes.size(), const_cast<char*>(bytes.data())}; }
inline std::string_view to_view(const MDB_val& val) noexcept {
  return {static_cast<const char*>(val.mv_data), val.mv_size};
}

// Aborted unless committed. A read transaction pins pages: keep it short. One thread at a time.
class Transaction {
 public:
  enum class Kind { read, write };
  static Result<Transaction> begin(const Environment& env, Kind kind);
  Transaction(Transaction&& other) noexcept
      : txn_(std::exchange(other.txn_, nullptr)),
        guard_(std::move(other.guard_)),
        tables_(std::move(other.tables_)),
        kind_(other.kind_) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  MDB_txn* get() const noexcept { return txn_; }
  Result<void> commit();

  Result<MDB_dbi> open(const char* name, unsigned flags);
  // Views of values are valid until the next write in the transaction or its end.
  struct Found {
    bool found = false;
    std::string_view value;
  };
  Result<Found> get(MDB_dbi db, std::string_view key) const;
  Result<void> put(MDB_dbi db, std::string_view key, std::string_view value, unsigned flags = 0);
  // Room for a value of `size` bytes, to be filled before anything else is done with the transaction.
  Result<char*> reserve(MDB_dbi db, std::string_view key, std::size_t size, unsigned flags = 0);
  // Nothing happens when the key is not there.
  Result<void> erase(MDB_dbi db, std::string_view key);
  MDB_stat stat(MDB_dbi db) const;
  // The first key behind those that lie with `key`, for going on when they cannot be read (CS5009). Nothing: there is
  // none, or pages are not guarded.
  std::optional<std::string> behind(MDB_dbi db, std::string_view key) const;
  // Null when pages are not guarded.
  const PageGuard* guard() const noexcept { return guard_.get(); }
  Kind kind() const noexcept { return kind_; }

 private:
  Transaction(MDB_txn* txn, Kind kind) : txn_(txn), kind_(kind) {}
  // Before something is changed at the key.
  Result<void> check_around(MDB_dbi db, std::string_view key) const;

  MDB_txn* txn_;
  std::unique_ptr<PageGuard> guard_;
  std::shared_ptr<std::vector<std::string>> tables_;
  Kind kind_;
};

// Walks a database in key order, inside of a transaction that outlives it.
class Scan {
 public:
  static Result<Scan> open(const Transaction& txn, MDB_dbi db);
  Scan(Scan&& other) noexcept
      : cursor_(std::exchange(other.cursor_, nullptr)),
        guard_(other.guard_),
        db_(other.db_),
        changes_(other.changes_),
        path_(std::move(other.path_)),
        key_(other.key_),
        value_(other.value_) {}
  Scan& operator=(Scan&&) = delete;
  ~Scan();

  // Each returns false when there is no such entry; a failing read ends the walk and is told by failed().
  bool first();
  bool last();
  bool next();
  bool previous();
  // The first entry at or behind `key`.
  bool seek(std::string_view key);
  // After a failure because of damaged pages (CS5009): goes on behind them, if there is something. Then what lies on
  // them is left out.
  bool pass_damage();
  bool failed() const noexcept { return failed_.has_value(); }
  // Why, once it has failed.
  Error failure() const { return *failed_; }
  Result<void> erase();

  std::string_view key() const noexcept { return to_view(key_); }
  std::string_view value() const noexcept { return to_view(value_); }

 private:
  Scan(MDB_cursor* cursor, const Transaction& txn, MDB_dbi db)
      : cursor_(cursor), guard_(txn.guard()), db_(db), changes_(txn.kind() == Transaction::Kind::write) {}
  bool move(MDB_cursor_op op);
  // The guard has found the way to the key; or why not.
  bool at(Result<PageGuard::Path> path, std::string_view key);
  bool step(PageGuard::Side towards);
  bool fail(Error why, std::string_view key);

  MDB_cursor* cursor_;
  const PageGuard* guard_;
  MDB_dbi db_;
  bool changes_;          // the leaves may differ from those that the guard sees
  PageGuard::Path path_;  // of a transaction that only reads
  MDB_val key_{}, value_{};
  std::optional<Error> failed_;
  std::string failed_at_;  // a key on what is damaged
};

// A key of an MDB_INTEGERKEY database.
class NumberKey {
 public:
  explicit NumberKey(uint64_t number) noexcept : number_(number) {}
  operator std::string_view() const noexcept { return {reinterpret_cast<const char*>(&number_), sizeof number_}; }
  static uint64_t read(std::string_view key) noexcept;

 private:
  std::size_t number_;
};

}  // namespace csiem::store::lmdb
