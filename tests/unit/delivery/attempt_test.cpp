// Who watches a lane's attempts sees each of them, and may end it there.
#include <doctest/doctest.h>

#include <vector>

#include "delivery/lane_core.hpp"
#include "lane_bench.hpp"

using namespace csiem;
using namespace csiem::test;
using delivery::Attempt;

namespace {

struct WatchedBench : LaneBench {
  explicit WatchedBench(bool enough) : LaneBench(quiet_settings()) {
    script.on_submit = [](FakeInstance& self, const csiem_batch&, uint64_t token) {
      return self.request(token, "https://siem.example/in", FakeInstance::classify_usual);
    };
    parts.attempted = [this, enough](const Attempt& attempt) {
      attempts.push_back(attempt);
      return enough;
    };
  }
  std::vector<Attempt> attempts;
};

}  // namespace

TEST_CASE("an attempt says what the host saw and the vendor said") {
  struct {
    int status;
    http::Transport transport;
    int32_t outcome;
    int code;
    const char* words;
  } const cases[] = {{200, http::Transport::ok, CSIEM_DELIVERED, 0, "HTTP 200"},
                     {401, http::Transport::ok, CSIEM_AUTH, 4010, "HTTP 401"},
                     {404, http::Transport::ok, CSIEM_CONFIG, 4040, "HTTP 404"},
                     {413, http::Transport::ok, CSIEM_SPLIT, 4032, "HTTP 413"},
                     {400, http::Transport::ok, CSIEM_REJECT, 4030, "HTTP 400"},
                     {429, http::Transport::ok, CSIEM_RETRY, 4020, "HTTP 429"},
                     {0, http::Transport::connect, CSIEM_RETRY, 4001, "no connection"},
                     {0, http::Transport::tls, CSIEM_RETRY, 4002, "TLS failed"},
                     {0, http::Transport::timeout, CSIEM_RETRY, 4003, "no answer in time"}};
  for (const auto& one : cases) {
    CAPTURE(one.words);
    WatchedBench bench(true);
    REQUIRE(bench.start());
    bench.publish(1);
    bench.loop.advance_ms(200);
    bench.loop.answer(one.status, 0, one.transport);
    REQUIRE(bench.attempts.size() == 1);
    CHECK(bench.attempts[0].outcome == one.outcome);
    CHECK(bench.attempts[0].message_code == one.code);
    CHECK(bench.attempts[0].http_status == one.status);
    CHECK(bench.attempts[0].words.find(one.words) == 0);
    // Seen enough: nothing follows, neither from a success nor from a failure.
    bench.loop.advance_ms(600'000);
    CHECK(bench.loop.sent.empty());
    CHECK(bench.attempts.size() == 1);
    CHECK(bench.cursor->settled().empty());
    CHECK(bench.state() == delivery::LaneState::running);
  }
}

TEST_CASE("who has not seen enough leaves the lane to itself") {
  WatchedBench bench(false);
  REQUIRE(bench.start());
  bench.publish(1);
  bench.loop.advance_ms(200);
  bench.loop.answer(503);
  bench.loop.advance_ms(60'000);
  REQUIRE(bench.loop.sent.size() == 1);
  bench.loop.answer(200);
  REQUIRE(bench.attempts.size() == 2);
  CHECK(bench.attempts[1].outcome == CSIEM_DELIVERED);
  CHECK(bench.cursor->total(store::Fate::delivered) == 1);
}
