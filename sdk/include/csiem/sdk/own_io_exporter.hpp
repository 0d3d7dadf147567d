// csiem/sdk/own_io_exporter.hpp - exporters that bring their own protocol and thread. C++17.
// SPDX-License-Identifier: Apache-2.0
#ifndef CSIEM_SDK_OWN_IO_EXPORTER_HPP
#define CSIEM_SDK_OWN_IO_EXPORTER_HPP

#include <csiem/sdk/config.hpp>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace csiem {

// The raw form: submit() notes batch and token and returns; a thread of the exporter calls complete() later. Calls from
// the host come one at a time.
class OwnIoExporter {
 public:
  OwnIoExporter() = default;
  OwnIoExporter(const OwnIoExporter&) = delete;
  OwnIoExporter& operator=(const OwnIoExporter&) = delete;
  virtual ~OwnIoExporter() = default;

  // After construction, with host() set: the place to start threads. May throw.
  virtual void start() {}
  // Before destruction: join every thread here. No token is open any more.
  virtual void stop() {}
  // May not block. The batch may be read until its token is completed or cancel(token) has returned. Throwing, and a
  // status other than CSIEM_OK, mean that the batch was not taken; CSIEM_E_BUSY asks for another attempt soon.
  virtual csiem_status submit(const csiem_batch& batch, uint64_t token) = 0;
  // A promise to forget: after it returns neither the batch nor the token may be touched.
  virtual void cancel(uint64_t token) = 0;
  // Override it to offer a health check: note the token and return, complete() it later. A cancel may come for it.
  virtual csiem_status health(uint64_t token) {
    (void)token;
    return CSIEM_E_UNSUPPORTED;
  }

  const Host& host() const noexcept { return host_; }

 protected:
  // Any thread.
  csiem_status complete(uint64_t token, const Verdict& verdict) const { return host_.complete(token, verdict); }

 private:
  friend class OwnIoShell;
  Host host_;
};

// The usual form: one worker thread that works off batches in order with blocking calls.
class WorkerExporter : public OwnIoExporter {
 public:
  ~WorkerExporter() override { WorkerExporter::stop(); }

  // On the worker thread, one batch at a time. May block, but not for ever: a cancel waits for it. What it throws makes
  // the batch a retry.
  virtual Verdict deliver(const csiem_batch& batch) = 0;
  // On the worker thread: whether the destination would accept events. Override it to offer a health check.
  virtual Verdict probe() { return Verdict::of(CSIEM_RETRY, "plugin.no_probe"); }
  // From another thread, while deliver(), probe() or idle() runs: what it does is not wanted any more and should end
  // soon. May come too late, when something else runs already. Sets a flag or writes to a descriptor, and no more.
  virtual void interrupt() {}
  // On the worker thread, when nothing has come for idle_ms() milliseconds (0 = never): close files, flush.
  virtual void idle() {}
  virtual uint32_t idle_ms() const { return 0; }

  void start() override {
    thread_ = std::thread([this] { run(); });
  }
  void stop() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    interrupt();
    if (thread_.joinable()) thread_.join();
  }
  csiem_status submit(const csiem_batch& batch, uint64_t token) override { return enqueue(token, &batch); }
  csiem_status health(uint64_t token) override { return enqueue(token, nullptr); }
  void cancel(uint64_t token) override {
    std::unique_lock<std::mutex> lock(mutex_);
    for (auto at = queue_.begin(); at != queue_.end(); ++at)
      if (at->token == token) {
        queue_.erase(at);
        return;
      }
    if (busy_ != token) return;
    cancelled_ = true;
    interrupt();
    changed_.wait(lock, [&] { return busy_ != token; });
  }

 private:
  struct Item {
    uint64_t token;
    const csiem_batch* batch;  // null: a health check
  };
  static constexpr uint64_t kNobody = ~uint64_t{0};

  csiem_status enqueue(uint64_t token, const csiem_batch* batch) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      queue_.push_back({token, batch});
    }
    changed_.notify_all();
    return CSIEM_OK;
  }

  void run() noexcept {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      const auto ready = [&] { return stopping_ || !queue_.empty(); };
      const uint32_t idle_after = idle_ms();
      if (idle_after == 0) {
        changed_.wait(lock, ready);
      } else if (!changed_.wait_for(lock, std::chrono::milliseconds(idle_after), ready)) {
        lock.unlock();
        attempt([&] { idle(); });
        lock.lock();
        continue;
      }
      if (stopping_) return;
      const Item item = queue_.front();
      queue_.pop_front();
      busy_ = item.token;
      cancelled_ = false;
      lock.unlock();
      Verdict verdict;
      if (auto why = attempt([&] { verdict = item.batch == nullptr ? probe() : deliver(*item.batch); }); why != nullptr)
        verdict = failed(why);
      lock.lock();
      busy_ = kNobody;
      // Completed under the lock, so that a cancel that comes now finds the token gone and not half completed.
      if (!cancelled_) guard(nullptr, [&] { return complete(item.token, verdict); });
      changed_.notify_all();
    }
  }
  template <class F>
  static std::exception_ptr attempt(F&& f) noexcept {
    try {
      f();
      return nullptr;
    } catch (...) {
      return std::current_exception();
    }
  }
  static Verdict failed(const std::exception_ptr& thrown) noexcept {
    Verdict v;
    v.outcome = CSIEM_RETRY;
    csiem_error err{};
    guard(&err, [&]() -> csiem_status { std::rethrow_exception(thrown); });
    guard(nullptr, [&] {
      v.code = "plugin.failed";
      v.message.assign(err.text, err.len);
      return CSIEM_OK;
    });
    return v;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> queue_;
  uint64_t busy_ = kNobody;
  bool cancelled_ = false, stopping_ = false;
  std::thread thread_;
};

// Between the ABI and an OwnIoExporter. Used by the registration macros only.
class OwnIoShell {
 public:
  OwnIoShell(std::unique_ptr<OwnIoExporter> exporter, const Host& host) : exporter_(std::move(exporter)) {
    exporter_->host_ = host;
    exporter_->start();
  }
  ~OwnIoShell() { exporter_->stop(); }
  OwnIoShell(const OwnIoShell&) = delete;
  OwnIoShell& operator=(const OwnIoShell&) = delete;

  csiem_status submit(const csiem_batch* batch, uint64_t token, csiem_error*) {
    return exporter_->submit(*batch, token);
  }
  csiem_status health(uint64_t token, csiem_error*) { return exporter_->health(token); }
  void cancel(uint64_t token) { exporter_->cancel(token); }

 private:
  std::unique_ptr<OwnIoExporter> exporter_;
};

}  // namespace csiem

#endif
