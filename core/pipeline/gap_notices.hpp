// `announce_gaps`: an exporter whose queue's policy gave events up is told so, by an event of the daemon's own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "delivery/lane.hpp"
#include "store/store.hpp"

namespace csiem::pipeline {

// The notice as a canonical event: its id follows from the gap, its severity is the highest one of what was given up.
std::string gap_event_json(const store::Gap& gap, std::string_view host_name);

// Notices never go into the log: they are not in the ledger, no other exporter sees them, and one that cannot be
// delivered makes no other one. Each exporter gets them one after the other; while it takes none, further gaps are
// told in one notice. What waits when the process ends is not told again: the gap itself was logged and counted.
class GapNotices {
 public:
  GapNotices(delivery::Delivery& delivery, store::Revive revive, std::string host_name);
  ~GapNotices();
  // Before gaps are told.
  void announce_for(const std::string& exporter) { wanted_.insert(exporter); }

  // Any thread; returns at once.
  void add(const store::Gap& gap);
  // Sends what waits. Control thread, about four times a second.
  void tick();

 private:
  class Sink;
  // Notices of one exporter that wait, oldest first, and whether one is on its way.
  struct Waiting {
    std::vector<store::Gap> gaps;
    bool on_its_way = false;
  };
  struct Shared {  // with the sinks, which may outlive us
    std::mutex mutex;
    std::map<std::string, Waiting> waiting;
  };
  delivery::Delivery& delivery_;
  const store::Revive revive_;
  const std::string host_name_;
  std::set<std::string> wanted_;
  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace csiem::pipeline
