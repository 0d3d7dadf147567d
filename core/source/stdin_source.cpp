#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/fd.hpp"
#include "base/log.hpp"
#include "source/line_splitter.hpp"
#include "source/source.hpp"

namespace csiem::source {
namespace {

constexpr std::size_t kPipeChunk = 256 * 1024;
constexpr int kPipeBytes = 1024 * 1024;
constexpr int kMostReads = 32;

// The descriptor's flags are left alone, because they are shared with whoever started us: it is asked whether a read
// would block instead of being made non-blocking.
class StdinSource final : public Source {
 public:
  StdinSource(StdinOptions options, Waker& waker)
      : options_(std::move(options)), waker_(waker), splitter_(options_.max_line_bytes) {
    struct stat st {};
    always_ready_ = ::fstat(options_.fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode));
    // Fewer and larger reads; no harm when it is refused.
    if (S_ISFIFO(st.st_mode)) static_cast<void>(::fcntl(options_.fd, F_SETPIPE_SZ, kPipeBytes));
    if (!can_read_now()) wait();
  }
  ~StdinSource() override {
    if (watching_) waker_.forget(options_.fd);
  }

  const std::string& id() const override { return options_.id; }
  State state() const override { return state_; }
  std::string problem() const override { return problem_; }
  int problem_code() const override { return problem_.empty() ? 0 : 4502; }

  std::optional<LineBlock> read(std::size_t max_bytes) override {
    for (int round = 0; round < kMostReads; ++round) {
      if (state_ != State::readable) return std::nullopt;
      if (buffered_)
        if (auto piece = splitter_.take(max_bytes)) return block(*piece, LineBlock::Tail::none);
      buffered_ = false;
      if (end_of_input_) {
        state_ = State::ended;
        auto rest = splitter_.take_rest();
        return rest ? std::optional(block(*rest, LineBlock::Tail::final)) : std::nullopt;
      }
      if (can_read_now())
        fill(max_bytes);
      else
        wait();
    }
    waker_.wake();
    return std::nullopt;
  }

 private:
  bool can_read_now() const {
    if (always_ready_) return true;
    pollfd question{.fd = options_.fd, .events = POLLIN, .revents = 0};
    return ::poll(&question, 1, 0) != 0;  // errors and hang-ups are for read() to find
  }

  void fill(std::size_t max_bytes) {
    const auto space = splitter_.space(std::max(kPipeChunk, max_bytes));
    const ssize_t n = ::read(options_.fd, space.data(), space.size());
    if (n > 0) {
      splitter_.filled(static_cast<std::size_t>(n));
      buffered_ = true;
    } else if (n == 0) {
      end_of_input_ = buffered_ = true;
    } else if (errno == EAGAIN) {
      wait();
    } else if (errno != EINTR) {
      // Nothing can be retried on a stream that cannot be reopened: what was read is used, then it ends.
      problem_ = "standard input: cannot read: " + errno_text(errno);
      end_of_input_ = buffered_ = true;
    }
  }

  void wait() {
    state_ = State::waiting;
    if (std::exchange(watching_, true)) return;
    waker_.watch(options_.fd, [this] {
      // Not watched again before it was read empty, or the loop would spin while nobody reads.
      watching_ = false;
      state_ = State::readable;
      waker_.wake();
      waker_.forget(options_.fd);
    });
  }

  LineBlock block(const LineSplitter::Piece& piece, LineBlock::Tail tail) {
    LineBlock out;
    out.bytes = piece.bytes;
    out.offset = piece.offset;
    out.first_line = piece.first_line;
    out.oversize = piece.oversize;
    out.tail = tail;
    return out;
  }

  StdinOptions options_;
  Waker& waker_;
  LineSplitter splitter_;
  State state_ = State::readable;
  bool always_ready_ = false;
  bool buffered_ = false;
  bool end_of_input_ = false;
  bool watching_ = false;
  std::string problem_;
};

}  // namespace

Result<std::unique_ptr<Source>> read_stdin(StdinOptions options, Waker& waker) {
  if (options.max_line_bytes < LineSplitter::kKeptOfOversize)
    return Error{Code::invalid, "source " + options.id + ": the line limit must be 4096 bytes or more"};
  if (::fcntl(options.fd, F_GETFD) < 0)
    return Error{Code::io, "source " + options.id + ": standard input is not open", 4502};
  return std::unique_ptr<Source>(std::make_unique<StdinSource>(std::move(options), waker));
}

}  // namespace csiem::source
