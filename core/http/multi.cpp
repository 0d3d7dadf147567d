#include "http/multi.hpp"

#include <poll.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <unordered_map>
#include <utility>

#include "http/libcurl.hpp"

namespace csiem::http {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

constexpr long kMaxKeptConnections = 64;

// A refusal may lie there already, and whoever writes on first meets the reset that came after it.
bool has_input(curl_socket_t fd) {
  pollfd look{fd, POLLIN, 0};
  return ::poll(&look, 1, 0) > 0 && (look.revents & POLLIN) != 0;
}

// One of libcurl's sockets while libcurl wants to hear of it. The descriptor is lent: libcurl closes it.
struct Socket {
  Socket(asio::io_context& loop, curl_socket_t number) : descriptor(loop, number), fd(number) {}
  asio::posix::stream_descriptor descriptor;
  curl_socket_t fd;
  int wanted = 0;  // CURL_POLL_IN | CURL_POLL_OUT
  int waiting = 0;
  bool gone = false;  // given back; its number may mean another socket by now
};

class AsioMulti final : public Multi, public std::enable_shared_from_this<AsioMulti> {
 public:
  AsioMulti(asio::io_context& loop, uint32_t max_connections_per_host, Done done, AllDone all_done)
      : loop_(loop), timer_(std::in_place, loop), done_(std::move(done)), all_done_(std::move(all_done)) {
    start_libcurl();
    multi_ = curl_multi_init();
    if (multi_ == nullptr) return;
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &AsioMulti::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &AsioMulti::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kMaxKeptConnections);
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(max_connections_per_host));
  }
  ~AsioMulti() override { close(); }

  bool add(CURL* easy) override {
    if (multi_ == nullptr) return false;
    // Connections outlive the handle that opened them, hence this object as their closer.
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &AsioMulti::on_close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
    return curl_multi_add_handle(multi_, easy) == CURLM_OK;
  }

  void remove(CURL* easy) override {
    if (multi_ != nullptr) curl_multi_remove_handle(multi_, easy);
  }

  void close() override {
    if (multi_ == nullptr) return;
    closed_ = true;
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, nullptr);
    while (!sockets_.empty()) give_back(sockets_.begin()->first);
    timer_.reset();
    curl_multi_cleanup(std::exchange(multi_, nullptr));
  }

 private:
  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) noexcept {
    auto& multi = *static_cast<AsioMulti*>(self);
    if (what == CURL_POLL_REMOVE)
      multi.give_back(fd);
    else
      multi.watch(fd, what & CURL_POLL_INOUT);
    return 0;
  }

  static int on_timer(CURLM*, long timeout_ms, void* self) noexcept {
    static_cast<AsioMulti*>(self)->set_timer(timeout_ms);
    return 0;
  }

  static int on_close_socket(void* self, curl_socket_t fd) noexcept {
    static_cast<AsioMulti*>(self)->give_back(fd);
    return ::close(fd);
  }

  void watch(curl_socket_t fd, int wanted) {
    auto& socket = sockets_[fd];
    if (!socket) socket = std::make_shared<Socket>(loop_, fd);
    socket->wanted = wanted;
    arm(socket);
  }

  void give_back(curl_socket_t fd) {
    const auto found = sockets_.find(fd);
    if (found == sockets_.end()) return;
    found->second->gone = true;
    found->second->descriptor.release();  // ends its waits; the descriptor stays open
    sockets_.erase(found);
  }

  // Waits for what is wanted and not yet waited for.
  void arm(const std::shared_ptr<Socket>& socket) {
    const int missing = socket->wanted & ~socket->waiting;
    if ((missing & CURL_POLL_IN) != 0) wait(socket, CURL_POLL_IN, CURL_CSELECT_IN);
    if ((missing & CURL_POLL_OUT) != 0) wait(socket, CURL_POLL_OUT, CURL_CSELECT_OUT);
  }

  void wait(const std::shared_ptr<Socket>& socket, int kind, int event) {
    socket->waiting |= kind;
    socket->descriptor.async_wait(
        kind == CURL_POLL_IN ? asio::posix::descriptor_base::wait_read : asio::posix::descriptor_base::wait_write,
        [self = shared_from_this(), socket, kind, event](const boost::system::error_code& error) {
          socket->waiting &= ~kind;
          if (self->closed_ || socket->gone) return;
          if ((socket->wanted & kind) == 0) return;  // libcurl changed its mind meanwhile
          int events = error ? CURL_CSELECT_ERR : event;
          if (kind == CURL_POLL_OUT && (socket->wanted & CURL_POLL_IN) != 0 && has_input(socket->fd))
            events |= CURL_CSELECT_IN;
          self->act(socket->fd, events);
          if (!self->closed_ && !socket->gone) self->arm(socket);
        });
  }

  void set_timer(long timeout_ms) {
    ++timer_generation_;
    if (timeout_ms > 0) {
      timer_->expires_after(std::chrono::milliseconds(timeout_ms));
      timer_->async_wait([self = shared_from_this(), generation = timer_generation_](const auto& error) {
        if (!error) self->timed_out(generation);
      });
      return;
    }
    timer_->cancel();
    if (timeout_ms == 0)
      asio::post(loop_, [self = shared_from_this(), generation = timer_generation_] { self->timed_out(generation); });
  }

  void timed_out(uint64_t generation) {
    if (!closed_ && generation == timer_generation_) act(CURL_SOCKET_TIMEOUT, 0);
  }

  void act(curl_socket_t fd, int events) {
    int running = 0;
    curl_multi_socket_action(multi_, fd, events, &running);
    report_ended();
  }

  void report_ended() {
    int left = 0;
    while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* const easy = message->easy_handle;
      const CURLcode code = message->data.result;
      curl_multi_remove_handle(multi_, easy);
      done_(easy, code);
      if (std::exchange(reporting_, true)) continue;
      // Behind the sockets that are ready as well, whose transfers belong to these.
      asio::post(loop_, [self = shared_from_this()] {
        self->reporting_ = false;
        if (!self->closed_) self->all_done_();
      });
    }
  }

  asio::io_context& loop_;
  std::optional<asio::steady_timer> timer_;
  uint64_t timer_generation_ = 0;
  CURLM* multi_ = nullptr;
  std::unordered_map<curl_socket_t, std::shared_ptr<Socket>> sockets_;
  Done done_;
  AllDone all_done_;
  bool closed_ = false;
  bool reporting_ = false;  // all_done_ is queued
};

}  // namespace

std::shared_ptr<Multi> Multi::create(asio::io_context& loop, uint32_t max_connections_per_host, Done done,
                                     AllDone all_done) {
  return std::make_shared<AsioMulti>(loop, max_connections_per_host, std::move(done), std::move(all_done));
}

}  // namespace csiem::http
