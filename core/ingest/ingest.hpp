// Bytes to events: record shape detection and mapping, one file per shape beside this header.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "event/attack_overrides.hpp"
#include "event/batch.hpp"

namespace csiem::ingest {

// Why a line, or one element of it, is not an event (events.md E.3).
enum class Reject { none, bad_json, bad_utf8, too_deep, too_long, not_object, unknown_shape, no_decision, bad_field };
std::string_view reject_word(Reject reason);

// How one source is read. Immutable while in use.
struct Options {
  std::string shape = "auto";           // or a shape tag: detection is skipped and another shape is a reject
  bool strict = false;                  // every repair becomes a reject
  bool keep_payloads = false;           // tool parameters, contents and outputs verbatim instead of as digests
  bool drop_unevaluated = false;        // policy events that carry no decision
  bool allow_foreign_lines = false;     // lines that do not start with { or [ are counted, not rejected
  bool strict_seed_categories = false;  // tool is written as process, session as authentication
  std::string default_agent_id = "agent-default";
  std::string default_agent_version = "0.0.0";
  std::string default_session_id = "session-default";
  std::size_t max_line_bytes = 4 * 1024 * 1024;
  std::size_t max_string_bytes = 32 * 1024;
  std::size_t max_metadata_bytes = 256 * 1024;
  std::size_t max_labels = 64;
  std::size_t max_array_elements = 10'000;
  std::size_t max_depth = 128;
  std::shared_ptr<const event::AttackOverrides> attack;  // before our own tables; null: none
};

struct LineResult {
  uint32_t accepted = 0;    // events added to the builder
  uint32_t rejected = 0;    // elements that must go to quarantine; `reason` is the first one's
  uint32_t suppressed = 0;  // records that are by rule no event (tool_call_start of a blocked call, unevaluated)
  bool blank = false;
  bool foreign = false;  // skipped by allow_foreign_lines
  bool utf8_repaired = false;
  Reject reason = Reject::none;
  std::string_view detail;  // static or in the mapper's scratch memory: valid until the next line
};

// Maps one line at a time. Not thread-safe; keeps scratch memory between lines, so that a line in steady state costs no
// heap allocation.
class Mapper {
 public:
  explicit Mapper(Options options);
  ~Mapper();
  Mapper(const Mapper&) = delete;
  Mapper& operator=(const Mapper&) = delete;

  // `line` is without its line feed and needs to live during the call only: what the views need is copied into the
  // builder's arena. `arrival_unix_ns` replaces a missing event time. Fills every member of the views but
  // `ingested_unix_ns` (only from input) and `canonical_json`.
  LineResult map(std::string_view line, int64_t arrival_unix_ns, event::BatchBuilder& out);

  // One server-sent event of hushd's /api/v1/events: its name and data text (events.md B.11). Otherwise as map().
  LineResult map_sse(std::string_view event_name, std::string_view data, int64_t arrival_unix_ns,
                     event::BatchBuilder& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace csiem::ingest
