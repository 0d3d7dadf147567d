// Bodies, headers and addresses that templates shape, and what goes in their place.
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "webhook/test_support.hpp"

using namespace csiem::webhook::test;

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
