// Waiting for sockets with a deadline, so that another thread can end it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <utility>

namespace csiem::syslog {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;

// Owns a descriptor; -1 when there is none.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) noexcept : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Socket() { reset(); }
  void reset(int fd = -1) noexcept;
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// wait() and sleep() belong to one thread, interrupt() to any.
class Waiter {
 public:
  Waiter();

  enum class Answer { ready, timeout, interrupted };
  // `events`: of poll(). Errors and hang-ups count as ready.
  Answer wait(int fd, short events, Deadline deadline);
  Answer sleep(Deadline deadline) { return wait(-1, 0, deadline); }

  // Ends the wait under way, and all that follow until listen().
  void interrupt() noexcept;
  // Forgets an interrupt.
  void listen() noexcept;
  bool interrupted() const noexcept { return interrupted_.load(std::memory_order_acquire); }

 private:
  Socket wake_;
  std::atomic<bool> interrupted_{false};
};

}  // namespace csiem::syslog
