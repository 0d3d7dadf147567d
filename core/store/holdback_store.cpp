#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <mutex>
#include <utility>

#include "base/clock.hpp"
#include "store/data_directory.hpp"
#include "store/held_log.hpp"
#include "store/kept_lines.hpp"
#include "store/store.hpp"
#include "store/writer.hpp"

namespace csiem::store {
namespace {

constexpr char kDeadLetters[] = "dead-letters";
constexpr char kQuarantine[] = "quarantine.jsonl";

// Names a file, so it must not lead out of the directory.
bool is_plain_name(const std::string& id) {
  return !id.empty() && id.size() <= 200 && id[0] != '.' && std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
}

// What the store and its cursors share.
class Core {
 public:
  Core(Fd lock, const Options& options, Checkpoints known)
      : lock_(std::move(lock)),
        max_waiting_bytes_(options.max_waiting_bytes),
        known_(known),
        writer_(options.directory, std::move(known), options.checkpoint_interval_ms, [this] { let_go(); }) {}

  Result<std::size_t> add_cursor(const std::string& id) {
    const std::lock_guard lock(mutex_);
    if (log_.started()) return Error{Code::invalid, "exporter " + id + ": opened after the first event"};
    if (std::find(cursor_ids_.begin(), cursor_ids_.end(), id) != cursor_ids_.end())
      return Error{Code::invalid, "exporter " + id + ": opened twice"};
    cursor_ids_.push_back(id);
    return log_.add_cursor();
  }

  void append(const std::shared_ptr<event::EventBatch>& batch, const std::string& source, std::string checkpoint) {
    {
      const std::lock_guard lock(mutex_);
      auto at = std::find(sources_.begin(), sources_.end(), source);
      if (at == sources_.end()) at = sources_.insert(at, source);
      log_.append(batch, static_cast<std::size_t>(at - sources_.begin()), std::move(checkpoint));
    }
    let_go();
  }

  void settle(std::size_t cursor, Sequence first, Sequence last, const std::array<uint64_t, 4>& counts) {
    {
      const std::lock_guard lock(mutex_);
      log_.settle(cursor, first, last, counts);
    }
    let_go();
  }

  void keep(const std::string& file, const std::string& line) { writer_.append_line(file, line); }
  Ledger ledger(std::size_t cursor) const {
    const std::lock_guard lock(mutex_);
    return log_.ledger(cursor);
  }
  std::string checkpoint(const std::string& source) const {
    const auto at = known_.find(source);
    return at == known_.end() ? std::string() : at->second;
  }
  std::size_t unsettled_bytes() const {
    const std::lock_guard lock(mutex_);
    return log_.bytes();
  }
  uint64_t unsettled_events() const {
    const std::lock_guard lock(mutex_);
    return log_.events();
  }
  void on_progress(std::function<void()> notify) {
    const std::lock_guard lock(mutex_);
    progress_ = std::make_shared<const std::function<void()>>(std::move(notify));
  }
  Result<void> flush() { return writer_.flush(); }

 private:
  // Passes on what became free, unless too much waits for the disk. Lines were handed to the writer before the settle
  // or append that depends on them, and the writer keeps that order.
  void let_go() {
    HeldLog::Released released;
    std::shared_ptr<const std::function<void()>> progress;
    {
      const std::lock_guard lock(mutex_);
      if (writer_.waiting_bytes() > max_waiting_bytes_) return;
      released = log_.release();
      for (auto& [source, checkpoint] : released.checkpoints)
        writer_.set_checkpoint(sources_[source], std::move(checkpoint));
      if (!released.batches.empty()) progress = progress_;
    }
    released.batches.clear();  // not under the lock: the memory goes back to its pool
    if (progress && *progress) (*progress)();
  }

  const Fd lock_;
  const std::size_t max_waiting_bytes_;
  const Checkpoints known_;
  mutable std::mutex mutex_;  // before the writer's own
  HeldLog log_;
  std::vector<std::string> cursor_ids_, sources_;
  std::shared_ptr<const std::function<void()>> progress_;
  Writer writer_;  // last: its thread uses the rest
};

class HoldbackCursor final : public Cursor {
 public:
  HoldbackCursor(std::shared_ptr<Core> core, std::size_t index, std::string exporter)
      : core_(std::move(core)), index_(index), exporter_(std::move(exporter)) {}

  void settle(Sequence first, Sequence last, const std::array<uint64_t, 4>& counts) override {
    core_->settle(index_, first, last, counts);
  }
  void dead_letter(DeadLetter letter) override {
    core_->keep(std::string(kDeadLetters) + "/" + exporter_ + ".jsonl", dead_letter_line(exporter_, letter));
  }
  Ledger ledger() const override { return core_->ledger(index_); }

 private:
  std::shared_ptr<Core> core_;
  std::size_t index_;
  std::string exporter_;
};

class HoldbackStore final : public Store {
 public:
  explicit HoldbackStore(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  Result<std::unique_ptr<Cursor>> open_cursor(const std::string& exporter_id) override {
    if (!is_plain_name(exporter_id))
      return Error{Code::invalid, "exporter id \"" + exporter_id + "\": expected letters, digits, '-', '_' and '.'"};
    CS_TRY(index, core_->add_cursor(exporter_id));
    return std::unique_ptr<Cursor>(std::make_unique<HoldbackCursor>(core_, index, exporter_id));
  }
  Result<void> append(const std::shared_ptr<event::EventBatch>& batch, const std::string& source_id,
                      std::string checkpoint) override {
    core_->append(batch, source_id, std::move(checkpoint));
    return {};
  }
  void quarantine(const Quarantined& record) override {
    core_->keep(kQuarantine, quarantine_line(record, system_clock().unix_ns()));
  }
  std::string checkpoint(const std::string& source_id) const override { return core_->checkpoint(source_id); }
  std::size_t unsettled_bytes() const override { return core_->unsettled_bytes(); }
  uint64_t unsettled_events() const override { return core_->unsettled_events(); }
  void on_progress(std::function<void()> notify) override { core_->on_progress(std::move(notify)); }
  Result<void> flush() override { return core_->flush(); }

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_holdback_store(Options options) {
  if (options.directory.empty()) return Error{Code::invalid, "data directory: empty path", 5005};
  CS_TRY(lock, lock_directory(options.directory));
  if (auto made = make_directories(options.directory + "/" + kDeadLetters, 0700); !made)
    return Error{made.error().code(), made.error().what(), 5005};
  CS_TRY(known, load_checkpoints(options.directory + "/checkpoints.json"));
  auto core = std::make_shared<Core>(std::move(lock), options, std::move(known));
  return std::unique_ptr<Store>(std::make_unique<HoldbackStore>(std::move(core)));
}

}  // namespace csiem::store
