#include "ingest/recent_ids.hpp"

#include "event/ids.hpp"

namespace csiem::ingest {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

uint64_t hex_value(std::string_view digits) noexcept {
  uint64_t value = 0;
  for (const char c : digits) {
    if (c == '-') continue;
    value = value << 4 | static_cast<uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return value;
}

}  // namespace

RecentIds::RecentIds(int64_t window_ns) : window_seconds_(window_ns / kNsPerSecond), sets_(std::size_t{1} << kSetBits) {
  static_assert((sizeof(Set) << kSetBits) <= 4 * 1024 * 1024);
}

bool RecentIds::seen_before(std::string_view event_id, int64_t now_ns) noexcept {
  if (!event::is_output_uuid(event_id)) return false;
  if (!started_) {
    started_ = true;
    origin_ns_ = now_ns - kNsPerSecond;  // so that no live entry has the value 0
  }
  const Id id{hex_value(event_id.substr(0, 18)), hex_value(event_id.substr(19))};
  const int64_t since_origin = (now_ns - origin_ns_) / kNsPerSecond;
  const auto now = static_cast<uint32_t>(since_origin < 1 ? 1 : since_origin);
  // Version 7 ids of one millisecond share their front; the multiplication spreads what differs at the end.
  const uint64_t mixed = (id.low ^ (id.high * 0x9e3779b97f4a7c15U)) * 0xff51afd7ed558ccdU;
  Set& set = sets_[mixed >> (64 - kSetBits)];
  std::size_t oldest = 0;
  for (std::size_t i = 0; i < kWays; ++i) {
    if (set.ids[i].low == id.low && set.ids[i].high == id.high && set.seconds[i] != 0) {
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
