// The exporter against sockets of this machine: what arrives, and what becomes of batches when receivers misbehave.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "common/test_host.hpp"
#include "syslog/waiter.hpp"

using csiem::syslog::Socket;
using csiem::testing::Batch;
using csiem::testing::Result;
using csiem::testing::TestHost;

namespace {

sockaddr_in loopback(uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(port);
  return at;
}

class Listener {
 public:
  explicit Listener(int type = SOCK_STREAM) : socket_(::socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
    sockaddr_in at = loopback(0);
    REQUIRE(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    if (type == SOCK_STREAM) REQUIRE(::listen(socket_.get(), 8) == 0);
    socklen_t length = sizeof at;
    REQUIRE(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&at), &length) == 0);
    port_ = ntohs(at.sin_port);
  }
  std::string url(const char* scheme = "tcp") const { return scheme + ("://127.0.0.1:" + std::to_string(port_)); }
  Socket accept() const { return Socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)); }
  int fd() const { return socket_.get(); }
  void close() { socket_.reset(); }

 private:
  Socket socket_;
  uint16_t port_ = 0;
};

// What comes until `bytes` are there, or the end.
std::string read_some(int fd, std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) {
    pollfd polled{fd, POLLIN, 0};
    if (::poll(&polled, 1, 30'000) <= 0) break;
    char piece[4096];
    const ssize_t n = ::recv(fd, piece, sizeof piece, 0);
    if (n <= 0) break;
    out.append(piece, static_cast<std::size_t>(n));
  }
  return out;
}

void reset(Socket& socket) {
  const linger at_once{1, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  socket.reset();
}

std::string settings(const std::string& endpoints, const std::string& more = {}) {
  return R"({"endpoints":[)" + endpoints + R"(],"hostname":"h","csiem":{"timeout_ms":20000})" + more + "}";
}
std::string quoted(const std::string& text) { return '"' + text + '"'; }

std::string tail(const std::string& text, std::size_t n) {
  return text.size() < n ? text : text.substr(text.size() - n);
}

}  // namespace

TEST_CASE("octet counting for RFC 5424, line feeds for RFC 3164; a batch that TCP has delivered is written") {
  for (const bool old : {false, true}) {
    Listener listener;
    TestHost host(settings(quoted(listener.url()), old ? R"(,"header":"rfc3164")" : ""));
    REQUIRE(host.error == "");
    Batch batch("text/plain");
    batch.add("e-1", "first");
    batch.add("e-2", "sec\nond");
    const Result result = host.deliver(batch.view());
    CHECK(result.outcome == CSIEM_DELIVERED);
    CHECK(result.code == "written");
    CHECK(result.except.empty());
    const Socket peer = listener.accept();
    const std::string text = read_some(peer.get(), 100);
    if (old) {
      CHECK(text.rfind("<134>Jan  1 00:00:00 h clawdstrike[", 0) == 0);
      CHECK(tail(text, 11) == "]: sec ond\n");
    } else {
      CHECK(text.substr(2, 35) == " <134>1 2026-01-01T00:00:00.123456Z");
      CHECK(tail(text, 11) == "h - sec ond");
      CHECK(std::stoul(text) == text.find("first") + 5 - 3);
    }
  }
}

TEST_CASE("nobody there: retry, with the class of the failure") {
  Listener listener;
  const std::string url = listener.url();
  listener.close();
  TestHost host(settings(quoted(url)));
  Batch batch("text/plain");
  batch.add("e-1", "first");
  const Result result = host.deliver(batch.view());
  CHECK(result.outcome == CSIEM_RETRY);
  CHECK(result.code == "transport.connect");
  CHECK(result.message.find(url) != std::string::npos);
}

TEST_CASE("the next receiver gets what the first one cannot") {
  Listener dead, alive;
  const std::string dead_url = dead.url();
  dead.close();
  TestHost host(settings(quoted(dead_url) + "," + quoted(alive.url())));
  Batch batch("text/plain");
  batch.add("e-1", "first");
  CHECK(host.deliver(batch.view()).outcome == CSIEM_DELIVERED);
  const Socket peer = alive.accept();
  CHECK(tail(read_some(peer.get(), 60), 5) == "first");
}

TEST_CASE("a receiver that hangs up right after the first data has not got it, and the framing is suspected") {
  Listener listener;
  TestHost host(settings(quoted(listener.url())));
  Batch batch("text/plain");
  batch.add("e-1", "first");
  REQUIRE(host.submit(batch.view(), 1) == CSIEM_OK);
  {
    const Socket peer = listener.accept();
    read_some(peer.get(), 60);
  }
  const Result result = host.wait_for(1);
  CHECK(result.outcome == CSIEM_RETRY);
  CHECK(result.code == "syslog.closed");
  CHECK(result.message.find("framing mismatch?") != std::string::npos);
  // The next attempt goes over a connection of its own.
  REQUIRE(host.submit(batch.view(1), 2) == CSIEM_OK);
  const Socket again = listener.accept();
  CHECK(host.wait_for(2).outcome == CSIEM_DELIVERED);
  CHECK(tail(read_some(again.get(), 60), 5) == "first");
}

TEST_CASE("after a reset the last messages come again, before the new ones; not with at_most_once") {
  for (const bool resend : {true, false}) {
    Listener listener;
    TestHost host(settings(quoted(listener.url()),
                           resend ? R"(,"resend_window":2)" : R"(,"delivery":"at_most_once","resend_window":2)"));
    Batch batch("text/plain");
    batch.add("e-1", "one");
    batch.add("e-2", "two");
    batch.add("e-3", "three");
    REQUIRE(host.deliver(batch.view()).outcome == CSIEM_DELIVERED);
    Socket peer = listener.accept();
    read_some(peer.get(), 180);
    reset(peer);
    Batch next("text/plain");
    next.add("e-4", "four");
    REQUIRE(host.deliver(next.view()).outcome == CSIEM_DELIVERED);
    const Socket again = listener.accept();
    const std::string text = read_some(again.get(), resend ? 180 : 60);
    CHECK(text.find("one") == std::string::npos);
    CHECK((text.find("two") != std::string::npos) == resend);
    CHECK((text.find("three") < text.find("four")) == resend);
    CHECK(host.counter("resent") == (resend ? 2 : 0));
  }
}

TEST_CASE("a health check that finds the connection reset does not forget what was lost with it") {
  Listener listener;
  TestHost host(settings(quoted(listener.url())));
  Batch batch("text/plain");
  batch.add("e-1", "one");
  REQUIRE(host.deliver(batch.view()).outcome == CSIEM_DELIVERED);
  Socket peer = listener.accept();
  reset(peer);
  REQUIRE(host.health(7) == CSIEM_OK);
  CHECK(host.wait_for(7).outcome == CSIEM_DELIVERED);
  REQUIRE(listener.accept());  // that of the check
  Batch next("text/plain");
  next.add("e-2", "two");
  REQUIRE(host.deliver(next.view()).outcome == CSIEM_DELIVERED);
  const Socket again = listener.accept();
  const std::string text = read_some(again.get(), 120);
  CHECK(text.find("one") < text.find("two"));
}

TEST_CASE("a receiver that says farewell with bytes unread has lost them, however long ago they were sent") {
  Listener listener;
  TestHost host(settings(quoted(listener.url())));
  Batch batch("text/plain");
  batch.add("e-1", "one");
  batch.add("e-2", "two");
  REQUIRE(host.deliver(batch.view()).outcome == CSIEM_DELIVERED);
  Socket peer = listener.accept();
  std::this_thread::sleep_for(std::chrono::milliseconds(5500));  // longer than what makes an orderly end suspicious
  ::shutdown(peer.get(), SHUT_RDWR);
  peer.reset();
  Batch next("text/plain");
  next.add("e-3", "three");
  REQUIRE(host.deliver(next.view()).outcome == CSIEM_DELIVERED);
  const Socket again = listener.accept();
  const std::string text = read_some(again.get(), 180);
  CHECK(text.find("one") < text.find("two"));
  CHECK(text.find("two") < text.find("three"));
}

TEST_CASE("a receiver that reads slowly gets what was lost once more, over one connection and several attempts") {
  Listener listener;
  const int small = 64 * 1024;
  ::setsockopt(listener.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  TestHost host(R"({"endpoints":[)" + quoted(listener.url()) +
                R"(],"resend_window":4000,"csiem":{"timeout_ms":6000}})");
  constexpr std::size_t kMessages = 2000, kBytes = 2000;
  Batch batch("text/plain");
  for (std::size_t i = 0; i < kMessages; ++i) batch.add("e", std::string(kBytes, 'x'));
  // Pieces of 64 KiB with pauses of so many milliseconds, and whatever comes at the end.
  std::atomic<bool> over{false};
  const auto read_slowly = [&over](const Socket& peer, int pause_ms) {
    std::size_t got = 0;
    while (!over) {
      pollfd look{peer.get(), POLLIN, 0};
      if (::poll(&look, 1, 20) <= 0) continue;
      const std::string piece = read_some(peer.get(), 1);
      if (piece.empty()) return;
      got += piece.size();
      if (got < 64 * 1024) continue;
      got = 0;
      std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms));
    }
  };
  REQUIRE(host.submit(batch.view(), 1) == CSIEM_OK);
  Socket first = listener.accept();
  std::thread reader([&] { read_slowly(first, 0); });
  CHECK(host.wait_for(1).outcome == CSIEM_DELIVERED);
  over = true;
  reader.join();
  reset(first);

  over = false;
  Socket second;
  reader = std::thread([&] {
    second = listener.accept();
    read_slowly(second, 100);
  });
  Batch next("text/plain");
  next.add("e", "after");
  int attempts = 0;
  Result result;
  do {
    result = host.deliver(next.view(static_cast<uint32_t>(attempts)));
    if (result.outcome != CSIEM_DELIVERED) CHECK(result.code == "syslog.resending");
  } while (result.outcome == CSIEM_RETRY && ++attempts < 50);
  over = true;
  reader.join();
  CHECK(result.outcome == CSIEM_DELIVERED);
  CHECK(attempts > 0);
  CHECK(host.counter("connects") == 2);
  CHECK(host.counter("resent") == kMessages);
}

TEST_CASE("what a receiver does not read is not written: the batch is retried when the time is up") {
  Listener listener;
  const int small = 4096;
  ::setsockopt(listener.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  TestHost host(R"({"endpoints":[)" + quoted(listener.url()) +
                R"(],"max_message_bytes":1000000,"csiem":{"timeout_ms":500}})");
  Batch batch("text/plain");
  for (int i = 0; i < 40; ++i) batch.add("e", std::string(900'000, 'x'));
  const Result result = host.deliver(batch.view());
  CHECK(result.outcome == CSIEM_RETRY);
  CHECK(result.code == "transport.timeout");
}

TEST_CASE("a batch that is cancelled is let go of at once, whatever the receiver does") {
  Listener silent;  // takes connections and says nothing: no TLS
  TestHost host(settings(quoted(silent.url("tls"))));
  Batch batch("text/plain");
  batch.add("e-1", "first");
  REQUIRE(host.submit(batch.view(), 1) == CSIEM_OK);
  const Socket peer = silent.accept();
  CHECK(read_some(peer.get(), 100).size() >= 100);  // the beginning of a handshake
  host.cancel(1);
  CHECK(host.results.empty());
}

TEST_CASE("a listener without TLS is named as the likely cause") {
  Listener plain;
  TestHost host(settings(quoted(plain.url("tls"))));
  Batch batch("text/plain");
  batch.add("e-1", "first");
  REQUIRE(host.submit(batch.view(), 1) == CSIEM_OK);
  const Socket peer = plain.accept();
  REQUIRE(::send(peer.get(), "220 hello\r\n", 11, MSG_NOSIGNAL) == 11);
  const Result result = host.wait_for(1);
  CHECK(result.outcome == CSIEM_RETRY);
  CHECK(result.message.find("is the listener TLS?") != std::string::npos);
}

TEST_CASE("UDP: one message a datagram; a closed port is counted and costs nothing else") {
  Listener listener(SOCK_DGRAM);
  TestHost host(settings(quoted(listener.url("udp"))));
  REQUIRE(host.error == "");
  Batch batch("text/plain");
  batch.add("e-1", "first");
  batch.add("e-2", "CEF:0|V|p|1|i|n|8|externalId=e-2 msg=" + std::string(5000, 'x'));
  CHECK(host.deliver(batch.view()).code == "written");
  char datagram[70000];
  const ssize_t first = ::recv(listener.fd(), datagram, sizeof datagram, 0);
  CHECK(tail(std::string(datagram, static_cast<std::size_t>(first)), 8) == " - first");
  CHECK(datagram[0] == '<');
  CHECK(::recv(listener.fd(), datagram, sizeof datagram, 0) == 1200);
  CHECK(host.counter("truncated") == 1);
  listener.close();
  for (int i = 0; i < 3; ++i) CHECK(host.deliver(batch.view()).outcome == CSIEM_DELIVERED);
  CHECK(host.counter("udp_refused") > 0);
}

TEST_CASE("health: a connection for streams, a name for UDP; nothing is sent") {
  Listener listener;
  TestHost host(settings(quoted(listener.url())));
  REQUIRE(host.health(7) == CSIEM_OK);
  const Socket peer = listener.accept();
  CHECK(host.wait_for(7).outcome == CSIEM_DELIVERED);
  CHECK(read_some(peer.get(), 1).empty());
  listener.close();
  REQUIRE(host.health(8) == CSIEM_OK);
  CHECK(host.wait_for(8).outcome == CSIEM_RETRY);

  TestHost datagrams(settings("\"udp://127.0.0.1:9\""));
  REQUIRE(datagrams.health(9) == CSIEM_OK);
  CHECK(datagrams.wait_for(9).outcome == CSIEM_DELIVERED);
  TestHost metadata(settings("\"udp://169.254.169.254:514\""));
  REQUIRE(metadata.health(10) == CSIEM_OK);
  CHECK(metadata.wait_for(10).outcome == CSIEM_CONFIG);
}
