// The store from outside of the daemon: for tools, while the daemon is stopped or running.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "store/database.hpp"
#include "store/dead_letters.hpp"
#include "store/store.hpp"
#include "store/trace.hpp"

namespace csiem::store {

struct CheckReport {
  uint64_t blocks = 0, events = 0, bytes = 0;
  std::vector<Range> damaged;
  std::vector<std::string> notes;  // other things that are not as they should be
  bool clean() const noexcept { return damaged.empty() && notes.empty(); }
};

// Reading never disturbs a daemon: it sees the newest committed state. Changing needs the directory's lock, so it fails
// with CS5003 while a daemon runs. One thread.
class Inspector {
 public:
  enum class Access { read, change };
  // `directory` is global.data_dir. Fails with Code::not_found when there is no store.
  static Result<Inspector> open(const std::string& directory, Access access);

  Result<std::vector<CursorView>> cursors() const;
  // The ledger's end: the sequence behind the newest event.
  Result<Tail> tail() const;

  // Looks at every block. `progress` gets bytes done and all bytes, about once per block.
  Result<CheckReport> check(const std::function<void(uint64_t done, uint64_t all)>& progress) const;
  struct Repaired {
    std::vector<Range> blocks;
    uint64_t letters = 0;
  };
  // Moves damaged blocks and dead letters to the quarantine. Exporters count the events of a block as lost when they
  // get there. Damaged places and checkpoints are the daemon's to replace when it starts: it knows who they belong to.
  Result<Repaired> repair();

  struct Event {
    Sequence sequence;
    int severity;
    int64_t accepted_unix_ns;
    std::string_view json;  // canonical, valid during the call
  };
  // Events of the log from `from` on, damaged blocks left out, until `look` returns false.
  Result<void> walk_events(Sequence from, const std::function<bool(const Event&)>& look) const;
  // The same for what an exporter has not settled.
  Result<void> walk_queue(const std::string& exporter, const std::function<bool(const Event&)>& look) const;

  // Views are valid during the call.
  Result<void> walk_letters(const LetterFilter& filter, const std::function<bool(const StoredLetter&)>& look) const;
  // One letter by its id, as JSON; Code::not_found.
  Result<std::string> letter(std::string_view id) const;
  // Returns how many went.
  Result<uint64_t> purge_letters(const LetterFilter& filter,
                                 const std::function<bool(const StoredLetter&)>& matches = nullptr);
  // JSON lines of what was no event, oldest first.
  Result<void> walk_quarantine(const std::function<bool(std::string_view line)>& look) const;

  // What became of the event; nothing when neither the log, nor the ids of the last hour, nor a dead letter know it.
  // Looks through the whole log.
  Result<std::optional<EventTrace>> trace(std::string_view event_id) const;

  // `to` goes on where `from` stands; `from` is forgotten. Fails when `to` has a place already or `from` has none.
  Result<void> adopt(const std::string& from, const std::string& to);

 private:
  Inspector(Fd lock, Database database) : lock_(std::move(lock)), database_(std::move(database)) {}
  Result<std::string> record_of(const lmdb::Transaction& txn, const std::string& exporter) const;

  Fd lock_;
  Database database_;
};

}  // namespace csiem::store
