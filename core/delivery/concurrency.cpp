#include "delivery/concurrency.hpp"

#include <algorithm>
#include <cmath>

namespace csiem::delivery {
namespace {

constexpr double kWeightOfNew = 0.4;
constexpr double kShrink = 0.9;
constexpr double kSlowBeyondDeviations = 2.5;

}  // namespace

Permits::Permits(uint32_t limit, bool adaptive) noexcept
    : limit_(std::max<uint32_t>(limit, 1)), now_(adaptive ? 1 : limit_), adaptive_(adaptive) {}

void Permits::slow_start() noexcept {
  now_ = 1;
  used_up_ = pushed_back_ = false;
}

void Permits::on_success(std::size_t in_flight, int64_t round_trip_ns, int64_t now_ns) noexcept {
  if (!adaptive_) {
    now_ = std::min(limit_, now_ + 1);
    return;
  }
  used_up_ = used_up_ || in_flight >= now_;
  recent_sum_ns_ += static_cast<double>(round_trip_ns);
  ++recent_;
  decide(now_ns);
}

void Permits::on_pushback(int64_t now_ns) noexcept {
  if (!adaptive_) return;
  pushed_back_ = true;
  decide(now_ns);
}

void Permits::decide(int64_t now_ns) noexcept {
  if (now_ns < next_decision_ns_) return;
  bool slow = false;
  bool slower = false;
  if (recent_ > 0) {
    const double average = recent_sum_ns_ / recent_;
    if (mean_ns_ == 0) mean_ns_ = average;
    slower = average > mean_ns_;
    slow = average > mean_ns_ + kSlowBeyondDeviations * std::sqrt(variance_) && variance_ > 0;
    const double away = average - mean_ns_;
    mean_ns_ += kWeightOfNew * away;
    variance_ = (1 - kWeightOfNew) * (variance_ + kWeightOfNew * away * away);
  }
  if (pushed_back_ || slow) {
    now_ = std::max<uint32_t>(1, static_cast<uint32_t>(std::floor(now_ * kShrink)));
  } else if (used_up_ && !slower) {
    now_ = std::min(limit_, now_ + 1);
  }
  used_up_ = pushed_back_ = false;
  recent_sum_ns_ = 0;
  recent_ = 0;
  next_decision_ns_ = now_ns + static_cast<int64_t>(mean_ns_);
}

}  // namespace csiem::delivery
