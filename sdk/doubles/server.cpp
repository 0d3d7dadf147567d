#include "server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "encoding.hpp"
#include "server_tls.hpp"

namespace csiem::doubles {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  Impl(asio::io_context& io, ServerOptions opts, Platform& p, FaultPlan& f, Recorder& r, std::function<void()> after)
      : loop(io),
        options(std::move(opts)),
        platform(p),
        faults(f),
        recorder(r),
        after_request(std::move(after)),
        acceptor(io) {}

  void accept();

  asio::io_context& loop;
  ServerOptions options;
  Platform& platform;
  FaultPlan& faults;
  Recorder& recorder;
  std::function<void()> after_request;
  tcp::acceptor acceptor;
  std::optional<asio::ssl::context> tls;
  uint64_t requests = 0;
};

namespace {

using Request = http::request<http::string_body>;

Call to_call(Request& request, uint64_t number, std::size_t max_body_bytes) {
  Call call;
  call.number = number;
  call.method = std::string(request.method_string());
  const std::string target(request.target());
  const std::size_t mark = target.find('?');
  call.path = target.substr(0, mark);
  if (mark != std::string::npos) {
    std::string_view rest = std::string_view(target).substr(mark + 1);
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, rest.find('&'));
      const std::size_t equals = pair.find('=');
      call.query[percent_decoded(pair.substr(0, equals))] =
          equals == std::string_view::npos ? std::string() : percent_decoded(pair.substr(equals + 1));
      rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    }
  }
  for (const auto& field : request) {
    std::string name(field.name_string());
    for (auto& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    call.headers[name] = std::string(field.value());
  }
  call.wire_bytes = request.body().size();
  const auto encoding = call.header("content-encoding");
  if (encoding == "gzip") {
    call.bad_encoding = !gunzip(request.body(), max_body_bytes, &call.body);
  } else {
    call.bad_encoding = !encoding.empty() && encoding != "identity";
    call.body = std::move(request.body());
  }
  return call;
}

template <class Stream>
class Session : public std::enable_shared_from_this<Session<Stream>> {
 public:
  Session(std::shared_ptr<Server::Impl> server, Stream stream)
      : server_(std::move(server)), stream_(std::move(stream)), timer_(server_->loop) {}

  void start() {
    if constexpr (std::is_same_v<Stream, beast::ssl_stream<beast::tcp_stream>>) {
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](const beast::error_code& error) {
                                if (!error) self->read();
                              });
    } else {
      read();
    }
  }

 private:
  void read() {
    parser_.emplace();
    parser_->body_limit(server_->options.max_body_bytes);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = this->shared_from_this()](const beast::error_code& error, std::size_t) {
                              if (!error) self->read_body();
                            });
  }

  void read_body() {
    number_ = ++server_->requests;
    const std::string_view target(parser_->get().target().data(), parser_->get().target().size());
    served_ = {number_, std::string(target.substr(0, target.find('?'))), unix_ns(), {}, {}};
    const Fault* fault = server_->faults.strike_early(number_, parser_->content_length().value_or(0));
    if (fault == nullptr) return receive();
    served_.fault = name_of(fault->kind);
    if (fault->kind != Fault::Kind::slow_read) return refuse_early(*fault);
    timer_.expires_after(std::chrono::milliseconds(fault->value));
    timer_.async_wait([self = this->shared_from_this()](const beast::error_code&) { self->receive(); });
  }

  void receive() {
    http::async_read(stream_, buffer_, *parser_,
                     [self = this->shared_from_this()](const beast::error_code& error, std::size_t) {
                       if (!error) self->serve();
                     });
  }

  // Closing with unread bytes resets the connection, as it does with servers that behave so.
  void refuse_early(const Fault& fault) {
    if (fault.kind == Fault::Kind::early_reset) {
      server_->recorder.request(0, &served_);
      return reset();
    }
    keep_alive_ = false;
    answer(server_->platform.failure(413), 0, false);
  }

  void serve() {
    Request request = parser_->release();
    keep_alive_ = request.keep_alive();
    const Call call = to_call(request, number_, server_->options.max_body_bytes);
    const Fault* fault = server_->faults.strike(number_, call.body.size());
    if (fault == nullptr) return answer(server_->platform.handle(call), 0, false);
    served_.fault = name_of(fault->kind);
    switch (fault->kind) {
      case Fault::Kind::reset_before:
        server_->recorder.request(0, &served_);
        return reset();
      case Fault::Kind::hang:
        server_->recorder.request(0, &served_);
        return hang();
      case Fault::Kind::reset_after:
        (void)server_->platform.handle(call);
        server_->recorder.request(0, &served_);
        server_->after_request();
        return reset();
      case Fault::Kind::slow:
        return answer(server_->platform.handle(call), fault->value, false);
      case Fault::Kind::truncate:
        return answer(server_->platform.handle(call), 0, true);
      case Fault::Kind::max_body:
        return answer(server_->platform.failure(413), 0, false);
      case Fault::Kind::html:
        return answer({200, "<html><body><h1>Please log in</h1></body></html>", "text/html", {}}, 0, false);
      case Fault::Kind::flood:
        return answer({500, std::string(fault->value, 'x'), "text/plain", {}}, 0, false);
      case Fault::Kind::inside: {
        Answer failure = server_->platform.failure(fault->status);
        failure.status = 200;
        return answer(std::move(failure), 0, false);
      }
      case Fault::Kind::early_413:
      case Fault::Kind::early_reset:
      case Fault::Kind::slow_read:
      case Fault::Kind::status:
      case Fault::Kind::item: {
        Answer failure = server_->platform.failure(fault->status);
        if (!fault->retry_after.empty()) failure.headers.emplace_back("Retry-After", fault->retry_after);
        return answer(std::move(failure), 0, false);
      }
    }
  }

  void answer(Answer given, uint64_t delay_ms, bool truncated) {
    for (const auto& [name, value] : given.headers)
      if (name == "Retry-After") served_.retry_after = value;
    server_->recorder.request(truncated ? 0 : given.status, &served_);
    response_ = {};
    response_.version(11);
    response_.result(static_cast<unsigned>(given.status));
    response_.set(http::field::content_type, given.content_type);
    response_.set(http::field::server, "clawdstrike-siem-mock");
    for (const auto& [name, value] : given.headers) response_.set(name, value);
    response_.keep_alive(keep_alive_);
    response_.body() = std::move(given.body);
    response_.prepare_payload();
    if (truncated) return write_half();
    if (delay_ms == 0) return write();
    timer_.expires_after(std::chrono::milliseconds(delay_ms));
    timer_.async_wait([self = this->shared_from_this()](const beast::error_code&) { self->write(); });
  }

  void write() {
    http::async_write(stream_, response_,
                      [self = this->shared_from_this()](const beast::error_code& error, std::size_t) {
                        self->server_->after_request();
                        if (error || !self->keep_alive_) return self->close();
                        self->read();
                      });
  }

  // The announced length stays whole; the bytes do not.
  void write_half() {
    std::string head = "HTTP/1.1 " + std::to_string(response_.result_int()) + " OK\r\n";
    for (const auto& field : response_)
      head += std::string(field.name_string()) + ": " + std::string(field.value()) + "\r\n";
    text_ = head + "\r\n" + response_.body().substr(0, response_.body().size() / 2);
    asio::async_write(stream_, asio::buffer(text_),
                      [self = this->shared_from_this()](const beast::error_code&, std::size_t) {
                        self->server_->after_request();
                        self->reset();
                      });
  }

  void close() {
    beast::error_code ignored;
    beast::get_lowest_layer(stream_).socket().close(ignored);
  }

  void reset() {
    auto& socket = beast::get_lowest_layer(stream_).socket();
    beast::error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
  }

  // Holds the connection until the client gives up.
  void hang() {
    beast::get_lowest_layer(stream_).socket().async_wait(
        tcp::socket::wait_read, [self = this->shared_from_this()](const beast::error_code&) {});
  }

  std::shared_ptr<Server::Impl> server_;
  Stream stream_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  std::string text_;
  uint64_t number_ = 0;  // of the request under way
  Served served_;        // the same
  bool keep_alive_ = true;
};

}  // namespace

void Server::Impl::accept() {
  acceptor.async_accept([self = shared_from_this()](const beast::error_code& error, tcp::socket socket) {
    if (error) return;
    beast::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    if (self->tls) {
      std::make_shared<Session<beast::ssl_stream<beast::tcp_stream>>>(
          self, beast::ssl_stream<beast::tcp_stream>(beast::tcp_stream(std::move(socket)), *self->tls))
          ->start();
    } else {
      std::make_shared<Session<beast::tcp_stream>>(self, beast::tcp_stream(std::move(socket)))->start();
    }
    self->accept();
  });
}

Server::Server(asio::io_context& loop, ServerOptions options, Platform& platform, FaultPlan& faults, Recorder& recorder,
               std::function<void()> after_request)
    : impl_(std::make_shared<Impl>(loop, std::move(options), platform, faults, recorder, std::move(after_request))) {}

Server::~Server() {
  beast::error_code ignored;
  impl_->acceptor.close(ignored);
}

bool Server::start(std::string* problem) {
  beast::error_code error;
  const auto address = asio::ip::make_address(impl_->options.address, error);
  const tcp::endpoint endpoint(address, impl_->options.port);
  if (!error) impl_->acceptor.open(endpoint.protocol(), error);
  if (!error) impl_->acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) impl_->acceptor.bind(endpoint, error);
  if (!error) impl_->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    *problem =
        "listen on " + impl_->options.address + ":" + std::to_string(impl_->options.port) + ": " + error.message();
    return false;
  }
  if (!impl_->options.tls_certificate.empty()) {
    impl_->tls = server_tls(impl_->options, problem);
    if (!impl_->tls) return false;
  }
  impl_->accept();
  return true;
}

uint16_t Server::port() const {
  beast::error_code ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

}  // namespace csiem::doubles
