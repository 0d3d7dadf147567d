// The lane itself: everything that one exporter does, on one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.hpp"
#include "config/plugin_words.hpp"
#include "delivery/batcher.hpp"
#include "delivery/breaker.hpp"
#include "delivery/concurrency.hpp"
#include "delivery/health.hpp"
#include "delivery/instance_services.hpp"
#include "delivery/lane.hpp"
#include "delivery/loop.hpp"
#include "delivery/rejections.hpp"
#include "delivery/remembered.hpp"
#include "delivery/retry.hpp"
#include "delivery/unconfirmed.hpp"

namespace csiem::delivery {

// What an attempt left behind, event by event. Members of the parcel, ascending.
struct Outcomes;

class Lane final : public std::enable_shared_from_this<Lane> {
 public:
  // Creates the plugin instances, on the calling thread. `setup` is that thread's call slot.
  static Result<std::shared_ptr<Lane>> create(LaneParts parts, const Clock& clock, const Tuning& tuning,
                                              TokenSource& tokens, plugin::CallSlot& setup);
  // Use create().
  Lane(LaneParts parts, const Clock& clock, const Tuning& tuning, TokenSource& tokens);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // ---- any thread ----
  const std::string& id() const noexcept { return context_.settings.id; }
  const LaneStats& stats() const noexcept { return context_.stats; }
  LaneState state() const noexcept;
  std::string format_name() const;
  std::string last_error() const;
  std::vector<PluginMetric> plugin_metrics() const;
  // Null when the lane has no mappings, does not check what it sends.
  const schema::FieldMoves* moves() const noexcept { return moves_.get(); }
  const schema::OutputCheck* check() const noexcept { return check_.get(); }
  // Takes over everything but the sequences of `skip`. With `replay` the ends of the events are told there instead of
  // to the cursor. False: the lane is closed.
  bool publish(const event::BatchRef& batch, std::span<const store::Range> skip = {},
               std::shared_ptr<ReplaySink> replay = nullptr);
  // Lets the store deliver to this lane.
  void start_feed();
  // Events of the log that have not ended here.
  uint64_t queued_events() const;
  store::Ledger ledger() const { return cursor_->ledger(); }
  // It holds more than it can use soon: sources need not hurry for its sake.
  bool has_enough() const;
  void credentials_changed();
  void flush();
  // How often an event of the log was sent; answered on the lane's thread, with 0 for one that it does not hold. False:
  // the lane answers nothing any more.
  bool ask(store::Sequence sequence, std::function<void(const Attempts&)> answer);
  // False: the lane takes no letters any more.
  bool set_paused(bool paused);
  // See Delivery::check_health().
  void ask_health(HealthWaiters::Done done);
  HealthReport health() const;
  // The lane runs on `loop` from now on. Its earlier loop, if any, must be lost: requests there are taken as reset.
  void move_to(Loop& loop);
  // The lane's plugin is stuck for ever on a lost thread. Nothing of the lane is touched again but its counters.
  void bury(const std::string& why);

  // ---- on the thread of the loop ----
  // Does everything that is due.
  void run();
  void alarm_fired();
  void answered(uint32_t outlet, uint64_t request, const http::Response& response);
  // Cancels what is in flight, destroys the instances. Events that were not settled stay so.
  void shut();

 private:
  // One destination: a plugin instance with its own settings.
  struct Outlet {
    const config::Destination* settings = nullptr;
    std::string settings_hash;  // of everything that decides what is sent there, secrets left out
    std::unique_ptr<InstanceServices> services;
    std::unique_ptr<plugin::ExporterInstance> instance;
  };
  struct Gate {
    enum { free, probe, closed } pass;
    int64_t until_ns;  // of `closed`
  };
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  // lane.cpp
  Result<void> make_instances(plugin::CallSlot& setup, const std::string& format_config);
  // Whether sources should wait, for a moment, until the lane takes events from memory again; the first call since it
  // fell behind begins that moment. Any thread.
  bool may_catch_up(const store::Lag& lag) const;
  // Which plugin, format and settings a dead letter of this destination comes from.
  void sign(store::DeadLetter& letter, std::size_t outlet) const;
  void arrive(Loop& loop);
  void read_letters(int64_t now);
  Attempts look_for(store::Sequence sequence) const;
  void render(int64_t now);
  void bury_unrenderable();
  void set_alarm(int64_t now);
  bool credentials_ready() const;

  // The plugin brings its own protocol: the host sees no requests.
  bool own_io() const noexcept { return (exporter_->exporter.flags & CSIEM_EXPORTER_OWN_IO) != 0; }

  // dispatch.cpp
  Gate gate(int64_t now) const;
  void dispatch(int64_t now);
  bool send_next(int64_t now, bool probe);
  void submit(std::unique_ptr<Parcel> parcel, bool probe, int64_t now);
  std::size_t on_the_way() const;
  void note_confirming(int64_t now);
  void submit_failed(uint64_t token, csiem_status status, const std::string& error, bool struck, int64_t now);
  void check_silence(int64_t now);
  int64_t silence_ns(const Flight& flight) const;
  void queue_full_batches();

  // let_go.cpp
  bool may_let_go(const Flight& flight, int64_t now) const;
  void let_go(uint64_t token, int64_t now);
  void end_let_go(const Flight& flight, const Unconfirmed::Part& part, int32_t outcome);
  void confirmed(Unconfirmed one, const Verdict& verdict, int64_t now);
  void give_back_due(int64_t now);

  // verdict handling: outcome.cpp
  void finish(std::unique_ptr<Flight> flight, const Verdict& verdict, int64_t now);
  void end_events(const Parcel& parcel, const std::vector<uint32_t>& members, store::Fate fate);
  void dead_letter(const Parcel& parcel, uint32_t member, std::string_view error_class, int code, int http_status,
                   std::string_view vendor_code, std::string_view vendor_text);
  void on_rejected(Flight& flight, const Verdict& verdict, Outcomes& outcomes, int64_t now);
  static void suspect_size(Flight& flight, Outcomes& outcomes);
  void lower_max_bytes(uint64_t bytes, int64_t now);
  void refit(Flight& flight, int64_t now);
  void on_too_large(Flight& flight, const Verdict& verdict, Outcomes& outcomes, int64_t now);
  void on_retry(Flight& flight, const Verdict& verdict, Outcomes& outcomes, int64_t now);
  void on_refused(Flight& flight, const Verdict& verdict, Outcomes& outcomes, int64_t now);
  void requeue_halves(const Parcel& parcel, const std::vector<uint32_t>& members,
                      const std::shared_ptr<BisectSearch>& search);
  void requeue(std::unique_ptr<Parcel> parcel) { queue_.put(std::move(parcel)); }
  bool keep_refused(Flight& flight, Outcomes& outcomes, const std::string& cause, int64_t now);
  void single_refused(Flight& flight, const Verdict& verdict, int http_status, int64_t now, Outcomes& outcomes);
  void give_up(std::vector<Suspect>& suspects);
  void give_up_when_idle();
  void close_search(BisectSearch& search, const Outcomes& outcomes);

  // state.cpp
  void on_accepted(const Flight& flight, int64_t now);
  void on_failure(const Flight& flight, const Verdict& verdict, int64_t now);
  void on_auth(const Flight& flight, const std::string& cause, int64_t now);
  void refresh_done(int64_t now);
  void hold(Hold::Kind kind, uint32_t outlet, int code, const std::string& cause, int64_t now);
  void strike(const std::string& what, int64_t now);
  void park(int64_t now);
  void update_state(int64_t now);
  int problem_code() const;
  void probe_now(int64_t now);
  int64_t running_ns(int64_t now) const;
  uint64_t credential_generations() const;
  std::string describe(const Flight& flight, const Verdict& verdict) const;
  Attempt attempt_of(const Flight& flight, const Verdict& verdict, int64_t now) const;
  config::AnswerWords setting_behind(uint32_t outlet, std::string_view vendor_code, int code) const;
  void remember_error(const std::string& text);

  // health_check.cpp
  HealthReport known_from_delivery() const;
  bool can_ask_health() const;
  void put_off_health_check(int64_t now);
  int64_t next_health_ns() const;
  void check_health(int64_t now);
  void begin_health_check(int64_t now);
  void ask_plugin(HealthCall& call);
  bool health_answered(uint64_t token, const Verdict& verdict, int64_t now);
  void cancel_health_check();
  void end_health_check(int64_t now);
  bool note_health(const HealthReport& report);
  void health_shown_by_delivery();
  void renew_credentials(uint32_t outlet);

  // remember.cpp
  uint32_t settings_digest() const;
  void recall(int64_t now);
  void remember(int64_t now);

  const Clock& clock_;
  const Tuning tuning_;
  LaneContext context_;
  const plugin::Component* const exporter_;
  const plugin::Component* const format_component_;
  const std::unique_ptr<schema::FieldMoves> moves_;
  const std::unique_ptr<schema::OutputFields> fields_;
  const std::unique_ptr<schema::OutputCheck> check_;
  std::function<void(const std::string&, std::function<void(bool)>)> refresh_credential_;
  const AttemptWatcher attempted_;
  const bool watch_health_;
  std::unique_ptr<store::Cursor> cursor_;
  SystemRandom random_;
  Sha256 hasher_;

  std::unique_ptr<plugin::FormatInstance> format_;
  std::vector<Outlet> outlets_;  // routes in order, then the exporter's own
  Settlement settlement_;
  GivenBack given_back_;
  std::unique_ptr<Batcher> batcher_;
  ParcelQueue queue_;
  Mailbox::Content letters_;

  RetryPolicy retry_;
  RetryBudget budget_;
  Breaker breaker_;
  Hold hold_;
  Permits permits_;
  int hold_code_ = 0;
  std::string trouble_words_;  // why the breaker opened or the hold began
  Rejections rejections_;
  uint64_t refused_in_row_ = 0;    // events, since one was accepted
  std::vector<Suspect> suspects_;  // of these, the ones that are no dead letters yet
  uint32_t held_outlet_ = 0, probe_round_ = 0;
  uint64_t held_generations_ = 0;
  int64_t paused_until_ns_ = 0;
  int64_t smaller_until_ns_ = 0;
  uint64_t configured_max_bytes_ = 0;
  std::size_t enough_bytes_ = 0;  // of events in its hands: more of them would not make it faster

  bool started_ = false;  // has all credentials
  bool paused_ = false;   // by an operator
  bool parked_ = false, closed_ = false, flushing_ = false, more_to_render_ = false;
  bool failing_ = false;  // the newest attempt failed
  bool window_widened_ = false;
  mutable std::atomic<int64_t> behind_since_ns_{0};  // reads the log since then; 0: it does not
  int failure_code_ = 0;
  uint32_t refreshes_open_ = 0;
  bool refreshed_ = false, refresh_changed_ = false;
  int64_t refresh_deadline_ns_ = 0;
  std::string refresh_cause_;
  uint32_t refresh_outlet_ = 0;
  double strike_level_ = 0;
  int64_t strike_at_ns_ = 0;
  uint64_t next_batch_id_ = 1;

  // What of the breaker and the hold is written down with the cursor.
  struct Written {
    int64_t open_for_ms = 0, open_until_ns = 0;
    Hold::Kind hold = Hold::Kind::none;
    int64_t held_until_ns = 0;
    bool operator==(const Written&) const = default;
  } written_;

  int64_t health_due_ns_ = kNever;   // when to ask next; kNever: not by itself
  bool health_wanted_ = false;       // by somebody who waits
  uint64_t health_generations_ = 0;  // of the credentials that were refused
  HealthWaiters health_waiters_;

  LaneState state_ = LaneState::starting;
  int64_t state_since_ns_ = 0, trouble_since_ns_ = 0, running_total_ns_ = 0;
  int64_t wake_at_ns_ = kNever;   // when dispatch() wants to look again
  int64_t armed_at_ns_ = kNever;  // the alarm that the loop holds

  mutable std::mutex error_mutex_;  // guards what follows
  std::string last_error_;
  HealthReport health_;  // written by the lane's thread alone, which reads it without the mutex
};

}  // namespace csiem::delivery
