#include "store/cursor_state.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "store/record.hpp"

namespace csiem::store {
namespace {

constexpr uint32_t kRecordVersion = 1;

}  // namespace

std::optional<CursorState> CursorState::decode(std::string_view record) {
  RecordReader in(record);
  if (in.number<uint32_t>() != kRecordVersion) return std::nullopt;
  CursorState out(in.number<uint64_t>());
  out.settled_ = SettledRanges(in.number<uint64_t>());
  for (uint64_t& count : out.counts_) count = in.number<uint64_t>();
  for (uint64_t& count : out.dropped_) count = in.number<uint64_t>();
  out.lost_ = in.number<uint64_t>();
  out.opened_unix_ns = in.number<int64_t>();
  out.ahead_bytes = in.number<uint64_t>();
  out.limits.max_bytes = in.number<uint64_t>();
  out.limits.max_age_ms = in.number<int64_t>();
  out.limits.when_full = static_cast<WhenFull>(in.number<uint32_t>());
  out.limits.dead_max_bytes = in.number<uint64_t>();
  out.limits.dead_max_age_ms = in.number<int64_t>();
  out.state = in.text();
  uint64_t settled = out.settled_.frontier() - out.origin_;
  Sequence behind = out.settled_.frontier();
  for (uint64_t left = in.number<uint64_t>(); left > 0 && in.good(); --left) {
    const auto first = in.number<uint64_t>(), last = in.number<uint64_t>();
    if (first <= behind || last < first) return std::nullopt;
    out.settled_.add(first, last, [&](Sequence from, Sequence to) { settled += to - from + 1; });
    behind = last + 1;
  }
  uint64_t counted = out.lost_;
  for (const uint64_t count : out.counts_) counted += count;
  for (const uint64_t count : out.dropped_) counted += count;
  if (!in.good() || out.origin_ == 0 || out.settled_.frontier() < out.origin_ || counted != settled)
    return std::nullopt;
  out.next_ = out.early_next_ = out.settled_.frontier();
  return out;
}

std::string CursorState::encode() const {
  RecordWriter out;
  out.number(kRecordVersion);
  out.number(origin_);
  out.number(settled_.frontier());
  for (const uint64_t count : counts_) out.number(count);
  for (const uint64_t count : dropped_) out.number(count);
  out.number(lost_);
  out.number(opened_unix_ns);
  out.number(ahead_bytes);
  out.number(limits.max_bytes);
  out.number(limits.max_age_ms);
  out.number(static_cast<uint32_t>(limits.when_full));
  out.number(limits.dead_max_bytes);
  out.number(limits.dead_max_age_ms);
  out.text(state);
  out.number(uint64_t{settled_.gaps()});
  for (const auto& [first, last] : settled_.above()) {
    out.number(first);
    out.number(last);
  }
  return out.take();
}

Ledger CursorState::ledger(Sequence end) const {
  Ledger out;
  out.accepted = end > origin_ ? end - origin_ : 0;
  out.delivered = counts_[static_cast<std::size_t>(Fate::delivered)];
  out.filtered = counts_[static_cast<std::size_t>(Fate::filtered)];
  out.dead_lettered = counts_[static_cast<std::size_t>(Fate::dead_lettered)];
  out.dropped_by = dropped_;
  out.dropped_by[0] += counts_[static_cast<std::size_t>(Fate::dropped)];
  out.lost = lost_;
  return out;
}

void CursorState::skipped_in(Sequence first, Sequence last, std::vector<Range>& out) const {
  out.clear();
  if (first < next_) {
    out.push_back({first, std::min(last, next_ - 1)});
    first = next_;
  }
  if (first > last) return;
  const std::size_t from = out.size();
  settled_.settled_in(first, last, [&](Sequence a, Sequence b) { out.push_back({a, b}); });
  for (auto at = early_.lower_bound(first); at != early_.end() && at->first <= last; ++at)
    out.push_back({at->first, std::min(last, at->second.last)});
  if (out.size() - from < 2) return;
  std::sort(out.begin() + static_cast<std::ptrdiff_t>(from), out.end(),
            [](const Range& a, const Range& b) { return a.first < b.first; });
  std::size_t kept = from;
  for (std::size_t i = from + 1; i < out.size(); ++i) {
    if (out[i].first <= out[kept].last + 1)
      out[kept].last = std::max(out[kept].last, out[i].last);
    else
      out[++kept] = out[i];
  }
  out.resize(kept + 1);
}

void CursorState::hand_over(Sequence first, Sequence last, uint64_t events, std::size_t bytes) {
  on_the_way_.insert_or_assign(std::max(first, next_), OnTheWay{events, bytes, false});
  on_the_way_bytes_ += bytes;
  pass(last);
}

void CursorState::hand_over_early(Range range, std::size_t bytes) {
  early_.emplace(range.first, Early{{range.size(), bytes, false}, range.last, false});
  on_the_way_bytes_ += bytes;
}

void CursorState::settle(Sequence first, Sequence last, const std::array<uint64_t, 4>& counts) {
  uint64_t fresh = 0;
  settled_.add(first, last, [&](Sequence from, Sequence to) { fresh += to - from + 1; });
  if (fresh == 0) return;
  for (std::size_t fate = 0; fate < counts.size(); ++fate) counts_[fate] += counts[fate];
  changed = true;
  off_the_way(first, fresh);
}

// The innermost range of those that went ahead, or again, with this event.
CursorState::Early* CursorState::early_with(Sequence sequence, std::multimap<Sequence, Early>::iterator* at) {
  for (*at = early_.upper_bound(sequence); *at != early_.begin();)
    if ((--*at)->second.last >= sequence) return &(*at)->second;
  return nullptr;
}

void CursorState::off_the_way(Sequence any, uint64_t events) {
  const auto gone = [&](OnTheWay& one) {
    one.left -= std::min(one.left, events);
    if (one.left > 0) return false;
    forget(one);
    return true;
  };
  std::multimap<Sequence, Early>::iterator at;
  if (Early* early = early_with(any, &at); early != nullptr) {
    if (!gone(*early)) return;
    if (early->again) --early_again_;
    early_.erase(at);
    return;
  }
  auto batch = on_the_way_.upper_bound(any);
  if (batch == on_the_way_.begin()) return;
  if (gone((--batch)->second)) on_the_way_.erase(batch);
}

void CursorState::let_go(Sequence any) {
  std::multimap<Sequence, Early>::iterator at;
  OnTheWay* found = early_with(any, &at);
  if (found == nullptr) {
    auto batch = on_the_way_.upper_bound(any);
    if (batch == on_the_way_.begin()) return;
    found = &(--batch)->second;
  }
  if (std::exchange(found->let_go, true)) return;
  on_the_way_bytes_ -= found->bytes;
  let_go_bytes_ += found->bytes;
}

void CursorState::give_back(Sequence first, Sequence last) {
  off_the_way(first, last - first + 1);
  auto behind = again_.upper_bound(last);
  if (behind != again_.end() && behind->first == last + 1) {
    last = behind->second;
    behind = again_.erase(behind);
  }
  if (behind != again_.begin() && std::prev(behind)->second + 1 == first)
    std::prev(behind)->second = last;
  else
    again_.emplace(first, last);
}

void CursorState::hand_over_again(Range part, std::size_t bytes) {
  drop_again(part);
  early_.emplace(part.first, Early{{part.size(), bytes, false}, part.last, true});
  ++early_again_;
  on_the_way_bytes_ += bytes;
}

bool CursorState::next_again_in(Sequence first, Sequence last, Range* out) const {
  auto at = again_.upper_bound(first);
  if (at != again_.begin() && std::prev(at)->second >= first) --at;
  if (at == again_.end() || at->first > last) return false;
  *out = {std::max(first, at->first), std::min(last, at->second)};
  return true;
}

void CursorState::drop_again(Range part) {
  const auto at = std::prev(again_.upper_bound(part.first));
  const Range whole{at->first, at->second};
  again_.erase(at);
  if (whole.first < part.first) again_.emplace(whole.first, part.first - 1);
  if (part.last < whole.last) again_.emplace(part.last + 1, whole.last);
}

}  // namespace csiem::store
