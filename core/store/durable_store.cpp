#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/log.hpp"
#include "store/committer.hpp"
#include "store/cursor_views.hpp"
#include "store/data_directory.hpp"
#include "store/dead_letters.hpp"
#include "store/feeds.hpp"
#include "store/kept_lines.hpp"
#include "store/store.hpp"
#include "store/trace.hpp"

namespace csiem::store {
namespace {

// A key of the store's tables.
bool is_plain_name(const std::string& id) {
  return !id.empty() && id.size() <= 200 && id[0] != '.' && std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
}

DiskSpace space_of(const std::string& directory) {
  struct statvfs found {};
  if (::statvfs(directory.c_str(), &found) != 0) return {};
  return {found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize};
}

// What the store and its cursors share.
class Core {
 public:
  Core(Fd lock, Database database, Database::Settings settings, const Options& options, Tail tail,
       std::map<std::string, std::string> checkpoints, bool checkpoints_damaged)
      : lock_(std::move(lock)),
        database_(std::move(database), std::move(settings)),
        feeds_(database_, options, [this] { committer_.feeds_changed(); }),
        committer_(database_, feeds_, options, tail),
        checkpoints_(std::move(checkpoints)),
        checkpoints_damaged_(checkpoints_damaged) {}
  ~Core() { stop(); }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  void start(Sequence end) {
    feeds_.start(end);
    committer_.start();
  }
  // Ends the threads: nothing is delivered and nothing written any more, whoever still holds a cursor.
  void stop() {
    committer_.stop();
    feeds_.stop();
  }
  SharedDatabase& database() { return database_; }
  Feeds& feeds() { return feeds_; }
  const Feeds& feeds() const { return feeds_; }
  Committer& committer() { return committer_; }
  const Committer& committer() const { return committer_; }
  std::string checkpoint(const std::string& source) const {
    const auto at = checkpoints_.find(source);
    return at == checkpoints_.end() ? std::string() : at->second;
  }
  // The name of a damaged one may be damaged, too.
  bool checkpoint_lost(const std::string& source) const {
    return checkpoints_damaged_ && !checkpoints_.contains(source);
  }

 private:
  const Fd lock_;
  SharedDatabase database_;
  Feeds feeds_;
  Committer committer_;
  const std::map<std::string, std::string> checkpoints_;  // as they were when the store was opened
  const bool checkpoints_damaged_;                        // some of them
};

class LogCursor final : public Cursor {
 public:
  LogCursor(std::shared_ptr<Core> core, Feeds::Handle feed) : core_(std::move(core)), feed_(std::move(feed)) {}
  ~LogCursor() override { core_->feeds().close(feed_); }

  void start(Deliver deliver) override { core_->feeds().start_delivery(feed_, std::move(deliver)); }
  void settle(Sequence first, Sequence last, const std::array<uint64_t, 4>& counts) override {
    core_->feeds().settle(feed_, first, last, counts);
  }
  void dead_letter(DeadLetter letter) override { core_->feeds().dead_letter(feed_, std::move(letter)); }
  Lag lag() const override { return core_->feeds().lag(feed_); }
  Ledger ledger() const override { return core_->feeds().ledger(feed_); }
  bool gives_again() const override { return true; }
  void let_go(Sequence any) override { core_->feeds().let_go(feed_, any); }
  void give_back(Sequence first, Sequence last) override { core_->feeds().give_back(feed_, first, last); }
  void set_window(std::size_t bytes) override { core_->feeds().set_window(feed_, bytes); }
  void save_state(std::string text) override { core_->feeds().save_state(feed_, std::move(text)); }
  std::string state() const override { return core_->feeds().state(feed_); }

 private:
  std::shared_ptr<Core> core_;
  Feeds::Handle feed_;
};

class DurableStore final : public Store {
 public:
  explicit DurableStore(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  ~DurableStore() override { core_->stop(); }

  Result<std::unique_ptr<Cursor>> open_cursor(const CursorOptions& options) override {
    if (!is_plain_name(options.exporter_id))
      return Error{Code::invalid,
                   "exporter id \"" + options.exporter_id + "\": expected letters, digits, '-', '_' and '.'"};
    CS_TRY(feed, core_->feeds().open(options));
    return std::unique_ptr<Cursor>(std::make_unique<LogCursor>(core_, std::move(feed)));
  }
  Result<void> append(const std::shared_ptr<event::EventBatch>& batch, const std::string& source_id,
                      std::string checkpoint) override {
    core_->committer().append(batch, source_id, std::move(checkpoint));
    return {};
  }
  void quarantine(const Quarantined& record) override {
    core_->committer().quarantine(quarantine_line(record, system_clock().unix_ns()));
  }
  std::string checkpoint(const std::string& source_id) const override { return core_->checkpoint(source_id); }
  bool checkpoint_lost(const std::string& source_id) const override { return core_->checkpoint_lost(source_id); }
  bool must_wait() const override { return core_->committer().must_wait(); }
  void on_progress(std::function<void()> notify) override { core_->committer().on_progress(std::move(notify)); }
  void on_publish(std::function<void(const event::BatchRef&)> publish) override {
    core_->committer().on_publish(std::move(publish));
  }
  void on_gap(std::function<void(const Gap&)> tell) override { core_->feeds().on_gap(std::move(tell)); }
  Result<void> recent_ids(const std::function<void(const event::UuidBits&, int64_t)>& take) const override {
    return core_->database().with([&](Database& database) -> Result<void> {
      CS_TRY(txn, database.read());
      return database.walk_recent(txn, take);
    });
  }
  Result<std::vector<KeptLetter>> letters(const LetterFilter& filter, std::string_view after_exporter,
                                          Sequence after_sequence, std::size_t most) const override {
    return core_->database().with([&](Database& database) -> Result<std::vector<KeptLetter>> {
      std::vector<KeptLetter> out;
      CS_TRY(txn, database.read());
      const auto keep = [&](const StoredLetter& letter) {
        out.push_back({std::string(letter.exporter), letter.sequence, letter.last_attempt_unix_ns,
                       std::string(letter.error_class), std::string(letter.reason), std::string(letter.json)});
        return out.size() < most;
      };
      CS_CHECK(walk_letters(txn, database, filter, keep, after_exporter, after_sequence));
      return out;
    });
  }
  void keep_letter(const std::string& exporter, DeadLetter letter) override {
    core_->feeds().keep_letter(exporter, std::move(letter));
  }
  void erase_letter(const std::string& exporter, Sequence sequence) override {
    core_->feeds().erase_letter(exporter, sequence);
  }
  Result<std::vector<CursorView>> cursors() const override {
    return core_->database().with([](Database& database) -> Result<std::vector<CursorView>> {
      CS_TRY(txn, database.read());
      return cursor_views(txn, database);
    });
  }
  Result<std::optional<EventTrace>> trace(std::string_view event_id) const override {
    return trace_event([&](const auto& use) { return core_->database().with(use); }, event_id);
  }
  Health health() const override { return core_->committer().health(); }
  int health_code() const override { return core_->committer().health_code(); }
  Figures figures() const override {
    Figures figures;
    std::as_const(*core_).committer().add_figures(figures);
    std::as_const(*core_).feeds().add_figures(figures);
    return figures;
  }
  uint64_t unsettled_events() const override {
    return core_->feeds().unsettled_events() + core_->committer().uncommitted_events();
  }
  Result<void> flush() override { return core_->committer().flush(); }

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_store(Options options) {
  if (options.directory.empty()) return Error{Code::invalid, "data directory: empty path", 5005};
  if (!options.revive) return Error{Code::invalid, "a store without a way to read its events", 9001};
  CS_TRY(lock, lock_directory(options.directory));
  Database::Settings settings;
  settings.directory = options.directory + "/store";
  settings.max_bytes = options.max_bytes;
  settings.durability = options.durability;
  settings.boot_id = options.boot_id;
  if (!options.disk_space) options.disk_space = [directory = settings.directory] { return space_of(directory); };
  if (auto made = make_directories(settings.directory, 0700); !made)
    return Error{made.error().code(), made.error().what(), 5005};
  CS_TRY(database, Database::open(settings));
  Tail tail;
  std::map<std::string, std::string> checkpoints;
  std::vector<std::pair<std::string, CursorState>> cursors;
  std::vector<std::string> damaged, damaged_sources;
  {
    CS_TRY(txn, database.read());
    CS_TRY(found, database.tail(txn));
    tail = found;
    CS_CHECK(database.walk_checkpoints(txn, [&](std::string_view source, std::string_view text) {
      if (text.empty())
        damaged_sources.emplace_back(source);
      else
        checkpoints.emplace(source, text);
      return true;
    }));
    // The newest event of a source that is in the log tells how far it was read at least.
    if (!damaged_sources.empty()) {
      CS_TRY(positions, database.positions_in_log(txn));
      checkpoints.merge(std::move(positions));
    }
    for (const std::string& source : damaged_sources)
      log::error(5016, {},
                 "the checkpoint of source " + source + " is damaged; it goes on " +
                     (checkpoints.contains(source) ? "behind its newest event in the log"
                                                   : "at the beginning of what it has"));
    CS_CHECK(database.walk_cursors(txn, [&](std::string_view exporter, std::string_view record) {
      if (auto state = CursorState::decode(record))
        cursors.emplace_back(exporter, *std::move(state));
      else
        damaged.emplace_back(exporter);
      return true;
    }));
    // What it has settled is not known: nothing may be missing, so it gets everything that is there.
    for (const std::string& exporter : damaged) {
      CS_TRY(oldest, database.block_at(txn, 1));
      CursorState state(oldest ? oldest->first : tail.next);
      state.changed = true;
      cursors.emplace_back(exporter, std::move(state));
      log::error(5006, exporter, "the place of this exporter in the log is damaged; it begins at the oldest event");
    }
  }
  auto core = std::make_shared<Core>(std::move(lock), std::move(database), std::move(settings), options, tail,
                                     std::move(checkpoints), !damaged_sources.empty());
  for (const std::string& exporter : damaged) core->feeds().place_lost(exporter);
  for (auto& [exporter, state] : cursors) core->feeds().load(std::move(exporter), std::move(state));
  core->start(tail.next);
  for (const std::string& source : damaged_sources)
    if (std::string found = core->checkpoint(source); !found.empty())
      core->committer().append(nullptr, source, std::move(found));
  return std::unique_ptr<Store>(std::make_unique<DurableStore>(std::move(core)));
}

}  // namespace csiem::store
