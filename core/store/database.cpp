#include "store/database.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/log.hpp"
#include "base/rfc3339.hpp"
#include "store/page_check.hpp"
#include "store/record.hpp"
#include "store/sealed.hpp"

namespace csiem::store {
namespace {

constexpr uint32_t kFormat = 3;
constexpr std::size_t kRecordsBetweenReleases = 16;
constexpr std::string_view kFormatKey = "format", kTailKey = "tail", kCreatedKey = "created";
constexpr std::string_view kMeta = "meta", kCursors = "cursors", kCheckpoints = "checkpoints", kRecent = "recent",
                           kQuarantine = "quarantine";

using lmdb::NumberKey;
using lmdb::Scan;
using lmdb::Transaction;

// True when all of it was looked at.
Result<bool> check_tree(const lmdb::Environment& env, std::size_t most_pages) {
  CS_TRY(txn, Transaction::begin(env, Transaction::Kind::read));
  const std::size_t id = mdb_txn_id(txn.get());
  if (id == 0) return true;
  return check_tree_pages(env.fd(), id, most_pages);
}

// Before LMDB looks at the file: after a power cut its own newest state may lead anywhere.
Result<void> go_back(const SafePoint& safe_point, const std::string& data_file, bool read_only) {
  const std::string when = format_rfc3339(safe_point.saved_unix_ns());
  if (read_only)
    return Error{Code::invalid,
                 "the machine lost its power; the store has to go back to its state of " + when +
                     " first: start the daemon, or run `clawdstrike-siem queue repair`",
                 5015};
  CS_CHECK(safe_point.restore(data_file));
  log::warn(5015, {},
            "the machine lost its power while store.durability was \"interval\": the store goes back to its state of " +
                when +
                "; what was accepted after it, no more than store.interval and one sync of it, is lost unless "
                "its source has it still");
  return {};
}

}  // namespace

Result<Database> Database::open(const Settings& settings) {
  if (!settings.read_only && ::access((settings.directory + "/data.mdb").c_str(), F_OK) != 0)
    CS_CHECK(create(settings));
  return open_existing(settings);
}

// LMDB writes the first pages of a new file without a sync: a power cut would leave what cannot be opened any more.
// So it is made aside, and moved to its place when all of it is on the disk.
Result<void> Database::create(const Settings& settings) {
  namespace fs = std::filesystem;
  const auto io_error = [](const std::string& doing, const std::string& path, int error) {
    const bool full = lmdb::trouble(error) == lmdb::Trouble::disk_full;
    return Error{Code::io, doing + " " + path + ": " + errno_text(error), full ? 5001 : 5005};
  };
  const std::string aside = settings.directory + ".new";
  std::error_code failed;
  fs::remove_all(aside, failed);
  for (const std::string& directory : {settings.directory, aside})
    if (auto made = make_directories(directory, 0700); !made) return Error{Code::io, made.error().what(), 5005};
  {
    Settings made = settings;
    made.directory = aside;
    made.durability = Durability::none;
    CS_TRY(database, open_existing(made));
    CS_CHECK(database.env_.sync());
  }
  if (::rename((aside + "/data.mdb").c_str(), (settings.directory + "/data.mdb").c_str()) != 0)
    return io_error("move the new store to", settings.directory, errno);
  for (const std::string& directory : {settings.directory, fs::path(settings.directory).parent_path().string()}) {
    const Fd fd(::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return io_error("sync", directory, errno);
  }
  fs::remove_all(aside, failed);
  return {};
}

Result<Database> Database::open_existing(const Settings& settings) {
  lmdb::Environment::Settings env_settings;
  env_settings.directory = settings.directory;
  if (settings.max_bytes != 0) env_settings.map_bytes = static_cast<std::size_t>(settings.max_bytes) + kReserveBytes;
  env_settings.sync = settings.durability == Durability::sync;
  env_settings.read_only = settings.read_only;
  const std::string file = settings.directory + "/data.mdb";
  // None yet when it is being created.
  const bool is_new = ::access(file.c_str(), F_OK) != 0;
  CS_TRY(safe_point, SafePoint::open(settings.directory, settings.boot_id, settings.read_only));
  if (safe_point.power_was_lost()) CS_CHECK(go_back(safe_point, file, settings.read_only));
  if (!is_new) CS_CHECK(check_meta_pages(file, !settings.read_only));
  CS_TRY(env, lmdb::Environment::open(env_settings));
  Database database(std::move(env), file);
  database.pages_ = MappedPages::of(file);
  CS_TRY(all, check_tree(database.env_, settings.pages_at_open));
  if (!all) database.env_.guard_pages();
  database.release_pages();
  CS_CHECK(database.open_tables(settings.read_only));
  if (!all) CS_CHECK(database.check_ends());
  if (settings.read_only || is_new) return database;
  if (settings.durability == Durability::interval) {
    database.safe_point_.emplace(std::move(safe_point));
    CS_CHECK(database.reach_safe_point(settings.rewrite));
  } else if (safe_point.in_use()) {
    // From here on its pages are used again.
    CS_CHECK(database.env_.sync());
    CS_CHECK(safe_point.retire());
  }
  return database;
}

Result<void> Database::reach_safe_point(bool rewrite) {
  CS_TRY(state, read());
  if (rewrite) CS_CHECK(env_.rewrite());
  CS_CHECK(env_.sync());
  CS_CHECK(safe_point_->save(env_.fd(), mdb_txn_id(state.get()), system_clock().unix_ns()));
  safe_state_.reset();
  safe_state_.emplace(std::move(state));
  return {};
}

Result<void> Database::end_safe_points() {
  CS_CHECK(env_.sync());
  return safe_point_->retire();
}

Result<void> Database::in_place() const {
  struct stat ours {
  }, there{};
  if (::fstat(env_.fd(), &ours) != 0 || ::stat(file_.c_str(), &there) != 0 || ours.st_ino != there.st_ino ||
      ours.st_dev != there.st_dev)
    return Error{Code::io, file_ + " was removed or replaced while it was in use", 5005};
  return {};
}

Result<void> Database::check_pages() const {
  CS_TRY(all, check_tree(env_, 0));
  static_cast<void>(all);
  return {};
}

Result<void> Database::open_tables(bool read_only) {
  CS_TRY(txn, Transaction::begin(env_, read_only ? Transaction::Kind::read : Transaction::Kind::write));
  const unsigned create = read_only ? 0 : MDB_CREATE;
  struct Table {
    const char* name;
    unsigned flags;
    MDB_dbi* db;
  };
  for (const Table& table :
       {Table{"meta", 0, &meta_}, Table{"log", MDB_INTEGERKEY, &log_}, Table{"cursors", 0, &cursors_},
        Table{"checkpoints", 0, &checkpoints_}, Table{"recent", MDB_INTEGERKEY, &recent_}, Table{"dead", 0, &dead_},
        Table{"quarantine", MDB_INTEGERKEY, &quarantine_}}) {
    CS_TRY(db, txn.open(table.name, table.flags | create));
    *table.db = db;
  }
  CS_CHECK(check_format(txn, read_only));
  return txn.commit();
}

// Where the next records go. A store that takes nothing more has to say so before it begins.
Result<void> Database::check_ends() const {
  CS_TRY(txn, read());
  for (const MDB_dbi db : {log_, recent_, quarantine_}) {
    CS_TRY(scan, Scan::open(txn, db));
    if (!scan.last() && scan.failed()) return scan.failure();
  }
  return {};
}

Result<void> Database::check_format(Transaction& txn, bool read_only) {
  CS_TRY(found, txn.get(meta_, kFormatKey));
  if (found.found) {
    const auto format = RecordReader(found.value).number<uint32_t>();
    if (format == kFormat) return {};
    const std::string what =
        "the store has format " + std::to_string(format) + ", this version reads " + std::to_string(kFormat);
    if (format > kFormat)
      return Error{Code::unsupported,
                   what + ": run the version that wrote it, or give this one a global.data_dir of its own", 5004};
    return Error{Code::unsupported,
                 what + ": let the version that wrote it deliver what it holds, then move " +
                     std::filesystem::path(file_).parent_path().string() + " away; this version begins a new one there",
                 5004};
  }
  if (read_only) return Error{Code::not_found, "the store is empty", 5005};
  RecordWriter format, created;
  format.number(kFormat);
  created.number(system_clock().unix_ns());
  CS_CHECK(txn.put(meta_, kFormatKey, format.take()));
  CS_CHECK(txn.put(meta_, kCreatedKey, created.take()));
  return put_tail(txn, Tail{});
}

Result<Tail> Database::tail(const Transaction& txn) const {
  CS_TRY(found, txn.get(meta_, kTailKey));
  const auto value = unseal(kMeta, kTailKey, found.value);
  RecordReader in(value.value_or(std::string_view()));
  Tail tail;
  tail.next = in.number<uint64_t>();
  tail.log_bytes = in.number<uint64_t>();
  if (!in.good() || tail.next == 0) return Error{Code::invalid, "the store's end mark is damaged", 5009};
  return tail;
}

Result<void> Database::put_tail(Transaction& txn, const Tail& tail) const {
  RecordWriter out;
  out.number(tail.next);
  out.number(tail.log_bytes);
  return txn.put(meta_, kTailKey, seal(kMeta, kTailKey, out.take()));
}

uint64_t Database::used_bytes(const Transaction& txn) const {
  uint64_t bytes = 0;
  for (const MDB_dbi db : {meta_, log_, cursors_, checkpoints_, recent_, dead_, quarantine_}) {
    const MDB_stat stat = txn.stat(db);
    bytes += (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) * stat.ms_psize;
  }
  return bytes;
}

Result<void> Database::put_block(Transaction& txn, const event::EventBatch& batch, const BlockOrigin& origin,
                                 int64_t accepted_unix_ns, uint64_t log_bytes_before, std::size_t bytes) const {
  CS_TRY(room, txn.reserve(log_, NumberKey(batch.first_sequence()), bytes, MDB_APPEND));
  write_block(batch, origin, accepted_unix_ns, log_bytes_before, room);
  return {};
}

Result<std::optional<Database::Block>> Database::block_at(const Transaction& txn, Sequence sequence) const {
  CS_TRY(scan, Scan::open(txn, log_));
  bool found = scan.seek(NumberKey(sequence));
  if (scan.failed()) return scan.failure();
  if (!found || NumberKey::read(scan.key()) != sequence) {
    // The one before may reach to the sequence.
    const bool before = found ? scan.previous() : scan.last();
    if (scan.failed()) return scan.failure();
    if (before) {
      const Sequence first = NumberKey::read(scan.key());
      const auto header = BlockView::peek(scan.value());
      // A damaged header says nothing about the end: whatever is asked for up to the next block is in it.
      if (!header || sequence < first + header->count) return std::optional(Block{first, scan.value()});
      found = found && scan.next();
    } else if (found) {
      found = scan.first();
    }
  }
  if (scan.failed()) return scan.failure();
  if (!found) return std::optional<Block>();
  return std::optional(Block{NumberKey::read(scan.key()), scan.value()});
}

// What cannot be read is gone around: it stays where it is until a repair.
Result<bool> Database::erase_front(Transaction& txn, MDB_dbi db, std::size_t most, const Goes& goes) const {
  CS_TRY(scan, Scan::open(txn, db));
  std::string from(NumberKey(0));
  for (std::size_t erased = 0; erased < most;) {
    const auto erase_one = [&]() -> Result<bool> {
      if (!scan.seek(from)) return scan.failed() ? Result<bool>(scan.failure()) : false;
      CS_TRY(goes_on, goes(scan));
      if (!goes_on || !scan.seek(from)) return false;
      CS_CHECK(scan.erase());
      return true;
    };
    auto one = erase_one();
    if (one && !*one) return false;
    if (one) {
      ++erased;
      continue;
    }
    if (one.error().message_code() != 5009) return std::move(one).error();
    auto behind = txn.behind(db, from);
    if (!behind) return false;
    from = *std::move(behind);
  }
  return true;
}

Result<bool> Database::erase_blocks(Transaction& txn, Sequence below, std::size_t most) const {
  return erase_front(txn, log_, most, [&](Scan& scan) -> Result<bool> {
    // A block ends where the next one begins; the last one ends with the log.
    if (scan.next()) return NumberKey::read(scan.key()) <= below;
    if (scan.failed()) return scan.failure();
    CS_TRY(end, tail(txn));
    return end.next <= below;
  });
}

Result<bool> Database::erase_inside(Transaction& txn, Range range, std::size_t most) const {
  CS_TRY(scan, Scan::open(txn, log_));
  std::size_t erased = 0;
  for (bool more = scan.seek(NumberKey(range.first)); more && erased < most; ++erased) {
    const Sequence first = NumberKey::read(scan.key());
    const auto header = BlockView::peek(scan.value());
    if (!header || first + header->count - 1 > range.last) return false;
    if (auto erased_it = scan.erase(); !erased_it) {
      if (erased_it.error().message_code() == 5009) return false;  // stays until a repair
      return std::move(erased_it).error();
    }
    more = scan.seek(NumberKey(range.first));
  }
  return erased == most;
}

Result<void> Database::walk_log(const Transaction& txn, Sequence from,
                                const std::function<bool(const Block&)>& look) const {
  auto start = block_at(txn, from);
  if (!start && start.error().message_code() != 5009) return std::move(start).error();
  if (start && !*start) return {};
  CS_TRY(scan, Scan::open(txn, log_));
  bool more = scan.seek(NumberKey(start ? (*start)->first : from));
  for (; more || scan.pass_damage(); more = scan.next())
    if (!look({NumberKey::read(scan.key()), scan.value()})) return {};
  if (scan.failed()) return scan.failure();
  return {};
}

Result<Sequence> Database::behind_damage(const Transaction& txn, Sequence sequence) const {
  const auto key = txn.behind(log_, NumberKey(sequence));
  CS_TRY(end, tail(txn));
  return key ? std::clamp(NumberKey::read(*key), sequence + 1, std::max(end.next, sequence + 1)) : end.next;
}

Result<void> Database::put_recent(Transaction& txn, const event::EventBatch& batch, int64_t accepted_unix_ns) const {
  const auto events = batch.events();
  const NumberKey key(batch.first_sequence());
  const std::size_t bytes = kSealBytes + sizeof accepted_unix_ns + events.size() * sizeof(event::UuidBits);
  CS_TRY(room, txn.reserve(recent_, key, bytes, MDB_APPEND));
  char* at = room + kSealBytes;
  std::memcpy(at, &accepted_unix_ns, sizeof accepted_unix_ns);
  at += sizeof accepted_unix_ns;
  for (const csiem_event& event : events) {
    const auto bits = event::uuid_bits({event.event_id.ptr, event.event_id.len}).value_or(event::UuidBits{});
    std::memcpy(at, &bits, sizeof bits);
    at += sizeof bits;
  }
  seal_in_place(kRecent, key, {room, bytes});
  return {};
}

Result<void> Database::trim_recent(Transaction& txn, Sequence below, int64_t before_unix_ns) const {
  constexpr std::size_t kMost = 100'000;
  auto done = erase_front(txn, recent_, kMost, [&](Scan& scan) -> Result<bool> {
    const auto accepted = RecordReader(sealed_value(scan.value())).number<int64_t>();
    return NumberKey::read(scan.key()) < below || accepted < before_unix_ns;
  });
  if (!done) return std::move(done).error();
  return {};
}

Result<void> Database::walk_recent(const Transaction& txn,
                                   const std::function<void(const event::UuidBits&, int64_t)>& take) const {
  std::size_t records = 0;
  return walk(txn, recent_, [&](std::string_view key, std::string_view value) {
    // They lie scattered between the blocks.
    if (++records % kRecordsBetweenReleases == 0) release_pages();
    // What is damaged suppresses nothing.
    RecordReader in(unseal(kRecent, key, value).value_or(std::string_view()));
    const auto accepted = in.number<int64_t>();
    for (event::UuidBits bits; in.good();) {
      bits.high = in.number<uint64_t>();
      bits.low = in.number<uint64_t>();
      if (in.good() && bits != event::UuidBits{}) take(bits, accepted);
    }
    return true;
  });
}

namespace {

Database::Entry unsealing(std::string_view table, const Database::Entry& look) {
  return [table, &look](std::string_view key, std::string_view bytes) {
    return look(key, unseal(table, key, bytes).value_or(std::string_view()));
  };
}

}  // namespace

Result<void> Database::put_cursor(Transaction& txn, std::string_view exporter, std::string_view record) const {
  return txn.put(cursors_, exporter, seal(kCursors, exporter, record));
}

Result<void> Database::walk_cursors(const Transaction& txn, const Entry& look) const {
  return walk(txn, cursors_, unsealing(kCursors, look));
}

Result<void> Database::put_checkpoint(Transaction& txn, std::string_view source, std::string_view text) const {
  return txn.put(checkpoints_, source, seal(kCheckpoints, source, text));
}

Result<void> Database::walk_checkpoints(const Transaction& txn, const Entry& look) const {
  return walk(txn, checkpoints_, unsealing(kCheckpoints, look));
}

Result<std::map<std::string, std::string>> Database::positions_in_log(const Transaction& txn) const {
  std::map<std::string, std::string> out;
  std::size_t looked = 0;
  CS_CHECK(walk_log(txn, 1, [&](const Block& block) {
    const auto view = BlockView::open(block.bytes, BlockView::Check::everything);
    if (view && !view->origin().position.empty())
      out.insert_or_assign(std::string(view->origin().source), std::string(view->origin().position));
    if (++looked % kRecordsBetweenReleases == 0) release_pages();
    return true;
  }));
  return out;
}

Result<void> Database::put_quarantined(Transaction& txn, std::string_view json, std::size_t most) const {
  CS_TRY(scan, Scan::open(txn, quarantine_));
  const uint64_t next = scan.last() ? NumberKey::read(scan.key()) + 1 : 1;
  const NumberKey key(next);
  CS_CHECK(txn.put(quarantine_, key, seal(kQuarantine, key, json), MDB_APPEND));
  while (txn.stat(quarantine_).ms_entries > most) {
    CS_TRY(erased, erase_front(txn, quarantine_, 1, [](Scan&) -> Result<bool> { return true; }));
    if (!erased) break;
  }
  return {};
}

Result<void> Database::walk_quarantine(const Transaction& txn, const Entry& look) const {
  return walk(txn, quarantine_, unsealing(kQuarantine, look));
}

Result<Database::Damaged> Database::damaged_helpers(const Transaction& txn) const {
  Damaged out;
  const auto into = [](std::vector<std::string>& keys) {
    return [&keys](std::string_view key, std::string_view value) {
      if (value.empty()) keys.emplace_back(key);
      return true;
    };
  };
  CS_CHECK(walk(txn, recent_, unsealing(kRecent, into(out.recent))));
  CS_CHECK(walk(txn, quarantine_, unsealing(kQuarantine, into(out.quarantined))));
  return out;
}

Result<void> Database::erase_helpers(Transaction& txn, const Damaged& damaged) const {
  for (const std::string& key : damaged.recent) CS_CHECK(txn.erase(recent_, key));
  for (const std::string& key : damaged.quarantined) CS_CHECK(txn.erase(quarantine_, key));
  return {};
}

Result<void> Database::walk(const Transaction& txn, MDB_dbi db, const Entry& look) const {
  CS_TRY(scan, Scan::open(txn, db));
  for (bool more = scan.first(); more || scan.pass_damage(); more = scan.next())
    if (!look(scan.key(), scan.value())) return {};
  if (scan.failed()) return scan.failure();
  return {};
}

}  // namespace csiem::store
