#include "store/writer.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.hpp"

namespace csiem::store {
namespace {

constexpr std::chrono::milliseconds kRetry{1000};
// Lines of this size are written before the interval is over.
constexpr std::size_t kEnough = 4 * 1024 * 1024;

}  // namespace

Writer::Writer(std::string directory, Checkpoints known, int64_t interval_ms, std::function<void()> drained)
    : directory_(std::move(directory)),
      interval_ms_(std::max<int64_t>(interval_ms, 1)),
      drained_(std::move(drained)),
      checkpoints_(std::move(known)),
      thread_([this] { run(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  thread_.join();
}

void Writer::append_line(const std::string& file, std::string_view line) {
  const std::lock_guard lock(mutex_);
  const bool idle = !something_to_do();
  lines_[file].append(line);
  const std::size_t before = std::exchange(waiting_bytes_, waiting_bytes_ + line.size());
  if (idle || (before < kEnough && waiting_bytes_ >= kEnough)) work_.notify_all();
}

void Writer::set_checkpoint(const std::string& source, std::string text) {
  const std::lock_guard lock(mutex_);
  const bool idle = !something_to_do();
  checkpoints_[source] = std::move(text);
  checkpoints_changed_ = true;
  if (idle) work_.notify_all();
}

std::size_t Writer::waiting_bytes() const {
  const std::lock_guard lock(mutex_);
  return waiting_bytes_;
}

Result<void> Writer::flush() {
  std::unique_lock lock(mutex_);
  const uint64_t ticket = ++flush_asked_;
  work_.notify_all();
  done_.wait(lock, [&] { return flush_done_ >= ticket; });
  return last_result_;
}

void Writer::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    work_.wait(lock, [&] { return stopping_ || something_to_do() || flush_asked_ != flush_done_; });
    const auto hurry = [&] { return stopping_ || flush_asked_ != flush_done_; };
    // Gathers what comes in the interval, so that one sync serves all of it.
    const auto pause = last_result_ ? std::chrono::milliseconds(interval_ms_) : kRetry;
    work_.wait_for(lock, pause, [&] { return hurry() || (last_result_ && waiting_bytes_ >= kEnough); });
    if (stopping_) break;
    const uint64_t ticket = flush_asked_;
    write_round(lock);
    flush_done_ = ticket;
    done_.notify_all();
  }
}

void Writer::write_round(std::unique_lock<std::mutex>& lock) {
  Lines round = std::exchange(lines_, {});
  const bool save = std::exchange(checkpoints_changed_, false);
  const Checkpoints snapshot = save ? checkpoints_ : Checkpoints{};
  lock.unlock();

  // What cannot be written holds back the checkpoints, which may depend on it, but not the other files.
  Result<void> result;
  std::size_t written = 0;
  for (auto file = round.begin(); file != round.end();) {
    auto appended = append_durably(directory_ + "/" + file->first, file->second);
    if (!appended) {
      result = std::move(appended);
      ++file;
    } else {
      written += file->second.size();
      file = round.erase(file);
    }
  }
  const bool saving = save && result;
  if (saving) result = save_checkpoints(directory_ + "/checkpoints.json", snapshot);

  lock.lock();
  for (auto& [file, lines] : round) lines_[file].insert(0, lines);
  waiting_bytes_ -= written;
  if (save && !result) checkpoints_changed_ = true;
  note(result);
  last_result_ = std::move(result);
  if (written > 0 && drained_) {
    lock.unlock();
    drained_();
    lock.lock();
  }
}

// Says once that there is trouble and once that it is over.
void Writer::note(const Result<void>& result) {
  if (result) {
    if (std::exchange(reported_, 0) != 0) log::info("data directory " + directory_ + ": writing works again");
    return;
  }
  const int code = write_message_code(result.error());
  if (std::exchange(reported_, code) != code)
    log::error(code, {}, result.error().what() + "; kept in memory, tried again every second");
}

}  // namespace csiem::store
