// Requests to and answers from a webhook's receiver.
#include "webhook/delivery_id.hpp"
#include "webhook/response.hpp"
#include "webhook/test_support.hpp"

using namespace csiem::webhook::test;

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
