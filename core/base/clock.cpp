#include "base/clock.hpp"

#include <sys/random.h>
#include <time.h>

#include <cstddef>

namespace csiem {
namespace {

int64_t read_clock(clockid_t id) {
  timespec ts{};
  clock_gettime(id, &ts);
  return static_cast<int64_t>(ts.tv_sec) * 1'000'000'000 + ts.tv_nsec;
}

class SystemClock final : public Clock {
 public:
  int64_t unix_ns() const override { return read_clock(CLOCK_REALTIME); }
  int64_t mono_ns() const override { return read_clock(CLOCK_MONOTONIC); }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

SystemRandom::SystemRandom() : state_(0) { secure_random(&state_, sizeof state_); }

uint64_t SystemRandom::below(uint64_t bound) {
  // splitmix64: good enough for jitter; the modulo bias is far below anything a delay could show.
  uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  z ^= z >> 31;
  return bound == 0 ? 0 : z % bound;
}

void secure_random(void* out, std::size_t len) {
  auto* p = static_cast<unsigned char*>(out);
  while (len > 0) {
    const ssize_t n = getrandom(p, len, 0);
    if (n <= 0) continue;  // EINTR only: the pool is ready long before a daemon starts
    p += n;
    len -= static_cast<std::size_t>(n);
  }
}

}  // namespace csiem
