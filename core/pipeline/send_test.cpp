#include "pipeline/send_test.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "base/clock.hpp"
#include "base/messages.hpp"
#include "config/plugin_words.hpp"
#include "delivery/replay_sink.hpp"
#include "pipeline/lane_parts.hpp"
#include "pipeline/send_test_event.hpp"
#include "store/no_cursor.hpp"

namespace csiem::pipeline {
namespace {

constexpr uint32_t kMostAttempts = 3;

// How it ended, told by the lane's thread.
struct Ending {
  delivery::Attempt attempt;
  uint32_t attempts = 0;
  bool over = false;
};

}  // namespace

class SendTests::Test {
 public:
  Test(const Parts& parts, const config::Exporter& exporter, SendTestOrder order, std::function<void()> ended,
       std::function<void(SendTestReport)> done)
      : parts_(parts),
        exporter_(exporter),
        order_(std::move(order)),
        ended_(std::move(ended)),
        done_(std::move(done)),
        deadline_ns_(parts.clock->mono_ns() + order_.wait_ms * kNsPerMs) {
    report_.exporter = exporter.id;
    report_.type = exporter.type;
  }

  const std::string& exporter() const { return exporter_.id; }
  bool over() const {
    const std::lock_guard lock(mutex_);
    return ending_.over;
  }
  bool late() const { return parts_.clock->mono_ns() >= deadline_ns_; }

  // An error is what the report will say.
  Result<void> begin() {
    CS_TRY(batch, send_test_event(parts_.configuration->global, exporter_.id, order_.severity));
    const csiem_event& event = batch->events().front();
    report_.event_id.assign(event.event_id.ptr, event.event_id.len);
    choose_destination(event);
    CS_TRY(parts, lane_parts(exporter_, *parts_.plugins, *parts_.schemas, parts_.configuration->schema.default_format));
    component_ = parts.exporter;
    report_.format = parts.format == nullptr ? "" : parts.format->name;
    parts.credentials = parts_.credentials;
    parts.cursor = std::make_unique<store::NoCursor>();
    parts.clock = parts_.clock;
    parts.dry_run = parts_.dry_run;
    parts.from_log = false;
    parts.watch_health = false;
    parts.attempted = [this](const delivery::Attempt& attempt) { return on_attempt(attempt); };
    delivery_ = std::make_unique<delivery::Delivery>(1, *parts_.clock);
    CS_CHECK(fresh_credentials());
    CS_CHECK(delivery_->add_lane(std::move(parts)));
    if (!delivery_->replay(exporter_.id, batch, std::make_shared<Sink>(*this)))
      return Error{Code::internal, "the exporter takes nothing", 9001};
    delivery_->flush();
    return {};
  }

  // What could not even begin.
  void fail(const Error& error) {
    delivery::Attempt attempt;
    attempt.outcome = CSIEM_CONFIG;
    attempt.message_code = error.message_code() != 0 ? error.message_code() : 3009;
    attempt.words = error.what();
    end(attempt);
  }

  // Ends whatever still runs, and tells.
  void finish() {
    if (delivery_) delivery_->stop();
    const std::lock_guard lock(mutex_);
    if (!ending_.over) time_out();
    tell();
  }

 private:
  // What the lane itself gives up: an event that cannot be formatted, or is too large.
  class Sink final : public delivery::ReplaySink {
   public:
    explicit Sink(Test& test) : test_(test) {}
    void settle(store::Sequence, store::Sequence, const std::array<uint64_t, 4>&) override {}
    void dead_letter(store::DeadLetter letter) override {
      delivery::Attempt attempt;
      attempt.outcome = CSIEM_REJECT;
      attempt.message_code = letter.code;
      attempt.vendor_code = letter.vendor_code;
      attempt.vendor_text = letter.vendor_text;
      attempt.words = letter.vendor_text;
      test_.end(attempt);
    }
    bool is_filtered() const override { return false; }

   private:
    Test& test_;
  };

  void choose_destination(const csiem_event& event) {
    destination_ = &exporter_.fallback;
    for (const auto& route : exporter_.routes) {
      if (route.when && !route.when->matches(event, parts_.clock->unix_ns())) continue;
      destination_ = &route;
      report_.route = route.name.empty() ? route.when_text : route.name;
      break;
    }
  }

  // The daemon re-reads a credential that was refused; here it is read before.
  Result<void> fresh_credentials() {
    std::vector<const config::Destination*> destinations{&exporter_.fallback};
    for (const auto& route : exporter_.routes) destinations.push_back(&route);
    std::vector<std::pair<std::string, const config::SecretBinding*>> wanted;
    for (const auto* destination : destinations)
      for (const auto& secret : destination->secrets) {
        if (secret.reference.empty()) continue;
        const std::string text =
            credentials::is_reference(secret.reference) ? secret.reference : "cred:" + secret.reference;
        CS_TRY(reference, credentials::parse_reference(text));
        wanted.emplace_back(parts_.credentials->add(reference), &secret);
      }
    for (const auto& [key, secret] : wanted)
      if (parts_.credentials->get(key) != nullptr) static_cast<void>(parts_.credentials->refresh(key));
    const auto failed = parts_.credentials->resolve();
    for (const auto& [key, secret] : wanted) {
      if (parts_.credentials->get(key) != nullptr) continue;
      missing_ = secret;
      const auto why = failed.find(key);
      if (why == failed.end()) return Error{Code::not_found, "credential " + key + " is not there", 2001};
      return Error{why->second.code(), "credential " + key + ": " + why->second.what(),
                   why->second.message_code() != 0 ? why->second.message_code() : 2001};
    }
    return {};
  }

  // Lane's thread. True: the lane is to do nothing more about it.
  bool on_attempt(const delivery::Attempt& attempt) {
    {
      const std::lock_guard lock(mutex_);
      if (ending_.over) return true;
      ++ending_.attempts;
      ending_.attempt = attempt;
      const bool again = attempt.outcome == CSIEM_RETRY && ending_.attempts < kMostAttempts &&
                         parts_.clock->mono_ns() + attempt.retry_after_ms * kNsPerMs < deadline_ns_;
      if (again) return false;
    }
    end(attempt);
    return true;
  }

  void end(const delivery::Attempt& attempt) {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(ending_.over, true)) return;
      ending_.attempt = attempt;
    }
    ended_();
  }

  void time_out() {
    const std::string waited = std::to_string(order_.wait_ms / 1000) + " s";
    if (ending_.attempts > 0) {
      ending_.attempt.words += "; no better answer within " + waited;
      return;
    }
    ending_.attempt.outcome = CSIEM_RETRY;
    ending_.attempt.message_code = 4003;
    ending_.attempt.answered_ns = order_.wait_ms * kNsPerMs;
    ending_.attempt.words = "no answer within " + waited;
    for (const auto& lane : delivery_->lanes())
      if (lane.stats->confirming_events.load(std::memory_order_relaxed) > 0)
        ending_.attempt.words = "taken, but not confirmed within " + waited;
  }

  void tell() {
    const delivery::Attempt& attempt = ending_.attempt;
    report_.delivered = attempt.outcome == CSIEM_DELIVERED;
    report_.code = attempt.message_code;
    report_.words = attempt.outcome == CSIEM_SKIPPED ? "not sent, by design: " + attempt.words : attempt.words;
    report_.http_status = attempt.http_status;
    report_.vendor_code = attempt.vendor_code;
    report_.vendor_text = attempt.vendor_text;
    report_.answered_ms = attempt.answered_ns / kNsPerMs;
    report_.confirmed_ms = attempt.confirmed_ns / kNsPerMs;
    report_.attempts = ending_.attempts;
    const std::string schema = component_ == nullptr ? std::string() : component_->config_schema;
    if (report_.delivered) {
      report_.lookup = config::lookup_words(schema, *destination_, report_.event_id);
    } else {
      blame(schema);
    }
    done_(std::move(report_));
  }

  void blame(const std::string& schema) {
    if (destination_ == nullptr) return;
    auto words = config::answer_words(schema, *destination_, report_.vendor_code, report_.code);
    if (missing_ != nullptr) {
      words.setting = missing_->handle;
      words.value = missing_->handle + " = \"" + missing_->reference + "\"";
      words.origin = missing_->origin;
    }
    report_.setting = words.setting;
    report_.value = words.value;
    report_.origin = words.origin.text();
    report_.next = words.next;
    const auto* const message = messages::find(report_.code);
    if (report_.next.empty() && message != nullptr) report_.next = std::string(message->fix);
  }

  const Parts& parts_;
  const config::Exporter& exporter_;
  const SendTestOrder order_;
  const std::function<void()> ended_;  // any thread calls it
  const std::function<void(SendTestReport)> done_;
  const int64_t deadline_ns_;
  const config::Destination* destination_ = nullptr;
  const config::SecretBinding* missing_ = nullptr;
  const plugin::Component* component_ = nullptr;
  SendTestReport report_;
  mutable std::mutex mutex_;
  Ending ending_;                                 // guarded by mutex_
  std::unique_ptr<delivery::Delivery> delivery_;  // goes first: its lane uses the others
};

SendTests::SendTests(Parts parts) : parts_(std::move(parts)) {}
SendTests::~SendTests() = default;

Result<void> SendTests::start(SendTestOrder order, std::function<void(SendTestReport)> done) {
  const auto& all = parts_.configuration->exporters;
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.id == order.exporter; });
  if (found == all.end()) return Error{Code::not_found, "no exporter '" + order.exporter + "'", 8005};
  if (!found->enabled)
    return Error{Code::not_found,
                 "exporter '" + order.exporter + "' has enabled = false (" + found->origin.text() + ")", 8005};
  for (const auto& test : tests_)
    if (test->exporter() == order.exporter)
      return Error{Code::denied, "a test of exporter " + order.exporter + " runs", 8012};
  auto ended = [this, alive = std::weak_ptr<bool>(alive_)] {
    parts_.on_control([this, alive] {
      if (!alive.expired()) tick();
    });
  };
  const auto test = std::make_shared<Test>(parts_, *found, std::move(order), std::move(ended), std::move(done));
  tests_.push_back(test);
  if (auto begun = test->begin(); !begun) test->fail(begun.error());
  return {};
}

void SendTests::tick() {
  for (std::size_t i = 0; i < tests_.size();) {
    if (!tests_[i]->over() && !tests_[i]->late()) {
      ++i;
      continue;
    }
    const auto test = tests_[i];
    tests_.erase(tests_.begin() + static_cast<std::ptrdiff_t>(i));
    test->finish();  // may start another one
  }
}

}  // namespace csiem::pipeline
