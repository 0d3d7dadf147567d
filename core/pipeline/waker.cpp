#include "pipeline/waker.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <utility>

namespace csiem::pipeline {

namespace asio = boost::asio;

struct LoopWaker::Impl : std::enable_shared_from_this<LoopWaker::Impl> {
  struct Watched {
    Watched(asio::io_context& loop, int fd, std::function<void()> call)
        : descriptor(loop, fd), readable(std::move(call)) {}
    // The descriptor belongs to the source: it is released, never closed here.
    ~Watched() { descriptor.release(); }
    asio::posix::stream_descriptor descriptor;
    std::function<void()> readable;
  };

  Impl(asio::io_context& io, std::function<void()> wake_call) : loop(io), wake(std::move(wake_call)) {}

  void wait(int fd, const std::shared_ptr<Watched>& watched) {
    watched->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                   [self = weak_from_this(), fd, watched](const boost::system::error_code& error) {
                                     const auto alive = self.lock();
                                     if (error || !alive) return;
                                     const auto it = alive->watched_fds.find(fd);
                                     if (it == alive->watched_fds.end() || it->second != watched)
                                       return;  // forgotten meanwhile
                                     watched->readable();
                                     const auto still = alive->watched_fds.find(fd);
                                     if (still != alive->watched_fds.end() && still->second == watched)
                                       alive->wait(fd, watched);
                                   });
  }

  asio::io_context& loop;
  std::function<void()> wake;
  std::map<int, std::shared_ptr<Watched>> watched_fds;
};

LoopWaker::LoopWaker(asio::io_context& loop, std::function<void()> wake)
    : impl_(std::make_shared<Impl>(loop, std::move(wake))) {}

LoopWaker::~LoopWaker() { impl_->watched_fds.clear(); }

void LoopWaker::watch(int fd, std::function<void()> readable) {
  forget(fd);
  auto watched = std::make_shared<Impl::Watched>(impl_->loop, fd, std::move(readable));
  impl_->watched_fds[fd] = watched;
  impl_->wait(fd, watched);
}

void LoopWaker::forget(int fd) {
  const auto it = impl_->watched_fds.find(fd);
  if (it == impl_->watched_fds.end()) return;
  it->second->descriptor.cancel();
  impl_->watched_fds.erase(it);
}

void LoopWaker::after_ms(uint32_t delay_ms, std::function<void()> due) {
  auto timer = std::make_shared<asio::steady_timer>(impl_->loop, std::chrono::milliseconds(delay_ms));
  timer->async_wait([self = std::weak_ptr(impl_), timer, due = std::move(due)](const boost::system::error_code& error) {
    if (!error && !self.expired()) due();
  });
}

void LoopWaker::wake() { impl_->wake(); }

}  // namespace csiem::pipeline
