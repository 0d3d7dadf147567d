#include "file/standard_output.hpp"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "file/rotation.hpp"

namespace csiem::file {
namespace {

const std::string kName = "standard output";

// A reader that went away must be an error of this write, not the end of the process. Only this thread is touched.
void block_sigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

std::optional<Failure> StandardOutput::write(std::span<iovec> parts, uint64_t& written) {
  written = 0;
  block_sigpipe();
  deadline_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms_);
  if (mid_line_) {
    char line_feed = '\n';
    iovec end{&line_feed, 1};
    uint64_t ignored = 0;
    std::span<iovec> rest(&end, 1);
    if (auto failure = write_some(rest, ignored)) return failure;
  }
  while (!parts.empty())
    if (auto failure = write_some(parts, written)) return failure;
  return std::nullopt;
}

// A pipe that is ready takes PIPE_BUF bytes without blocking; what is no pipe takes what it takes.
std::optional<Failure> StandardOutput::write_some(std::span<iovec>& parts, uint64_t& written) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
  pollfd ready{fd_, POLLOUT, 0};
  const int events = left.count() <= 0 ? 0 : poll(&ready, 1, static_cast<int>(left.count()));
  if (events < 0 && errno == EINTR) return std::nullopt;
  if (events == 0) return describe("write to", kName, EAGAIN);

  char block[PIPE_BUF];
  std::size_t size = 0;
  for (auto part = parts.begin(); part != parts.end() && size < sizeof block; ++part) {
    const std::size_t n = std::min(part->iov_len, sizeof block - size);
    std::memcpy(block + size, part->iov_base, n);
    size += n;
  }
  const ssize_t got = ::write(fd_, block, size);
  if (got < 0) {
    if (errno == EINTR || errno == EAGAIN) return std::nullopt;
    return describe("write to", kName, errno);
  }
  if (got > 0) mid_line_ = block[got - 1] != '\n';
  written += static_cast<uint64_t>(got);
  parts = consume(parts, static_cast<std::size_t>(got));
  return std::nullopt;
}

}  // namespace csiem::file
