// Bootstrap, kinds of clusters and the second form of documents, through the plugin's entry point.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "common/test_host.hpp"
#include "elastic/bootstrap.hpp"

using namespace csiem::elastic;
using csiem::testing::Batch;
using csiem::testing::TestHost;
using Answer = TestHost::Answer;
namespace json = boost::json;

namespace {

struct Elastic : TestHost {
  explicit Elastic(std::string_view more) {
    json::value settings = json::parse(R"({"nodes":["https://a:9200","https://b:9200"],"api_key":"api_key"})");
    const json::value extra = json::parse({more.data(), more.size()});
    for (const auto& [key, value] : extra.get_object()) settings.get_object()[key] = value;
    secrets["api_key"] = "c2ltaWQ6c2lta2V5";
    created = create(json::serialize(settings));
  }
  bool created = false;
  std::string path() const { return requests.front().url.substr(requests.front().url.find(":9200") + 5); }
  // Answers bootstrap's requests with what an empty cluster says, until the bulk request is there.
  std::string installs(std::string_view root) {
    std::string seen;
    while (!requests.empty() && path().rfind("/_bulk", 0) != 0) {
      seen += requests.front().method + " " + path() + "\n";
      if (path() == "/")
        answer(200, std::string(root));
      else
        answer(requests.front().method == "GET" ? 404 : 200, "{}");
    }
    return seen;
  }
};

Batch documents(int count) {
  Batch batch;
  for (int i = 0; i < count; ++i)
    batch.add("id-" + std::to_string(i), R"({"@timestamp":"2026-01-01T00:00:00Z","n":)" + std::to_string(i) + "}");
  return batch;
}

constexpr std::string_view kEight = R"({"version":{"number":"8.17.0","build_flavor":"default"}})";
constexpr std::string_view kServerless = R"({"version":{"number":"8.11.0","build_flavor":"serverless"}})";
constexpr std::string_view kOpenSearch = R"({"version":{"distribution":"opensearch","number":"2.19.0"}})";

json::value body_of(const std::vector<Asset>& all, std::string_view path) {
  for (const Asset& asset : all)
    if (asset.path == path) return json::parse(asset.body);
  FAIL("no " << path);
  return {};
}

}  // namespace

TEST_CASE("elastic bootstrap: everything is installed once, in order, before the first document") {
  Elastic host(R"({"bootstrap":true})");
  REQUIRE_MESSAGE(host.created, host.error);
  Batch first = documents(2), second = documents(1);
  REQUIRE(host.submit(first.view(), 1) == CSIEM_OK);
  CHECK(host.submit(second.view(), 2) == CSIEM_E_BUSY);
  CHECK(host.installs(kEight) ==
        "GET /\n"
        "GET /_ilm/policy/clawdstrike-security\nPUT /_ilm/policy/clawdstrike-security\n"
        "GET /_ingest/pipeline/clawdstrike-security\nPUT /_ingest/pipeline/clawdstrike-security\n"
        "GET /_component_template/clawdstrike@mappings\nPUT /_component_template/clawdstrike@mappings\n"
        "GET /_component_template/clawdstrike@settings\nPUT /_component_template/clawdstrike@settings\n"
        "GET /_component_template/clawdstrike@lifecycle\nPUT /_component_template/clawdstrike@lifecycle\n"
        "GET /_index_template/clawdstrike-security\nPUT /_index_template/clawdstrike-security\n");
  REQUIRE(host.requests.size() == 1);
  CHECK(host.requests[0].header("Content-Type") == "application/vnd.elasticsearch+x-ndjson;compatible-with=8");
  CHECK(host.requests[0].header("Accept") == "application/vnd.elasticsearch+json;compatible-with=8");
  host.answer(200, R"({"errors":false,"items":[]})");
  CHECK(host.results.back().letters(2) == "DD");
  CHECK(host.counters["bootstrap_installed"] == 6);
  REQUIRE(host.submit(second.view(), 2) == CSIEM_OK);
  CHECK(host.path().rfind("/_bulk", 0) == 0);
}

TEST_CASE("elastic bootstrap: serverless and OpenSearch get what they understand") {
  for (const auto& [root, lifecycle] : {std::pair(kServerless, "/_component_template/clawdstrike@lifecycle"),
                                        std::pair(kOpenSearch, "/_plugins/_ism/")}) {
    Elastic host(R"({"bootstrap":true})");
    Batch batch = documents(1);
    REQUIRE(host.submit(batch.view()) == CSIEM_OK);
    const std::string seen = host.installs(root);
    CHECK(seen.find("_ilm") == std::string::npos);
    CHECK(seen.find(lifecycle) != std::string::npos);
    CHECK((host.requests[0].header("Content-Type") == "application/x-ndjson") == (root == kOpenSearch));
  }
  BootstrapOptions options;
  options.retention_days = 30;
  options.replicas = 2;
  const auto serverless = assets(Flavor::serverless, options);
  CHECK(body_of(serverless, "/_component_template/clawdstrike@lifecycle")
            .at("template")
            .at("lifecycle")
            .at("data_retention") == json::value("30d"));
  const json::value settings =
      body_of(serverless, "/_component_template/clawdstrike@settings").at("template").at("settings").at("index");
  CHECK_FALSE(settings.as_object().contains("number_of_replicas"));
  const auto open = assets(Flavor::opensearch, options);
  for (const Asset& asset : open) {
    CHECK(asset.body.find("flattened") == std::string::npos);
    CHECK(asset.body.find("ignore_missing_component") == std::string::npos);
    CHECK(asset.body.find("ecs@mappings") == std::string::npos);
  }
  const auto classic = assets(Flavor::elasticsearch, options);
  CHECK(body_of(classic, "/_component_template/clawdstrike@settings")
            .at("template")
            .at("settings")
            .at("index")
            .at("number_of_replicas") == json::value(2));
  const json::value phases = body_of(classic, "/_ilm/policy/clawdstrike-security").at("policy").at("phases");
  CHECK(phases.at("delete").at("min_age") == json::value("30d"));
  CHECK_FALSE(phases.as_object().contains("cold"));
  CHECK(phases.as_object().contains("warm"));
}

TEST_CASE("elastic bootstrap: what is there in a newer version stays") {
  Elastic host(R"({"bootstrap":true,"bootstrap_options":{"template":"mine"}})");
  Batch batch = documents(1);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  std::string puts;
  while (host.path().rfind("/_bulk", 0) != 0) {
    if (host.requests[0].method == "PUT") puts += host.path() + "\n";
    if (host.path() == "/_index_template/mine")
      host.answer(200, R"({"index_templates":[{"name":"mine","index_template":{"_meta":{"version":"1.10.0"}}}]})");
    else
      host.answer(200, R"({"x":{"_meta":{"version":"0.9.9"}}})");
  }
  CHECK(puts.find("mine") == std::string::npos);
  CHECK(puts.find("clawdstrike@mappings") != std::string::npos);
}

TEST_CASE("elastic bootstrap: what cannot be installed is said, or holds the exporter") {
  for (const bool fail : {false, true}) {
    Elastic host(fail ? R"({"bootstrap":true,"bootstrap_options":{"on_error":"fail"}})" : R"({"bootstrap":true})");
    Batch batch = documents(1);
    REQUIRE(host.submit(batch.view()) == CSIEM_OK);
    while (!host.requests.empty() && host.path().rfind("/_bulk", 0) != 0) {
      const bool put = host.requests[0].method == "PUT";
      host.answer(put ? 403 : 200, put ? R"({"error":{"type":"security_exception"}})" : "{}");
    }
    if (!fail) {
      CHECK(host.log.size() == 6);
      CHECK(host.requests.size() == 1);
      continue;
    }
    REQUIRE(host.results.size() == 1);
    CHECK(host.results[0].letters(1) == "C");
    CHECK(host.results[0].code == "es.bootstrap");
    CHECK(host.results[0].message.find("/_ilm/policy/clawdstrike-security: HTTP 403") == 0);
    REQUIRE(host.health(9) == CSIEM_OK);
    host.answer(200, "{}");
    CHECK(host.results.back().code == "es.bootstrap");
    REQUIRE(host.submit(batch.view(1), 2) == CSIEM_OK);  // the probe tries it again
    CHECK(host.path() == "/_ilm/policy/clawdstrike-security");
  }
}

TEST_CASE("elastic bootstrap: a node that is away is no reason to give it up, another one is asked") {
  Elastic host(R"({"bootstrap":true})");
  Batch batch = documents(1);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  const std::string first = host.requests[0].url;
  Answer dead;
  dead.transport = CSIEM_TRANSPORT_CONNECT;
  host.answer(dead);
  CHECK(host.results.back().letters(1) == "R");
  REQUIRE(host.submit(batch.view(1), 2) == CSIEM_OK);
  CHECK(host.requests[0].url != first);
  host.installs(kEight);
  host.answer(401, "{}");
  CHECK(host.results.back().letters(1) == "A");
}

TEST_CASE("elastic bootstrap: a batch that is taken back leaves it to the next") {
  Elastic host(R"({"bootstrap":true})");
  Batch batch = documents(1), next = documents(1);
  REQUIRE(host.submit(batch.view(), 1) == CSIEM_OK);
  host.cancel(1);
  CHECK(host.submit(next.view(), 2) == CSIEM_OK);
}

TEST_CASE("elastic bootstrap: targets that its template does not cover are refused") {
  CHECK(Elastic(R"({"bootstrap":true,"data_stream":"logs-mine-default"})").error.find("bootstrap: its template") == 0);
  CHECK(Elastic(R"({"bootstrap":true,"data_stream":"logs-clawdstrike.x-{session.tenant_id|default}"})").created);
}

TEST_CASE("elastic: a cluster that refuses the versioned content type gets plain ones") {
  Elastic host(R"({"flavor":"elasticsearch"})");
  Batch batch = documents(1);
  CHECK(
      host.exchange(batch.view(), 406, R"({"error":"Content-Type header is not supported","status":406})").letters(1) ==
      "R");
  REQUIRE(host.submit(batch.view(1)) == CSIEM_OK);
  CHECK(host.requests[0].header("Content-Type") == "application/x-ndjson");
  CHECK_FALSE(host.requests[0].has_header("Accept"));
}

TEST_CASE("elastic: a document that does not fit the mapping goes once more as text") {
  Elastic host(R"({"on_mapping_error":"fallback"})");
  Batch batch = documents(4);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  host.answer(200, R"({"errors":true,"items":[{"create":{"status":201}},)"
                   R"({"create":{"status":400,"error":{"type":"document_parsing_exception","reason":"no \"date\""}}},)"
                   R"({"create":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"busy"}}},)"
                   R"({"create":{"status":400,"error":{"type":"strict_dynamic_mapping_exception","reason":"x"}}}]})");
  REQUIRE(host.requests.size() == 1);
  CHECK(host.requests[0].body.rfind(
            "{\"create\":{\"_index\":\"logs-clawdstrike.security-default\",\"_id\":\"id-1\"}}\n"
            "{\"@timestamp\":\"2026-01-01T00:00:00.123456789Z\",\"event\":{\"id\":\"id-1\",\"original\":"
            "\"{\\\"@timestamp\\\":\\\"2026-01-01T00:00:00Z\\\",\\\"n\\\":1}\"},\"error\":{\"message\":\"no "
            "\\\"date\\\"\"},"
            "\"tags\":[\"mapping_error\"]}\n{\"create\":",
            0) == 0);
  host.answer(200, R"({"errors":true,"items":[{"create":{"status":201}},)"
                   R"({"create":{"status":400,"error":{"type":"illegal_argument_exception","reason":"still"}}}]})");
  REQUIRE(host.results.size() == 1);
  CHECK(host.results[0].letters(4) == "DDRX");
  CHECK(host.results[0].except.at(3).message == "x");
  CHECK(host.counters["fallbacks"] == 1);
}

TEST_CASE("elastic: when the second form gets no answer, only those documents come again") {
  Elastic host(R"({"on_mapping_error":"fallback"})");
  Batch batch = documents(2);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  host.answer(200, R"({"errors":true,"items":[{"create":{"status":201}},)"
                   R"({"create":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"r"}}}]})");
  Answer lost;
  lost.transport = CSIEM_TRANSPORT_RESET;
  host.answer(lost);
  CHECK(host.results[0].letters(2) == "DR");
}

TEST_CASE("elastic bootstrap: an alias gets its template and its first index, once") {
  Elastic host(R"({"bootstrap":true,"index":"sec-events"})");
  REQUIRE_MESSAGE(host.created, host.error);
  Batch batch = documents(1);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  const std::string seen = host.installs(kEight);
  CHECK(seen.find("PUT /_ilm/policy/clawdstrike-security\n") != std::string::npos);
  CHECK(seen.find("@lifecycle") == std::string::npos);
  const std::string end =
      "GET /_index_template/clawdstrike-security-sec-events\nPUT /_index_template/clawdstrike-security-sec-events\n"
      "GET /sec-events\nPUT /sec-events-000001\n";
  REQUIRE(seen.size() > end.size());
  CHECK(seen.substr(seen.size() - end.size()) == end);
  REQUIRE(host.requests.size() == 1);
  CHECK(host.requests[0].body.find(R"("_index":"sec-events")") != std::string::npos);

  const auto all = assets(Flavor::elasticsearch, {}, Layout::of_index("sec-events"));
  const json::value own = body_of(all, "/_index_template/clawdstrike-security-sec-events");
  CHECK(own.at("index_patterns") == json::value(json::array{"sec-events-*"}));
  CHECK_FALSE(own.as_object().contains("data_stream"));
  CHECK(own.at("template").at("settings").at("index").at("lifecycle") ==
        json::value({{"name", "clawdstrike-security"}, {"rollover_alias", "sec-events"}}));
  CHECK(body_of(all, "/sec-events-000001") == json::parse(R"({"aliases":{"sec-events":{"is_write_index":true}}})"));
  const auto open = assets(Flavor::opensearch, {}, Layout::of_index("sec-events"));
  CHECK(body_of(open, "/_index_template/clawdstrike-security-sec-events").at("template") ==
        json::parse(R"({"settings":{"plugins":{"index_state_management":{"rollover_alias":"sec-events"}}}})"));
  CHECK(body_of(open, "/_plugins/_ism/policies/clawdstrike-security-sec-events")
            .at("policy")
            .at("ism_template")
            .at(0)
            .at("index_patterns") == json::value(json::array{"sec-events-*"}));
}

TEST_CASE("elastic bootstrap: what has the alias's name already stays as it is") {
  Elastic host(R"({"bootstrap":true,"index":"sec-events"})");
  Batch batch = documents(1);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  std::string seen;
  while (!host.requests.empty() && host.path().rfind("/_bulk", 0) != 0) {
    seen += host.requests.front().method + " " + host.path() + "\n";
    const bool there = host.path() == "/sec-events" || host.path() == "/" || host.requests.front().method == "PUT";
    host.answer(there ? 200 : 404, host.path() == "/" ? std::string(kEight) : "{}");
  }
  CHECK(seen.find("GET /sec-events\n") != std::string::npos);
  CHECK(seen.find("-000001") == std::string::npos);
  CHECK(host.requests.size() == 1);
}

TEST_CASE("elastic bootstrap: an index per day is deleted in time and never rolls over") {
  const auto all = assets(Flavor::elasticsearch, {}, Layout::of_index("sec-{date}"));
  const json::value policy = body_of(all, "/_ilm/policy/clawdstrike-security-dated");
  CHECK_FALSE(policy.at("policy").at("phases").at("hot").at("actions").as_object().contains("rollover"));
  CHECK(policy.at("policy").at("phases").as_object().contains("delete"));
  const json::value own = body_of(all, "/_index_template/clawdstrike-security-sec");
  CHECK(own.at("index_patterns") == json::value(json::array{"sec-*"}));
  CHECK(own.at("template").at("settings").at("index").at("lifecycle") ==
        json::value({{"name", "clawdstrike-security-dated"}}));
  CHECK(all.back().path == "/_index_template/clawdstrike-security-sec");
  Elastic host(R"({"bootstrap":true,"index":"sec-{session.tenant_id|none}"})");
  CHECK_FALSE(host.created);
  CHECK(host.error.find("bootstrap: prepares an alias, or an index per day") != std::string::npos);
}
