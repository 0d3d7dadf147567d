// Indexer acknowledgement and raw mode, through the plugin's entry point.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "common/test_host.hpp"
#include "splunk/acks.hpp"

using csiem::splunk::Acks;
using csiem::splunk::Ticket;
using csiem::testing::Batch;
using csiem::testing::Result;
using csiem::testing::SentRequest;
using csiem::testing::TestHost;
using Answer = TestHost::Answer;

namespace {

struct Splunk : TestHost {
  explicit Splunk(std::string_view more = "{}") {
    boost::json::value settings =
        boost::json::parse(R"({"hec_url":"https://a:8088","hec_token":"hec_token","csiem":{"host_name":"machine-9"}})");
    const boost::json::value extra = boost::json::parse({more.data(), more.size()});
    for (const auto& [key, value] : extra.get_object()) settings.get_object()[key] = value;
    REQUIRE_MESSAGE(create(boost::json::serialize(settings)), error);
  }
  // Submits and answers with an acknowledgement id; the batch then waits.
  void take(const csiem_batch& batch, uint64_t token, int64_t ack_id, std::string cookie = {}) {
    REQUIRE(submit(batch, token) == CSIEM_OK);
    Answer reply;
    reply.body = R"({"text":"Success","code":0,"ackId":)" + std::to_string(ack_id) + "}";
    if (!cookie.empty()) reply.headers.emplace_back("set-cookie", cookie);
    answer(reply);
  }
  bool asking() const {
    return !requests.empty() && requests.front().url.find("/services/collector/ack") != std::string::npos;
  }
  std::string channel_of(std::size_t i) const { return sent[i].header("X-Splunk-Request-Channel"); }
};

Batch batch_of(int count, std::string content_type = "application/json") {
  Batch batch(std::move(content_type));
  for (int i = 0; i < count; ++i) batch.add("e" + std::to_string(i), R"({"event_id":"e)" + std::to_string(i) + "\"}");
  return batch;
}

}  // namespace

TEST_CASE("splunk acks: a batch is delivered when its id is reported, and polls carry all ids of a channel") {
  Splunk host;
  Batch first = batch_of(3), second = batch_of(2);
  host.take(first.view(), 1, 0);
  host.take(second.view(), 2, 1);
  CHECK(host.results.empty());
  host.pass_ms(1'000);
  REQUIRE(host.asking());
  CHECK(host.requests[0].method == "POST");
  CHECK(host.requests[0].body == R"({"acks":[0,1]})");
  CHECK(host.requests[0].header("Authorization") == "Splunk <hec_token>");
  CHECK(host.channel_of(2) == host.channel_of(0));
  CHECK_FALSE(host.requests[0].gzip);
  host.answer(200, R"({"acks":{"0":false,"1":true}})");
  REQUIRE(host.results.size() == 1);
  CHECK(host.results[0].token == 2);
  CHECK(host.results[0].letters(2) == "DD");
  host.pass_ms(2'000);
  CHECK(host.requests[0].body == R"({"acks":[0]})");
  host.answer(200, R"({"acks":{"0":true}})");
  REQUIRE(host.results.size() == 2);
  CHECK(host.results[1].letters(3) == "DDD");
  host.pass_ms(60'000);
  CHECK(host.requests.empty());  // nothing waits, nobody is asked
  CHECK(host.timers() == 0);
}

TEST_CASE("splunk acks: polls become rarer while nothing comes") {
  Splunk host;
  Batch batch = batch_of(1);
  host.take(batch.view(), 1, 0);
  int polls = 0;
  for (int second = 0; second < 100; ++second) {
    host.pass_ms(1'000);
    while (host.asking()) {
      ++polls;
      host.answer(200, R"({"acks":{"0":false}})");
    }
  }
  CHECK(polls > 10);
  CHECK(polls < 20);
}

TEST_CASE("splunk acks: what is not acknowledged in time is sent again on a new channel") {
  Splunk host(R"({"ack":{"timeout":5000,"channel":"7f1c0f9e-6b0c-4a3e-9f8f-1f4a4f6d2c11"}})");
  Batch batch = batch_of(2);
  host.take(batch.view(), 1, 0);
  CHECK(host.channel_of(0) == "7f1c0f9e-6b0c-4a3e-9f8f-1f4a4f6d2c11");
  for (int second = 0; second < 12 && host.results.empty(); ++second) {
    host.pass_ms(1'000);
    while (host.asking()) host.answer(200, R"({"acks":{"0":)");  // cut: what it said is lost
  }
  REQUIRE(host.results.size() == 1);
  CHECK(host.results[0].letters(2) == "RR");
  CHECK(host.results[0].code == "splunk.ack_timeout");
  CHECK(host.counters["acks_timed_out"] == 1);
  CHECK(host.counters["ack_polls_failed"] > 0);
  const std::size_t next = host.sent.size();
  host.take(batch.view(1), 2, 0);
  CHECK(host.channel_of(next) != host.channel_of(0));
  host.pass_ms(1'000);
  CHECK(host.channel_of(next + 1) == host.channel_of(next));
  host.answer(200, R"({"acks":{"0":true}})");
  CHECK(host.results.back().letters(2) == "DD");
}

TEST_CASE("splunk acks: two endpoints count from 0 each and are not mixed up") {
  Splunk host(R"({"hec_url":["https://a:8088","https://b:8088"],"strategy":"round_robin"})");
  Batch first = batch_of(1), second = batch_of(2);
  host.take(first.view(), 1, 0);
  host.take(second.view(), 2, 0);
  host.pass_ms(1'000);
  REQUIRE(host.requests.size() == 2);
  CHECK(host.requests[0].url == "https://a:8088/services/collector/ack");
  CHECK(host.requests[1].url == "https://b:8088/services/collector/ack");
  CHECK(host.channel_of(2) != host.channel_of(3));
  host.answer(200, R"({"acks":{"0":false}})");
  host.answer(200, R"({"acks":{"0":true}})");
  REQUIRE(host.results.size() == 1);
  CHECK(host.results[0].token == 2);
}

TEST_CASE("splunk acks: an id that is given out again means that the indexer forgot the first") {
  Splunk host;
  Batch first = batch_of(1), second = batch_of(2);
  host.take(first.view(), 1, 0);
  host.take(second.view(), 2, 0);
  REQUIRE(host.results.size() == 1);
  CHECK(host.results[0].token == 1);
  CHECK(host.results[0].letters(1) == "R");
  CHECK(host.results[0].code == "splunk.ack_lost");
  host.pass_ms(1'000);
  host.answer(200, R"({"acks":{"0":true}})");
  CHECK(host.results.back().token == 2);
}

TEST_CASE("splunk acks: an indexer that starts anew has forgotten everything that waits, whatever its ids") {
  Splunk host;
  Batch first = batch_of(1), second = batch_of(1), third = batch_of(1), fourth = batch_of(1);
  host.take(first.view(), 1, 7);
  host.take(second.view(), 2, 8);
  host.take(third.view(), 3, 0);
  REQUIRE(host.results.size() == 2);
  CHECK(host.results[0].code == "splunk.ack_lost");
  CHECK(host.results[1].letters(1) == "R");
  host.take(fourth.view(), 4, 0);
  CHECK(host.channel_of(3) != host.channel_of(2));
}

TEST_CASE("splunk acks: a report does not count while a request is on the way that it may be about") {
  Splunk host;
  Batch old = batch_of(1), fresh = batch_of(1);
  host.take(old.view(), 1, 0);
  REQUIRE(host.submit(fresh.view(), 2) == CSIEM_OK);
  host.pass_ms(1'000);
  REQUIRE(host.requests.size() == 2);
  // The indexer has restarted, given id 0 to the fresh batch, and reports that.
  SentRequest poll = host.requests[1];
  host.requests.pop_back();
  host.requests.push_front(poll);
  host.answer(200, R"({"acks":{"0":true}})");
  CHECK(host.results.empty());
  host.answer(200, R"({"code":0,"ackId":0})");
  REQUIRE(host.results.size() == 1);
  CHECK(host.results[0].token == 1);
  CHECK(host.results[0].letters(1) == "R");
}

TEST_CASE("splunk acks: a token without acknowledgement delivers on 200, with one warning when it was demanded") {
  Splunk quiet;
  Batch batch = batch_of(1);
  CHECK(quiet.exchange(batch.view(), 200, R"({"text":"Success","code":0})").letters(1) == "D");
  CHECK(quiet.log.empty());
  Splunk demanding(R"({"use_ack":true})");
  CHECK(demanding.exchange(batch.view(), 200, R"({"text":"Success","code":0})").letters(1) == "D");
  CHECK(demanding.exchange(batch.view(), 200, R"({"text":"Success","code":0})").letters(1) == "D");
  CHECK(demanding.log.size() == 1);
  Splunk indifferent(R"({"use_ack":false})");
  CHECK(indifferent.exchange(batch.view(), 200, R"({"code":0,"ackId":3})").letters(1) == "D");
  CHECK(indifferent.timers() == 0);
}

TEST_CASE("splunk acks: a token that loses its acknowledgement delivers what waits") {
  Splunk host;
  Batch batch = batch_of(2);
  host.take(batch.view(), 1, 0);
  host.pass_ms(1'000);
  host.answer(400, R"({"text":"ACK is disabled","code":14})");
  REQUIRE(host.results.size() == 1);
  CHECK(host.results[0].letters(2) == "DD");
  CHECK(host.log.size() == 1);
}

TEST_CASE("splunk acks: a poll that fails says nothing") {
  Splunk host;
  Batch batch = batch_of(1);
  host.take(batch.view(), 1, 0);
  for (const Answer& reply : {Answer{503, R"({"code":9})", {}, 0, 0, 0}, Answer{403, R"({"code":4})", {}, 0, 0, 0},
                              Answer{200, "<html>", {}, 0, 0, 0}, Answer{0, "", {}, 0, CSIEM_TRANSPORT_RESET, 0}}) {
    host.pass_ms(10'000);
    REQUIRE(host.asking());
    host.answer(reply);
    CHECK(host.results.empty());
  }
  host.pass_ms(10'000);
  host.answer(200, R"({"acks":{"0":true}})");
  CHECK(host.results.size() == 1);
}

TEST_CASE("splunk acks: Retry-After holds for questions, too, and what a question was told holds for batches") {
  Splunk host;
  Batch first = batch_of(1), second = batch_of(1);
  host.take(first.view(), 1, 0);
  host.exchange(second.view(), Answer{503, R"({"code":9})", {}, 5'000, 0, 0});
  host.pass_ms(3'000);
  CHECK(host.requests.empty());
  host.pass_ms(3'000);
  REQUIRE(host.asking());
  host.answer(Answer{503, "", {}, 4'000, 0, 0});
  CHECK(host.submit(second.view(), 2) == CSIEM_E_BUSY);
  host.pass_ms(5'000);
  REQUIRE(host.asking());
  host.answer(200, R"({"acks":{"0":true}})");
  CHECK(host.submit(second.view(), 2) == CSIEM_OK);
}

TEST_CASE("splunk acks: cookies of a balancer go with the requests of their channel") {
  Splunk host;
  Batch batch = batch_of(1), more = batch_of(1);
  host.take(batch.view(), 1, 0, "AWSALB=abc; Path=/; Expires=Tue, 03 Mar 2026 10:00:00 GMT");
  host.take(more.view(), 2, 1, "AWSALBCORS=\"d\"; Secure");
  CHECK(host.sent[0].header("Cookie") == "(none)");
  CHECK(host.sent[1].header("Cookie") == "AWSALB=abc");
  host.pass_ms(1'000);
  CHECK(host.requests[0].header("Cookie") == "AWSALB=abc; AWSALBCORS=\"d\"");
}

TEST_CASE("splunk acks: when enough waits, further batches are not taken") {
  Splunk host(R"({"ack":{"max_pending":2}})");
  Batch one = batch_of(1), two = batch_of(1), three = batch_of(1);
  host.take(one.view(), 1, 0);
  host.take(two.view(), 2, 1);
  CHECK(host.submit(three.view(), 3) == CSIEM_E_BUSY);
  host.pass_ms(1'000);
  host.answer(200, R"({"acks":{"0":true,"1":false}})");
  host.take(three.view(), 3, 2);
}

TEST_CASE("splunk acks: a batch that the host takes back is not released any more") {
  Splunk host;
  Batch batch = batch_of(1);
  host.take(batch.view(), 1, 0);
  host.cancel(1);
  host.pass_ms(60'000);
  CHECK(host.requests.empty());
  CHECK(host.results.empty());
}

TEST_CASE("splunk acks: a full channel is replaced, and what waits on the old one is still asked about") {
  Splunk host;
  Batch first = batch_of(1), second = batch_of(1);
  host.take(first.view(), 1, 0);
  CHECK(host.exchange(second.view(), 429, R"({"text":"ACK channel is at capacity","code":27})").letters(1) == "R");
  host.take(second.view(), 2, 0);
  CHECK(host.channel_of(2) != host.channel_of(0));
  host.pass_ms(1'000);
  CHECK(host.requests.size() == 2);
}

TEST_CASE("splunk acks: a thousand ids at most in one question") {
  Acks acks;
  const auto channel = acks.open(0, "x");
  for (int64_t id = 0; id < 2'500; ++id) acks.add(*channel, {}, id, static_cast<Ticket>(id + 1), 0);
  CHECK(acks.ids(*channel).size() == 1'000);
  CHECK(acks.ids(*channel).front() == 1'000);
  CHECK(acks.ids(*channel).size() == 500);
  CHECK(acks.ids(*channel).front() == 0);
  CHECK(acks.overdue(0).size() == 2'500);
  CHECK(acks.empty());
  CHECK(acks.current(0) == nullptr);
}

TEST_CASE("splunk raw: lines, with what they share in the query") {
  Splunk host(R"({"mode":"raw","index":"{session.tenant_id|main}","source":"a b&c"})");
  Batch batch = batch_of(3);
  batch.event(1).tenant_id = batch.keep("acme");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(host.requests[0].url ==
        "https://a:8088/services/collector/"
        "raw?index=main&source=a%20b%26c&sourcetype=clawdstrike%3Asecurity&host=agent-1");
  CHECK(host.requests[0].body == "{\"event_id\":\"e0\"}\n{\"event_id\":\"e2\"}\n");
  CHECK(host.requests[0].header("X-Splunk-Request-Channel").size() == 36);
  host.answer(200, R"({"code":0})");
  REQUIRE(host.requests.size() == 1);
  CHECK(host.requests[0].url.find("?index=acme&") != std::string::npos);
  CHECK(host.requests[0].body == "{\"event_id\":\"e1\"}\n");
  host.answer(200, R"({"code":0})");
  REQUIRE(host.results.size() == 1);
  CHECK(host.results[0].letters(3) == "DDD");
}

TEST_CASE("splunk raw: text with line breaks stays one line") {
  Splunk host(R"({"mode":"raw"})");
  Batch batch("text/plain");
  batch.add("e", "CEF:0|a\r\nb");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(host.requests[0].body == "CEF:0|a\\r\\nb\n");
  CHECK(host.requests[0].url.find("sourcetype=clawdstrike%3Acef") != std::string::npos);
}

TEST_CASE("splunk raw: each group has its own outcome") {
  const auto letters = [](std::string_view second_body, int32_t second_status) {
    Splunk host(R"({"mode":"raw","index":"{session.tenant_id|main}"})");
    Batch batch = batch_of(4);
    batch.event(1).tenant_id = batch.keep("acme");
    batch.event(3).tenant_id = batch.keep("other");
    REQUIRE(host.submit(batch.view()) == CSIEM_OK);
    host.answer(200, R"({"code":0})");
    host.answer(second_status, std::string(second_body));
    REQUIRE(host.results.size() == 1);
    return host.results[0].letters(4);
  };
  CHECK(letters(R"({"text":"Incorrect index","code":7})", 400) == "DXDR");
  CHECK(letters(R"({"text":"Server is busy","code":9})", 503) == "DRDR");
  CHECK(letters(R"({"text":"Invalid token","code":4})", 403) == "DADA");
}

TEST_CASE("splunk raw: groups wait for their own acknowledgements, and only those that lack one come again") {
  Splunk host(R"({"mode":"raw","index":"{session.tenant_id|main}","ack":{"timeout":3000}})");
  Batch batch = batch_of(3);
  batch.event(1).tenant_id = batch.keep("acme");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  host.answer(200, R"({"code":0,"ackId":0})");
  host.answer(200, R"({"code":0,"ackId":1})");
  CHECK(host.results.empty());
  host.pass_ms(1'000);
  CHECK(host.requests[0].body == R"({"acks":[0,1]})");
  host.answer(200, R"({"acks":{"0":true,"1":false}})");
  for (int second = 0; second < 12 && host.results.empty(); ++second) {
    host.pass_ms(1'000);
    while (host.asking()) host.answer(200, R"({"acks":{"1":false}})");
  }
  REQUIRE(host.results.size() == 1);
  CHECK(host.results[0].letters(3) == "DRD");
  CHECK(host.results[0].except.count(1) + host.results[0].except.count(0) > 0);
}

TEST_CASE("splunk metrics: counts of delivered events by kind, each interval, and never twice") {
  Splunk host(R"({"metrics":{"index":"m","interval":10000},"source":"src"})");
  Batch batch = batch_of(3);
  batch.event(1).guard = batch.keep("egress");
  host.exchange(batch.view(), 400, R"({"text":"Invalid data format","code":6,"invalid-event-number":2})");
  host.exchange(batch.view(), 503, "");
  host.pass_ms(10'000);
  REQUIRE(host.requests.size() == 1);
  CHECK(host.requests[0].url == "https://a:8088/services/collector/event");
  const std::string body = host.requests[0].body;
  CHECK(
      body.find(
          R"("event":"metric","index":"m","source":"src","host":"machine-9","fields":{"metric_name:clawdstrike.events":1,"event_type":"forbidden_path","severity":"high"}})") !=
      std::string::npos);
  CHECK(body.find(R"("guard":"egress"}})") != std::string::npos);
  host.answer(503, R"({"text":"Server is busy","code":9})");
  host.exchange(batch.view(), 200, R"({"code":0})");
  host.pass_ms(10'000);
  REQUIRE(host.requests.size() == 1);
  CHECK(host.requests[0].body.find(R"("metric_name:clawdstrike.events":3)") != std::string::npos);
  Answer lost;
  lost.transport = CSIEM_TRANSPORT_RESET;
  lost.flags = CSIEM_RESPONSE_AMBIGUOUS;
  host.answer(lost);
  host.pass_ms(60'000);
  CHECK(host.requests.empty());
  CHECK(host.counters["metrics_failed"] == 2);
  CHECK(host.results.size() == 3);  // batches alone
}

TEST_CASE("splunk acks: a batch that waits is not kept, and its delivery is counted all the same") {
  Splunk host(R"({"metrics":{"index":"counts","interval":60000}})");
  {
    Batch batch = batch_of(3);
    host.take(batch.view(), 1, 0);
    CHECK(host.let_go == std::vector<uint64_t>{1});
  }  // whoever reads it from here on reads freed memory
  host.pass_ms(1'000);
  REQUIRE(host.asking());
  host.answer(200, R"({"acks":{"0":true}})");
  REQUIRE(host.results.size() == 1);
  CHECK(host.results[0].outcome == CSIEM_DELIVERED);
  host.pass_ms(60'000);
  REQUIRE_FALSE(host.requests.empty());
  CHECK(host.requests[0].body.find("\"metric_name:clawdstrike.events\":3") != std::string::npos);
}

TEST_CASE("splunk acks: a batch with a verdict against an event is kept until the rest is acknowledged") {
  Splunk host(R"({"mode":"raw","index":"{session.tenant_id|main}"})");
  Batch batch;
  batch.add("a", R"({"event_id":"a"})");
  batch.add("b", R"({"event_id":"b"})").tenant_id = batch.keep("other");
  REQUIRE(host.submit(batch.view(), 1) == CSIEM_OK);
  host.answer(200, R"({"text":"Success","code":0,"ackId":0})");
  host.answer(400, R"({"text":"Incorrect index","code":7})");
  CHECK(host.let_go.empty());
  host.pass_ms(1'000);
  REQUIRE(host.asking());
  host.answer(200, R"({"acks":{"0":true}})");
  REQUIRE(host.results.size() == 1);
  CHECK(host.results[0].letters(2) == "DX");
}
