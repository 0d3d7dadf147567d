// Asking the destination how it is: when, at whose cost, and what follows.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "delivery/lane_core.hpp"
#include "lane_bench.hpp"

using namespace csiem;
using namespace csiem::test;
using delivery::HealthReport;
using delivery::LaneState;

namespace {

const std::string kEvents = "https://siem.example/in", kHealth = "https://siem.example/health";
constexpr int64_t kFirstMs = 1'000, kIntervalMs = 30'000;

// Batches and health checks are one request each.
class HealthBench : public LaneBench {
 public:
  explicit HealthBench(config::Exporter settings = quiet_settings(), uint32_t flags = 0)
      : LaneBench(std::move(settings)) {
    exporter = fake_exporter_with_health(flags);
    script.on_submit = [](FakeInstance& self, const csiem_batch&, uint64_t token) {
      return self.request(token, kEvents, &FakeInstance::classify_usual);
    };
    script.on_health = [](FakeInstance& self, uint64_t token, csiem_error* error) {
      return self.request(token, kHealth, &FakeInstance::classify_usual, error);
    };
    script.on_cancel = [](FakeInstance& self, uint64_t token) { self.forget(token); };
  }

  // Answers the request for the health check, which must be there.
  void answer_health(int status, http::Transport transport = http::Transport::ok, uint32_t retry_after_ms = 0) {
    loop.first(kHealth);
    REQUIRE_FALSE(loop.sent.empty());
    REQUIRE(loop.sent.front().request.url == kHealth);
    loop.answer(status, retry_after_ms, transport);
  }
  void answer_events(int status) {
    loop.first(kEvents);
    REQUIRE_FALSE(loop.sent.empty());
    REQUIRE(loop.sent.front().request.url == kEvents);
    loop.answer(status);
  }
  std::size_t on_wire(const std::string& url) const {
    std::size_t count = 0;
    for (const auto& one : loop.sent) count += one.request.url == url ? 1U : 0U;
    return count;
  }
  std::size_t asked() const { return script.health_tokens.size(); }
  uint64_t checks() const { return lane->stats().health_checks; }
  uint64_t failures() const { return lane->stats().health_failures; }
};

config::Exporter one_at_a_time() {
  auto settings = quiet_settings();
  settings.concurrency = 1;
  return settings;
}

}  // namespace

TEST_CASE("an idle destination is asked soon after the start and then every health_interval") {
  HealthBench bench;
  REQUIRE(bench.start());
  CHECK(bench.asked() == 0);
  bench.loop.advance_ms(kFirstMs);
  REQUIRE(bench.asked() == 1);
  bench.answer_health(200);
  CHECK(bench.lane->health().good());
  CHECK(bench.lane->health().basis == HealthReport::Basis::answered);
  CHECK(bench.lane->health().checked_unix_ns != 0);
  bench.loop.advance_ms(kIntervalMs - 1);
  CHECK(bench.asked() == 1);
  bench.loop.advance_ms(1);
  CHECK(bench.asked() == 2);
  bench.answer_health(200);
  CHECK(bench.checks() == 2);
  CHECK(bench.failures() == 0);
  CHECK_FALSE(bench.loop.spinning);
}

TEST_CASE("who has just taken a batch is not asked") {
  HealthBench bench;
  REQUIRE(bench.start());
  for (int i = 0; i < 100; ++i) {
    bench.publish(10);
    bench.answer_events(200);
    bench.loop.advance_ms(900);
  }
  CHECK(bench.asked() == 0);
  bench.loop.advance_ms(kIntervalMs);
  CHECK(bench.asked() == 1);
}

TEST_CASE("a check takes no permit, nothing of the rate limit and is counted with no delivery") {
  auto settings = one_at_a_time();
  settings.rate_limit.requests_per_second = 1;
  settings.rate_limit.burst_size = 1;
  HealthBench bench(settings);
  REQUIRE(bench.start());
  bench.loop.advance_ms(kFirstMs);
  REQUIRE(bench.on_wire(kHealth) == 1);
  bench.publish(10);
  CHECK(bench.on_wire(kEvents) == 1);  // beside it, at once
  bench.answer_events(200);
  bench.answer_health(200);
  const auto& stats = bench.lane->stats();
  CHECK(stats.requests == 1);
  CHECK(stats.answers.of(delivery::RequestClass::success) == 1);
  CHECK(bench.checks() == 1);
  CHECK(bench.cursor->total(store::Fate::delivered) == 10);
}

TEST_CASE("what it found is told with the vendor's words and the place of the setting, and changes no delivery") {
  struct {
    int status;
    http::Transport transport;
    int code;
    uint32_t line;
    const char* words;
  } const cases[] = {{401, http::Transport::ok, 4010, 9, "HTTP 401"},
                     {404, http::Transport::ok, 4040, 7, "HTTP 404"},
                     {400, http::Transport::ok, 4040, 7, "HTTP 400"},
                     {503, http::Transport::ok, 4001, 7, "HTTP 503"},
                     {0, http::Transport::connect, 4001, 7, "no connection"},
                     {0, http::Transport::tls, 4002, 7, "TLS failed"},
                     {0, http::Transport::timeout, 4003, 7, "no answer in time"}};
  for (const auto& one : cases) {
    CAPTURE(one.words);
    auto settings = quiet_settings();
    settings.origin = {"siem.toml", 7, 1, 1};
    settings.fallback.secrets.push_back({"token", "", "first-secret-value", {"siem.toml", 9, 5, 1}});
    ManualClock key_clock;
    credentials::CredentialStore keys{{}, key_clock};
    HealthBench bench(settings);
    bench.parts.credentials = &keys;
    REQUIRE(bench.start());
    bench.loop.advance_ms(kFirstMs);
    bench.answer_health(one.status, one.transport);
    CHECK(bench.lane->health().code == one.code);
    CHECK(bench.lane->health().setting.line == one.line);
    CHECK(bench.lane->health().text.find(one.words) != std::string::npos);
    CHECK(bench.failures() == 1);
    CHECK(bench.state() == LaneState::running);
    CHECK(bench.lane->stats().problem_code == 0);
    bench.publish(10);
    CHECK(bench.on_wire(kEvents) == 1);
  }
}

TEST_CASE("an illness is over with the next good check, or with a batch that is accepted") {
  HealthBench bench;
  REQUIRE(bench.start());
  bench.loop.advance_ms(kFirstMs);
  bench.answer_health(0, http::Transport::connect);
  REQUIRE(bench.lane->health().code == 4001);
  SUBCASE("check") {
    bench.loop.advance_ms(kIntervalMs);
    bench.answer_health(200);
    CHECK(bench.lane->health().basis == HealthReport::Basis::answered);
  }
  SUBCASE("batch") {
    bench.publish(10);
    bench.answer_events(200);
    CHECK(bench.lane->health().basis == HealthReport::Basis::delivery);
    CHECK(bench.checks() == 1);
  }
  CHECK(bench.lane->health().good());
  CHECK(bench.lane->health().text.empty());
  CHECK(bench.lane->health().checked_unix_ns != 0);
  CHECK(bench.failures() == 1);
}

TEST_CASE("a plugin that does not answer is taken to be ill, and its late answer is none") {
  auto settings = quiet_settings();
  settings.timeout_ms = 5'000;
  HealthBench bench(settings);
  std::vector<uint64_t> tokens;
  bench.script.on_health = [&](FakeInstance&, uint64_t token, csiem_error*) {
    tokens.push_back(token);
    return CSIEM_OK;
  };
  REQUIRE(bench.start());
  bench.loop.advance_ms(kFirstMs + 5'000);
  CHECK(bench.lane->health().good());
  bench.publish(10);  // delivery goes on beside it
  CHECK(bench.on_wire(kEvents) == 1);
  bench.loop.advance_ms(1'000);
  CHECK(bench.lane->health().code == 4003);
  CHECK(bench.lane->health().text.find("did not answer") != std::string::npos);
  CHECK(bench.script.cancelled() == tokens);
  bench.script.instances.front()->complete(tokens.front(), CSIEM_DELIVERED);
  bench.loop.settle();
  CHECK(bench.lane->health().code == 4003);
  CHECK(bench.lane->stats().strikes == 1);
  bench.answer_events(200);
  CHECK(bench.queued() == 0);
}

TEST_CASE("a worker that is busy with a batch has not come to the question") {
  auto settings = quiet_settings();
  settings.timeout_ms = 5'000;
  HealthBench bench(settings, CSIEM_EXPORTER_OWN_IO);
  bench.script.on_submit = [](FakeInstance&, const csiem_batch&, uint64_t) { return CSIEM_OK; };
  bench.script.on_health = [](FakeInstance&, uint64_t, csiem_error*) { return CSIEM_OK; };
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.advance_ms(kFirstMs + 6'000);
  CHECK(bench.script.cancelled().size() == 1);
  CHECK(bench.lane->health().good());
  CHECK(bench.checks() == 0);
}

TEST_CASE("a plugin that fails at it is told so and still delivers; who has nothing to say is known by delivery") {
  HealthBench bench;
  csiem_status status = CSIEM_E_INTERNAL;
  bench.script.on_health = [&](FakeInstance&, uint64_t, csiem_error*) { return status; };
  REQUIRE(bench.start());
  SUBCASE("fails") {
    bench.loop.advance_ms(kFirstMs);
    CHECK(bench.lane->health().code == 3010);
    CHECK(bench.failures() == 1);
    status = CSIEM_E_BUSY;  // tells nothing new
    bench.loop.advance_ms(kIntervalMs);
    CHECK(bench.asked() == 2);
    CHECK(bench.lane->health().code == 3010);
  }
  SUBCASE("nothing to say") {
    status = CSIEM_E_UNSUPPORTED;
    bench.loop.advance_ms(kFirstMs);
    CHECK(bench.lane->health().good());
    CHECK(bench.checks() == 0);
  }
  SUBCASE("throws: a breach, which is not provoked again") {
    bench.script.on_health = [](FakeInstance&, uint64_t, csiem_error*) -> csiem_status { throw 1; };
    bench.loop.advance_ms(kFirstMs + 20 * kIntervalMs);
    CHECK(bench.asked() == 1);
    CHECK(bench.lane->stats().strikes == 1);
    CHECK(bench.lane->health().code == 3010);
  }
  bench.publish(10);
  bench.answer_events(200);
  CHECK(bench.queued() == 0);
  CHECK_FALSE(bench.loop.spinning);
}

TEST_CASE("the wait that a destination asked for is kept by checks, too") {
  HealthBench bench;
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.answer(429, 60'000);
  bench.loop.advance_ms(59'999);
  CHECK(bench.asked() == 0);
  bool told = false;
  bench.lane->ask_health([&](const HealthReport& report) {
    told = true;
    CHECK(report.code == 4020);
    CHECK(report.basis == HealthReport::Basis::delivery);
  });
  bench.loop.settle();
  CHECK(told);
  CHECK(bench.asked() == 0);
  SUBCASE("and the one that it asks for in a check") {
    while (bench.on_wire(kEvents) == 0) bench.loop.advance_ms(1);
    bench.answer_events(200);
    CHECK(bench.asked() == 0);
    bench.loop.advance_ms(kIntervalMs);
    REQUIRE(bench.asked() == 1);
    bench.answer_health(429, http::Transport::ok, 120'000);
    CHECK(bench.lane->health().code == 4020);
    bench.loop.advance_ms(119'999);
    CHECK(bench.asked() == 1);
    bench.loop.advance_ms(1);
    CHECK(bench.asked() == 2);
  }
}

TEST_CASE("a good answer after a bad one brings the probe forward; only the probe closes the breaker") {
  auto settings = one_at_a_time();
  settings.retry.max_backoff_ms = settings.retry.initial_backoff_ms = 50;
  settings.breaker.failure_threshold = 2;
  settings.breaker.open_for_ms = 300'000;
  settings.health_interval_ms = 10'000;
  HealthBench bench(settings);
  REQUIRE(bench.start());
  bench.publish(30);
  bench.answer_events(500);
  bench.loop.advance_ms(50);
  bench.answer_events(500);
  bench.loop.advance_ms(50);
  REQUIRE(bench.state() == LaneState::open);
  bench.loop.advance_ms(kFirstMs);
  bench.answer_health(503);
  CHECK(bench.on_wire(kEvents) == 0);
  bench.loop.advance_ms(10'000);
  bench.answer_health(200);
  CHECK(bench.state() == LaneState::open);
  REQUIRE(bench.on_wire(kEvents) == 1);
  CHECK(bench.script.seen().back().ids.size() == 1);
  bench.answer_events(500);
  CHECK(bench.state() == LaneState::open);
  // Good as before is no news: the breaker's own patience counts.
  for (int i = 0; i < 3; ++i) {
    bench.loop.advance_ms(10'000);
    bench.answer_health(200);
    CHECK(bench.on_wire(kEvents) == 0);
  }
}

TEST_CASE("a held credential: asking goes on, the probe follows good news") {
  HealthBench bench;
  REQUIRE(bench.start());
  bench.publish(10);
  bench.answer_events(401);
  REQUIRE(bench.state() == LaneState::held_auth);
  bench.loop.advance_ms(kFirstMs);
  bench.answer_health(401);
  CHECK(bench.lane->health().code == 4010);
  bench.loop.advance_ms(kIntervalMs);
  bench.answer_health(200);
  CHECK(bench.state() == LaneState::held_auth);
  REQUIRE(bench.on_wire(kEvents) == 1);
  bench.answer_events(200);
  CHECK(bench.state() == LaneState::running);
  while (!bench.loop.sent.empty()) bench.loop.answer(200);
  CHECK(bench.queued() == 0);
}

TEST_CASE("a refused credential is fetched anew, once for each value, and its successor tried at once") {
  auto settings = quiet_settings();
  settings.fallback.secrets.push_back({"token", "", "first-secret-value", {}});
  HealthBench bench(settings);
  credentials::CredentialStore keys{{}, bench.clock};
  bench.parts.credentials = &keys;
  int refreshed = 0;
  bench.parts.refresh_credential = [&](const std::string&, const std::function<void(bool)>& done) {
    ++refreshed;
    done(false);
  };
  REQUIRE(bench.start());
  bench.loop.advance_ms(kFirstMs);
  bench.answer_health(401);
  CHECK(refreshed == 1);
  bench.loop.advance_ms(kIntervalMs);
  bench.answer_health(401);
  CHECK(refreshed == 1);
  bench.lane->credentials_changed();  // of somebody else
  bench.loop.settle();
  CHECK(bench.asked() == 2);
  keys.add_literal("out.token", "second-secret-value");
  bench.lane->credentials_changed();
  bench.loop.settle();
  CHECK(bench.asked() == 3);
  bench.answer_health(200);
  CHECK(bench.lane->health().good());
}

TEST_CASE("everybody who asks is told once, by the check that runs") {
  HealthBench bench;
  REQUIRE(bench.start());
  std::vector<int> told;
  const auto note = [&](const HealthReport& report) { told.push_back(report.code); };
  bench.lane->ask_health(note);
  bench.loop.settle();
  REQUIRE(bench.on_wire(kHealth) == 1);
  bench.lane->ask_health(note);
  bench.loop.settle();
  CHECK(bench.asked() == 1);
  CHECK(told.empty());
  bench.answer_health(404);
  CHECK(told == std::vector<int>{4040, 4040});
  bench.loop.advance_ms(kIntervalMs - 1);
  CHECK(bench.asked() == 1);
  // An operator may look while it is paused; by itself it is not asked then.
  bench.lane->set_paused(true);
  bench.loop.advance_ms(10 * kIntervalMs);
  CHECK(bench.asked() == 1);
  bench.lane->ask_health(note);
  bench.loop.settle();
  bench.answer_health(200);
  CHECK(told.back() == 0);
}

TEST_CASE("without a health check, or without a lane, one is told what delivery has shown") {
  HealthBench bench;
  HealthReport told;
  int times = 0;
  const auto note = [&](const HealthReport& report) {
    told = report;
    ++times;
  };
  SUBCASE("no such call") {
    bench.exporter = fake_exporter();
    REQUIRE(bench.start());
    bench.publish(10);
    bench.loop.answer(404);
    bench.lane->ask_health(note);
    bench.loop.settle();
    CHECK(times == 1);
    CHECK(told.code == 4040);
    CHECK(told.basis == HealthReport::Basis::delivery);
    CHECK_FALSE(told.text.empty());
  }
  SUBCASE("the lane ends while the question is open") {
    REQUIRE(bench.start());
    bench.lane->ask_health(note);
    bench.loop.settle();
    REQUIRE(bench.on_wire(kHealth) == 1);
    const auto token = bench.script.health_tokens.front();
    bench.lane->shut();
    CHECK(times == 1);
    CHECK(bench.script.cancelled() == std::vector<uint64_t>{token});
    CHECK(bench.script.alive == 0);
    CHECK(bench.loop.sent.empty());
    bench.lane->ask_health(note);
    CHECK(times == 2);
  }
  SUBCASE("the lane is parked") {
    bench.tuning.strikes_to_park = 1;
    REQUIRE(bench.start());
    bench.script.instances.front()->complete(42, CSIEM_DELIVERED);
    bench.loop.settle();
    REQUIRE(bench.state() == LaneState::parked);
    bench.lane->ask_health(note);
    bench.loop.advance_ms(10 * kIntervalMs);
    CHECK(times == 1);
    CHECK(told.code == 3012);
    CHECK(bench.asked() == 0);
  }
  SUBCASE("the lane's thread is lost") {
    REQUIRE(bench.start());
    bench.lane->ask_health(note);
    bench.lane->bury("submit has not returned for 5000 ms");
    CHECK(times == 1);
    CHECK(told.code == 3011);
  }
}

TEST_CASE("a check whose loop is lost is made anew and tells nothing against the destination") {
  HealthBench bench;
  HandLoop other(bench.clock);
  REQUIRE(bench.start());
  bench.loop.advance_ms(kFirstMs);
  REQUIRE(bench.asked() == 1);
  bench.lane->move_to(other);
  other.settle();
  CHECK(bench.asked() == 2);
  REQUIRE(other.sent.size() == 1);
  other.answer(200);
  CHECK(bench.lane->health().good());
  CHECK(bench.checks() == 1);
  CHECK(bench.failures() == 0);
  bench.lane->shut();  // before its loop goes
}

TEST_CASE("each destination is asked once; one that is ill makes the exporter ill") {
  auto settings = quiet_settings();
  config::Destination route = settings.fallback;
  route.settings_json = R"({"index":"other"})";
  settings.routes.push_back(route);
  route.allowed_origins = {"https://other.example"};
  route.origin = {"siem.toml", 20, 1, 1};
  settings.routes.push_back(route);
  HealthBench bench(settings);
  bench.script.on_health = [](FakeInstance& self, uint64_t token, csiem_error*) {
    return self.complete(token, self.settings == "{}" ? CSIEM_DELIVERED : CSIEM_CONFIG, {}, 0, "x.1", "no such index");
  };
  // The first route stands for the exporter's own destination: same servers, same credentials.
  REQUIRE(bench.start());
  bench.loop.advance_ms(kFirstMs);
  CHECK(bench.asked() == 2);
  CHECK(bench.lane->health().code == 4040);
  CHECK(bench.lane->health().text == "code x.1, \"no such index\"");
  CHECK(bench.checks() == 1);
}

TEST_CASE("of destinations that the host cannot tell apart by servers and credentials the settings decide") {
  auto settings = quiet_settings();
  settings.fallback.allowed_origins.clear();
  settings.routes = {settings.fallback, settings.fallback};
  settings.routes[1].settings_json = R"({"endpoint":"tcp://other"})";
  HealthBench bench(settings, CSIEM_EXPORTER_OWN_IO);
  bench.script.on_health = [](FakeInstance& self, uint64_t token, csiem_error*) {
    return self.complete(token, CSIEM_DELIVERED);
  };
  REQUIRE(bench.start());
  bench.loop.advance_ms(kFirstMs);
  CHECK(bench.asked() == 2);
  CHECK(bench.checks() == 1);
}

TEST_CASE("no network, no question: a dry run and a lane that is not watched") {
  HealthBench bench;
  SUBCASE("dry run") {
    bench.parts.dry_run = [](const std::string&, const std::string&) {};
    REQUIRE(bench.start());
    bench.loop.advance_ms(10 * kIntervalMs);
    CHECK(bench.asked() == 0);
  }
  SUBCASE("not watched") {
    bench.parts.watch_health = false;
    REQUIRE(bench.start());
    bench.loop.advance_ms(10 * kIntervalMs);
    CHECK(bench.asked() == 0);
    bool told = false;
    bench.lane->ask_health([&](const HealthReport& report) { told = report.good(); });
    bench.loop.settle();
    bench.answer_health(200);
    CHECK(told);
    bench.loop.advance_ms(10 * kIntervalMs);
    CHECK(bench.asked() == 1);
  }
}
