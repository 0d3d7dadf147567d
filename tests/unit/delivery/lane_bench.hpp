// One lane on a loop that the test turns by hand: no thread, no network, no waiting.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "delivery/lane_core.hpp"
#include "event/batch.hpp"
#include "fake_plugin.hpp"
#include "memory_cursor.hpp"

namespace csiem::test {

class HandLoop final : public delivery::Loop {
 public:
  struct Sent {
    http::RequestId id;
    http::Request request;
    std::shared_ptr<const http::Policy> policy;
    http::Client::Handler done;
  };

  explicit HandLoop(ManualClock& clock) : clock_(clock) {}

  void post(std::function<void()> work) override { work_.push_back(std::move(work)); }
  void alarm(const std::shared_ptr<delivery::Lane>& lane, int64_t mono_ns) override {
    alarms_[lane.get()] = {lane, mono_ns};
  }
  Result<http::RequestId> send(http::Request request, std::shared_ptr<const http::Policy> policy,
                               http::Client::Handler done) override {
    std::string url = request.url;
    if (request.url_secret) request.url_secret->use([&](std::string_view more) { url += more; });
    const auto whole = http::origin_of(url);
    bool allowed = false;
    for (const auto& one : policy->allowed_origins) allowed = allowed || (whole && one == *whole);
    if (!allowed) return Error{Code::denied, "origin not allowed"};
    sent.push_back({++last_id_, std::move(request), std::move(policy), std::move(done)});
    return last_id_;
  }
  void cancel(http::RequestId id) override {
    std::erase_if(sent, [&](const Sent& one) { return one.id == id; });
  }
  std::string spare_body() override { return {}; }
  plugin::CallSlot& slot() override { return slot_; }
  void working_for(const delivery::Lane*) override {}

  // The oldest request's connection is lost before an answer came.
  void tear() {
    Sent one = std::move(sent.front());
    sent.erase(sent.begin());
    http::Response response;
    response.transport = http::Transport::reset;
    response.ambiguous = true;
    response.raw_bytes = response.wire_bytes = one.request.body.size();
    one.done(response);
    settle();
  }
  // Answers the oldest request.
  // The request with this URL goes first.
  void first(std::string_view url) {
    std::stable_partition(sent.begin(), sent.end(), [&](const Sent& one) { return one.request.url == url; });
  }
  void answer(int status, uint32_t retry_after_ms = 0, http::Transport transport = http::Transport::ok,
              bool ambiguous = false) {
    Sent one = std::move(sent.front());
    sent.erase(sent.begin());
    http::Response response;
    response.status = status;
    response.transport = transport;
    response.retry_after_ms = retry_after_ms;
    response.ambiguous = ambiguous;
    one.done(response);
    settle();
  }
  // Runs everything that is due now.
  void settle() {
    for (int turns = 0; turns < 100'000; ++turns) {
      if (!work_.empty()) {
        auto work = std::move(work_.front());
        work_.pop_front();
        work();
      } else if (!fire(clock_.mono_ns())) {
        return;
      }
    }
    spinning = true;
  }
  // Time passes, alarm by alarm.
  void advance_ms(int64_t ms) {
    const int64_t end = clock_.mono_ns() + ms * 1'000'000;
    settle();
    for (;;) {
      int64_t next = std::numeric_limits<int64_t>::max();
      for (const auto& [lane, alarm] : alarms_) next = std::min(next, alarm.second);
      if (next > end) break;
      clock_.advance_ns(std::max<int64_t>(next - clock_.mono_ns(), 0));
      settle();
    }
    clock_.advance_ns(end - clock_.mono_ns());
    settle();
  }

  std::vector<Sent> sent;
  bool spinning = false;  // never came to rest

 private:
  bool fire(int64_t now) {
    for (auto at = alarms_.begin(); at != alarms_.end(); ++at) {
      if (at->second.second > now) continue;
      const auto lane = at->second.first.lock();
      alarms_.erase(at);
      if (lane) lane->alarm_fired();
      return true;
    }
    return false;
  }

  ManualClock& clock_;
  plugin::CallSlot slot_;
  http::RequestId last_id_ = 0;
  std::deque<std::function<void()>> work_;
  std::map<delivery::Lane*, std::pair<std::weak_ptr<delivery::Lane>, int64_t>> alarms_;
};

struct Spec {
  std::string id;  // empty: e1, e2, ...
  int32_t severity = CSIEM_SEV_INFO;
};

// Publishes events with sequences that go on from batch to batch.
class Events {
 public:
  event::BatchRef batch(const std::vector<Spec>& specs) {
    for (const Spec& spec : specs) {
      csiem_event& event = builder_.add();
      const std::string name = spec.id.empty() ? "e" + std::to_string(++count_) : spec.id;
      const auto id = builder_.arena().copy(name);
      event.event_id = {id.data(), id.size()};
      event.canonical_json = event.event_id;
      event.severity = spec.severity;
    }
    auto sealed = builder_.seal(0);
    sealed->set_first_sequence(next_);
    next_ += specs.size();
    return sealed;
  }
  event::BatchRef batch(std::size_t count) { return batch(std::vector<Spec>(count)); }

 private:
  event::BatchBuilder builder_{event::BatchPool::create()};
  uint64_t next_ = 1, count_ = 0;
};

// Settings of a test exporter: nothing leaves by chance.
inline config::Exporter quiet_settings(std::string id = "out") {
  config::Exporter settings;
  settings.id = std::move(id);
  settings.type = "fake";
  settings.batch_size = 10;
  settings.flush_interval_ms = 200;
  settings.retry.jitter = "none";
  settings.fallback.settings_json = "{}";
  settings.fallback.allowed_origins = {"https://siem.example"};
  return settings;
}

class LaneBench {
 public:
  explicit LaneBench(config::Exporter settings = quiet_settings()) : script(settings.id) {
    parts.settings = std::move(settings);
  }
  ~LaneBench() {
    if (lane) lane->shut();
  }

  // Makes the lane with `parts`. The default exporter and format are the fakes.
  Result<void> start() {
    if (parts.exporter == nullptr) parts.exporter = &exporter;
    if (with_format) parts.format = &format;
    parts.format_config_json = "{}";
    auto memory = std::make_unique<MemoryCursor>();
    cursor = memory.get();
    if (!remembered.empty()) memory->save_state(remembered);
    parts.cursor = std::move(memory);
    parts.clock = &clock;
    auto made = delivery::Lane::create(std::move(parts), clock, tuning, tokens, setup);
    if (!made) return std::move(made).error();
    lane = *std::move(made);
    lane->move_to(loop);
    loop.settle();
    return {};
  }
  void publish(std::size_t count) {
    lane->publish(events.batch(count));
    loop.settle();
  }
  void publish(const std::vector<Spec>& specs) {
    lane->publish(events.batch(specs));
    loop.settle();
  }
  delivery::LaneState state() const { return lane->state(); }
  uint64_t queued() const { return lane->stats().queued_events.load(); }
  // "e1 e2|e3" of all submits.
  std::string sent() const {
    std::string all;
    for (const Seen& seen : script.seen()) {
      if (!all.empty()) all += '|';
      for (std::size_t i = 0; i < seen.ids.size(); ++i) all += (i == 0 ? "" : " ") + seen.ids[i];
    }
    return all;
  }
  std::string dead() const {
    std::string all;
    for (const auto& letter : cursor->letters())
      all += (all.empty() ? "" : " ") + letter.event_id + ":" + letter.error_class;
    return all;
  }

  ManualClock clock;
  HandLoop loop{clock};
  plugin::Component exporter = fake_exporter(), format = fake_format();
  bool with_format = true;
  Script script;
  Events events;
  delivery::Tuning tuning;
  delivery::TokenSource tokens;
  plugin::CallSlot setup;
  delivery::LaneParts parts;
  std::string remembered;  // by the cursor, from an earlier process
  MemoryCursor* cursor = nullptr;
  std::shared_ptr<delivery::Lane> lane;
};

}  // namespace csiem::test
