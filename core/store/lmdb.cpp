#include "store/lmdb.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/fd.hpp"
#include "store/meta_page.hpp"

namespace csiem::store::lmdb {
namespace {

// Whether the file system has no room for a large write.
bool is_full(MDB_env* env) {
  constexpr uint64_t kLargeWrite = 1U << 20;
  mdb_filehandle_t fd = -1;
  struct statvfs room {};
  return mdb_env_get_fd(env, &fd) == 0 && ::fstatvfs(fd, &room) == 0 && room.f_bavail * room.f_frsize < kLargeWrite;
}

// In front of every key of every table.
constexpr std::string_view kLeastKey("\0\0\0\0\0\0\0\0", 8);

Result<void> as_check(Result<PageGuard::Path> path) {
  if (!path) return std::move(path).error();
  return {};
}

}  // namespace

Trouble trouble(int code) noexcept {
  switch (code) {
    case MDB_SUCCESS:
      return Trouble::none;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
      return Trouble::map_full;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return Trouble::disk_full;
    case EROFS:
    case EACCES:
      return Trouble::read_only;
    case MDB_PANIC:
      return Trouble::panic;
    default:
      return Trouble::other;
  }
}

Error error(std::string doing, int code) {
  const std::string what = doing + ": " + (code > 0 ? errno_text(code) : std::string(mdb_strerror(code)));
  switch (trouble(code)) {
    case Trouble::map_full:
      return {Code::limit, what, 5007};
    case Trouble::disk_full:
      return {Code::limit, what, 5001};
    case Trouble::read_only:
      return {Code::denied, what, 5005};
    case Trouble::panic:
      return {Code::internal, what, 5005};
    default:
      return {code == ENOENT ? Code::not_found : Code::io, what, 5005};
  }
}

Result<Environment> Environment::open(const Settings& settings) {
  MDB_env* raw = nullptr;
  if (const int rc = mdb_env_create(&raw); rc != 0) return error("create the store's environment", rc);
  Environment env(raw);
  // Transactions wander between threads (NOTLS); pages are filled before they are written (NOMEMINIT).
  unsigned flags = MDB_NOTLS | MDB_NOMEMINIT;
  if (settings.read_only) flags |= MDB_RDONLY;
  if (!settings.sync) flags |= MDB_NOSYNC;
  int rc = mdb_env_set_maxdbs(raw, settings.databases);
  if (rc == 0 && settings.map_bytes != 0) rc = mdb_env_set_mapsize(raw, settings.map_bytes);
  if (rc == 0) rc = mdb_env_open(raw, settings.directory.c_str(), flags, 0600);
  if (rc != 0) return error("open " + settings.directory, rc);
  if (!settings.read_only) {
    int stale = 0;
    mdb_reader_check(raw, &stale);
  }
  return env;
}

Environment& Environment::operator=(Environment&& other) noexcept {
  if (this != &other) {
    if (env_ != nullptr) mdb_env_close(env_);
    env_ = std::exchange(other.env_, nullptr);
    guarded_ = std::move(other.guarded_);
  }
  return *this;
}

Environment::~Environment() {
  if (env_ != nullptr) mdb_env_close(env_);
}

uint64_t Environment::file_bytes() const {
  MDB_envinfo info{};
  MDB_stat stat{};
  mdb_env_info(env_, &info);
  mdb_env_stat(env_, &stat);
  return (uint64_t{info.me_last_pgno} + 1) * stat.ms_psize;
}

Result<void> Environment::sync() {
  if (const int rc = mdb_env_sync(env_, 1); rc != 0) return error("sync the store", rc);
  return {};
}

Result<void> Environment::rewrite() {
  constexpr std::size_t kPortion = 1U << 20;
  const int file = fd();
  for (uint64_t at = 0, end = file_bytes(); at < end; at += kPortion) {
    CS_TRY(bytes, read_at(file, at, static_cast<std::size_t>(std::min<uint64_t>(kPortion, end - at))));
    if (bytes.empty()) break;
    CS_CHECK(write_at(file, at, bytes));
  }
  return {};
}

int Environment::fd() const noexcept {
  mdb_filehandle_t fd = -1;
  mdb_env_get_fd(env_, &fd);
  return fd;
}

Result<Transaction> Transaction::begin(const Environment& env, Kind kind) {
  for (;;) {
    MDB_txn* raw = nullptr;
    const int rc = mdb_txn_begin(env.get(), nullptr, kind == Kind::read ? MDB_RDONLY : 0, &raw);
    if (rc != 0) return error("begin a transaction", rc);
    Transaction txn(raw, kind);
    if (!env.guarded()) return txn;
    // A writer begins with the state before its own.
    const std::size_t state = mdb_txn_id(raw) - (kind == Kind::write ? 1 : 0);
    CS_TRY(guard, PageGuard::of(env.fd(), state, *env.guarded()));
    if (!guard) continue;
    txn.guard_ = std::move(guard);
    txn.tables_ = env.guarded();
    return txn;
  }
}

Transaction::~Transaction() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
}

Result<void> Transaction::commit() {
  MDB_env* const env = mdb_txn_env(txn_);
  int rc = mdb_txn_commit(std::exchange(txn_, nullptr));
  // LMDB tells a write that was cut short as an I/O error.
  if (rc == EIO && is_full(env)) rc = ENOSPC;
  if (rc != 0) return error("commit to the store", rc);
  return {};
}

Result<MDB_dbi> Transaction::open(const char* name, unsigned flags) {
  MDB_dbi db = 0;
  if (const int rc = mdb_dbi_open(txn_, name, flags, &db); rc != 0)
    return error("open the store's table " + std::string(name), rc == MDB_NOTFOUND ? ENOENT : rc);
  if (tables_) {
    if (tables_->size() <= db) tables_->resize(db + 1);
    (*tables_)[db] = name;
  }
  return db;
}

Result<Transaction::Found> Transaction::get(MDB_dbi db, std::string_view key) const {
  if (guard_) CS_CHECK(as_check(guard_->path(db, key)));
  MDB_val k = to_val(key), v{};
  const int rc = mdb_get(txn_, db, &k, &v);
  if (rc == MDB_NOTFOUND) return Found{};
  if (rc != 0) return error("read from the store", rc);
  return Found{true, to_view(v)};
}

Result<void> Transaction::put(MDB_dbi db, std::string_view key, std::string_view value, unsigned flags) {
  CS_CHECK(check_around(db, key));
  MDB_val k = to_val(key), v = to_val(value);
  if (const int rc = mdb_put(txn_, db, &k, &v, flags); rc != 0) return error("write to the store", rc);
  return {};
}

Result<char*> Transaction::reserve(MDB_dbi db, std::string_view key, std::size_t size, unsigned flags) {
  CS_CHECK(check_around(db, key));
  MDB_val k = to_val(key), v{size, nullptr};
  if (const int rc = mdb_put(txn_, db, &k, &v, flags | MDB_RESERVE); rc != 0) return error("write to the store", rc);
  return static_cast<char*>(v.mv_data);
}

Result<void> Transaction::erase(MDB_dbi db, std::string_view key) {
  CS_CHECK(check_around(db, key));
  MDB_val k = to_val(key);
  const int rc = mdb_del(txn_, db, &k, nullptr);
  if (rc != 0 && rc != MDB_NOTFOUND) return error("delete from the store", rc);
  return {};
}

Result<void> Transaction::check_around(MDB_dbi db, std::string_view key) const {
  return guard_ ? guard_->around(db, key) : Result<void>();
}

std::optional<std::string> Transaction::behind(MDB_dbi db, std::string_view key) const {
  return guard_ ? guard_->behind(db, key) : std::nullopt;
}

MDB_stat Transaction::stat(MDB_dbi db) const {
  MDB_stat out{};
  mdb_stat(txn_, db, &out);
  return out;
}

Result<Scan> Scan::open(const Transaction& txn, MDB_dbi db) {
  MDB_cursor* cursor = nullptr;
  if (const int rc = mdb_cursor_open(txn.get(), db, &cursor); rc != 0) return error("read from the store", rc);
  return Scan(cursor, txn, db);
}

Scan::~Scan() {
  if (cursor_ != nullptr) mdb_cursor_close(cursor_);
}

bool Scan::fail(Error why, std::string_view key) {
  failed_ = std::move(why);
  failed_at_ = key;
  return false;
}

bool Scan::at(Result<PageGuard::Path> path, std::string_view key) {
  if (!path) return fail(std::move(path).error(), key);
  if (!changes_) path_ = *std::move(path);
  return true;
}

bool Scan::first() {
  failed_.reset();
  return (guard_ == nullptr || at(guard_->edge(db_, PageGuard::Side::first), kLeastKey)) && move(MDB_FIRST);
}

bool Scan::last() {
  failed_.reset();
  return (guard_ == nullptr || at(guard_->edge(db_, PageGuard::Side::last), kLeastKey)) && move(MDB_LAST);
}

bool Scan::seek(std::string_view wanted) {
  failed_.reset();
  if (guard_ != nullptr && !at(guard_->path(db_, wanted), wanted)) return false;
  key_ = to_val(wanted);
  return move(MDB_SET_RANGE);
}

bool Scan::step(PageGuard::Side towards) {
  if (guard_ == nullptr) return true;
  const bool on = towards == PageGuard::Side::last;
  auto checked = !changes_ ? guard_->move(db_, path_, towards)
                 : on      ? guard_->next_leaf(db_, key())
                           : guard_->previous_leaf(db_, key());
  if (checked) return true;
  const std::string here(key());
  return fail(std::move(checked).error(), on ? guard_->behind(db_, here).value_or(here) : here);
}

bool Scan::next() { return step(PageGuard::Side::last) && move(MDB_NEXT); }

bool Scan::previous() { return step(PageGuard::Side::first) && move(MDB_PREV); }

bool Scan::pass_damage() {
  if (!failed_ || failed_->message_code() != 5009 || guard_ == nullptr) return false;
  for (auto next = guard_->behind(db_, failed_at_); next; next = guard_->behind(db_, *next)) {
    if (seek(*next)) return true;
    if (!failed_) return false;
  }
  return false;
}

bool Scan::move(MDB_cursor_op op) {
  const int rc = mdb_cursor_get(cursor_, &key_, &value_, op);
  if (rc != 0 && rc != MDB_NOTFOUND) failed_ = error("read from the store", rc);
  return rc == 0;
}

Result<void> Scan::erase() {
  if (guard_ != nullptr) CS_CHECK(guard_->around(db_, key()));
  if (const int rc = mdb_cursor_del(cursor_, 0); rc != 0) return error("delete from the store", rc);
  return {};
}

uint64_t NumberKey::read(std::string_view key) noexcept {
  std::size_t number = 0;
  if (key.size() == sizeof number) std::memcpy(&number, key.data(), sizeof number);
  return number;
}

}  // namespace csiem::store::lmdb
