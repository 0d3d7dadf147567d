// What the daemon must not forget: accepted events, cursors, source checkpoints, dead letters, quarantine, ledger.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "event/batch.hpp"
#include "event/ids.hpp"
#include "store/block.hpp"
#include "store/figures.hpp"

namespace csiem::store {

using Sequence = uint64_t;

// Both ends belong to it.
struct Range {
  Sequence first, last;
  uint64_t size() const noexcept { return last - first + 1; }
  bool operator==(const Range&) const = default;
};

// How an event of one exporter ended.
enum class Fate { delivered, filtered, dead_lettered, dropped };

// Counters of one exporter; accepted is the sum of all others and of what is queued. Survives restarts.
struct Ledger {
  uint64_t accepted = 0, delivered = 0, filtered = 0, dead_lettered = 0;
  BySeverity dropped_by{};  // by a policy of [queue]
  uint64_t lost = 0;        // in a damaged block
  uint64_t dropped() const noexcept {
    uint64_t sum = 0;
    for (const uint64_t n : dropped_by) sum += n;
    return sum;
  }
  uint64_t queued() const noexcept { return accepted - delivered - filtered - dead_lettered - dropped() - lost; }
};

// Delivery.md 8: why an exporter gave an event up. All text is scrubbed already.
struct DeadLetter {
  std::string event_id;
  Sequence sequence = 0;
  std::string error_class;  // rejected, too_large, format, confinement, expired, policy
  int code = 0;             // of messages.def
  int http_status = 0;
  std::string vendor_code, vendor_text;
  uint32_t attempts = 0;
  int64_t first_attempt_unix_ns = 0, last_attempt_unix_ns = 0;
  std::string plugin_version, format_version;  // name and version; the format's empty when there is none
  // The settings under which it was given up: SHA-256, shortened, and where the destination was written.
  std::string config_hash, config_origin;
  std::string event_json;  // canonical
};

// Which dead letters.
struct LetterFilter {
  std::string exporter = {};     // empty: all
  std::string error_class = {};  // empty: all
  std::string event_id = {};     // empty: all
  int64_t since_unix_ns = 0;     // given up then or later
  int64_t before_unix_ns = 0;    // given up earlier; 0: at any time
};

// A dead letter as the store keeps it; `{exporter, sequence}` names it.
struct KeptLetter {
  std::string exporter;
  Sequence sequence = 0;
  int64_t last_attempt_unix_ns = 0;
  std::string error_class, reason;
  std::string json;  // the envelope with the canonical event as its last member, one line without its line feed
};

// What one action of a policy of [queue] gave up for one exporter.
struct Gap {
  std::string exporter;
  Sequence first = 0, last = 0;  // not all of what lies between them is part of it
  BySeverity by_severity{};
  bool to_letters = false;  // they lie in the dead letters
  std::string reason;
  int64_t unix_ns = 0;
  uint64_t events() const noexcept {
    uint64_t sum = 0;
    for (const uint64_t n : by_severity) sum += n;
    return sum;
  }
};

// A line that is not an event.
struct Quarantined {
  std::string source;
  uint64_t offset = 0, line = 0;
  std::string reason, detail;
  std::string_view bytes;  // the first 4 KiB are kept
};

// What a lane gets: a batch, and the sequences of it that are settled already or were handed over before. It neither
// sends nor counts nor settles those. The span is valid during the call.
using Deliver = std::function<void(const event::BatchRef& batch, std::span<const Range> skip)>;

// How far a cursor is behind the newest durable event.
struct Lag {
  bool in_memory = true;     // what comes next is handed over without reading the log
  uint64_t bytes = 0;        // of the log; at most some seconds old
  uint64_t limit_bytes = 0;  // where the policy of CursorLimits acts; 0: unknown
};

// One exporter's place in the log. Owned by one lane; calls may come from any thread, one at a time. An event is
// settled when settle() covers it, never when it is read, so a crash re-delivers (at-least-once). Destroying it ends
// the delivery; its place is kept.
class Cursor {
 public:
  virtual ~Cursor() = default;
  // From now on `deliver` is called with what is not settled, on threads of the store. It must only hand over: it may
  // not call the store or a cursor.
  virtual void start(Deliver deliver) = 0;
  // Every event of [first, last] has ended; `counts` says how many in which way (index = Fate). Ranges may come in any
  // order and must not overlap.
  virtual void settle(Sequence first, Sequence last, const std::array<uint64_t, 4>& counts) = 0;
  // Keeps the letter; it becomes durable together with the settle() of its event, which must follow.
  virtual void dead_letter(DeadLetter letter) = 0;
  virtual Ledger ledger() const = 0;
  virtual Lag lag() const { return {}; }
  // Another limit of what may be handed over and not settled, from now on; see CursorOptions.
  virtual void set_window(std::size_t bytes) { (void)bytes; }
  // Whether give_back() is possible.
  virtual bool gives_again() const { return false; }
  // What came in one call of `deliver` together with this event is not kept by the lane any more, although it has not
  // ended: it takes no room of the window.
  virtual void let_go(Sequence any) { (void)any; }
  // Events that were handed over and have not ended, all of one call of `deliver`, are to be handed over again.
  virtual void give_back(Sequence first, Sequence last) {
    (void)first;
    (void)last;
  }
  // A small text that survives with the cursor.
  virtual void save_state(std::string text) = 0;
  virtual std::string state() const = 0;
};

// delivery.md 6.
enum class WhenFull { drop_lowest_severity, drop_oldest, dead_letter, block };

struct CursorLimits {
  uint64_t max_bytes = uint64_t{1} << 30;  // of the log that the exporter lags behind
  int64_t max_age_ms = int64_t{7} * 24 * 3600 * 1000;
  WhenFull when_full = WhenFull::drop_lowest_severity;
  bool keeps_letters = true;  // false: dead letters are counted and gone
  uint64_t dead_max_bytes = 256U << 20;
  int64_t dead_max_age_ms = int64_t{30} * 24 * 3600 * 1000;
};

struct CursorOptions {
  std::string exporter_id;  // the key under which the cursor is remembered
  // Where an exporter begins that the store does not know.
  enum class Start { now, oldest, time } start = Start::now;
  int64_t start_unix_ns = 0;  // of Start::time: the first block accepted at or after it
  // What may be handed over and not settled; one batch is handed over in any case.
  std::size_t window_bytes = 12U << 20;
  // Events of this severity and above overtake when the exporter lags. Above all: none does.
  int32_t priority_severity = static_cast<int32_t>(kSeverities) - 1;
  bool ordered = false;  // nothing overtakes
  CursorLimits limits = {};
};

struct LetterTotals {
  uint64_t count = 0, bytes = 0;
};

// One exporter's place as it was written last.
struct CursorView {
  std::string exporter;
  Ledger ledger;
  Sequence frontier = 0;
  uint64_t lag_bytes = 0;      // of the log from the first block that is not settled
  int64_t oldest_unix_ns = 0;  // when the oldest event that is not settled was accepted; 0: none
  int64_t opened_unix_ns = 0;  // when a daemon used it last
  CursorLimits limits;
  std::string state;
  LetterTotals letters;
};

// What the store can do now.
enum class Health {
  ok,
  full,     // store.max_bytes is used up, or the disk nearly is: the sources wait until there is room
  failing,  // the disk does not take what was read; it is kept in memory and tried again every second
  failed    // not even opening the store again helps
};

// What acknowledged events survive. All of them a process that ends at any moment.
enum class Durability {
  sync,      // and a power cut
  interval,  // and a power cut, apart from those of the last interval
  none       // after a power cut the store may be damaged
};

struct EventTrace;  // trace.hpp

class Store {
 public:
  virtual ~Store() = default;

  // Any time; one cursor for one id.
  virtual Result<std::unique_ptr<Cursor>> open_cursor(const CursorOptions& options) = 0;

  // Gives the batch its sequences and takes charge of it. It is published when it is durable, together with
  // `checkpoint`, the source's position behind it. An empty batch moves the checkpoint only. Ingest thread.
  virtual Result<void> append(const std::shared_ptr<event::EventBatch>& batch, const std::string& source_id,
                              std::string checkpoint) = 0;
  // Durable before the checkpoint of the next append() is. Ingest thread.
  virtual void quarantine(const Quarantined& record) = 0;
  // What was durable for this source when the store was opened; empty for a new one.
  virtual std::string checkpoint(const std::string& source_id) const = 0;
  // True when there is none because it was damaged: the source has to begin where it can lose nothing.
  virtual bool checkpoint_lost(const std::string& source_id) const = 0;
  // True while append() should not be called: too much waits for the disk, or the store is full.
  virtual bool must_wait() const = 0;
  // Called on a thread of the store when must_wait() may have become false.
  virtual void on_progress(std::function<void()> notify) = 0;
  // Called on the store's writing thread with every batch that became durable, in order of sequence.
  virtual void on_publish(std::function<void(const event::BatchRef&)> publish) = 0;

  // Called on the store's writing thread, after the gap was counted. Before the first append.
  virtual void on_gap(std::function<void(const Gap&)> tell) = 0;

  // Ids of events that came lately, oldest first, as far as they are remembered. Before the first append.
  virtual Result<void> recent_ids(
      const std::function<void(const event::UuidBits& id, int64_t accepted_unix_ns)>& take) const = 0;

  // ---- dead letters ----
  // At most `most` of those behind {after_exporter, after_sequence}, in order of exporter and sequence. Any thread.
  virtual Result<std::vector<KeptLetter>> letters(const LetterFilter& filter, std::string_view after_exporter,
                                                  Sequence after_sequence, std::size_t most) const = 0;
  // Keeps the letter in the place of an earlier one of that sequence, whether the exporter has a cursor or not. Durable
  // a moment later. Any thread.
  virtual void keep_letter(const std::string& exporter, DeadLetter letter) = 0;
  virtual void erase_letter(const std::string& exporter, Sequence sequence) = 0;
  // How far every exporter is that the store knows, orphans included, in order of their ids. Any thread.
  virtual Result<std::vector<CursorView>> cursors() const = 0;

  // What became of the event; see trace.hpp. Takes as long as reading the log. Any thread.
  virtual Result<std::optional<EventTrace>> trace(std::string_view event_id) const = 0;

  virtual Health health() const = 0;
  // Of messages.def, why health() is not ok: CS5007 or CS5013 for `full`; 0 when it is.
  virtual int health_code() const = 0;
  // Reads a few pages; any thread that may wait for a moment.
  virtual Figures figures() const = 0;
  // Events that some open cursor has not settled.
  virtual uint64_t unsettled_events() const = 0;

  // Tries once to write everything that was handed over before the call. After it the store may be destroyed.
  virtual Result<void> flush() = 0;
};

// Adds the event of this canonical text to the builder, `canonical_json` included. False when it cannot be read.
using Revive = std::function<bool(std::string_view canonical, event::BatchBuilder& out)>;

struct Options {
  std::string directory;  // created with 0700; locked against a second instance (CS5003)
  Durability durability = Durability::sync;
  int64_t sync_interval_ms = 500;                // of Durability::interval
  uint64_t max_bytes = uint64_t{4} << 30;        // all tables together
  std::size_t ring_bytes = 32U << 20;            // batches kept in memory for exporters that lag a little
  std::size_t max_uncommitted_bytes = 8U << 20;  // then must_wait() is true
  Revive revive;                                 // required; called on one thread of the store
  const Clock* clock = nullptr;                  // the system's when null
  std::function<DiskSpace()> disk_space;         // asks the operating system when empty
  std::string boot_id;                           // names the time since the machine was started; empty: the machine's
};
Result<std::unique_ptr<Store>> open_store(Options options);

}  // namespace csiem::store
