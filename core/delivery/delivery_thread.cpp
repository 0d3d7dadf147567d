#include "delivery/delivery_thread.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "delivery/lane_core.hpp"

namespace csiem::delivery {
namespace asio = boost::asio;

struct DeliveryThread::Impl {
  asio::io_context loop{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{loop.get_executor()};  // until finish() stops it
  // Made and destroyed on the thread.
  std::optional<http::Client> client;
  std::map<const Lane*, asio::steady_timer> alarms;

  std::thread thread;
  std::mutex mutex;  // guards ended
  std::condition_variable changed;
  bool ended = false;
};

DeliveryThread::DeliveryThread(const Clock& clock) : clock_(clock), impl_(std::make_unique<Impl>()) {}

DeliveryThread::~DeliveryThread() {
  if (impl_->thread.joinable()) impl_->thread.detach();  // never started, or left behind
}

std::shared_ptr<DeliveryThread> DeliveryThread::start(const Clock& clock) {
  auto self = std::make_shared<DeliveryThread>(clock);
  self->impl_->thread = std::thread([self] { self->run(); });
  return self;
}

void DeliveryThread::run() {
  impl_->client.emplace(impl_->loop);
  impl_->loop.run();
  impl_->alarms.clear();
  impl_->client.reset();
  const std::lock_guard lock(impl_->mutex);
  impl_->ended = true;
  impl_->changed.notify_all();
}

void DeliveryThread::post(std::function<void()> work) { asio::post(impl_->loop, std::move(work)); }

void DeliveryThread::alarm(const std::shared_ptr<Lane>& lane, int64_t mono_ns) {
  auto& timer = impl_->alarms.try_emplace(lane.get(), impl_->loop).first->second;
  timer.expires_after(std::chrono::nanoseconds(std::max<int64_t>(mono_ns - clock_.mono_ns(), 0)));
  timer.async_wait([weak = std::weak_ptr(lane)](const boost::system::error_code& error) {
    if (error) return;  // replaced
    if (const auto self = weak.lock()) self->alarm_fired();
  });
}

Result<http::RequestId> DeliveryThread::send(http::Request request, std::shared_ptr<const http::Policy> policy,
                                             http::Client::Handler done) {
  return impl_->client->send(std::move(request), std::move(policy), std::move(done));
}

void DeliveryThread::cancel(http::RequestId id) { impl_->client->cancel(id); }

std::string DeliveryThread::spare_body() { return impl_->client->spare_body(); }

// Behind everything that was posted before. Stops the loop instead of waiting for it to run dry: an alarm that was set
// for a batch long settled would hold the thread until it is due.
void DeliveryThread::finish() {
  asio::post(impl_->loop, [this] { impl_->loop.stop(); });
}

bool DeliveryThread::ended(std::chrono::milliseconds limit) {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(lock, limit, [this] { return impl_->ended; });
}

void DeliveryThread::join() { impl_->thread.join(); }

void DeliveryThread::leave() { impl_->thread.detach(); }

}  // namespace csiem::delivery
