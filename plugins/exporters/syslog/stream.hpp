// One TCP or TLS connection to a receiver that never answers: what TCP itself tells about the bytes is all there is.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "syslog/resolve.hpp"
#include "syslog/tls.hpp"

namespace csiem::syslog {

// How a connection ended, as far as it matters for what was sent before.
enum class End {
  open,
  closed,  // an orderly end, after reading everything
  reset    // the receiver, or its machine, is gone, or it closed with bytes unread
};

// One thread. Offsets count bytes given to write() since open().
class Stream {
 public:
  std::optional<Failure> open(const Endpoint& endpoint, const TlsSettings& tls, Resolver& resolver, Waiter& waiter,
                              Deadline deadline);
  bool is_open() const noexcept { return static_cast<bool>(socket_); }
  // Orderly where it can be.
  void close() noexcept;

  // All of `bytes`. After a failure the connection is closed.
  std::optional<Failure> write(std::string_view bytes, Waiter& waiter, Deadline deadline);
  // Waits until the receiver's kernel has acknowledged everything. After a failure the connection is closed.
  std::optional<Failure> await_acknowledged(Waiter& waiter, Deadline deadline);
  // Whether the receiver has ended the connection; waits for that until `deadline` at the longest.
  std::optional<Failure> look_for_end(Waiter& waiter, Deadline deadline);

  uint64_t written() const noexcept { return written_; }
  // As of the last time that TCP could be asked.
  uint64_t acknowledged() const noexcept { return acknowledged_; }
  End end() const noexcept { return end_; }
  Deadline last_write() const noexcept { return last_write_; }

 private:
  std::optional<Failure> connect(const Address& address, Waiter& waiter, Deadline deadline);
  std::optional<Failure> write_some(std::string_view bytes, std::size_t* taken, short* wanted);
  std::optional<Failure> read_end();
  void ask_tcp() noexcept;
  uint64_t wire_bytes() const noexcept;
  Failure farewell();
  Failure fail(Failure failure, End end);
  Failure fail(int error, const char* what);
  Failure interrupted();

  Endpoint endpoint_;
  Socket socket_;
  Ssl ssl_;
  uint64_t written_ = 0, acknowledged_ = 0;
  uint64_t plain_wire_bytes_ = 0;  // given to the kernel; with TLS the BIO counts
  struct Mark {
    uint64_t plain, wire;  // so many bytes of ours are among so many on the wire
  };
  std::deque<Mark> marks_;  // not acknowledged yet
  uint64_t wire_base_ = 0;  // of the handshake
  End end_ = End::open;
  Deadline last_write_{};
};

}  // namespace csiem::syslog
