#include "syslog_server.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <optional>
#include <type_traits>
#include <utility>

#include "server_tls.hpp"
#include "syslog_message.hpp"

namespace csiem::doubles {

namespace asio = boost::asio;
namespace json = boost::json;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;

struct SyslogServer::Impl : std::enable_shared_from_this<SyslogServer::Impl> {
  Impl(asio::io_context& io, ServerOptions opts, SyslogRules r, FaultPlan& f, Recorder& rec,
       std::function<void()> after)
      : loop(io),
        options(std::move(opts)),
        rules(std::move(r)),
        faults(f),
        recorder(rec),
        after_message(std::move(after)),
        acceptor(io),
        datagrams(io) {}

  void accept();
  void receive();
  void take(std::string_view message, const char* transport, const char* framing);

  asio::io_context& loop;
  ServerOptions options;
  SyslogRules rules;
  FaultPlan& faults;
  Recorder& recorder;
  std::function<void()> after_message;
  tcp::acceptor acceptor;
  udp::socket datagrams;
  udp::endpoint sender;
  std::array<char, 65536> datagram{};
  std::optional<asio::ssl::context> tls;
  uint64_t messages = 0;
};

namespace {

json::value text_value(std::string_view text) { return json::value(json::string(text.data(), text.size())); }

std::string printable(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return out;
}

// Cuts frames off the front of what has been read.
class Frames {
 public:
  explicit Frames(const SyslogRules& rules) : rules_(rules), framing_(rules.framing) {}

  enum class Found { message, more, broken };
  Found next(std::string& buffer, std::string* message, std::string* problem) {
    if (buffer.empty()) return Found::more;
    if (framing_ == "auto") framing_ = buffer[0] >= '0' && buffer[0] <= '9' ? "octet" : "lf";
    return framing_ == "octet" ? counted(buffer, message, problem) : line(buffer, message, problem);
  }
  const std::string& framing() const { return framing_; }

 private:
  Found counted(std::string& buffer, std::string* message, std::string* problem) const {
    std::size_t length = 0, at = 0;
    for (; at < buffer.size() && buffer[at] != ' '; ++at) {
      const char c = buffer[at];
      if (c < '0' || c > '9' || at >= 10 || (at == 0 && c == '0')) {
        *problem = "framing: no octet count in front of a message";
        return Found::broken;
      }
      length = length * 10 + static_cast<std::size_t>(c - '0');
    }
    if (at == buffer.size()) return Found::more;
    if (length > rules_.max_message_bytes || at == 0) {
      *problem = "framing: an octet count of " + std::to_string(length);
      return Found::broken;
    }
    if (buffer.size() < at + 1 + length) return Found::more;
    *message = buffer.substr(at + 1, length);
    buffer.erase(0, at + 1 + length);
    return Found::message;
  }
  Found line(std::string& buffer, std::string* message, std::string* problem) const {
    if (buffer[0] >= '0' && buffer[0] <= '9') {
      *problem = "framing: a line begins with a digit";
      return Found::broken;
    }
    const std::size_t feed = buffer.find('\n');
    if (feed == std::string::npos && buffer.size() <= rules_.max_message_bytes) return Found::more;
    if (feed == std::string::npos) {
      *problem = "framing: a line of more than " + std::to_string(rules_.max_message_bytes) + " bytes";
      return Found::broken;
    }
    *message = buffer.substr(0, feed);
    buffer.erase(0, feed + 1);
    return Found::message;
  }

  const SyslogRules& rules_;
  std::string framing_;
};

template <class Stream>
class Session : public std::enable_shared_from_this<Session<Stream>> {
  static constexpr bool kTls = !std::is_same_v<Stream, tcp::socket>;

 public:
  Session(std::shared_ptr<SyslogServer::Impl> server, Stream stream)
      : server_(std::move(server)), stream_(std::move(stream)), timer_(server_->loop), frames_(server_->rules) {}

  void start() {
    if constexpr (kTls) {
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](const error_code& error) {
                                if (!error) self->read();
                              });
    } else {
      read();
    }
  }

 private:
  void read() {
    stream_.async_read_some(asio::buffer(piece_),
                            [self = this->shared_from_this()](const error_code& error, std::size_t n) {
                              if (error) return;
                              self->buffer_.append(self->piece_.data(), n);
                              self->work_off();
                            });
  }

  void work_off() {
    std::string message, problem;
    for (;;) {
      switch (frames_.next(buffer_, &message, &problem)) {
        case Frames::Found::more:
          return read();
        case Frames::Found::broken:
          server_->recorder.violation(problem);
          return close();
        case Frames::Found::message:
          break;
      }
      if (!take(message)) return;
    }
  }

  // False when a fault decides how it goes on.
  bool take(const std::string& message) {
    const Fault* fault = server_->faults.strike(++server_->messages, message.size());
    if (fault != nullptr && fault->kind == Fault::Kind::reset_before) return reset();
    server_->take(message, kTls ? "tls" : "tcp", frames_.framing().c_str());
    if (fault == nullptr) return true;
    switch (fault->kind) {
      case Fault::Kind::reset_after:
        return reset();
      case Fault::Kind::truncate:
        close();
        return false;
      case Fault::Kind::slow:
        timer_.expires_after(std::chrono::milliseconds(fault->value));
        timer_.async_wait([self = this->shared_from_this()](const error_code&) { self->work_off(); });
        return false;
      case Fault::Kind::hang:
        // The connection stays, nobody reads.
        socket().async_wait(tcp::socket::wait_error, [self = this->shared_from_this()](const error_code&) {});
        return false;
      default:
        return true;
    }
  }

  auto& socket() { return stream_.lowest_layer(); }
  void close() {
    error_code ignored;
    socket().shutdown(tcp::socket::shutdown_both, ignored);
    socket().close(ignored);
  }
  bool reset() {
    error_code ignored;
    socket().set_option(asio::socket_base::linger(true, 0), ignored);
    socket().close(ignored);
    return false;
  }

  std::shared_ptr<SyslogServer::Impl> server_;
  Stream stream_;
  asio::steady_timer timer_;
  Frames frames_;
  std::array<char, 16384> piece_{};
  std::string buffer_;
};

}  // namespace

void SyslogServer::Impl::take(std::string_view message, const char* transport, const char* framing) {
  recorder.request(200);
  std::string problem;
  const auto parsed = parse_syslog(message, &problem);
  if (!parsed) {
    recorder.violation(problem + ": " + printable(message.substr(0, 200)));
    return after_message();
  }
  const json::object body = {
      {"format", parsed->format},         {"priority", parsed->priority},     {"time", text_value(parsed->time)},
      {"host", text_value(parsed->host)}, {"app", text_value(parsed->app)},   {"process", text_value(parsed->process)},
      {"id", text_value(parsed->id)},     {"data", text_value(parsed->data)}, {"text", text_value(parsed->text)},
      {"bytes", message.size()},          {"transport", transport},           {"framing", framing}};
  recorder.event(event_id_in(parsed->text), transport, json::serialize(body), false);
  after_message();
}

void SyslogServer::Impl::accept() {
  acceptor.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
    if (error) return;
    if (self->tls)
      std::make_shared<Session<asio::ssl::stream<tcp::socket>>>(
          self, asio::ssl::stream<tcp::socket>(std::move(socket), *self->tls))
          ->start();
    else
      std::make_shared<Session<tcp::socket>>(self, std::move(socket))->start();
    self->accept();
  });
}

void SyslogServer::Impl::receive() {
  datagrams.async_receive_from(asio::buffer(datagram), sender,
                               [self = shared_from_this()](const error_code& error, std::size_t n) {
                                 if (error == asio::error::operation_aborted) return;
                                 if (!error) {
                                   ++self->messages;
                                   self->take({self->datagram.data(), n}, "udp", "datagram");
                                 }
                                 self->receive();
                               });
}

SyslogServer::SyslogServer(asio::io_context& loop, ServerOptions options, SyslogRules rules, FaultPlan& faults,
                           Recorder& recorder, std::function<void()> after_message)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(rules), faults, recorder,
                                   std::move(after_message))) {}

SyslogServer::~SyslogServer() {
  error_code ignored;
  impl_->acceptor.close(ignored);
  impl_->datagrams.close(ignored);
}

bool SyslogServer::start(std::string* problem) {
  error_code error;
  const ServerOptions& options = impl_->options;
  const auto address = asio::ip::make_address(options.address, error);
  tcp::endpoint endpoint(address, options.port);
  if (!error) impl_->acceptor.open(endpoint.protocol(), error);
  if (!error) impl_->acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) impl_->acceptor.bind(endpoint, error);
  if (!error) impl_->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) endpoint = impl_->acceptor.local_endpoint(error);
  if (!error) impl_->datagrams.open(endpoint.address().is_v6() ? udp::v6() : udp::v4(), error);
  if (!error) impl_->datagrams.set_option(asio::socket_base::receive_buffer_size(4 << 20), error);
  if (!error) impl_->datagrams.bind({endpoint.address(), endpoint.port()}, error);
  if (error) {
    *problem = "listen on " + options.address + ":" + std::to_string(options.port) + ": " + error.message();
    return false;
  }
  if (!options.tls_certificate.empty()) {
    impl_->tls = server_tls(options, problem);
    if (!impl_->tls) return false;
  }
  impl_->accept();
  impl_->receive();
  return true;
}

uint16_t SyslogServer::port() const {
  error_code ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

}  // namespace csiem::doubles
