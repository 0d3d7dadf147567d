// One exporter's way out: filter, route, format, batch, submit, classify, retry, settle.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "credentials/credential_store.hpp"
#include "delivery/health.hpp"
#include "delivery/replay_sink.hpp"
#include "delivery/request_stats.hpp"
#include "event/batch.hpp"
#include "plugin/registry.hpp"
#include "process/filter.hpp"
#include "schema/field_moves.hpp"
#include "schema/output_check.hpp"
#include "schema/output_fields.hpp"
#include "store/store.hpp"

namespace csiem::delivery {

// What a lane is doing, for status, for the sources' pacing and for --once.
enum class LaneState {
  starting,  // waiting for its credentials
  running,
  retrying,   // the destination fails, attempts go on
  open,       // circuit breaker open
  held_auth,  // credential refused: a probe every 60 s
  held_destination,
  parked,  // its plugin is stuck or broke its contract
  paused   // by an operator: nothing is rendered or sent until resume()
};
std::string_view lane_state_word(LaneState state);

// Counters that other threads may read at any time.
struct LaneStats {
  std::atomic<uint64_t> delivered{0}, filtered{0}, rejected{0}, duplicates_possible{0};
  std::atomic<uint64_t> requests{0}, retries{0}, bytes_raw{0}, bytes_wire{0}, strikes{0};
  RequestStats answers;  // of the requests that went through the daemon's own HTTP client
  std::atomic<uint64_t> queued_events{0}, queued_bytes{0};
  // Taken by the destination, not yet confirmed; bytes of those that are kept in memory until then.
  std::atomic<uint64_t> confirming_events{0}, confirming_bytes{0};
  std::atomic<uint64_t> let_go_events{0};  // of confirming_events: those that only the log keeps
  std::atomic<int> state{static_cast<int>(LaneState::starting)};
  std::atomic<int> problem_code{0};  // of messages.def: why the state is not `running`; 0 when it is
  std::atomic<int64_t> last_success_unix_ns{0};
  std::atomic<uint64_t> health_checks{0}, health_failures{0};
  std::atomic<int64_t> retry_tokens_milli{0};  // thousandths of a retry that the budget holds now
};

// How `run --dry-run` sees a request instead of the network.
using DryRunSink = std::function<void(const std::string& exporter, const std::string& rendered_request)>;

// What came of one attempt to deliver a batch of one event.
struct Attempt {
  int32_t outcome = 0;   // CSIEM_*
  int message_code = 0;  // of messages.def; 0: nothing is wrong
  int http_status = 0;   // of the last answer; 0: there was none, or the exporter does not speak HTTP
  std::string vendor_code, vendor_text;
  std::string words;           // all of it as people read it
  int64_t answered_ns = 0;     // from submit() to the last answer, or to the end when there was none
  int64_t confirmed_ns = 0;    // from that answer to the word that the event is safe; 0: none was waited for
  int64_t retry_after_ms = 0;  // the server's wish
};
// Told about each attempt, on the lane's thread, before anything follows from it. True: seen enough; nothing follows.
using AttemptWatcher = std::function<bool(const Attempt&)>;
// How often an event that has not ended was sent.
struct Attempts {
  uint32_t made = 0;
  int64_t last_unix_ns = 0;  // 0: not yet
};
// Asks the lane about an event of the log. Any thread; waits for the lane, but not for long. Nothing when the lane does
// not answer or does not hold the event: it waits in the log.
using AttemptsOf = std::function<std::optional<Attempts>(store::Sequence sequence)>;

// What a plugin counts about itself (csiem.metrics/1).
struct PluginMetric {
  std::string name;
  uint64_t count = 0;  // of increments or of observations
  double sum = 0;      // of observed values
};

// Times that the specification fixes; tests shorten them.
struct Tuning {
  int64_t call_limit_ms = 5'000;      // a plugin call that lasts longer costs its thread
  int64_t silence_limit_ms = 60'000;  // a batch of which nothing is heard for so long, or for the timeout, is retried
  int64_t confirm_limit_ms = 7'200'000;  // the same for a batch whose confirmation by the destination is to come
  int64_t probe_interval_ms = 60'000;    // of held exporters
  int64_t smaller_batches_ms = 600'000;  // how long a refused size is remembered
  int64_t refresh_limit_ms = 30'000;     // to wait for a refreshed credential
  int64_t busy_retry_ms = 50;            // after a plugin said that it is busy
  uint32_t strikes_to_park = 10;         // one is forgiven each minute
  int64_t first_health_ms = 1'000;       // from the start to the first health check, unless a batch goes before
};

struct LaneParts {
  config::Exporter settings;
  const plugin::Component* exporter = nullptr;
  const plugin::Component* format = nullptr;  // null: the exporter takes no bodies
  std::string format_config_json;
  std::unique_ptr<schema::FieldMoves> moves;     // null: values stand where the format puts them
  std::unique_ptr<schema::OutputFields> fields;  // null: every field is sent
  std::unique_ptr<schema::OutputCheck> check;    // null: what the format writes is not checked
  credentials::CredentialStore* credentials = nullptr;
  std::function<void(const std::string& credential_key, std::function<void(bool changed)> done)> refresh_credential;
  std::unique_ptr<store::Cursor> cursor;
  const Clock* clock = nullptr;
  DryRunSink dry_run;           // empty: the network
  std::function<void()> eased;  // optional; see Settlement. Lane's thread, about once per published batch
  bool from_log = true;         // false: sends nothing but what is replayed
  AttemptWatcher attempted;     // optional; of a lane that is given one event
  bool watch_health = true;     // false: the destination is asked only by check_health()
};

// The delivery threads and the lanes pinned to them. Constructed and stopped on the control thread.
class Delivery {
 public:
  // `threads` 0: min(cores, 4).
  explicit Delivery(unsigned threads, const Clock& clock, Tuning tuning = {});
  ~Delivery();
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  // Creates the plugin instances (fails with CS3009 and the plugin's words) and starts the lane, which takes its events
  // through its cursor. A lane whose credentials are not resolved starts by itself when they are (call
  // credentials_changed()).
  Result<void> add_lane(LaneParts parts);

  // Sends a batch that does not come from the log through the exporter's filter, format and plugin. Control thread.
  // False when there is no such lane, or its plugin is stuck for ever.
  bool replay(std::string_view id, const event::BatchRef& batch, std::shared_ptr<ReplaySink> sink);

  // Some credential has a new value. Any thread.
  void credentials_changed();
  // Sends what is batched without waiting for its flush interval. Any thread.
  void flush();

  // What an operator does to one lane; each takes effect on the lane's thread, a moment later. Control thread. False
  // when there is no lane of that id, or its plugin is stuck for ever.
  bool flush(std::string_view id);
  // What is in flight ends as it would; nothing further is rendered or sent and what is published stays queued, until
  // resume() or the end of the process.
  bool pause(std::string_view id);
  // Also lets an open breaker or a hold send its probe now.
  bool resume(std::string_view id);

  // Asks the lane's destinations how they are, or joins the check that runs. `done` is called once, on any thread and
  // perhaps before this returns; it must not block. False when there is no such lane, or its plugin is stuck for ever.
  bool check_health(std::string_view id, HealthWaiters::Done done);

  // Every lane in the states running and starting has more than it can use soon: the fastest exporter sets the pace of
  // the sources, the others follow from the log. Any thread.
  bool sources_should_wait() const;
  // No lane has events left, neither in its hands nor in the log. Any thread.
  bool idle() const;
  // Every lane that still holds events is in a state in which it may hold them for long (open, held, parked,
  // paused).
  bool only_stuck_left() const;

  struct LaneView {
    std::string id, format;
    const LaneStats* stats;
    uint64_t queued;  // events that have not ended, those in the log included
    store::Ledger ledger;
    std::string last_error;
    HealthReport health;  // what the newest check found, or delivery since
    std::vector<PluginMetric> plugin_metrics;
    uint64_t mapping_skipped = 0;                              // values that the target of their mapping does not take
    uint64_t valid = 0, invalid = 0;                           // bodies that were checked against their schema
    std::vector<std::pair<std::string, uint64_t>> violations;  // events by rule that they broke
  };
  std::vector<LaneView> lanes() const;
  // Control thread. What it returns may outlive the lane.
  AttemptsOf attempts_of(std::string_view id) const;

  // Looks at every delivery thread; replaces one whose plugin call is over its limit and parks the guilty lane. Called
  // by a timer of the control thread about once a second.
  void watch();
  // How many threads were lost to stuck plugins.
  unsigned abandoned_threads() const;

  // Cancels what is in flight (unsettled events stay unsettled), destroys instances, joins threads.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace csiem::delivery
