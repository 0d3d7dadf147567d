// The per-event path of a lane: filter, route, format, append. Nothing here allocates, locks or logs in steady work.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "delivery/out_batch.hpp"
#include "delivery/settlement.hpp"
#include "plugin/registry.hpp"
#include "process/filter.hpp"
#include "schema/field_moves.hpp"
#include "schema/output_check.hpp"
#include "schema/output_fields.hpp"

namespace csiem::delivery {

struct BatchLimits {
  uint32_t max_events = 100;
  uint64_t max_bytes = 1 << 20;
  uint64_t max_event_bytes = 0;  // 0: none
  int32_t urgent_severity = CSIEM_SEV_CRITICAL;
};
// The smaller of what is configured and what the plugin can take; zeros of the plugin mean "no limit".
BatchLimits batch_limits(const config::Exporter& settings, const csiem_limits& plugin);

inline constexpr int kTooLarge = 4032, kNotFormatted = 4033, kBreaksSchema = 4037;

// What makes the body of an event.
struct Rendering {
  plugin::FormatInstance* format = nullptr;  // null: events travel without bodies
  schema::FieldMoves* moves = nullptr;       // null: none
  schema::OutputFields* fields = nullptr;    // null: all stay
  schema::OutputCheck* check = nullptr;      // null: nobody checks
};

// An event that ends here, because it cannot be rendered.
struct Unrenderable {
  SourceBatch* source;
  const csiem_event* event;
  uint32_t destination;
  int code;  // of messages.def: too large, refused by its format, breaks its schema
  bool too_large() const noexcept { return code == kTooLarge; }
  std::string text;
};

// Turns published batches into rendered ones, one open batch per destination. Batches wait here by reference and are
// rendered only as far as the lane can use them. Lane's thread.
class Batcher {
 public:
  // All of it must outlive the batcher.
  Batcher(const config::Exporter& settings, const BatchLimits& limits, const Rendering& rendering,
          Settlement& settlement);

  void add(SourceBatch* source) { inbox_.push_back(source); }
  // Renders until `room` batches are full, the inbox is empty, or a fair share of events is done (then true: call
  // again soon).
  bool render(std::size_t room, int64_t now_ns, int64_t now_unix_ns);
  // Renders urgent events of waiting batches ahead of the others; for use when render() stopped for want of room.
  void overtake(int64_t now_ns, int64_t now_unix_ns);

  // Sealed batches, in order. The caller takes them over and gives each back through recycle().
  std::vector<OutBatch*>& full() noexcept { return full_; }
  std::vector<Unrenderable>& unrenderable() noexcept { return unrenderable_; }
  void recycle(OutBatch* batch);

  // Seals open batches that are due: urgent ones, those that began before `begun_before_ns`, or all.
  void seal_due(int64_t begun_before_ns, bool all);
  // When the oldest open batch began; INT64_MAX without one.
  int64_t oldest_open_ns() const;
  bool has_urgent() const;
  bool inbox_empty() const noexcept { return inbox_.empty(); }
  bool nothing_open() const;
  std::size_t batches_in_use() const noexcept { return pool_.in_use(); }

  void set_max_bytes(uint64_t bytes) noexcept { limits_.max_bytes = bytes; }
  uint64_t max_bytes() const noexcept { return limits_.max_bytes; }

 private:
  uint32_t route(const csiem_event& event) const;
  // False when the event was filtered.
  bool render_event(SourceBatch* source, const csiem_event& event, std::vector<OutBatch*>& open);
  void refuse(OutBatch* open, SourceBatch* source, const csiem_event& event, int code, std::string text);
  OutBatch* begin(uint32_t destination, bool overtaking);
  void seal(OutBatch*& open);

  const config::Exporter& settings_;
  BatchLimits limits_;
  const Rendering rendering_;
  Buffer rewritten_;
  Settlement& settlement_;
  const process::Filter filter_;
  const bool keeps_all_;

  OutBatchPool pool_;
  uint64_t next_sequence_ = 1;
  std::size_t overtaking_in_use_ = 0;
  std::deque<SourceBatch*> inbox_;
  std::size_t scanned_ = 0;                   // of inbox_, by overtake()
  std::vector<OutBatch*> open_, overtaking_;  // per destination, may be null
  std::vector<OutBatch*> full_;
  std::vector<Unrenderable> unrenderable_;
  int64_t now_ns_ = 0, now_unix_ns_ = 0;
};

}  // namespace csiem::delivery
