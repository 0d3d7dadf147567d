// Events of one destination, rendered once and kept until the last of them has ended.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "base/sha256.hpp"
#include "delivery/bisect.hpp"
#include "delivery/settlement.hpp"

namespace csiem::delivery {

// While open, events are appended; seal() makes the slices final. The bytes are the same for every attempt. Reused
// through OutBatchPool. Lane's thread.
class OutBatch {
 public:
  // Consecutive events of one source batch.
  struct Run {
    SourceBatch* source;
    uint32_t first, count;
  };

  void begin(uint64_t sequence, uint32_t destination, bool formatted);
  // Where a format plugin writes the next body. What was written since the last append() belongs to the next one.
  csiem_writer& writer() noexcept { return body_.writer(); }
  std::size_t pending_bytes() const noexcept { return body_.size() - end_; }
  std::string_view pending() const noexcept { return body_.view(end_, body_.size()); }
  void drop_pending() noexcept { body_.truncate(end_); }
  void append_bytes(std::string_view bytes) { body_.append(bytes); }
  // The event's body was written before (formatted), or it travels as itself and costs `bytes`.
  void append(SourceBatch* source, const csiem_event* event, std::size_t bytes, int64_t now_ns);
  void seal();

  uint64_t sequence() const noexcept { return sequence_; }
  uint32_t destination() const noexcept { return destination_; }
  uint32_t count() const noexcept { return static_cast<uint32_t>(events_.size()); }
  bool empty() const noexcept { return events_.empty(); }
  std::size_t bytes() const noexcept { return bytes_; }
  int64_t begun_ns() const noexcept { return begun_ns_; }  // when its first event came
  bool formatted() const noexcept { return formatted_; }
  std::span<const csiem_event* const> events() const noexcept { return events_; }
  std::span<const csiem_str> bodies() const noexcept { return bodies_; }
  std::span<const Run> runs() const noexcept { return runs_; }
  const Run& run_of(uint32_t index) const;

  bool urgent = false;       // holds an event that must not wait
  bool overtaking = false;   // holds only events that overtake the backlog
  uint32_t open_events = 0;  // that have not ended; set by seal()

 private:
  uint64_t sequence_ = 0;
  uint32_t destination_ = 0;
  bool formatted_ = false;
  int64_t begun_ns_ = 0;
  std::size_t end_ = 0, bytes_ = 0;
  Buffer body_;
  std::vector<std::size_t> ends_;
  std::vector<const csiem_event*> events_;
  std::vector<csiem_str> bodies_;
  std::vector<Run> runs_;
};

// Keeps the memory of batches between uses. Lane's thread.
class OutBatchPool {
 public:
  OutBatch* take();
  void give_back(OutBatch* batch) { idle_.push_back(batch); }
  // Batches that are open, waiting or in flight.
  std::size_t in_use() const noexcept { return all_.size() - idle_.size(); }

 private:
  std::vector<std::unique_ptr<OutBatch>> all_;
  std::vector<OutBatch*> idle_;
};

// One event that was refused, while it is not sure that the fault is the event's.
struct Parcel;
struct Suspect {
  std::unique_ptr<Parcel> parcel;
  int http_status;
  std::string code, text;  // the vendor's
  std::string cause;       // as the log says it
};

// The search for bad events inside one batch, with the suspects found so far.
struct BisectSearch {
  Bisect bisect;
  std::vector<Suspect> suspects;
};

// What one submit() carries: a whole rendered batch, a range of it, or any subset. Never owns bytes.
struct Parcel {
  OutBatch* batch = nullptr;
  uint32_t first = 0, count = 0;  // a range of the batch, unless `index` is set
  std::vector<uint32_t> index;    // ascending positions in the batch
  std::vector<const csiem_event*> event_subset;
  std::vector<csiem_str> body_subset;

  uint32_t attempt = 0;  // as the plugin sees it; counts retries
  uint32_t sent = 0;     // submits of every kind
  int64_t ready_at_ns = 0;
  bool after_timeout = false;
  bool unconfirmed = false;  // the newest attempt was taken and never confirmed
  uint32_t torn = 0;         // attempts in a row whose connection was lost under a large body
  uint32_t restarts = 0;     // times the server stopped at an event before these
  bool kept = false;         // was refused together with everything else, and outlived the hold
  int64_t first_sent_unix_ns = 0, last_sent_unix_ns = 0;
  int64_t first_sent_running_ns = -1;  // by the lane's running clock
  uint64_t batch_id = 0;
  std::string idempotency_key;
  std::shared_ptr<BisectSearch> search;
  csiem_batch abi{};

  uint32_t at(uint32_t i) const noexcept { return index.empty() ? first + i : index[i]; }
  uint32_t position() const noexcept { return index.empty() ? first : index.front(); }
  std::span<const csiem_event* const> events() const noexcept;
  std::span<const csiem_str> bodies() const noexcept;
  std::size_t bytes() const noexcept;
  bool before(const Parcel& other) const noexcept;
};

std::unique_ptr<Parcel> whole_parcel(OutBatch& batch);
// The members `members` (ascending, of [0, parent.count)) with the parent's history.
std::unique_ptr<Parcel> sub_parcel(const Parcel& parent, std::span<const uint32_t> members);
// The same key for the same events, in this process and after a restart: the event's id, or a digest over all ids.
std::string idempotency_key(const Parcel& parcel, Sha256& hasher);

// Parcels that wait for a permit, oldest first; those that overtake before all others. Lane's thread.
class ParcelQueue {
 public:
  void put(std::unique_ptr<Parcel> parcel);
  // The first that may go now. `in_order`: only the very first counts.
  std::unique_ptr<Parcel> take(int64_t now_ns, bool in_order);
  // One single event for a probe, of this destination if one waits; `round` moves on through the waiting ones, 0 is
  // the oldest.
  std::unique_ptr<Parcel> take_probe(uint32_t round, uint32_t destination);
  // When the next one may go; INT64_MAX when none waits.
  int64_t next_ready_ns(bool in_order) const;
  bool empty() const noexcept { return parcels_.empty(); }
  std::size_t size() const noexcept { return parcels_.size(); }
  const std::vector<std::unique_ptr<Parcel>>& all() const noexcept { return parcels_; }
  // Parcels that could go now.
  std::size_t ready(int64_t now_ns) const;
  void clear() { parcels_.clear(); }

 private:
  std::vector<std::unique_ptr<Parcel>> parcels_;
};

}  // namespace csiem::delivery
