// Dead letters sent again, as jobs that go on beside the ordinary work.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "delivery/lane.hpp"
#include "event/batch.hpp"
#include "process/expression.hpp"
#include "store/store.hpp"

namespace csiem::pipeline {

// The canonical event in a dead letter's envelope; empty when there is none.
std::string_view event_of_letter(std::string_view envelope);
// An expression of ux.md 6, or what is wrong with it in words that begin with "where: ".
Result<process::Expression> compile_where(std::string_view text);

struct ReplayRequest {
  store::LetterFilter filter;
  store::Sequence sequence = 0;  // not 0: this letter of filter.exporter only
  std::string where;             // expression of ux.md 6; empty: all
  std::string to;                // an exporter; empty: each letter to the one that gave it up
  double per_second = 50;
};

// Where a job stands. Every letter of the selection is counted in exactly one of the last five.
struct ReplayView {
  enum class State { running, done, cancelled, failed };
  std::string id;
  ReplayRequest request;
  State state = State::running;
  std::string problem;  // of State::failed, or the newest reason of a letter that was not sent
  int64_t started_unix_ns = 0, ended_unix_ns = 0;
  uint64_t selected = 0;
  uint64_t delivered = 0;  // erased from the dead letters
  uint64_t filtered = 0;   // the exporter does not want it any more: erased
  uint64_t failed = 0;     // given up again: the letter is renewed
  uint64_t kept = 0;       // not sent: no such exporter, or the letter cannot be read
  uint64_t in_flight = 0;
};
std::string_view replay_state_word(ReplayView::State state);

// The letters of each job in order, at its rate; what is not sent when the daemon stops simply stays a dead letter, so
// a job is resumed by asking for it again. Control thread.
class Replays {
 public:
  Replays(store::Store& store, delivery::Delivery& delivery, store::Revive revive, const Clock& clock);
  ~Replays();

  // Returns the job's id. Fails when the expression is wrong (Code::invalid), there is no exporter `to` (CS8005), or a
  // job that runs may have letters in common with it (CS8009).
  Result<std::string> start(ReplayRequest request);
  // Sends nothing further; what is on its way ends as it does. False: no such job, or it has ended.
  bool cancel(std::string_view id);
  // Running ones and the newest that ended, oldest first.
  std::vector<ReplayView> jobs() const;

  // Whether a job runs.
  bool busy() const;
  // Sends what is due. About four times a second.
  void tick();

 private:
  class Job;
  store::Store& store_;
  delivery::Delivery& delivery_;
  const store::Revive revive_;
  const Clock& clock_;
  std::vector<std::unique_ptr<Job>> jobs_;
  uint64_t next_id_ = 1;
};

}  // namespace csiem::pipeline
