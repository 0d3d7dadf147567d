#include "syslog/waiter.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace csiem::syslog {

void Socket::reset(int fd) noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Waiter::Waiter() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Waiter::Answer Waiter::wait(int fd, short events, Deadline deadline) {
  for (;;) {
    if (interrupted()) return Answer::interrupted;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd polled[2] = {{wake_.get(), POLLIN, 0}, {fd, events, 0}};
    const int count = ::poll(polled, fd < 0 ? 1 : 2, static_cast<int>(std::clamp<long long>(left, 0, 60'000)));
    if (interrupted()) return Answer::interrupted;
    if (count > 0 && polled[1].revents != 0 && fd >= 0) return Answer::ready;
    if (Clock::now() >= deadline) return Answer::timeout;
  }
}

void Waiter::interrupt() noexcept {
  interrupted_.store(true, std::memory_order_release);
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

void Waiter::listen() noexcept {
  interrupted_.store(false, std::memory_order_release);
  uint64_t count = 0;
  [[maybe_unused]] const auto read = ::read(wake_.get(), &count, sizeof count);
}

}  // namespace csiem::syslog
