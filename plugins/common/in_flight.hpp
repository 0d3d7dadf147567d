// What an exporter remembers about a request until its answer comes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace csiem::common {

// Notes by batch. A cancelled batch leaves its note behind; it is overwritten when the batch comes again, and the
// oldest goes when there are more notes than a lane ever has requests. One thread.
template <class Note>
class InFlight {
 public:
  void start(const csiem_batch& batch, Note note) {
    auto at = find(batch);
    if (at == notes_.end() && notes_.size() == kMost) at = notes_.begin();
    if (at != notes_.end()) notes_.erase(at);
    notes_.push_back({&batch, batch.batch_id, std::move(note)});
  }
  // A default Note when nothing is known about the batch.
  Note finish(const csiem_batch& batch) {
    const auto at = find(batch);
    if (at == notes_.end()) return Note{};
    Note note = std::move(at->note);
    notes_.erase(at);
    return note;
  }

 private:
  static constexpr std::size_t kMost = 64;
  struct Entry {
    const csiem_batch* batch;
    uint64_t id;
    Note note;
  };
  auto find(const csiem_batch& batch) {
    return std::find_if(notes_.begin(), notes_.end(),
                        [&](const Entry& e) { return e.batch == &batch && e.id == batch.batch_id; });
  }
  std::vector<Entry> notes_;  // oldest first; a handful
};

}  // namespace csiem::common
