#include "syslog/stream.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace csiem::syslog {
namespace {

constexpr std::size_t kPiece = 16 * 1024;  // one TLS record
constexpr unsigned kUserTimeoutMs = 30'000;
constexpr int kFarewellMs = 100;

void set_option(int fd, int level, int name, int value) noexcept {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

// A dead peer is noticed after a minute of silence and 30 s of unanswered questions.
void tune(int fd) noexcept {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(kUserTimeoutMs));
}

// A receiver that closes with bytes unread resets the connection right behind its farewell: then they are lost.
bool is_reset_after_farewell(int fd) noexcept {
  pollfd polled{fd, 0, 0};
  return ::poll(&polled, 1, kFarewellMs) > 0 && (polled.revents & (POLLERR | POLLHUP)) != 0;
}

const char* class_of(int error) noexcept {
  switch (error) {
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EADDRNOTAVAIL:
      return "transport.connect";
    case ETIMEDOUT:
      return "transport.timeout";
    default:
      return "transport.reset";
  }
}

}  // namespace

std::optional<Failure> Stream::open(const Endpoint& endpoint, const TlsSettings& tls, Resolver& resolver,
                                    Waiter& waiter, Deadline deadline) {
  close();
  endpoint_ = endpoint;
  written_ = acknowledged_ = plain_wire_bytes_ = wire_base_ = 0;
  marks_.clear();
  end_ = End::open;
  std::vector<Address> addresses;
  if (auto failure = resolver.resolve(endpoint, waiter, deadline, addresses)) return failure;
  std::optional<Failure> failure;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    // An address that does not answer leaves the others their share of the time.
    const auto share = (deadline - Clock::now()) / static_cast<int64_t>(addresses.size() - i);
    failure = connect(addresses[i], waiter, Clock::now() + share);
    if (!failure) break;
    if (waiter.interrupted()) return failure;
  }
  if (failure) return failure;
  tune(socket_.get());
  if (endpoint.transport != Transport::tls) return std::nullopt;
  failure = shake_hands(socket_.get(), endpoint_, tls, waiter, deadline, ssl_);
  if (failure) {
    socket_.reset();
    return failure;
  }
  wire_base_ = wire_bytes();
  return std::nullopt;
}

std::optional<Failure> Stream::connect(const Address& address, Waiter& waiter, Deadline deadline) {
  socket_.reset(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!socket_) return fail(errno, "cannot open a socket");
  if (::connect(socket_.get(), address.get(), address.length) == 0) return std::nullopt;
  if (errno != EINPROGRESS) return fail(errno, "cannot connect");
  switch (waiter.wait(socket_.get(), POLLOUT, deadline)) {
    case Waiter::Answer::interrupted:
      return interrupted();
    case Waiter::Answer::timeout:
      return fail(ETIMEDOUT, "cannot connect");
    case Waiter::Answer::ready:
      break;
  }
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return fail(error, "cannot connect");
  return std::nullopt;
}

void Stream::close() noexcept {
  if (ssl_ != nullptr && end_ == End::open) {
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  ssl_.reset();
  socket_.reset();
}

std::optional<Failure> Stream::write(std::string_view bytes, Waiter& waiter, Deadline deadline) {
  while (!bytes.empty()) {
    ask_tcp();
    std::size_t taken = 0;
    short wanted = 0;
    if (auto failure = write_some(bytes.substr(0, kPiece), &taken, &wanted)) return failure;
    if (taken > 0) {
      bytes.remove_prefix(taken);
      written_ += taken;
      marks_.push_back({written_, wire_bytes()});
      last_write_ = Clock::now();
      continue;
    }
    switch (waiter.wait(socket_.get(), wanted, deadline)) {
      case Waiter::Answer::interrupted:
        return interrupted();
      case Waiter::Answer::timeout:
        return fail({CSIEM_RETRY, "transport.timeout", endpoint_.text + ": the receiver does not read"}, End::reset);
      case Waiter::Answer::ready:
        break;
    }
  }
  return std::nullopt;
}

std::optional<Failure> Stream::write_some(std::string_view bytes, std::size_t* taken, short* wanted) {
  if (ssl_ == nullptr) {
    const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n >= 0) {
      *taken = static_cast<std::size_t>(n);
      plain_wire_bytes_ += *taken;
      return std::nullopt;
    }
    if (errno != EAGAIN && errno != EINTR) return fail(errno, "cannot write");
    *wanted = POLLOUT;
    return std::nullopt;
  }
  ERR_clear_error();
  errno = 0;
  const int done = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), taken);
  if (done == 1) return std::nullopt;
  *taken = 0;
  const int error = SSL_get_error(ssl_.get(), done);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    *wanted = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    return std::nullopt;
  }
  return fail(tls_failure(ssl_.get(), error, endpoint_, "cannot write"), End::reset);
}

uint64_t Stream::wire_bytes() const noexcept {
  return ssl_ == nullptr ? plain_wire_bytes_ : BIO_number_written(SSL_get_wbio(ssl_.get()));
}

void Stream::ask_tcp() noexcept {
  int queued = 0;
  if (!socket_ || ::ioctl(socket_.get(), SIOCOUTQ, &queued) != 0 || queued < 0) return;
  const uint64_t wire = wire_bytes(), pending = static_cast<uint64_t>(queued);
  const uint64_t arrived = wire > pending ? wire - pending : 0;
  while (!marks_.empty() && marks_.front().wire <= arrived) {
    acknowledged_ = marks_.front().plain;
    marks_.pop_front();
  }
  // Without TLS every single byte counts.
  if (ssl_ == nullptr) acknowledged_ = std::max(acknowledged_, std::min(arrived, written_));
}

std::optional<Failure> Stream::await_acknowledged(Waiter& waiter, Deadline deadline) {
  auto pause = std::chrono::microseconds(50);
  for (;;) {
    // The end first: after a reset the kernel forgets what was not acknowledged.
    if (auto failure = read_end()) return failure;
    ask_tcp();
    if (acknowledged_ == written_) return std::nullopt;
    if (Clock::now() >= deadline)
      return fail({CSIEM_RETRY, "transport.timeout", endpoint_.text + ": the receiver does not acknowledge"},
                  End::reset);
    // A readable socket means the end, so this wait ends early when there is nothing more to wait for.
    if (waiter.wait(socket_.get(), POLLIN, Clock::now() + pause) == Waiter::Answer::interrupted) return interrupted();
    pause = std::min<std::chrono::microseconds>(pause * 2, std::chrono::milliseconds(20));
  }
}

std::optional<Failure> Stream::look_for_end(Waiter& waiter, Deadline deadline) {
  for (;;) {
    if (auto failure = read_end()) return failure;
    if (Clock::now() >= deadline) return std::nullopt;
    switch (waiter.wait(socket_.get(), POLLIN, deadline)) {
      case Waiter::Answer::interrupted:
        return std::nullopt;
      case Waiter::Answer::timeout:
      case Waiter::Answer::ready:
        break;
    }
  }
}

// Receivers have nothing to say: what can be read is dropped, until there is nothing more or the end.
std::optional<Failure> Stream::read_end() {
  char ignored[4096];
  for (;;) {
    if (ssl_ != nullptr) {
      ERR_clear_error();
      errno = 0;
      const int n = SSL_read(ssl_.get(), ignored, sizeof ignored);
      if (n > 0) continue;
      const int error = SSL_get_error(ssl_.get(), n);
      if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return std::nullopt;
      if (error == SSL_ERROR_ZERO_RETURN) return farewell();
      Failure failure = tls_failure(ssl_.get(), error, endpoint_, "connection lost");
      return fail(std::move(failure), End::reset);
    }
    const ssize_t n = ::recv(socket_.get(), ignored, sizeof ignored, MSG_DONTWAIT);
    if (n > 0) continue;
    if (n == 0) return farewell();
    if (errno == EAGAIN || errno == EINTR) return std::nullopt;
    return fail(errno, "connection lost");
  }
}

Failure Stream::farewell() {
  const End end = is_reset_after_farewell(socket_.get()) ? End::reset : End::closed;
  return fail({CSIEM_RETRY, "syslog.closed", endpoint_.text + ": the receiver closed the connection"}, end);
}

Failure Stream::fail(Failure failure, End end) {
  end_ = end;
  ssl_.reset();
  socket_.reset();
  return failure;
}

Failure Stream::fail(int error, const char* what) {
  const char* words = strerrordesc_np(error);
  return fail({CSIEM_RETRY, class_of(error), endpoint_.text + ": " + what + ": " + (words == nullptr ? "?" : words)},
              End::reset);
}

Failure Stream::interrupted() {
  return fail({CSIEM_RETRY, "syslog.interrupted", endpoint_.text + ": interrupted"}, End::reset);
}

}  // namespace csiem::syslog
