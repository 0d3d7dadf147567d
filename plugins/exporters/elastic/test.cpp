// Requests to and answers from _bulk, through the plugin's entry point.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "common/test_host.hpp"
#include "elastic/target.hpp"

using csiem::elastic::Target;
using csiem::elastic::url_of_cloud_id;
using csiem::testing::Batch;
using csiem::testing::Result;
using csiem::testing::TestHost;
using Answer = TestHost::Answer;

namespace {

// The smallest configuration, with `more` members added or replaced; null removes one.
std::string config(std::string_view more = "{}") {
  boost::json::value settings = boost::json::parse(
      R"({"nodes":["https://es1.example.com:9200"],"api_key":"api_key","csiem":{"host_name":"machine-9"}})");
  const boost::json::value extra = boost::json::parse({more.data(), more.size()});
  for (const auto& [key, value] : extra.get_object()) settings.get_object()[key] = value;
  return boost::json::serialize(settings);
}

struct Elastic : TestHost {
  explicit Elastic(std::string_view more = "{}") {
    secrets["api_key"] = "c2ltaWQ6c2lta2V5";
    secrets["password"] = "open sesame";
    secrets["bearer_token"] = "AAEAAW";
    REQUIRE_MESSAGE(create(config(more)), error);
  }
};

Batch documents(int count) {
  Batch batch;
  for (int i = 0; i < count; ++i)
    batch.add("id-" + std::to_string(i), R"({"@timestamp":"2026-01-01T00:00:00Z","n":)" + std::to_string(i) + "}");
  return batch;
}

std::string items(std::initializer_list<const char*> results) {
  std::string out = R"({"took":7,"errors":true,"items":[)";
  for (const char* result : results)
    out += (out.back() == '[' ? "" : ",") + (R"({"create":)" + std::string(result) + "}");
  return out + "]}";
}

std::string refusal(std::string_view more) {
  TestHost host;
  return host.create(config(more)) ? std::string("accepted") : host.error;
}

std::string name_for(Target target, const csiem_event& event) {
  std::string memory(1024, '\0');
  auto* begin = reinterpret_cast<uint8_t*>(memory.data());
  csiem_writer writer{begin, begin + memory.size(),
                      [](csiem_writer*, size_t) noexcept -> csiem_status { return CSIEM_E_LIMIT; }, nullptr};
  csiem::Out out(writer);
  target.write(event, out);
  return memory.substr(0, static_cast<std::size_t>(writer.cur - begin));
}

std::string why_not(Target (*make)(std::string_view), std::string_view text) {
  try {
    make(text);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "accepted";
}

bool mentions(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("elastic: a batch becomes one bulk request that creates documents by event id") {
  Elastic host;
  Batch batch;
  batch.add("0194f0d2-a", R"({"@timestamp":"2026-01-01T00:00:00.123456789Z","event":{"id":"0194f0d2-a"}})");
  batch.add("odd \"id\"", R"({"@timestamp":"2026-01-01T00:00:01Z"})");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  const auto& request = host.requests[0];
  CHECK(request.method == "POST");
  CHECK(request.url ==
        "https://es1.example.com:9200/_bulk?filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason,"
        "items.*.failure_store");
  CHECK(request.header("Content-Type") == "application/x-ndjson");
  CHECK(request.header("Authorization") == "ApiKey <api_key>");
  CHECK(request.gzip);
  CHECK(request.body == R"({"create":{"_index":"logs-clawdstrike.security-default","_id":"0194f0d2-a"}})"
                        "\n"
                        R"({"@timestamp":"2026-01-01T00:00:00.123456789Z","event":{"id":"0194f0d2-a"}})"
                        "\n"
                        R"({"create":{"_index":"logs-clawdstrike.security-default","_id":"odd \"id\""}})"
                        "\n"
                        R"({"@timestamp":"2026-01-01T00:00:01Z"})"
                        "\n");
}

TEST_CASE("elastic: a document without @timestamp gets the event's for a data stream") {
  struct Case {
    const char* body;
    const char* sent;
  };
  const std::string time = R"({"@timestamp":"2026-01-01T00:00:00.123456789Z")";
  for (const Case& c : {Case{R"({"a":1})", ",\"a\":1}"}, Case{"{}", "}"}, Case{"{ }", " }"},
                        // only a member of the document itself counts
                        Case{R"({"metadata":{"@timestamp":"x"}})", R"(,"metadata":{"@timestamp":"x"}})"},
                        Case{R"({"a":"\"@timestamp\""})", R"(,"a":"\"@timestamp\""})"}}) {
    CAPTURE(c.body);
    Elastic host;
    Batch batch;
    batch.add("e", c.body);
    REQUIRE(host.submit(batch.view()) == CSIEM_OK);
    CHECK(host.requests[0].body.substr(host.requests[0].body.find('\n') + 1) == time + c.sent + "\n");
  }
  Elastic host(R"({"index":"plain"})");
  Batch batch;
  batch.add("e", R"({"a":1})");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(host.requests[0].body == "{\"create\":{\"_index\":\"plain\",\"_id\":\"e\"}}\n{\"a\":1}\n");
}

TEST_CASE("elastic: a @timestamp further inside the document is left alone") {
  Elastic host;
  Batch batch;
  batch.add("e", R"({"a":1,"@timestamp":"2026-01-01T00:00:01Z"})");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(mentions(host.requests[0].body, "\n{\"a\":1,\"@timestamp\":\"2026-01-01T00:00:01Z\"}\n"));
}

TEST_CASE("elastic: each document is one line, whatever white space the format wrote") {
  Elastic host;
  Batch batch;
  batch.add("e", "{\n  \"@timestamp\": \"t\",\r\n  \"a\": \"\\n\"\n}\n");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  const std::string& body = host.requests[0].body;
  CHECK(std::count(body.begin(), body.end(), '\n') == 2);
  CHECK(body.back() == '\n');
  CHECK(mentions(body, "\"a\": \"\\n\" }\n"));
}

TEST_CASE("elastic: every body ends with a line feed and has two lines per event") {
  for (int count = 1; count < 40; ++count) {
    Elastic host;
    Batch batch = documents(count);
    REQUIRE(host.submit(batch.view()) == CSIEM_OK);
    const std::string& body = host.requests[0].body;
    CHECK(body.back() == '\n');
    CHECK(std::count(body.begin(), body.end(), '\n') == 2 * count);
  }
}

TEST_CASE("elastic: ways to authenticate") {
  Batch batch = documents(1);
  const auto authorization = [&](Elastic& host) {
    REQUIRE(host.submit(batch.view()) == CSIEM_OK);
    return host.requests[0].header("Authorization");
  };
  Elastic pair;
  pair.secrets["api_key"] = "simid:simkey";
  CHECK(authorization(pair) == "ApiKey c2ltaWQ6c2lta2V5");
  Elastic with_id(R"({"api_key_id":"simid"})");
  with_id.secrets["api_key"] = "simkey";
  CHECK(authorization(with_id) == "ApiKey c2ltaWQ6c2lta2V5");
  Elastic basic(R"({"api_key":null,"username":"aladdin","password":"password"})");
  CHECK(authorization(basic) == "Basic YWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  Elastic bearer(R"({"api_key":null,"bearer_token":"bearer_token"})");
  CHECK(authorization(bearer) == "Bearer <bearer_token>");
  Elastic certificate(R"({"api_key":null})");
  CHECK(authorization(certificate) == "(none)");
}

TEST_CASE("elastic: without the secret nothing is sent and the batch waits") {
  Elastic host(R"({"api_key":null,"username":"aladdin","password":"password"})");
  host.secrets.clear();
  Batch batch = documents(2);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(host.requests.empty());
  CHECK(host.results.at(0).letters(2) == "AA");
}

TEST_CASE("elastic: pipeline, headers and compression") {
  Elastic host(R"({"pipeline":"a b&c","headers":{"X-Tenant":"blue"},"compression":"none"})");
  Batch batch = documents(1);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(mentions(host.requests[0].url, "&pipeline=a%20b%26c"));
  CHECK(host.requests[0].header("X-Tenant") == "blue");
  CHECK_FALSE(host.requests[0].gzip);
}

TEST_CASE("elastic: settings that cannot work are refused with the reason") {
  CHECK(refusal("{}") == "accepted");
  CHECK(mentions(refusal(R"({"nodes":null})"), "either nodes or cloud_id"));
  CHECK(mentions(refusal(R"({"cloud_id":"x:ZXUuZXhhbXBsZS5pbyRhYmM="})"), "either nodes or cloud_id"));
  CHECK(mentions(refusal(R"({"nodes":["es1:9200"]})"), "'es1:9200' is not an http or https URL"));
  CHECK(mentions(refusal(R"({"nodes":["http://es1:9200"]})"), "allow_plain_http"));
  CHECK(refusal(R"({"nodes":["http://es1:9200"],"allow_plain_http":true})") == "accepted");
  CHECK(refusal(R"({"nodes":["http://127.0.0.1:9200"]})") == "accepted");
  CHECK(refusal(R"({"nodes":["http://es1:9200"],"api_key":null})") == "accepted");
  CHECK(mentions(refusal(R"({"bearer_token":"bearer_token"})"), "exclude each other"));
  CHECK(mentions(refusal(R"({"username":"u","password":"password"})"), "exclude each other"));
  CHECK(mentions(refusal(R"({"api_key":null,"username":"u"})"), "belong together"));
  CHECK(mentions(refusal(R"({"api_key":null,"username":"u:v","password":"password"})"), "username"));
  CHECK(mentions(refusal(R"({"data_stream":"logs-a-b","index":"c"})"), "either data_stream or index"));
  CHECK(mentions(refusal(R"({"headers":{"Authorization":"x"}})"), "set by the exporter"));
  CHECK(mentions(refusal(R"({"headers":{"content-length":"1"}})"), "belongs to the connection"));
  CHECK(mentions(refusal(R"({"headers":{"a b":"1"}})"), "not a header name"));
  CHECK(mentions(refusal(R"({"headers":{"A":"1\r\nB: 2"}})"), "line break"));
  CHECK(refusal(R"({"headers":{"a b":"1","Authorization":"x"},"data_stream":"LOGS-a-b","bootstrap":true})") ==
        "data_stream: 'LOGS-a-b' has an upper-case letter; names are lower case\n"
        "headers.a b: 'a b' is not a header name\n"
        "headers.Authorization: 'Authorization' is set by the exporter itself\n"
        "bootstrap: its template is for logs-clawdstrike.*-*, which data_stream does not match");
}

TEST_CASE("elastic: data stream names are checked before anything is sent") {
  const auto why = [](std::string_view text) { return why_not(&Target::data_stream, text); };
  CHECK(why("logs-clawdstrike.security-default") == "accepted");
  CHECK(why("logs-clawdstrike.security-{session.tenant_id|default}") == "accepted");
  CHECK(mentions(why("logs-Clawd-default"), "upper-case"));
  CHECK(mentions(why("logs-claw-strike-default"), "may not contain '-'"));
  CHECK(mentions(why("logs-default"), "type-dataset-namespace"));
  CHECK(mentions(why("logs--default"), "empty dataset"));
  CHECK(mentions(why("logs-a-"), "empty namespace"));
  CHECK(mentions(why("logs-a b-c"), "character"));
  CHECK(mentions(why("logs-a-" + std::string(101, 'n')), "100 bytes"));
  CHECK(mentions(why("logs-a-{session.tenant_id}"), "without a default"));
  CHECK(mentions(why("logs-a-{session.tenant_id|x-y}"), "may not contain '-'"));
  CHECK(mentions(why("logs-a-{tenant|x}"), "'{tenant}'"));
  CHECK(mentions(why("{event_type|logs}-a-b"), "fixed type"));
  CHECK(mentions(why("logs-a-{date}"), "use index"));
  CHECK(mentions(why("logs-a-{x"), "without '}'"));
}

TEST_CASE("elastic: index names are checked before anything is sent") {
  const auto why = [](std::string_view text) { return why_not(&Target::index, text); };
  CHECK(why("clawdstrike-security") == "accepted");
  CHECK(why("clawdstrike-{date}") == "accepted");
  CHECK(mentions(why("Clawdstrike"), "upper-case"));
  CHECK(mentions(why("_clawdstrike"), "may not begin"));
  CHECK(mentions(why("a,b"), "character"));
  CHECK(mentions(why(std::string(256, 'a')), "255 bytes"));
  CHECK(mentions(why("{session.tenant_id|x}-a"), "fixed text"));
}

TEST_CASE("elastic: values of events become legal parts of a name") {
  Batch batch;
  csiem_event& event = batch.add("e", "{}");
  const auto name = [&](std::string_view tenant) {
    event.tenant_id = batch.keep(tenant);
    return name_for(Target::data_stream("logs-a-{session.tenant_id|none}"), event);
  };
  CHECK(name("acme") == "logs-a-acme");
  CHECK(name("Acme-Corp, Inc") == "logs-a-acme_corp__inc");
  CHECK(name("a\"b\\c/*?<>|#:\n") == "logs-a-a_b_c_________");
  CHECK(name("\xc3\x89t\xc3\xa9") == "logs-a-c389tc3a9");
  CHECK(name("") == "logs-a-none");
  CHECK(name(std::string(300, 'x')) == "logs-a-" + std::string(100, 'x'));
}

TEST_CASE("elastic: dated indices take the day of the event in UTC") {
  Batch batch;
  csiem_event& event = batch.add("e", "{}");
  const auto name = [&](int64_t unix_ns) {
    event.time_unix_ns = unix_ns;
    return name_for(Target::index("claw-{date}-x"), event);
  };
  CHECK(name(1'767'225'599'999'999'999) == "claw-2025.12.31-x");
  CHECK(name(1'767'225'600'000'000'000) == "claw-2026.01.01-x");
  CHECK(name(-1) == "claw-1969.12.31-x");
}

TEST_CASE("elastic: a cloud id names the deployment") {
  CHECK(url_of_cloud_id("x:ZXUuZXhhbXBsZS5pbzo5MjQzJGFiYyRkZWY=") == "https://abc.eu.example.io:9243");
  CHECK(url_of_cloud_id(":ZXUuZXhhbXBsZS5pbyRhYmM") == "https://abc.eu.example.io:443");
  for (const char* bad : {"no colon", "a:b:c", "x:!!!", "x:ZXUuZXhhbXBsZS5pbw==", "x:ZXUvZXZpbCRhYmM="}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(url_of_cloud_id(bad), std::invalid_argument);
  }
  Elastic host(R"({"nodes":null,"cloud_id":"x:ZXUuZXhhbXBsZS5pbzo5MjQzJGFiYyRkZWY="})");
  Batch batch = documents(1);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(mentions(host.requests[0].url, "https://abc.eu.example.io:9243/_bulk?"));
}

TEST_CASE("elastic: each item has the outcome of its status") {
  struct Case {
    const char* result;
    int32_t outcome;
    const char* code;
  };
  const Case cases[] = {
      {R"({"status":200})", CSIEM_DELIVERED, ""},
      {R"({"status":201})", CSIEM_DELIVERED, ""},
      {R"({"status":201,"failure_store":"used"})", CSIEM_DELIVERED, ""},
      {R"({"status":409,"error":{"type":"version_conflict_engine_exception","reason":"exists"}})", CSIEM_DELIVERED, ""},
      {R"({"status":429,"error":{"type":"es_rejected_execution_exception","reason":"busy"}})", CSIEM_RETRY,
       "es.es_rejected_execution_exception"},
      {R"({"status":429,"error":{"type":"cluster_block_exception","reason":"flood stage"}})", CSIEM_RETRY,
       "es.cluster_block_exception"},
      {R"({"status":500,"error":{"type":"e","reason":"r"}})", CSIEM_RETRY, "es.e"},
      {R"({"status":502})", CSIEM_RETRY, "es.502"},
      {R"({"status":503,"error":{"type":"unavailable_shards_exception","reason":"r"}})", CSIEM_RETRY,
       "es.unavailable_shards_exception"},
      {R"({"status":504})", CSIEM_RETRY, "es.504"},
      {R"({"status":400,"error":{"type":"document_parsing_exception","reason":"r"}})", CSIEM_REJECT,
       "es.document_parsing_exception"},
      {R"({"status":400,"error":{"type":"mapper_parsing_exception","reason":"r"}})", CSIEM_REJECT,
       "es.mapper_parsing_exception"},
      {R"({"status":400,"error":{"type":"invalid_index_name_exception","reason":"r"}})", CSIEM_CONFIG,
       "es.invalid_index_name_exception"},
      {R"({"status":400,"error":{"type":"illegal_argument_exception","reason":"pipeline with id [x] does not exist"}})",
       CSIEM_CONFIG, "es.illegal_argument_exception"},
      {R"({"status":404,"error":{"type":"index_not_found_exception","reason":"r"}})", CSIEM_CONFIG,
       "es.index_not_found_exception"},
      {R"({"status":403,"error":{"type":"security_exception","reason":"r"}})", CSIEM_AUTH, "es.security_exception"},
      {R"({"status":403,"error":{"type":"cluster_block_exception","reason":"read-only"}})", CSIEM_CONFIG,
       "es.cluster_block_exception"},
      {R"({"status":400,"error":"an old cluster's words"})", CSIEM_REJECT, "es.400"},
      {R"({"error":{"type":"t"}})", CSIEM_RETRY, "es.t"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.result);
    Elastic host;
    Batch batch = documents(3);
    const Result result = host.exchange(batch.view(), 200, items({R"({"status":201})", c.result, R"({"status":201})"}));
    CHECK(result.of(0) == CSIEM_DELIVERED);
    CHECK(result.of(1) == c.outcome);
    CHECK(result.of(2) == CSIEM_DELIVERED);
    if (c.outcome != CSIEM_DELIVERED) CHECK(result.except.at(1).code == c.code);
  }
}

TEST_CASE("elastic: of ten items only the two busy ones are retried and the bad one is rejected with its reason") {
  Elastic host;
  Batch batch = documents(10);
  const char* ok = R"({"status":201})";
  const char* busy = R"({"status":429,"error":{"type":"es_rejected_execution_exception","reason":"queue"}})";
  const char* bad =
      R"({"status":400,"error":{"type":"document_parsing_exception","reason":"[1:9] failed to parse field [n] of type [long]","caused_by":{"type":"x","reason":"y"}}})";
  const Result result = host.exchange(batch.view(), 200, items({ok, busy, ok, ok, bad, ok, ok, busy, ok, ok}));
  CHECK(result.letters(10) == "DRDDXDDRDD");
  CHECK(result.outcome == CSIEM_DELIVERED);
  CHECK(result.except.at(4).message == "[1:9] failed to parse field [n] of type [long]");
  CHECK(result.except.at(4).http_status == 400);
}

TEST_CASE("elastic: an earlier attempt that was stored counts as delivered") {
  Elastic host;
  Batch batch = documents(3);
  const char* conflict = R"({"status":409,"error":{"type":"version_conflict_engine_exception","reason":"r"}})";
  CHECK(host.exchange(batch.view(), 200, items({conflict, conflict, conflict})).letters(3) == "DDD");
  CHECK(host.counters["conflicts"] == 3);
}

TEST_CASE("elastic: when every document failed alike the batch says so") {
  Elastic host;
  Batch batch = documents(2);
  const char* busy = R"({"status":429,"error":{"type":"es_rejected_execution_exception","reason":"queue"}})";
  Answer reply{200, items({busy, busy}), {}, 3000, 0, 0};
  const Result result = host.exchange(batch.view(), reply);
  CHECK(result.outcome == CSIEM_RETRY);
  CHECK(result.code == "es.es_rejected_execution_exception");
  CHECK(result.retry_after_ms == 3000);
}

TEST_CASE("elastic: no errors means delivered, documents in the failure store are counted") {
  Elastic host;
  Batch batch = documents(2);
  CHECK(host.exchange(batch.view(), 200,
                      R"({"took":1,"errors":false,"items":[{"create":{"status":201}},{"create":{"status":201}}]})")
            .letters(2) == "DD");
  CHECK(host.exchange(batch.view(), 200, R"({"errors":false})").letters(2) == "DD");
  CHECK(host.counters.count("failure_store") == 0);
  CHECK(
      host.exchange(
              batch.view(), 200,
              R"({"errors":false,"items":[{"create":{"status":201}},{"create":{"status":201,"failure_store":"used"}}]})")
          .letters(2) == "DD");
  CHECK(host.counters["failure_store"] == 1);
}

TEST_CASE("elastic: an answer that cannot be matched to the documents sends all of them again") {
  Elastic host;
  Batch batch = documents(3);
  const char* ok = R"({"status":201})";
  const char* bad = R"({"status":400,"error":{"type":"t","reason":"r"}})";
  CHECK(host.exchange(batch.view(), 200, items({ok, bad})).letters(3) == "RRR");
  CHECK(host.results.back().code == "es.items_mismatch");
  CHECK(host.exchange(batch.view(), 200, items({ok, bad, ok, ok})).letters(3) == "RRR");
  const std::string whole = items({bad, ok, ok});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(host.exchange(batch.view(), 200, whole.substr(0, size)).letters(3) == "RRR");
  }
  CHECK(host.exchange(batch.view(), 200, "[]").letters(3) == "RRR");
  CHECK(host.exchange(batch.view(), 200, "<html>login</html>").letters(3) == "CCC");
}

TEST_CASE("elastic: an answer longer than the host keeps still gives the items before the cut") {
  Elastic host;
  Batch batch = documents(3);
  const std::string whole =
      items({R"({"status":201})", R"({"status":400,"error":{"type":"t","reason":"r"}})", R"({"status":201})"});
  const auto cut = [&](std::size_t size) {
    return host.exchange(batch.view(), Answer{200, whole.substr(0, size), {}, 0, 0, CSIEM_RESPONSE_TRUNCATED})
        .letters(3);
  };
  CHECK(cut(whole.size() - 5) == "DXR");
  CHECK(cut(whole.find("400")) == "DRR");
  CHECK(cut(20) == "SSS");
}

TEST_CASE("elastic: every status of the request has its outcome") {
  struct Case {
    int32_t status;
    const char* body;
    int32_t outcome;
    const char* code;
  };
  const Case cases[] = {
      {400,
       R"({"error":{"type":"illegal_argument_exception","reason":"Malformed action/metadata line [3]"},"status":400})",
       CSIEM_REJECT, "es.illegal_argument_exception"},
      {400,
       R"({"error":{"type":"illegal_argument_exception","reason":"pipeline with id [x] does not exist"},"status":400})",
       CSIEM_CONFIG, "es.illegal_argument_exception"},
      // A proxy's page: no judgement of documents.
      {400, "<html><body><h1>400 Bad Request</h1></body></html>", CSIEM_CONFIG, "http.400"},
      {400, "\r\n<!DOCTYPE html>", CSIEM_CONFIG, "http.400"},
      {401, R"({"error":{"type":"security_exception","reason":"missing authentication"},"status":401})", CSIEM_AUTH,
       "es.security_exception"},
      {403, R"({"error":{"type":"security_exception","reason":"unauthorized"},"status":403})", CSIEM_AUTH,
       "es.security_exception"},
      {403, R"({"error":{"type":"cluster_block_exception","reason":"read-only"},"status":403})", CSIEM_CONFIG,
       "es.cluster_block_exception"},
      {404, "", CSIEM_CONFIG, "http.404"},
      {405, "", CSIEM_CONFIG, "http.405"},
      {406, R"({"error":"Content-Type header [x] is not supported","status":406})", CSIEM_CONFIG, "http.406"},
      {407, "", CSIEM_CONFIG, "http.407"},
      {408, "", CSIEM_RETRY, "http.408"},
      {410, "", CSIEM_CONFIG, "http.410"},
      {413, "", CSIEM_SPLIT, "http.413"},
      {415, "", CSIEM_CONFIG, "http.415"},
      {429, R"({"error":{"type":"circuit_breaking_exception"},"status":429})", CSIEM_RETRY,
       "es.circuit_breaking_exception"},
      {500, "", CSIEM_RETRY, "http.500"},
      {502, "", CSIEM_RETRY, "http.502"},
      {503, R"({"error":{"type":"cluster_block_exception","reason":"no master"},"status":503})", CSIEM_RETRY,
       "es.cluster_block_exception"},
      {504, "", CSIEM_RETRY, "http.504"},
      {302, "", CSIEM_CONFIG, "http.302"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.status);
    CAPTURE(c.body);
    Elastic host;
    Batch batch = documents(3);
    const Result result = host.exchange(batch.view(), c.status, c.body);
    CHECK(result.outcome == c.outcome);
    CHECK(result.code == c.code);
    CHECK(result.except.empty());
  }
}

TEST_CASE("elastic: a 429 that can never succeed is split") {
  const auto reason = [](const char* asked, const char* most) {
    return R"({"error":{"type":"es_rejected_execution_exception","reason":"rejected execution of coordinating operation [all_bytes=0, coordinating_operation_bytes=)" +
           std::string(asked) + ", " + most + R"(]"},"status":429})";
  };
  Elastic host;
  Batch batch = documents(3);
  const auto outcome = [&](const std::string& body) { return host.exchange(batch.view(), 429, body).outcome; };
  CHECK(outcome(reason("54527128", "max_coordinating_and_primary_bytes=53687091")) == CSIEM_SPLIT);
  CHECK(outcome(reason("54527128", "max_coordinating_bytes=53687091")) == CSIEM_SPLIT);
  CHECK(outcome(reason("5452", "max_coordinating_and_primary_bytes=53687091")) == CSIEM_RETRY);
  Batch large;
  for (int i = 0; i < 2; ++i) large.add("e", "{\"p\":\"" + std::string(700'000, 'x') + "\"}");
  CHECK(host.exchange(large.view(0), 429).outcome == CSIEM_RETRY);
  CHECK(host.exchange(large.view(1), 429).outcome == CSIEM_RETRY);
  CHECK(host.exchange(large.view(2), 429).outcome == CSIEM_SPLIT);
  CHECK(host.exchange(batch.view(2), 429).outcome == CSIEM_RETRY);  // small: only time helps
}

TEST_CASE("elastic: a batch that keeps failing with 500 is halved, a single document is not given up") {
  Elastic host;
  Batch batch = documents(3), single = documents(1);
  CHECK(host.exchange(batch.view(4), 500).outcome == CSIEM_RETRY);
  CHECK(host.exchange(batch.view(5), 500).outcome == CSIEM_SPLIT);
  CHECK(host.exchange(single.view(50), 500).outcome == CSIEM_RETRY);
}

TEST_CASE("elastic: nodes take turns, a node that fails rests") {
  Elastic host(R"({"nodes":["https://a:9200/","https://b:9200"]})");
  Batch batch = documents(1);
  const auto ask = [&](int count) {
    std::string urls;
    for (int i = 0; i < count; ++i) {
      host.submit(batch.view());
      const std::string at = host.requests[0].url.substr(8, 1);
      urls += at;
      Answer reply{200, R"({"errors":false})", {}, 0, 0, 0};
      if (at == "a") reply.transport = CSIEM_TRANSPORT_CONNECT;
      host.answer(reply);
    }
    return urls;
  };
  CHECK(ask(4) == "abbb");
  TestHost::advance_ms(1100);
  CHECK(ask(3) == "abb");  // probed again, then rests twice as long
  TestHost::advance_ms(1100);
  CHECK(ask(1) == "b");
  TestHost::advance_ms(1000);
  CHECK(ask(1) == "a");
}

TEST_CASE("elastic: health") {
  Elastic host;
  struct Case {
    int32_t status;
    int32_t outcome;
  };
  for (const Case& c : {Case{200, CSIEM_DELIVERED}, Case{403, CSIEM_DELIVERED}, Case{401, CSIEM_AUTH},
                        Case{404, CSIEM_CONFIG}, Case{400, CSIEM_CONFIG}, Case{503, CSIEM_RETRY}}) {
    REQUIRE(host.health() == CSIEM_OK);
    CHECK(host.requests[0].method == "GET");
    CHECK(host.requests[0].url == "https://es1.example.com:9200/");
    CHECK(host.requests[0].header("Authorization") == "ApiKey <api_key>");
    host.answer(c.status, "{}");
    CHECK(host.results.back().outcome == c.outcome);
  }
}

TEST_CASE("elastic: the settings schema is JSON and marks secrets and origins") {
  const boost::json::value schema = boost::json::parse(TestHost::schema());
  const auto& properties = schema.at("properties").get_object();
  for (const char* secret : {"api_key", "password", "bearer_token"})
    CHECK(properties.at(secret).at("x-csiem-secret") == boost::json::value(true));
  CHECK(properties.at("nodes").at("x-csiem-origin") == boost::json::value(true));
  CHECK(properties.at("cloud_id").at("x-csiem-origin") == boost::json::value("cloud_id"));
  for (const auto& [key, property] : properties) {
    CAPTURE(std::string(key));
    CHECK(property.get_object().contains("description"));
  }
}
