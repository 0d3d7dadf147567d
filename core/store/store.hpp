// What the daemon must not forget: accepted events, cursors, source checkpoints, dead letters, quarantine, ledger.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "event/batch.hpp"

namespace csiem::store {

using Sequence = uint64_t;

// How an event of one exporter ended.
enum class Fate { delivered, filtered, dead_lettered, dropped };

// Counters of one exporter; balanced when accepted == sum of the fates + queued.
struct Ledger {
  uint64_t accepted = 0, delivered = 0, filtered = 0, dead_lettered = 0, dropped = 0;
  uint64_t queued() const noexcept { return accepted - delivered - filtered - dead_lettered - dropped; }
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
  std::string plugin_version;
  std::string event_json;  // canonical
};

// A line that is not an event.
struct Quarantined {
  std::string source;
  uint64_t offset = 0, line = 0;
  std::string reason, detail;
  std::string_view bytes;  // the first 4 KiB are kept
};

// One exporter's place in the log. Owned by one lane; calls may come from any thread, one at a time. An event is
// settled when settle() covers it, never when it is read, so a crash re-delivers (at-least-once).
class Cursor {
 public:
  virtual ~Cursor() = default;
  // Every event of [first, last] has ended; `counts` says how many in which way (index = Fate). Ranges may come in any
  // order and must not overlap.
  virtual void settle(Sequence first, Sequence last, const std::array<uint64_t, 4>& counts) = 0;
  // Keeps the letter; it is durable before the settle() of its event takes effect.
  virtual void dead_letter(DeadLetter letter) = 0;
  virtual Ledger ledger() const = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // Before the first append. `exporter_id` is the key under which the cursor is remembered.
  virtual Result<std::unique_ptr<Cursor>> open_cursor(const std::string& exporter_id) = 0;

  // Gives the batch its sequences and takes charge of it. `checkpoint` is the source's position behind the batch and
  // becomes durable not before every event up to here is safe. An empty batch moves the checkpoint only. Ingest thread.
  virtual Result<void> append(const std::shared_ptr<event::EventBatch>& batch, const std::string& source_id,
                              std::string checkpoint) = 0;
  // Durable before the checkpoint of the next append() is. Ingest thread.
  virtual void quarantine(const Quarantined& record) = 0;
  // What was durable for this source when the store was opened; empty for a new one.
  virtual std::string checkpoint(const std::string& source_id) const = 0;

  // Bytes of batches that some lane has not settled.
  virtual std::size_t unsettled_bytes() const = 0;
  virtual uint64_t unsettled_events() const = 0;
  // Called on an unspecified thread after unsettled_bytes() fell.
  virtual void on_progress(std::function<void()> notify) = 0;

  // Writes what can be written. After it the store may be destroyed.
  virtual Result<void> flush() = 0;
};

struct Options {
  std::string directory;  // created with 0700; locked against a second instance (CS5003)
  int64_t checkpoint_interval_ms = 200;
  // With more than this in dead letters and quarantined lines that the disk does not take, nothing is let go any more:
  // unsettled_bytes() stays up and the sources wait.
  std::size_t max_waiting_bytes = 64 * 1024 * 1024;
};
// Holds no event on disk: a source's checkpoint moves only when every cursor has settled the events before it, so the
// source itself is the log that survives a crash.
Result<std::unique_ptr<Store>> open_holdback_store(Options options);

}  // namespace csiem::store
