#include "admin/server.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include "admin/pace.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"

namespace csiem::admin {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using unix_stream = asio::local::stream_protocol;

namespace {

class Connection;

}  // namespace

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  Impl(asio::io_context& loop, Fd listener, Access given_access, Backend backend, Limits given_limits)
      : acceptor(loop, unix_stream(), listener.release()),
        again(loop),
        sampling(loop),
        access(std::move(given_access)),
        api(std::move(backend)),
        limits(given_limits),
        pace(limits.requests_per_second, limits.burst) {}

  void accept();
  void welcome(unix_stream::socket socket);
  void keep_sampling();
  void stop();

  unix_stream::acceptor acceptor;
  asio::steady_timer again, sampling;
  const Access access;
  Api api;
  const Limits limits;
  Pace pace;
  std::unordered_set<Connection*> connections;
  bool stopped = false;
};

namespace {

// One client. Keeps itself alive through its pending operation, and leaves the server's list when it dies.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Server::Impl> server, unix_stream::socket socket, const Peer& peer)
      : server_(std::move(server)),
        stream_(std::move(socket)),
        turn_(stream_.get_executor()),
        role_(server_->access.role_of(peer)),
        by_("uid " + std::to_string(peer.uid) + ", pid " + std::to_string(peer.pid)) {
    server_->connections.insert(this);
  }
  ~Connection() { server_->connections.erase(this); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void read() {
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(server_->limits.header_bytes));
    parser_->body_limit(server_->limits.body_bytes);
    // For the whole request, so that one byte now and then does not keep the connection.
    stream_.expires_after(server_->limits.patience);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                       if (self->server_->stopped) return;
                       error ? self->refuse(error) : self->wait_for_turn();
                     });
  }
  void refuse_for_load() { answer(counted(503, "too many connections"), false); }
  void close() {
    turn_.cancel();
    stream_.close();
  }

 private:
  void wait_for_turn() {
    const int64_t wait_ns = server_->pace.take(system_clock().mono_ns());
    if (wait_ns == 0) return serve();
    turn_.expires_after(std::chrono::nanoseconds(wait_ns));
    turn_.async_wait([self = shared_from_this()](const beast::error_code& cancelled) {
      if (!cancelled && !self->server_->stopped) self->serve();
    });
  }

  void serve() {
    const auto request = parser_->release();
    const std::string_view method(request.method_string().data(), request.method_string().size());
    const std::string_view target(request.target().data(), request.target().size());
    const bool keep_alive = request.keep_alive();
    server_->api.handle({method, target, role_, by_, request.body()},
                        [self = shared_from_this(), keep_alive](Answer given) {
                          if (!self->server_->stopped) self->answer(std::move(given), keep_alive);
                        });
  }

  void refuse(const beast::error_code& error) {
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
      return answer(counted(431, "the header is too large"), false);
    if (error == http::error::body_limit) return answer(counted(413, "the body is too large"), false);
    const bool ended = error == http::error::end_of_stream || error == http::error::partial_message;
    if (error.category() == http::make_error_code(http::error::end_of_stream).category() && !ended)
      return answer(counted(400, "not an HTTP request: " + error.message()), false);
    close();  // it went away, or took too long
  }

  Answer counted(unsigned status, const std::string& why) {
    server_->api.count("none", status);
    return error_answer(status, 8006, why);
  }

  void answer(Answer given, bool keep_alive) {
    response_ = {};
    response_.version(11);
    response_.result(given.status);
    response_.set(http::field::server, "clawdstrike-siem");
    response_.set(http::field::content_type, given.type);
    response_.set(http::field::cache_control, "no-store");
    response_.keep_alive(keep_alive);
    response_.body() = std::move(given.body);
    response_.prepare_payload();
    stream_.expires_after(server_->limits.patience);
    http::async_write(stream_, response_,
                      [self = shared_from_this(), keep_alive](const beast::error_code& error, std::size_t) {
                        if (self->server_->stopped) return;
                        error || !keep_alive ? self->close() : self->read();
                      });
  }

  const std::shared_ptr<Server::Impl> server_;
  beast::basic_stream<unix_stream> stream_;
  asio::steady_timer turn_;
  const Role role_;
  const std::string by_;
  beast::flat_buffer buffer_{128 * 1024};
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
};

}  // namespace

void Server::Impl::accept() {
  acceptor.async_accept([self = shared_from_this()](const beast::error_code& error, unix_stream::socket socket) {
    if (self->stopped || error == asio::error::operation_aborted) return;
    if (!error) {
      self->welcome(std::move(socket));
      return self->accept();
    }
    // Out of descriptors, most likely. Trying at once would keep the loop busy with nothing else.
    self->again.expires_after(std::chrono::seconds(1));
    self->again.async_wait([self](const beast::error_code& cancelled) {
      if (!cancelled && !self->stopped) self->accept();
    });
  });
}

void Server::Impl::welcome(unix_stream::socket socket) {
  const auto peer = peer_of(socket.native_handle());
  if (!peer) {
    log::debug(peer.error().what());
    return;
  }
  const bool full = connections.size() >= limits.connections;
  const auto connection = std::make_shared<Connection>(shared_from_this(), std::move(socket), *peer);
  full ? connection->refuse_for_load() : connection->read();
}

void Server::Impl::keep_sampling() {
  api.sample();
  sampling.expires_after(std::chrono::seconds(Rates::kSampleSeconds));
  sampling.async_wait([self = shared_from_this()](const beast::error_code& cancelled) {
    if (!cancelled && !self->stopped) self->keep_sampling();
  });
}

void Server::Impl::stop() {
  stopped = true;
  beast::error_code ignored;
  acceptor.close(ignored);
  again.cancel();
  sampling.cancel();
  for (Connection* connection : connections) connection->close();
}

Server::Server(asio::io_context& loop, SocketFile socket, Access access, Backend backend, Limits limits)
    : socket_(std::move(socket)),
      impl_(std::make_shared<Impl>(loop, socket_.take_listener(), std::move(access), std::move(backend), limits)) {}

Server::~Server() { impl_->stop(); }

void Server::start() {
  impl_->accept();
  impl_->keep_sampling();
}

}  // namespace csiem::admin
