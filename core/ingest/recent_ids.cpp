#include "ingest/recent_ids.hpp"

#include "base/clock.hpp"

namespace csiem::ingest {

RecentIds::RecentIds(int64_t window_ns) : window_seconds_(window_ns / kNsPerSecond), sets_(std::size_t{1} << kSetBits) {
  static_assert((sizeof(Set) << kSetBits) <= 4 * 1024 * 1024);
}

bool RecentIds::seen_before(std::string_view event_id, int64_t now_ns) noexcept {
  const auto id = event::uuid_bits(event_id);
  return id && seen_before(*id, now_ns);
}

bool RecentIds::seen_before(const event::UuidBits& id, int64_t now_ns) noexcept {
  if (!started_) {
    started_ = true;
    origin_ns_ = now_ns - kNsPerSecond;  // so that no live entry has the value 0
  }
  const int64_t since_origin = (now_ns - origin_ns_) / kNsPerSecond;
  const auto now = static_cast<uint32_t>(since_origin < 1 ? 1 : since_origin);
  // Version 7 ids of one millisecond share their front; the multiplication spreads what differs at the end.
  const uint64_t mixed = (id.low ^ (id.high * 0x9e3779b97f4a7c15U)) * 0xff51afd7ed558ccdU;
  Set& set = sets_[mixed >> (64 - kSetBits)];
  std::size_t oldest = 0;
  for (std::size_t i = 0; i < kWays; ++i) {
    if (set.ids[i] == id && set.seconds[i] != 0) {
      const bool recent = now <= set.seconds[i] || int64_t{now} - set.seconds[i] <= window_seconds_;
      set.seconds[i] = now;
      return recent;
    }
    if (set.seconds[i] < set.seconds[oldest]) oldest = i;
  }
  set.ids[oldest] = id;
  set.seconds[oldest] = now;
  return false;
}

}  // namespace csiem::ingest
