// Verdicts of several requests into that of the batch.
// SPDX-License-Identifier: Apache-2.0
#include "splunk/progress.hpp"

#include <algorithm>
#include <utility>

namespace csiem::splunk {

void Progress::answered(Verdict said, std::optional<int64_t> ack_id) {
  if (ack_id) waits.push_back({channel, *ack_id, next});
  // A collector that is busy, or refuses token or index, is not asked about the other groups.
  stopped_ = said.outcome != CSIEM_DELIVERED;
  said_.push_back(std::move(said));
  ++next;
}

bool Progress::all_taken() const noexcept {
  return said_.size() == groups.size() && std::all_of(said_.begin(), said_.end(), [](const Verdict& said) {
           return said.outcome == CSIEM_DELIVERED && said.except.empty();
         });
}

void Progress::acknowledge(const Acks::Channel& from, int64_t ack_id) {
  waits.erase(std::remove_if(waits.begin(), waits.end(),
                             [&](const Wait& wait) { return wait.channel.get() == &from && wait.ack_id == ack_id; }),
              waits.end());
}

void Progress::acknowledge_endpoint(std::size_t which) {
  waits.erase(
      std::remove_if(waits.begin(), waits.end(), [&](const Wait& wait) { return wait.channel->endpoint == which; }),
      waits.end());
}

void Progress::unacknowledged(const Acks::Channel* on, const std::string& code, const std::string& why) {
  const auto kept = std::partition(waits.begin(), waits.end(),
                                   [&](const Wait& wait) { return on != nullptr && wait.channel.get() != on; });
  for (auto at = kept; at != waits.end(); ++at) said_[at->group] = Verdict::of(CSIEM_RETRY, code, why);
  waits.erase(kept, waits.end());
}

Verdict Progress::verdict(uint32_t count) const {
  if (said_.size() == 1 && groups.size() == 1) return said_.front();
  // The batch's own outcome is the first that is not "delivered"; whatever differs from it is named.
  Verdict out;
  for (const Verdict& one : said_)
    if (out.outcome == CSIEM_DELIVERED && one.outcome != CSIEM_DELIVERED)
      out = Verdict::of(one.outcome, one.code, one.message);
  for (const Verdict& one : said_) out.retry_after_ms = std::max(out.retry_after_ms, one.retry_after_ms);
  // Groups that were not sent: a judgement of data says nothing about them, everything else would meet them too.
  const bool judged = out.outcome == CSIEM_REJECT || out.outcome == CSIEM_SPLIT;
  std::vector<EventVerdict> named(count);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const std::vector<uint32_t>& members = groups[g].members;
    for (const uint32_t member : members) {
      named[member].index = member;
      named[member].outcome = g < said_.size() ? said_[g].outcome : judged ? int32_t{CSIEM_RETRY} : out.outcome;
      if (g >= said_.size() || said_[g].outcome == out.outcome) continue;
      named[member].code = said_[g].code;
      named[member].message = said_[g].message;
    }
    if (g >= said_.size()) continue;
    for (const EventVerdict& one : said_[g].except) {
      named[members[one.index]] = one;
      named[members[one.index]].index = members[one.index];
    }
  }
  for (EventVerdict& one : named)
    if (one.outcome != out.outcome || !one.code.empty()) out.except.push_back(std::move(one));
  return out;
}

}  // namespace csiem::splunk
