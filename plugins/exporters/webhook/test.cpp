// Requests to and answers from a webhook's receiver, through the plugin's entry point.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>
#include <fstream>

#include "common/test_host.hpp"
#include "webhook/delivery_id.hpp"
#include "webhook/response.hpp"
#include "webhook/signature.hpp"

using csiem::testing::Batch;
using csiem::testing::Result;
using csiem::testing::TestHost;
using Answer = TestHost::Answer;

namespace {

// The smallest configuration, with `more` members added or replaced.
std::string config(std::string_view more = "{}") {
  boost::json::value settings = boost::json::parse(R"({"url":"url","csiem":{"host_name":"machine-9"}})");
  const boost::json::value extra = boost::json::parse({more.data(), more.size()});
  for (const auto& [key, value] : extra.get_object()) settings.get_object()[key] = value;
  return boost::json::serialize(settings);
}

struct Webhook : TestHost {
  explicit Webhook(std::string_view more = "{}") {
    secrets["url"] = "https://soar.example/hooks/secret-path";
    secrets["auth.password"] = "open sesame";
    REQUIRE_MESSAGE(create(config(more)), error);
  }
};

std::string refusal(std::string_view more, std::string_view url = "https://soar.example/hooks") {
  TestHost host;
  host.secrets["url"] = url;
  return host.create(config(more)) ? std::string("accepted") : host.error;
}

Batch events(int count, std::string type = "application/json") {
  Batch batch(std::move(type));
  for (int i = 0; i < count; ++i) batch.add("id-" + std::to_string(i), R"({"n":)" + std::to_string(i) + "}");
  return batch;
}

bool mentions(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

const std::string kEnvelope =
    R"({"type":"clawdstrike.forbidden_path","timestamp":"2026-01-01T00:00:00.123456789Z","data":)";

}  // namespace

TEST_CASE("webhook: one event in its envelope, with an id that receivers can deduplicate by") {
  Webhook host;
  Batch batch = events(1);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  const auto& request = host.requests[0];
  CHECK(request.method == "POST");
  CHECK(request.url.empty());
  CHECK(request.url_secret == "url");
  CHECK(request.header("Content-Type") == "application/json");
  CHECK(request.header("webhook-id") == "id-0");
  CHECK(request.header("Idempotency-Key") == "id-0");
  CHECK_FALSE(request.gzip);
  CHECK(request.body == kEnvelope + R"({"n":0}})");
}

TEST_CASE("webhook: framings, envelopes and formats") {
  struct Case {
    const char* settings;
    const char* format;
    std::string body;
    const char* content_type;
  };
  const std::string text_envelope0 = kEnvelope + R"("{\"n\":0}"})", text_envelope1 = kEnvelope + R"("{\"n\":1}"})";
  const Case cases[] = {
      {R"({"framing":"array"})", "application/json", "[" + kEnvelope + R"({"n":0}},)" + kEnvelope + R"({"n":1}}])",
       "application/json"},
      {R"({"framing":"array","envelope":false})", "application/json", R"([{"n":0},{"n":1}])", "application/json"},
      {R"({"framing":"ndjson"})", "application/json", kEnvelope + "{\"n\":0}}\n" + kEnvelope + "{\"n\":1}}\n",
       "application/x-ndjson"},
      {R"({"framing":"ndjson","envelope":false})", "application/json", "{\"n\":0}\n{\"n\":1}\n",
       "application/x-ndjson"},
      {R"({"framing":"ndjson","envelope":false})", "text/plain; charset=utf-8", "{\"n\":0}\n{\"n\":1}\n",
       "text/plain; charset=utf-8"},
      {R"({"framing":"array","envelope":false})", "text/plain", R"(["{\"n\":0}","{\"n\":1}"])", "application/json"},
      {R"({"framing":"ndjson"})", "text/plain", text_envelope0 + "\n" + text_envelope1 + "\n", "application/x-ndjson"},
      {R"({"framing":"array","content_type":"application/cloudevents-batch+json","envelope":false})",
       "application/json", R"([{"n":0},{"n":1}])", "application/cloudevents-batch+json"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.settings);
    CAPTURE(c.format);
    Webhook host(c.settings);
    Batch batch = events(2, c.format);
    REQUIRE(host.submit(batch.view()) == CSIEM_OK);
    CHECK(host.requests[0].body == c.body);
    CHECK(host.requests[0].header("Content-Type") == c.content_type);
    // 27 digits to the base of 62 of sha256("id-0\nid-1\n").
    CHECK(host.requests[0].header("webhook-id") == "msg_Q9RyqIhQ4erUorQ3LUph8oWahXm");
    CHECK(host.requests[0].header("Idempotency-Key") == "msg_Q9RyqIhQ4erUorQ3LUph8oWahXm");
  }
}

TEST_CASE("webhook: a text event without envelope is the body itself") {
  Webhook host(R"({"envelope":false})");
  Batch batch("text/plain");
  batch.add("e", "CEF:0|a|\"b\"");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(host.requests[0].body == "CEF:0|a|\"b\"");
  CHECK(host.requests[0].header("Content-Type") == "text/plain");
}

TEST_CASE("webhook: a line stays a line whatever white space the format wrote") {
  for (const char* settings : {R"({"framing":"ndjson"})", R"({"framing":"ndjson","envelope":false})"}) {
    Webhook host(settings);
    Batch batch;
    batch.add("e", "{\n\"a\":1\n}");
    batch.add("f", "{\"b\":1}");
    REQUIRE(host.submit(batch.view()) == CSIEM_OK);
    const std::string& body = host.requests[0].body;
    CHECK(std::count(body.begin(), body.end(), '\n') == 2);
    CHECK(mentions(body, "{ \"a\":1 }"));
  }
}

TEST_CASE("webhook: ids of events cannot break out of a header") {
  using csiem::webhook::header_id;
  CHECK(header_id("0194f0d2-1111_A") == "0194f0d2-1111_A");
  CHECK(header_id("a.b c\r\nX: y\xc3\xa9") == "a%2Eb%20c%0D%0AX%3A%20y%C3%A9");
  CHECK(header_id(std::string(1000, 'x')).size() == 255);
}

TEST_CASE("webhook: ways to authenticate") {
  Batch batch = events(1);
  const auto sent = [&](Webhook& host) {
    REQUIRE(host.submit(batch.view()) == CSIEM_OK);
    return host.requests[0];
  };
  Webhook bearer(R"({"auth":{"type":"bearer","token":"auth.token"}})");
  CHECK(sent(bearer).header("Authorization") == "Bearer <auth.token>");
  Webhook basic(R"({"auth":{"type":"basic","username":"aladdin","password":"auth.password"}})");
  CHECK(sent(basic).header("Authorization") == "Basic YWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  Webhook header(R"({"auth":{"type":"header","header_name":"X-Api-Key","header_value":"auth.header_value"}})");
  CHECK(sent(header).header("X-Api-Key") == "<auth.header_value>");
  Webhook none(R"({"auth":{"type":"none"}})");
  CHECK_FALSE(sent(none).has_header("Authorization"));
}

TEST_CASE("webhook: method, headers and compression") {
  Webhook host(R"({"method":"PUT","headers":{"X-Source":"clawdstrike"},"compression":"gzip"})");
  Batch batch = events(1);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(host.requests[0].method == "PUT");
  CHECK(host.requests[0].header("X-Source") == "clawdstrike");
  CHECK(host.requests[0].gzip);
}

TEST_CASE("webhook: settings that cannot work are refused with the reason") {
  CHECK(refusal("{}") == "accepted");
  CHECK(mentions(refusal(R"({"url":""})"), "url: missing"));
  CHECK(mentions(refusal("{}", "soar.example"), "not an http or https URL"));
  CHECK(mentions(refusal(R"({"method":"GET"})"), "'GET' is not POST"));
  CHECK(mentions(refusal(R"({"framing":"xml"})"), "'xml'"));
  CHECK(mentions(refusal(R"({"auth":{"type":"magic"}})"), "'magic' is not known"));
  CHECK(mentions(refusal(R"({"auth":{"type":"oauth2"}})"), "auth.token_url: "));
  CHECK(mentions(
      refusal(R"({"auth":{"type":"oauth2","token_url":"http://idp.example/t","client_id":"c","client_secret":"s"}})"),
      "unencrypted"));
  CHECK(mentions(refusal(R"({"auth":{"type":"bearer"}})"), "needs token"));
  CHECK(mentions(refusal(R"({"auth":{"type":"basic","password":"auth.password"}})"), "username"));
  CHECK(mentions(refusal(R"({"auth":{"type":"header","header_name":"a b","header_value":"h"}})"), "not a header name"));
  CHECK(mentions(refusal(R"({"success_codes":"2xx"})"), "'2xx'"));
  CHECK(mentions(refusal(R"({"success_codes":"299-200"})"), "'299-200'"));
  CHECK(mentions(refusal(R"({"retry_codes":"99"})"), "retry_codes"));
  CHECK(mentions(refusal(R"({"headers":{"webhook-id":"1"}})"), "set by the exporter"));
  CHECK(mentions(refusal(R"({"headers":{"Host":"evil"}})"), "belongs to the connection"));
  CHECK(refusal(R"({"method":"GET","success_codes":"2xx","auth":{"type":"basic"}})") ==
        "method: 'GET' is not POST, PUT or PATCH\n"
        "auth.password: type basic needs password\n"
        "auth.username: username must be set and may not contain ':'\n"
        "success_codes: '2xx' is not a status code or a range of them, as in \"200-299,304\"");
  // As many lines as an error holds, and how many there were more.
  std::string many;
  for (int i = 0; i < 40; ++i) many += (i == 0 ? "\"a b" : ",\"a b") + std::to_string(i) + "\":\"1\"";
  const std::string words = refusal("{\"headers\":{" + many + "}}");
  CHECK(words.size() < 504);
  CHECK(mentions(words, "headers.a b0: 'a b0' is not a header name\n"));
  CHECK(words.ends_with(" more problems"));
  CHECK(mentions(refusal(R"({"content_type":"a\r\nb"})"), "line break"));
  const char* bearer = R"({"auth":{"type":"bearer","token":"auth.token"}})";
  CHECK(mentions(refusal(bearer, "http://soar.example/"), "allow_plain_http"));
  CHECK(refusal(bearer, "http://127.0.0.1:8080/") == "accepted");
  CHECK(refusal("{}", "http://soar.example/") == "accepted");
  CHECK_FALSE(mentions(refusal(bearer, "http://soar.example/secret"), "secret"));
}

TEST_CASE("webhook: every status has its outcome") {
  struct Case {
    int32_t status;
    int32_t outcome;
  };
  for (const Case& c :
       {Case{200, CSIEM_DELIVERED}, Case{202, CSIEM_DELIVERED}, Case{204, CSIEM_DELIVERED}, Case{301, CSIEM_CONFIG},
        Case{307, CSIEM_CONFIG},    Case{400, CSIEM_REJECT},    Case{401, CSIEM_AUTH},      Case{403, CSIEM_AUTH},
        Case{404, CSIEM_CONFIG},    Case{405, CSIEM_CONFIG},    Case{406, CSIEM_REJECT},    Case{408, CSIEM_RETRY},
        Case{409, CSIEM_REJECT},    Case{410, CSIEM_CONFIG},    Case{411, CSIEM_CONFIG},    Case{413, CSIEM_SPLIT},
        Case{415, CSIEM_REJECT},    Case{418, CSIEM_REJECT},    Case{422, CSIEM_REJECT},    Case{425, CSIEM_RETRY},
        Case{429, CSIEM_RETRY},     Case{500, CSIEM_RETRY},     Case{501, CSIEM_CONFIG},    Case{502, CSIEM_RETRY},
        Case{503, CSIEM_RETRY},     Case{504, CSIEM_RETRY},     Case{505, CSIEM_CONFIG},    Case{599, CSIEM_RETRY}}) {
    CAPTURE(c.status);
    Webhook host(R"({"framing":"array"})");
    Batch batch = events(3);
    const Result result = host.exchange(batch.view(), c.status, "words of the receiver");
    CHECK(result.outcome == c.outcome);
    CHECK(result.except.empty());
    if (c.outcome != CSIEM_DELIVERED) {
      CHECK(result.code == "http." + std::to_string(c.status));
      if (c.status != 410) CHECK(mentions(result.message, "words of the receiver"));
    }
  }
}

TEST_CASE("webhook: transport failures are retried") {
  for (int32_t transport = CSIEM_TRANSPORT_DNS; transport <= CSIEM_TRANSPORT_CANCELLED; ++transport) {
    Webhook host;
    Batch batch = events(1);
    CHECK(host.exchange(batch.view(), Answer{0, "", {}, 0, transport, CSIEM_RESPONSE_AMBIGUOUS}).outcome ==
          CSIEM_RETRY);
  }
}

TEST_CASE("webhook: what counts as success can be narrowed and widened") {
  Batch batch = events(1);
  Webhook codes(R"({"success_codes":"200,208-210"})");
  CHECK(codes.exchange(batch.view(), 209).outcome == CSIEM_DELIVERED);
  CHECK(codes.exchange(batch.view(), 201).outcome == CSIEM_RETRY);
  Webhook text(R"({"success_body_contains":"\"ok\":true"})");
  CHECK(text.exchange(batch.view(), 200, R"({"ok":true})").outcome == CSIEM_DELIVERED);
  CHECK(text.exchange(batch.view(0), 200, "<html>").outcome == CSIEM_RETRY);
  CHECK(text.exchange(batch.view(1), 200, "<html>").outcome == CSIEM_RETRY);
  CHECK(text.exchange(batch.view(2), 200, "<html>").outcome == CSIEM_REJECT);
  Webhook conflict(R"({"conflict_is_success":true})");
  CHECK(conflict.exchange(batch.view(), 409).outcome == CSIEM_DELIVERED);
  Webhook overrides(R"({"retry_codes":"404","reject_codes":"500-502"})");
  CHECK(overrides.exchange(batch.view(), 404).outcome == CSIEM_RETRY);
  CHECK(overrides.exchange(batch.view(), 501).outcome == CSIEM_REJECT);
  CHECK(overrides.exchange(batch.view(), 503).outcome == CSIEM_RETRY);
}

TEST_CASE("webhook: a redirect is named by its host only") {
  Webhook host;
  Batch batch = events(1);
  const Result result =
      host.exchange(batch.view(), Answer{307, "", {{"location", "https://evil.example/take?token=x"}}, 0, 0, 0});
  CHECK(result.outcome == CSIEM_CONFIG);
  CHECK(mentions(result.message, "evil.example"));
  CHECK_FALSE(mentions(result.message, "token"));
}

TEST_CASE("webhook: an address in the configuration is used as it is") {
  Webhook host(R"({"url":"https://soar.example/hooks"})");
  Batch batch = events(1);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(host.requests[0].url == "https://soar.example/hooks");
  CHECK(host.requests[0].url_secret.empty());
  CHECK(mentions(refusal(R"({"url":"ftp://soar.example"})"), "not an http or https URL"));
  CHECK(mentions(refusal(R"({"url":"http://soar.example","auth":{"type":"bearer","token":"auth.token"}})"),
                 "allow_plain_http"));
}

TEST_CASE("webhook: after 410 no request leaves any more") {
  Webhook host;
  Batch batch = events(1);
  CHECK(host.exchange(batch.view(), 410).outcome == CSIEM_CONFIG);
  CHECK(host.submit(batch.view(), 2) == CSIEM_OK);
  CHECK(host.requests.empty());
  CHECK(host.results.back().token == 2);
  CHECK(host.results.back().outcome == CSIEM_CONFIG);
}

TEST_CASE("webhook: single framing sends a larger batch one by one and keeps each event's own verdict") {
  Webhook host;
  Batch batch = events(4);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  for (const int32_t status : {200, 422, 413, 200}) {
    REQUIRE(host.requests.size() == 1);
    host.answer(status);
  }
  REQUIRE(host.results.size() == 1);
  CHECK(host.results[0].letters(4) == "DXSD");
  CHECK(host.results[0].except.at(1).http_status == 422);
  std::string ids;
  for (const auto& request : host.sent) ids += request.header("webhook-id") + " ";
  CHECK(ids == "id-0 id-1 id-2 id-3 ");
}

TEST_CASE("webhook: trouble of the destination ends a batch where it stands") {
  Webhook host;
  Batch batch = events(4);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  host.answer(200);
  host.answer(Answer{503, "", {}, 7000, 0, 0});
  REQUIRE(host.results.size() == 1);
  CHECK(host.results[0].letters(4) == "DRRR");
  CHECK(host.results[0].retry_after_ms == 7000);
  CHECK(host.sent.size() == 2);
  REQUIRE(host.submit(batch.view(), 2) == CSIEM_OK);
  host.answer(401);
  CHECK(host.results[1].outcome == CSIEM_AUTH);
  CHECK(host.results[1].except.empty());
}

TEST_CASE("webhook: a cancelled batch starts from its beginning when it comes again") {
  Webhook host;
  Batch batch = events(2);
  REQUIRE(host.submit(batch.view(), 1) == CSIEM_OK);
  host.answer(200);
  host.cancel(1);
  CHECK(host.requests.empty());
  REQUIRE(host.submit(batch.view(), 2) == CSIEM_OK);
  CHECK(host.requests[0].header("webhook-id") == "id-0");
  host.answer(200);
  host.answer(200);
  CHECK(host.results.at(0).letters(2) == "DD");
}

TEST_CASE("webhook: bodies over max_body_bytes are not sent") {
  Webhook single(R"({"max_body_bytes":1024})");
  Batch batch;
  batch.add("small", "{}");
  batch.add("large", "{\"p\":\"" + std::string(2000, 'x') + "\"}");
  batch.add("small2", "{}");
  REQUIRE(single.submit(batch.view()) == CSIEM_OK);
  for (int i = 0; i < 3; ++i) single.answer(200);
  CHECK(single.results.at(0).letters(3) == "DDD");
  CHECK(single.sent[1].body.size() <= 1024);
  CHECK(mentions(single.sent[1].body, R"("truncated":true)"));
  CHECK(single.counters["shortened_events"] == 1);
  Batch ids;
  std::string numbers = "[1";
  for (int i = 0; i < 600; ++i) numbers += ",1";
  ids.add("numbers", "{\"a\":" + numbers + "]}");
  ids.add("small", "{}");
  REQUIRE(single.submit(ids.view(), 5) == CSIEM_OK);
  while (!single.requests.empty()) single.answer(200);
  CHECK(single.results.back().letters(2) == "SD");
  Webhook array(R"({"max_body_bytes":1024,"framing":"array"})");
  REQUIRE(array.submit(batch.view()) == CSIEM_OK);
  CHECK(array.sent.empty());
  CHECK(array.results.at(0).outcome == CSIEM_SPLIT);
  CHECK(array.results.at(0).except.empty());
}

TEST_CASE("webhook: losing the secret half way keeps what was delivered") {
  Webhook host(R"({"auth":{"type":"basic","username":"u","password":"auth.password"}})");
  Batch batch = events(3);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  host.secrets.erase("auth.password");
  host.answer(200);
  REQUIRE(host.results.size() == 1);
  CHECK(host.results[0].letters(3) == "DAA");
}

TEST_CASE("webhook: the health check asks its own address, with the credential") {
  TestHost host;
  host.secrets["url"] = "https://soar.example/hooks";
  REQUIRE(host.create(config(R"({"health_url":"https://soar.example/up","health_method":"HEAD",
      "auth":{"type":"bearer","token":"auth.token"}})")));
  REQUIRE(host.health(7) == CSIEM_OK);
  REQUIRE(host.requests.size() == 1);
  CHECK(host.requests[0].method == "HEAD");
  CHECK(host.requests[0].url == "https://soar.example/up");
  CHECK(host.requests[0].header("Authorization") == "Bearer <auth.token>");
  CHECK(host.requests[0].body.empty());
  host.answer(204);
  CHECK(host.results.back().outcome == CSIEM_DELIVERED);
  for (const auto& [status, outcome] : {std::pair{401, CSIEM_AUTH},
                                        {404, CSIEM_CONFIG},
                                        {400, CSIEM_CONFIG},
                                        {302, CSIEM_CONFIG},
                                        {503, CSIEM_RETRY}}) {
    CAPTURE(status);
    REQUIRE(host.health(8) == CSIEM_OK);
    host.answer(status);
    CHECK(host.results.back().outcome == outcome);
  }
}

TEST_CASE("webhook: without an address to ask there is nothing to check") {
  Webhook host;
  REQUIRE(host.health(7) == CSIEM_OK);
  CHECK(host.requests.empty());
  CHECK(host.results.back().outcome == CSIEM_SKIPPED);
  CHECK(mentions(host.results.back().message, "health_url"));
}

TEST_CASE("webhook: events of allowed actions can be left out") {
  Batch batch = events(3);
  batch.event(1).decision_allowed = 1;
  Webhook denied(R"({"include_allowed":false})");
  REQUIRE(denied.submit(batch.view()) == CSIEM_OK);
  denied.answer(200);
  denied.answer(200);
  CHECK(denied.results.at(0).letters(3) == "D-D");
  Webhook array(R"({"include_allowed":false,"framing":"array","envelope":false})");
  REQUIRE(array.submit(batch.view()) == CSIEM_OK);
  CHECK(array.requests[0].body == R"([{"n":0},{"n":2}])");
  array.answer(200);
  CHECK(array.results.at(0).letters(3) == "D-D");
  Webhook all(R"({"framing":"array","envelope":false})");
  REQUIRE(all.submit(batch.view()) == CSIEM_OK);
  CHECK(all.requests[0].body == R"([{"n":0},{"n":1},{"n":2}])");
  csiem_kv test_label{csiem::str("clawdstrike_test"), csiem::str("true")};
  batch.event(1).labels = &test_label;
  batch.event(1).label_count = 1;
  REQUIRE(array.submit(batch.view(), 2) == CSIEM_OK);
  CHECK(array.requests[0].body == R"([{"n":0},{"n":1},{"n":2}])");
}

TEST_CASE("webhook: a table of templates instead of the envelope") {
  Webhook host(R"({"framing":"array","body":{"text":"{decision.severity}: {decision.reason|none}","event":"{.}"}})");
  Batch batch = events(2);
  batch.event(0).reason = csiem::str("\",\"admin\":true");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  const auto body = boost::json::parse(host.requests[0].body).as_array();
  CHECK(body[0].as_object().size() == 2);
  CHECK(body[0].at("text") == "high: \",\"admin\":true");
  CHECK(body[0].at("event").at("n") == 0);
  CHECK(body[1].at("text") == "high: none");
  CHECK(host.requests[0].header("Content-Type") == "application/json");
}

TEST_CASE("webhook: text templates, plain and as JSON") {
  Batch batch = events(2);
  batch.event(0).reason = csiem::str("a\nb\"c");
  Webhook plain(R"({"template":"! {decision.reason|-}","framing":"ndjson"})");
  REQUIRE(plain.submit(batch.view()) == CSIEM_OK);
  CHECK(plain.requests[0].body == "! a b\"c\n! -\n");
  CHECK(plain.requests[0].header("Content-Type") == "text/plain; charset=utf-8");
  Webhook json(
      R"({"template":"{\"r\":\"{decision.reason}\",\n\"e\":{.}}","content_type":"application/x-ndjson","framing":"ndjson"})");
  REQUIRE(json.submit(batch.view()) == CSIEM_OK);
  CHECK(json.requests[0].body == "{\"r\":\"a\\nb\\\"c\", \"e\":{\"n\":0}}\n{\"r\":\"\", \"e\":{\"n\":1}}\n");
}

TEST_CASE("webhook: templates that cannot work are refused where they are wrong") {
  CHECK(refusal(R"({"template":"ab {decision.resaon}"})") ==
        "template@4+15: 'decision.resaon' is not a field of an event; did you mean 'decision.reason'?");
  CHECK(mentions(refusal(R"({"body":{"a":[{"b":"{oops}"}]}})"), "body.a[0].b@1+4: 'oops' is not a field"));
  CHECK(mentions(refusal(R"({"template":"x","framing":"array"})"), "an array holds JSON"));
  CHECK(mentions(refusal(R"({"template":"{","content_type":"application/json"})"), "the text is not JSON here"));
  CHECK(mentions(refusal(R"({"body":{"a":"b"},"content_type":"text/plain"})"), "content_type: 'body' gives JSON"));
  CHECK(mentions(refusal(R"({"template_file":"relative"})"), "not an absolute path"));
  CHECK(mentions(refusal(R"({"template_file":"/nonexistent/t"})"), "/nonexistent/t: "));
  CHECK(mentions(refusal(R"({"headers":{"X-A":"v {decision.rason}"}})"), "headers.X-A@3+"));
  CHECK(mentions(refusal(R"({"headers":{"X-A":"v {.}"}})"), "no place in a header"));
  CHECK(mentions(refusal(R"({"url":"https://a.example/{decision.reason}"})"), "url@18+"));
  CHECK(mentions(refusal(R"({"url":"https://{labels.region}.a.example/"})"), "allow_hosts"));
  CHECK(refusal(R"({"url":"https://{labels.region}.a.example/","allow_hosts":["*.a.example"]})") == "accepted");
  CHECK(mentions(refusal(R"({"url":"http://{labels.region}.a.example/","allow_hosts":["*.a.example"]})"),
                 "allow_plain_http"));
  CHECK(mentions(
      refusal(R"({"headers":{"X-Key":"a"},"auth":{"type":"header","header_name":"x-key","header_value":"h"}})"),
      "auth.header_name already"));
}

TEST_CASE("webhook: a template file is told with line and column") {
  const std::string path = "/tmp/csiem-webhook-template-" + std::to_string(::getpid());
  {
    std::ofstream file(path);
    file << "{\n  \"a\": \"{event_id}\",\n  \"b\": \"{event_idd}\"\n}\n";
  }
  const std::string words = refusal(R"({"content_type":"application/json","template_file":")" + path + "\"}");
  CHECK(words == "template_file: " + path + ":3:10: 'event_idd' is not a field of an event; did you mean 'event_id'?");
  {
    std::ofstream file(path);
    file << "{\"a\": \"{event_id}\"}\n";
  }
  Webhook host(R"({"content_type":"application/json","template_file":")" + path + "\"}");
  Batch batch = events(1);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(host.requests[0].body == R"({"a": "id-0"})");
  std::remove(path.c_str());
}

TEST_CASE("webhook: events for different addresses go in requests of their own") {
  Webhook host(R"({"url":"https://a.example/{session.tenant_id|none}","framing":"ndjson","envelope":false,
      "headers":{"X-Guard":"g-{decision.guard|none}","X-Key":"headers.X-Key"}})");
  Batch batch = events(5);
  batch.event(1).tenant_id = batch.event(3).tenant_id = csiem::str("acme");
  batch.event(4).guard = csiem::str("bad\r\nX-Evil: 1");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(host.requests[0].url == "https://a.example/none");
  CHECK(host.requests[0].header("X-Guard") == "g-none");
  CHECK(host.requests[0].header("X-Key") == "<headers.X-Key>");
  CHECK(host.requests[0].body == "{\"n\":0}\n{\"n\":2}\n");
  host.answer(200);
  CHECK(host.requests[0].url == "https://a.example/acme");
  CHECK(host.requests[0].body == "{\"n\":1}\n{\"n\":3}\n");
  host.answer(422);
  REQUIRE(host.results.size() == 1);
  CHECK(host.results[0].letters(5) == "DXDXX");
  CHECK_FALSE(host.results[0].repeated_index);
  CHECK(host.results[0].except.at(4).code == "format");
  CHECK(host.results[0].except.at(3).code == "http.422");

  Webhook single(R"({"url":"https://a.example/{session.tenant_id}"})");
  Batch few = events(3);
  few.event(0).tenant_id = csiem::str("acme");
  few.event(1).tenant_id = csiem::str("..");
  REQUIRE(single.submit(few.view()) == CSIEM_OK);
  single.answer(200);
  CHECK(single.results.at(0).letters(3) == "DXX");
  CHECK(single.results.at(0).except.at(1).code == "confinement");
}

TEST_CASE("webhook: trouble ends a batch for all addresses that were not asked yet") {
  Webhook host(R"({"url":"https://a.example/{session.tenant_id|none}","framing":"array"})");
  Batch batch = events(4);
  batch.event(1).tenant_id = batch.event(3).tenant_id = csiem::str("acme");
  batch.event(2).tenant_id = csiem::str("third");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  host.answer(200);
  host.answer(503);
  CHECK(host.results.at(0).letters(4) == "DRRR");
  CHECK_FALSE(host.results[0].repeated_index);
}

TEST_CASE("webhook: what a receiver finds too large goes once in its short form") {
  Webhook host(R"({"envelope":false})");
  Batch batch;
  batch.add("large", "{\"p\":\"" + std::string(5000, 'x') + "\"}");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  host.answer(413);
  REQUIRE(host.requests.size() == 1);
  CHECK(host.requests[0].body.size() <= 2600);
  CHECK(host.requests[0].header("webhook-id") == "large");
  host.answer(413);
  CHECK(host.results.at(0).outcome == CSIEM_SPLIT);
}

TEST_CASE("webhook: batches of one with single framing, of a hundred with the others") {
  const boost::json::value schema = boost::json::parse(TestHost::schema());
  CHECK(schema.at("x-csiem-defaults").at("batch_size") == 1);
  const auto& by_framing = schema.at("properties").at("framing").at("x-csiem-defaults").get_object();
  CHECK(by_framing.size() == 2);
  CHECK(by_framing.at("array").at("batch_size") == 100);
  CHECK(by_framing.at("ndjson").at("batch_size") == 100);
}

TEST_CASE("webhook: the settings schema is JSON and marks secrets and origin") {
  const boost::json::value schema = boost::json::parse(TestHost::schema());
  const auto& properties = schema.at("properties").get_object();
  const auto& url = properties.at("url").at("anyOf").get_array();
  CHECK(url.at(0).at("x-csiem-origin") == "template");
  CHECK(url.at(1).at("x-csiem-secret") == boost::json::value(true));
  const auto& auth = properties.at("auth").at("properties").get_object();
  for (const char* secret : {"token", "password", "header_value"})
    CHECK(auth.at(secret).at("x-csiem-secret") == boost::json::value(true));
}

TEST_CASE("webhook: Standard Webhooks signs id, second and body; two secrets give two signatures") {
  TestHost lender;
  lender.secrets["s"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  lender.secrets["p"] = "whsec_" + std::string(32, 'A');
  // The published vector of the text, by way of an instance that can borrow.
  lender.secrets["url"] = "https://soar.example/x";
  lender.secrets["sign.secret"] = lender.secrets["s"];
  lender.secrets["sign.previous_secret"] = lender.secrets["p"];
  std::string problem;
  const auto key = csiem::webhook::key_of(csiem::webhook::Scheme::standard_webhooks, lender.secrets["s"], &problem);
  REQUIRE(key);
  CHECK(key->size() == 24);

  REQUIRE_MESSAGE(lender.create(config(R"({"sign":{"scheme":"standard-webhooks","secret":"sign.secret"}})")),
                  lender.error);
  Batch batch = events(1);
  REQUIRE(lender.submit(batch.view()) == CSIEM_OK);
  const auto first = lender.requests[0];
  CHECK(first.header("webhook-id") == "id-0");
  CHECK(first.header("webhook-timestamp").find_first_not_of("0123456789") == std::string::npos);
  CHECK(first.header("webhook-signature").rfind("v1,", 0) == 0);
  CHECK(first.header("webhook-signature").size() == 3 + 44);

  TestHost both;
  both.secrets = lender.secrets;
  REQUIRE(both.create(config(
      R"({"sign":{"scheme":"standard-webhooks","secret":"sign.secret","previous_secret":"sign.previous_secret"}})")));
  REQUIRE(both.submit(batch.view()) == CSIEM_OK);
  const std::string pair = both.requests[0].header("webhook-signature");
  CHECK(pair.size() == 2 * (3 + 44) + 1);
  CHECK(pair[47] == ' ');
}

TEST_CASE("webhook: the published vector of Standard Webhooks, and a known answer for the other schemes") {
  TestHost lender;
  lender.secrets["url"] = "https://soar.example/x";
  lender.secrets["sign.secret"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  REQUIRE(lender.create(config()));
  const csiem::Host host = lender.host();
  using csiem::webhook::Scheme;
  std::string problem;
  csiem::webhook::Signing signing{Scheme::standard_webhooks, "sign.secret", "", ""};
  const char* body = R"({"test": 2432232314})";
  auto headers = csiem::webhook::sign(signing, host, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, &problem);
  REQUIRE_MESSAGE(headers, problem);
  CHECK(headers->at(0) == std::pair<std::string, std::string>("webhook-timestamp", "1614265330"));
  CHECK(headers->at(1).second == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");

  lender.secrets["sign.secret"] = "It's a Secret to Everybody";
  signing = {Scheme::github, "sign.secret", "", "X-Hub-Signature-256"};
  headers = csiem::webhook::sign(signing, host, "", 0, "Hello, World!", &problem);
  REQUIRE(headers);
  CHECK(headers->at(0).second == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
  signing = {Scheme::stripe, "sign.secret", "", "X-Signature"};
  headers = csiem::webhook::sign(signing, host, "", 12, "b", &problem);
  REQUIRE(headers);
  CHECK(headers->at(0).second.rfind("t=12,v1=", 0) == 0);
  CHECK(headers->at(0).second.size() == 8 + 64);
  signing.secret = "nobody";
  CHECK_FALSE(csiem::webhook::sign(signing, host, "", 12, "b", &problem));
}

TEST_CASE("webhook: signatures that cannot work are refused") {
  const auto with = [](const std::string& secret, const std::string& more) {
    TestHost host;
    host.secrets["url"] = "https://soar.example/x";
    host.secrets["sign.secret"] = secret;
    return host.create(config(R"({"sign":{"scheme":"standard-webhooks","secret":"sign.secret"})" + more + "}"))
               ? std::string("accepted")
               : host.error;
  };
  CHECK(with("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "") == "accepted");
  CHECK(mentions(with("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", ""), "sign.secret: a secret of Standard Webhooks begins"));
  CHECK(mentions(with("whsec_AAAA", ""), "24 to 64"));
  CHECK(mentions(with("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", R"(,"compression":"gzip")"), "compression: "));
  CHECK(mentions(refusal(R"({"sign":{"scheme":"github"}})"), "sign.secret: "));
}

namespace {

struct OAuth : TestHost {
  explicit OAuth(std::string_view more = "") {
    secrets["url"] = "https://soar.example/hooks";
    secrets["auth.client_secret"] = "s e:cret";
    REQUIRE_MESSAGE(
        create(config(R"({"auth":{"type":"oauth2","token_url":"https://idp.example/token","client_id":"a b",)"
                      R"("client_secret":"auth.client_secret","scope":"hooks:write")" +
                      std::string(more) + "}}")),
        error);
  }
  void answer_token(const char* token, int seconds) {
    answer(200, std::string(R"({"access_token":")") + token + R"(","token_type":"Bearer","expires_in":)" +
                    std::to_string(seconds) + "}");
  }
};

}  // namespace

TEST_CASE("webhook: one token serves many deliveries until it expires") {
  OAuth host;
  Batch batch = events(1);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  const auto& asked = host.requests[0];
  CHECK(asked.url == "https://idp.example/token");
  CHECK(asked.body == "grant_type=client_credentials&scope=hooks%3Awrite");
  CHECK(asked.header("Authorization") == "Basic YSUyMGI6cyUyMGUlM0FjcmV0");  // "a%20b:s%20e%3Acret"
  Batch other = events(1);
  CHECK(host.submit(other.view(), 2) == CSIEM_E_BUSY);  // waits for the token of the first
  host.answer_token("T1", 3600);
  REQUIRE(host.requests.size() == 1);
  CHECK(host.requests[0].header("Authorization") == "Bearer T1");
  host.answer(200);
  CHECK(host.results.back().outcome == CSIEM_DELIVERED);
  for (int i = 0; i < 500; ++i) CHECK(host.exchange(batch.view(), 200).outcome == CSIEM_DELIVERED);
  CHECK(host.sent.size() == 502);
  TestHost::advance_ms(3541 * 1000);  // a minute before the end
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(host.requests[0].url == "https://idp.example/token");
  host.answer_token("T2", 3600);
  CHECK(host.requests[0].header("Authorization") == "Bearer T2");
  host.answer(200);
  CHECK(host.results.back().outcome == CSIEM_DELIVERED);
}

TEST_CASE("webhook: losing the secret under a short form names every event once") {
  Webhook host(R"({"envelope":false,"auth":{"type":"basic","username":"u","password":"auth.password"}})");
  Batch batch;
  batch.add("large", "{\"p\":\"" + std::string(5000, 'x') + "\"}");
  batch.add("next", "{}");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  host.secrets.erase("auth.password");
  host.answer(413);
  REQUIRE(host.results.size() == 1);
  CHECK(host.requests.empty());
  CHECK(host.results[0].letters(2) == "AA");
  CHECK_FALSE(host.results[0].repeated_index);
}

TEST_CASE("webhook: a refused token is renewed once; then the credential is wrong") {
  OAuth host(R"(,"client_auth":"post")");
  Batch batch = events(1);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(host.requests[0].body ==
        "grant_type=client_credentials&scope=hooks%3Awrite&client_id=a%20b&client_secret=s%20e%3Acret");
  CHECK_FALSE(host.requests[0].has_header("Authorization"));
  host.answer_token("T1", 3600);
  host.answer(401);
  REQUIRE(host.requests.size() == 1);
  CHECK(host.requests[0].url == "https://idp.example/token");
  host.answer_token("T2", 3600);
  CHECK(host.requests[0].header("Authorization") == "Bearer T2");
  host.answer(401);
  REQUIRE(host.results.size() == 1);
  CHECK(host.results[0].outcome == CSIEM_AUTH);
}

TEST_CASE("webhook: what the token server answers") {
  struct Row {
    int status;
    const char* body;
    int32_t outcome;
    const char* code;
  };
  for (const Row& row :
       {Row{400, R"({"error":"invalid_client","error_description":"no\nsuch"})", CSIEM_AUTH, "oauth2.400"},
        {401, "", CSIEM_AUTH, "oauth2.401"},
        {503, "<html>", CSIEM_RETRY, "oauth2.503"},
        {404, "", CSIEM_CONFIG, "oauth2.404"},
        {302, "", CSIEM_CONFIG, "oauth2.302"},
        {200, "<html>", CSIEM_AUTH, "oauth2.no_token"},
        {200, R"({"access_token":"a\r\nX: y"})", CSIEM_AUTH, "oauth2.no_token"},
        {200, R"({"access_token":"a","token_type":"mac"})", CSIEM_CONFIG, "oauth2.token_type"}}) {
    OAuth host;
    Batch batch = events(2);
    REQUIRE(host.submit(batch.view()) == CSIEM_OK);
    host.answer(row.status, row.body);
    REQUIRE(host.results.size() == 1);
    CHECK(host.results[0].outcome == row.outcome);
    CHECK(host.results[0].code == row.code);
    CHECK(host.results[0].except.empty());
    CHECK(host.requests.empty());
  }
  OAuth host;
  host.secrets.erase("auth.client_secret");
  Batch batch = events(1);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(host.results.at(0).code == "credential.unavailable");
}
