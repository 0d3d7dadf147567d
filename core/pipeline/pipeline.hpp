// The whole data path of one daemon, wired in order.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "bus/event_bus.hpp"
#include "config/config.hpp"
#include "credentials/credential_store.hpp"
#include "delivery/lane.hpp"
#include "pipeline/gap_notices.hpp"
#include "pipeline/intake.hpp"
#include "pipeline/replay.hpp"
#include "pipeline/send_test.hpp"
#include "plugin/registry.hpp"
#include "schema/schema_registry.hpp"
#include "store/store.hpp"

namespace csiem::pipeline {

struct PipelineOptions {
  bool once = false;
  bool replay_only = false;      // no sources, and lanes send nothing but what replays() gives them
  delivery::DryRunSink dry_run;  // set: no network, and a temporary store
  unsigned delivery_threads = 0;
  // Runs `task` on the control thread soon; any thread may call it.
  std::function<void(std::function<void()>)> on_control;
};

// Built, asked and stopped on the control thread, whose loop calls tick() about four times a second.
class Pipeline {
 public:
  // Opens the store, loads the plugins, creates the lanes and starts reading. An exporter whose plugin cannot be used
  // is reported and left out; the others run. Fails when nothing could run.
  static Result<std::unique_ptr<Pipeline>> start(const config::Configuration& configuration, plugin::Registry& plugins,
                                                 PipelineOptions options);
  ~Pipeline();

  // Timers: credentials that are due, the watchdog, collapsed log lines.
  void tick();
  // Nothing moves and nothing waits for tick(): every two seconds are enough.
  bool idle() const;

  const Intake& intake() const { return *intake_; }
  const delivery::Delivery& delivery() const { return *delivery_; }
  bus::EventBus& bus() { return bus_; }
  uint64_t unsettled_events() const { return store_->unsettled_events(); }
  // The disk fails for good: what is left to do is to end, so that a supervisor takes notice.
  bool store_failed() const { return store_->health() == store::Health::failed; }
  // Where exporters are, as it was written last, and their dead letters.
  const store::Store& store() const { return *store_; }
  store::Store& store() { return *store_; }
  Replays& replays() { return *replays_; }
  SendTests& send_tests() { return *send_tests_; }
  // What could not be started, in words.
  const std::vector<std::string>& left_out() const { return left_out_; }

  // Everything that was read is on its way out: sends what waits for its flush interval.
  void flush() { delivery_->flush(); }
  // One exporter, see delivery::Delivery.
  bool flush(std::string_view exporter) { return delivery_->flush(exporter); }
  bool pause(std::string_view exporter) { return delivery_->pause(exporter); }
  bool resume(std::string_view exporter) { return delivery_->resume(exporter); }
  // `done` is called on the control thread, when the exporter's destination has answered or could not be asked. False
  // when its plugin is stuck for ever.
  bool check_health(std::string_view exporter, std::function<void()> done);
  // Reads nothing more and sends what is there. tick() goes on being called until quiet() or the caller's patience
  // ends.
  void begin_drain();
  // No lane has anything left that it could send soon.
  bool quiet() const { return delivery_->idle() || delivery_->only_stuck_left(); }
  struct Stopped {
    uint64_t unsettled = 0;  // events that some exporter has not settled; they stay in the store
    Result<void> written;    // whether the store could write what it still had to
  };
  // Ends every thread and writes what the store still has to write.
  Stopped stop();

 private:
  Pipeline(const config::Configuration& configuration, plugin::Registry& plugins, PipelineOptions options);
  Result<void> open_store();
  Result<void> open_lanes();
  Result<void> open_lane(const config::Exporter& exporter);
  Result<void> open_sources();
  Result<void> know_hash_key();
  Result<void> look_for_hash_key();
  void connect();
  bool sources_must_wait() const;
  void resolve_credentials(bool first);
  void refresh_credential(const std::string& key, std::function<void(bool)> done);

  const config::Configuration& configuration_;
  plugin::Registry& plugins_;
  PipelineOptions options_;
  const Clock& clock_;
  schema::SchemaRegistry schemas_;
  credentials::CredentialStore credentials_;
  std::string hash_key_;  // the credential's name in the store; empty: nothing is hashed
  std::string temporary_directory_;
  std::unique_ptr<store::Store> store_;
  bus::EventBus bus_;
  std::unique_ptr<delivery::Delivery> delivery_;
  std::unique_ptr<Replays> replays_;
  std::unique_ptr<GapNotices> gap_notices_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<SendTests> send_tests_;
  std::vector<std::string> left_out_;
  uint64_t credentials_seen_ = 0;
  int64_t next_resolve_ns_ = 0, next_watch_ns_ = 0, next_log_flush_ns_ = 0;
  bool unresolved_ = false;
  std::atomic<Intake*> waiting_intake_{nullptr};  // for the lanes, which start before it
};

}  // namespace csiem::pipeline
