// One indexer's acknowledgements: what it has taken by channel, and what of it is safe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "recorder.hpp"

namespace csiem::doubles {

class SplunkIndexer {
 public:
  struct Event {
    std::string id, index, body;
  };

  // Acknowledges at the poll of that number, if by then the time has passed.
  SplunkIndexer(int polls, int64_t delay_ms) : polls_(polls), delay_(delay_ms) {}

  // The acknowledgement id. `events` are recorded when it is reported true.
  int64_t take(const std::string& channel, std::vector<Event> events) {
    Channel& one = channels_[channel];
    one.waiting[one.next] = {polls_, Clock::now() + delay_, std::move(events)};
    return one.next++;
  }
  // True once, at the poll that is set for it; then the id is forgotten.
  bool poll(const std::string& channel, int64_t id, Recorder& recorder) {
    auto& waiting = channels_[channel].waiting;
    const auto at = waiting.find(id);
    if (at == waiting.end() || --at->second.polls_left > 0 || Clock::now() < at->second.safe_from) return false;
    for (const Event& event : at->second.events) recorder.event(event.id, event.index, event.body, false);
    waiting.erase(at);
    return true;
  }
  // Everything that was not acknowledged is lost; ids count from 0 again.
  void restart() { channels_.clear(); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    int polls_left;
    Clock::time_point safe_from;
    std::vector<Event> events;
  };
  struct Channel {
    int64_t next = 0;
    std::map<int64_t, Waiting> waiting;
  };
  int polls_;
  std::chrono::milliseconds delay_;
  std::map<std::string, Channel> channels_;
};

}  // namespace csiem::doubles
