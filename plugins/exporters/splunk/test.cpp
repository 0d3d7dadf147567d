// Requests to and answers from the HTTP Event Collector, through the plugin's entry point.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "common/test_host.hpp"
#include "splunk/response.hpp"

using csiem::testing::Batch;
using csiem::testing::Result;
using csiem::testing::TestHost;
using Answer = TestHost::Answer;

namespace {

// The smallest configuration, with `more` members added or replaced.
std::string config(std::string_view more = "{}") {
  boost::json::value settings = boost::json::parse(
      R"({"hec_url":"https://hec.example.com:8088","hec_token":"hec_token","csiem":{"host_name":"machine-9"}})");
  const boost::json::value extra = boost::json::parse({more.data(), more.size()});
  for (const auto& [key, value] : extra.get_object()) settings.get_object()[key] = value;
  return boost::json::serialize(settings);
}

Batch three() {
  Batch batch;
  batch.add("e0", R"({"event_id":"e0"})");
  batch.add("e1", R"({"event_id":"e1"})");
  batch.add("e2", R"({"event_id":"e2"})");
  return batch;
}

}  // namespace

TEST_CASE("splunk: a batch becomes one request of stacked envelopes") {
  TestHost host;
  REQUIRE(host.create(config(R"({"index":"security"})")));
  Batch batch;
  csiem_event& first = batch.add("0194-a", R"({"event_id":"0194-a","x":1})");
  first.guard = batch.keep("forbidden \"path\"");
  first.tenant_id = batch.keep("acme");
  csiem_event& second = batch.add("0194-b", R"({"event_id":"0194-b"})", 1'735'689'600'000'000'001);
  second.agent_name = batch.keep("");
  second.type_name = {nullptr, 0};
  second.severity_name = {nullptr, 0};
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  REQUIRE(host.requests.size() == 1);
  const auto& request = host.requests[0];
  CHECK(request.method == "POST");
  CHECK(request.url == "https://hec.example.com:8088/services/collector/event");
  CHECK(request.header("Authorization") == "Splunk <hec_token>");
  CHECK(request.header("Content-Type") == "application/json");
  CHECK(request.header("X-Splunk-Request-Channel").size() == 36);
  CHECK(request.gzip);
  CHECK(
      request.body ==
      R"({"time":1767225600.123,"host":"agent-1","source":"clawdstrike","sourcetype":"clawdstrike:security","index":"security","event":{"event_id":"0194-a","x":1},"fields":{"event_id":"0194-a","event_type":"forbidden_path","severity":"high","guard":"forbidden \"path\"","tenant_id":"acme"}})"
      "\n"
      R"({"time":1735689600.000,"host":"machine-9","source":"clawdstrike","sourcetype":"clawdstrike:security","index":"security","event":{"event_id":"0194-b"},"fields":{"event_id":"0194-b"}})"
      "\n");
}

TEST_CASE("splunk: text formats travel as a JSON string with their own source type") {
  TestHost host;
  REQUIRE(host.create(config(R"({"indexed_fields":[],"compression":"none"})")));
  Batch batch("text/plain; charset=utf-8");
  batch.add("e", "CEF:0|Clawdstrike|a\\=b|\"q\"\n\x01");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK_FALSE(host.requests[0].gzip);
  CHECK(host.requests[0].body ==
        "{\"time\":1767225600.123,\"host\":\"agent-1\",\"source\":\"clawdstrike\",\"sourcetype\":\"clawdstrike:cef\","
        "\"event\":\"CEF:0|Clawdstrike|a\\\\=b|\\\"q\\\"\\n\\u0001\"}\n");
}

TEST_CASE("splunk: templates take fields of the event and are escaped") {
  TestHost host;
  REQUIRE(host.create(config(
      R"({"index":"t-{session.tenant_id|none}","source":"{labels.team|x\"y}","host":"fixed","sourcetype":"{event_type}","indexed_fields":["session.id"]})")));
  Batch batch;
  csiem_event& event = batch.add("e", "{}");
  event.tenant_id = batch.keep("ac\"me");
  event.session_id = batch.keep("s1");
  batch.add("f", "{}");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(
      host.requests[0].body ==
      R"({"time":1767225600.123,"host":"fixed","source":"x\"y","sourcetype":"forbidden_path","index":"t-ac\"me","event":{},"fields":{"session_id":"s1"}})"
      "\n"
      R"({"time":1767225600.123,"host":"fixed","source":"x\"y","sourcetype":"forbidden_path","index":"t-none","event":{}})"
      "\n");
}

TEST_CASE("splunk: the time is left to Splunk when it shall extract it") {
  TestHost host;
  REQUIRE(host.create(config(R"({"auto_extract_timestamp":true,"indexed_fields":[],"source":""})")));
  Batch batch;
  batch.add("e", "{}");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(host.requests[0].url == "https://hec.example.com:8088/services/collector/event?auto_extract_timestamp=true");
  CHECK(host.requests[0].body == "{\"host\":\"agent-1\",\"sourcetype\":\"clawdstrike:security\",\"event\":{}}\n");
}

TEST_CASE("splunk: settings that cannot work are refused with the reason") {
  const auto refusal = [](std::string_view more) {
    TestHost host;
    return host.create(config(more)) ? std::string("accepted") : host.error;
  };
  CHECK(refusal("{}") == "accepted");
  CHECK(refusal(R"({"use_ack":false})") == "accepted");
  CHECK(refusal(R"({"use_ack":true,"mode":"raw"})") == "accepted");
  CHECK(refusal(R"({"mode":"raw","indexed_fields":["event_id"]})").find("indexed_fields: raw mode") == 0);
  CHECK(refusal(R"({"mode":"raw","auto_extract_timestamp":true})").find("auto_extract_timestamp: raw") == 0);
  CHECK(refusal(R"({"ack":{"channel":"7f1c0f9e-6b0c-4a3e-9f8f-1f4a4f6d2c11"}})") == "accepted");
  CHECK(refusal(R"({"ack":{"channel":"mine"}})").find("ack.channel: 'mine' is not a GUID") == 0);
  CHECK(refusal(R"({"hec_token":""})") == "hec_token: missing");
  CHECK(refusal(R"({"hec_url":"hec.example.com"})").find("not an http or https URL") != std::string::npos);
  CHECK(refusal(R"({"hec_url":["https://a","ftp://b"]})").find("ftp://b") != std::string::npos);
  CHECK(refusal(R"({"hec_url":"https://a/?token=x"})").find("no query") != std::string::npos);
  CHECK(refusal(R"({"index":"{session.tenant_id}"})").find("needs a default") != std::string::npos);
  CHECK(refusal(R"({"index":"{tenant|x}"})").find("'{tenant}'") != std::string::npos);
  CHECK(refusal(R"({"source":"{session.id"})").find("without '}'") != std::string::npos);
  CHECK(refusal(R"({"indexed_fields":["nope"]})").find("'nope'") != std::string::npos);
  CHECK(refusal(R"({"hec_url":["https://a","ftp://b"],"index":"{session.tenant_id}","ack":{"channel":"x"}})") ==
        "hec_url[1]: 'ftp://b' is not an http or https URL\n"
        "index: every placeholder needs a default; write {session.tenant_id|security}\n"
        "ack.channel: 'x' is not a GUID; leave it empty for a random one");
}

TEST_CASE("splunk: a URL that already holds the collector's path is repaired with a warning") {
  TestHost host;
  REQUIRE(host.create(config(R"({"hec_url":"https://hec.example.com:8088/services/collector/event/1.0"})")));
  CHECK(host.log.size() == 1);
  Batch batch = three();
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(host.requests[0].url == "https://hec.example.com:8088/services/collector/event");
}

TEST_CASE("splunk: every documented answer has its outcome") {
  struct Case {
    int32_t status;
    const char* body;
    int32_t outcome;
    const char* code;
  };
  // A batch of one, so that the outcome of the batch is the outcome of the event.
  const Case cases[] = {
      {200, R"({"text":"Success","code":0})", CSIEM_DELIVERED, ""},
      {200, "", CSIEM_RETRY, "splunk.answer_cut"},
      {200, R"({"text":"Succ)", CSIEM_RETRY, "splunk.answer_cut"},
      {200, "OK", CSIEM_CONFIG, "splunk.not_hec"},
      {200, R"({"acknowledged":true})", CSIEM_CONFIG, "splunk.not_hec"},
      {204, "", CSIEM_CONFIG, "splunk.not_hec"},
      {200, R"({"text":"HEC queue is approaching its capacity limit","code":24})", CSIEM_DELIVERED, ""},
      {200, R"({"text":"news of a later version","code":99})", CSIEM_DELIVERED, ""},
      {200, R"({"text":"Server is busy","code":9})", CSIEM_RETRY, "hec.9"},
      {200, R"({"text":"Invalid token","code":4})", CSIEM_AUTH, "hec.4"},
      {200, R"({"text":"HEC ACK is approaching its capacity limit","code":25})", CSIEM_DELIVERED, ""},
      {200, "<html>please log in</html>", CSIEM_CONFIG, "splunk.not_hec"},
      {403, R"({"text":"Token disabled","code":1})", CSIEM_AUTH, "hec.1"},
      {401, R"({"text":"Token is required","code":2})", CSIEM_AUTH, "hec.2"},
      {401, R"({"text":"Invalid authorization","code":3})", CSIEM_AUTH, "hec.3"},
      {403, R"({"text":"Invalid token","code":4})", CSIEM_AUTH, "hec.4"},
      {403, "<html>", CSIEM_AUTH, "http.403"},
      {400, R"({"text":"No data","code":5})", CSIEM_REJECT, "hec.5"},
      {400, R"({"text":"Invalid data format","code":6,"invalid-event-number":0})", CSIEM_REJECT, "hec.6"},
      {400, R"({"text":"Incorrect index","code":7,"invalid-event-number":1})", CSIEM_CONFIG, "hec.7"},
      {500, R"({"text":"Internal server error","code":8})", CSIEM_RETRY, "hec.8"},
      {503, R"({"text":"Server is busy","code":9})", CSIEM_RETRY, "hec.9"},
      {400, R"({"text":"Event field is required","code":12,"invalid-event-number":0})", CSIEM_REJECT, "hec.12"},
      {400, R"({"text":"Event field cannot be blank","code":13,"invalid-event-number":0})", CSIEM_REJECT, "hec.13"},
      {400, R"({"text":"ACK is disabled","code":14})", CSIEM_CONFIG, "hec.14"},
      {400, R"({"text":"Error in handling indexed fields","code":15,"invalid-event-number":0})", CSIEM_REJECT,
       "hec.15"},
      {400, R"({"text":"Query string authorization is not enabled","code":16})", CSIEM_CONFIG, "hec.16"},
      {400, R"({"text":"Invalid token","code":21})", CSIEM_AUTH, "hec.21"},
      {400, R"({"text":"Token disabled","code":22})", CSIEM_AUTH, "hec.22"},
      {503, R"({"text":"HEC is unhealthy, queues are full","code":18})", CSIEM_RETRY, "hec.18"},
      {503, R"({"text":"Server is shutting down","code":23})", CSIEM_RETRY, "hec.23"},
      {429, R"({"text":"HEC queue is at capacity","code":26})", CSIEM_RETRY, "hec.26"},
      {429, R"({"text":"HEC ACK channel is at capacity","code":27})", CSIEM_RETRY, "hec.27"},
      {400, "not json", CSIEM_CONFIG, "splunk.not_hec"},
      {301, "", CSIEM_CONFIG, "http.301"},
      {404, R"({"text":"The requested URL was not found on this server.","code":404})", CSIEM_CONFIG, "hec.404"},
      {405, "", CSIEM_CONFIG, "http.405"},
      {407, "", CSIEM_CONFIG, "http.407"},
      {408, "", CSIEM_RETRY, "http.408"},
      {413, "<html>too large</html>", CSIEM_SPLIT, "http.413"},
      {429, "", CSIEM_RETRY, "http.429"},
      {502, "<html>bad gateway</html>", CSIEM_RETRY, "http.502"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.status);
    CAPTURE(c.body);
    TestHost host;
    REQUIRE(host.create(config()));
    Batch batch;
    batch.add("e0", "{}");
    const Result result = host.exchange(batch.view(), c.status, c.body);
    CHECK(result.outcome == c.outcome);
    CHECK(result.code == c.code);
    CHECK(result.except.empty());
  }
}

TEST_CASE("splunk: transport failures are retried") {
  for (int32_t transport = CSIEM_TRANSPORT_DNS; transport <= CSIEM_TRANSPORT_CANCELLED; ++transport) {
    TestHost host;
    REQUIRE(host.create(config()));
    Batch batch = three();
    Answer reply;
    reply.transport = transport;
    CHECK(host.exchange(batch.view(), reply).letters(3) == "RRR");
  }
}

TEST_CASE("splunk: the refused event goes, those before it are delivered, those after it are sent again") {
  TestHost host;
  REQUIRE(host.create(config(R"({"index":"{session.tenant_id|main}"})")));
  Batch batch = three();
  batch.event(1).tenant_id = batch.keep("forbidden");
  // Code 7 counts from one.
  const Result result =
      host.exchange(batch.view(), 400, R"({"text":"Incorrect index","code":7,"invalid-event-number":2})");
  CHECK(result.letters(3) == "DXR");
  CHECK_FALSE(result.repeated_index);
  CHECK(result.except.at(1).code == "hec.7");
  CHECK(result.except.at(1).http_status == 400);
  CHECK(result.except.at(1).message == "Incorrect index 'forbidden'");
  CHECK(host.counters["partial_batches"] == 1);
}

TEST_CASE("splunk: the other codes count from zero") {
  for (const int code : {6, 12, 13, 15}) {
    for (int bad = 0; bad < 3; ++bad) {
      TestHost host;
      REQUIRE(host.create(config()));
      Batch batch = three();
      const Result result = host.exchange(
          batch.view(), 400,
          R"({"text":"t","code":)" + std::to_string(code) + R"(,"invalid-event-number":)" + std::to_string(bad) + "}");
      CHECK(result.letters(3) == std::vector<std::string>{"XRR", "DXR", "DDX"}[static_cast<std::size_t>(bad)]);
    }
  }
}

TEST_CASE("splunk: partial_prefix resend sends the events before the refused one again") {
  TestHost host;
  REQUIRE(host.create(config(R"({"partial_prefix":"resend"})")));
  Batch batch = three();
  CHECK(host.exchange(batch.view(), 400, R"({"code":12,"invalid-event-number":1})").letters(3) == "RXR");
}

TEST_CASE("splunk: an event number that is missing or out of range names nobody") {
  for (const char* body :
       {R"({"code":6})", R"({"code":6,"invalid-event-number":3})", R"({"code":6,"invalid-event-number":-1})",
        R"({"code":6,"invalid-event-number":"1"})", R"({"code":6,"invalid-event-number":1e300})",
        R"({"code":6,"invalid-event-number":18446744073709551615})"}) {
    CAPTURE(body);
    TestHost host;
    REQUIRE(host.create(config()));
    Batch batch = three();
    const Result result = host.exchange(batch.view(), 400, body);
    CHECK(result.outcome == CSIEM_REJECT);
    CHECK(result.except.empty());
  }
}

TEST_CASE("splunk: a wrong index that all events share holds them instead of dead-lettering them") {
  TestHost host;
  REQUIRE(host.create(config(R"({"index":"nosuch"})")));
  Batch batch = three();
  const Result result =
      host.exchange(batch.view(), 400, R"({"text":"Incorrect index","code":7,"invalid-event-number":1})");
  CHECK(result.letters(3) == "CCC");
  CHECK(result.message == "Incorrect index 'nosuch'");
  // Half way through a batch: what was indexed before is delivered.
  CHECK(host.exchange(batch.view(), 400, R"({"code":7,"invalid-event-number":3})").letters(3) == "DDC");
}

TEST_CASE("splunk: a wrong index that comes from the events and is the same for all of them refuses all of them") {
  const std::string wrong = R"({"text":"Incorrect index","code":7,"invalid-event-number":1})";
  const auto tenants = [&](std::vector<const char*> names) {
    TestHost host;
    REQUIRE(host.create(config(R"({"index":"{session.tenant_id|main}"})")));
    Batch batch;
    for (const char* name : names) batch.add("e", "{}").tenant_id = batch.keep(name);
    return host.exchange(batch.view(), 400, wrong);
  };
  const Result all = tenants({"acme", "acme", "acme"});
  CHECK(all.letters(3) == "XXX");
  CHECK(all.except.size() == 3);  // named: there is nothing to search for
  CHECK(all.except.at(2).code == "hec.7");
  CHECK(all.except.at(2).message == "Incorrect index 'acme'");
  CHECK(tenants({"acme", "acme", "other"}).letters(3) == "XRR");
  CHECK(tenants({"acme"}).letters(1) == "X");
}

TEST_CASE("splunk: invalid data at event 0 of a large request means too large") {
  const auto verdict = [](std::size_t bytes, uint32_t events) {
    TestHost host;
    REQUIRE(host.create(config()));
    Batch batch;
    for (uint32_t i = 0; i < events; ++i) batch.add("e", "{\"p\":\"" + std::string(bytes / events, 'x') + "\"}");
    return host.exchange(batch.view(), 400, R"({"text":"Invalid data format","code":6,"invalid-event-number":0})");
  };
  const Result large = verdict(6'000'000, 100);
  CHECK(large.outcome == CSIEM_SPLIT);
  CHECK(large.except.empty());
  CHECK(verdict(6'000'000, 1).outcome == CSIEM_SPLIT);
  CHECK(verdict(100'000, 100).of(0) == CSIEM_REJECT);
}

TEST_CASE("splunk: accepted with a warning about capacity is delivered and counted") {
  TestHost host;
  REQUIRE(host.create(config()));
  Batch batch = three();
  CHECK(host.exchange(batch.view(), 200, R"({"text":"near","code":24})").letters(3) == "DDD");
  CHECK(host.counters["near_capacity"] == 1);
}

TEST_CASE("splunk: Retry-After reaches the host") {
  TestHost host;
  REQUIRE(host.create(config()));
  Batch batch = three();
  Answer reply;
  reply.status = 503;
  reply.retry_after_ms = 2000;
  const Result result = host.exchange(batch.view(), reply);
  CHECK(result.outcome == CSIEM_RETRY);
  CHECK(result.retry_after_ms == 2000);
}

TEST_CASE("splunk: failover uses the second endpoint while the first rests, then comes back") {
  TestHost host;
  REQUIRE(host.create(config(R"({"hec_url":["https://a:8088","https://b:8088"]})")));
  Batch batch = three();
  const auto url = [&](const Answer& reply) {
    host.exchange(batch.view(), reply);
    return host.sent.back().url.substr(8, 1);
  };
  Answer busy;
  busy.status = 503;
  busy.retry_after_ms = 5000;
  CHECK(url(busy) == "a");
  CHECK(host.results.back().retry_after_ms == 0);  // b may be asked at once
  CHECK(url(Answer{}) == "b");
  TestHost::advance_ms(4000);
  CHECK(url(Answer{}) == "b");
  TestHost::advance_ms(2000);
  CHECK(url(Answer{}) == "a");
}

TEST_CASE("splunk: round robin takes turns and skips an endpoint that rests") {
  TestHost host;
  REQUIRE(host.create(config(R"({"hec_url":["https://a:8088","https://b:8088"],"strategy":"round_robin"})")));
  Batch batch = three();
  std::string urls;
  Answer dead;
  dead.transport = CSIEM_TRANSPORT_CONNECT;
  for (int i = 0; i < 6; ++i) {
    host.submit(batch.view());
    const std::string at = host.requests[0].url.substr(8, 1);
    urls += at;
    host.answer(at == "b" ? dead : Answer{});
  }
  CHECK(urls == "abaaaa");
}

TEST_CASE("splunk: a refused channel is replaced once") {
  TestHost host;
  REQUIRE(host.create(config()));
  Batch batch = three();
  const std::string missing = R"({"text":"Data channel is missing","code":10})";
  CHECK(host.exchange(batch.view(), 400, missing).outcome == CSIEM_RETRY);
  CHECK(host.exchange(batch.view(), 400, missing).outcome == CSIEM_CONFIG);
  CHECK(host.sent[0].header("X-Splunk-Request-Channel") != host.sent[1].header("X-Splunk-Request-Channel"));
  CHECK(host.exchange(batch.view(), 200, R"({"code":0})").outcome == CSIEM_DELIVERED);
  CHECK(host.exchange(batch.view(), 400, missing).outcome == CSIEM_RETRY);
}

TEST_CASE("splunk: a collector that refuses compression gets plain requests") {
  TestHost host;
  REQUIRE(host.create(config()));
  Batch batch = three();
  CHECK(host.exchange(batch.view(), 415, "<html>").outcome == CSIEM_RETRY);
  CHECK(host.exchange(batch.view(), 415, "<html>").outcome == CSIEM_CONFIG);
  CHECK(host.sent[0].gzip);
  CHECK_FALSE(host.sent[1].gzip);
}

TEST_CASE("splunk: health") {
  TestHost host;
  REQUIRE(host.create(config()));
  struct Case {
    int32_t status;
    const char* body;
    int32_t outcome;
  };
  for (const Case& c :
       {Case{200, R"({"text":"HEC is healthy","code":17})", CSIEM_DELIVERED},
        Case{503, R"({"text":"HEC is unhealthy, queues are full","code":18})", CSIEM_RETRY},
        Case{503, R"({"text":"Server is shutting down","code":23})", CSIEM_RETRY},
        Case{400, R"({"text":"Invalid token","code":21})", CSIEM_AUTH},
        Case{400, R"({"code":6,"invalid-event-number":0})", CSIEM_CONFIG}, Case{404, "", CSIEM_CONFIG}}) {
    REQUIRE(host.health() == CSIEM_OK);
    CHECK(host.requests[0].method == "GET");
    CHECK(host.requests[0].url == "https://hec.example.com:8088/services/collector/health");
    CHECK(host.requests[0].body.empty());
    host.answer(c.status, c.body);
    CHECK(host.results.back().outcome == c.outcome);
  }
}

TEST_CASE("splunk: the settings schema is JSON and marks secret and origin") {
  const boost::json::value schema = boost::json::parse(TestHost::schema());
  const auto& properties = schema.at("properties").get_object();
  CHECK(properties.at("hec_token").at("x-csiem-secret") == boost::json::value(true));
  CHECK(properties.at("hec_url").at("x-csiem-origin") == boost::json::value(true));
  for (const auto& [key, property] : properties) {
    CAPTURE(std::string(key));
    CHECK(property.get_object().contains("description"));
  }
}

TEST_CASE("splunk: batches that Splunk Cloud does not take are warned of, those that nobody takes are refused") {
  const auto logged = [](std::string_view url, int64_t bytes) {
    TestHost host;
    REQUIRE(host.create(config(R"({"hec_url":")" + std::string(url) + R"(","csiem":{"batch_max_bytes":)" +
                               std::to_string(bytes) + "}}")));
    return host.log.size();
  };
  CHECK(logged("https://http-inputs-acme.splunkcloud.com:443", 5'242'881) == 1);
  CHECK(logged("https://HTTP-INPUTS.acme.SplunkCloudGC.com", 6'000'000) == 1);
  CHECK(logged("https://http-inputs-acme.splunkcloud.com", 5'242'880) == 0);
  CHECK(logged("https://splunkcloud.com.example.com:8088", 6'000'000) == 0);
  TestHost host;
  CHECK_FALSE(host.create(config(R"({"csiem":{"batch_max_bytes":838860801}})")));
  CHECK(host.error.find("batch_max_bytes: 838860801 bytes are more than HEC takes") != std::string::npos);
}
