// Paths, roles, answers.
#include "admin/api.hpp"

#include <boost/json.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scratch.hpp"

using namespace csiem;
using namespace csiem::admin;
namespace json = boost::json;

namespace {

struct Bench {
  Snapshot snapshot = test::sample_snapshot();
  std::vector<std::pair<Action, std::string>> acts;
  bool refuses = false;
  std::vector<std::pair<StoreRequest, std::string>> asked;
  std::optional<Error> store_refuses;
  Api api{{[this] { return snapshot; },
           [this](Action action, const std::string& exporter) -> Result<void> {
             if (refuses) return Error{Code::denied, "parked", 3012};
             acts.emplace_back(action, exporter);
             return {};
           },
           [this](StoreRequest what, const Parameters& parameters) -> Result<std::string> {
             asked.emplace_back(what, parameters_json(parameters));
             if (store_refuses) return *store_refuses;
             return std::string("{}\n");
           }}};

  Answer ask(std::string_view method, std::string_view target, Role role = Role::admin, std::string_view body = {}) {
    return api.handle({method, target, role, "uid 1, pid 2", body});
  }
  json::object get(std::string_view target) {
    const Answer answer = ask("GET", target);
    CHECK(answer.type == "application/json");
    return json::parse(answer.body).as_object();
  }
};

std::string code_of(const Answer& answer) {
  return std::string(json::parse(answer.body).at_pointer("/error/code").as_string());
}

}  // namespace

TEST_CASE("health and metrics need no role, the rest does") {
  Bench bench;
  CHECK(bench.ask("GET", "/healthz", Role::none).status == 200);
  CHECK(bench.ask("GET", "/healthz", Role::none).body == "ok\n");
  CHECK(bench.ask("GET", "/readyz", Role::none).status == 503);
  CHECK(bench.ask("GET", "/metrics", Role::none).status == 200);
  for (const char* path : {"/api/v1/version", "/api/v1/status", "/api/v1/exporters", "/api/v1/exporters/splunk"}) {
    CAPTURE(path);
    CHECK(bench.ask("GET", path, Role::none).status == 403);
    CHECK(code_of(bench.ask("GET", path, Role::none)) == "CS8003");
    CHECK(bench.ask("GET", path, Role::viewer).status == 200);
  }
  for (const char* path :
       {"/api/v1/exporters/splunk/pause", "/api/v1/exporters/splunk/resume", "/api/v1/exporters/splunk/flush"}) {
    CAPTURE(path);
    CHECK(bench.ask("POST", path, Role::viewer).status == 403);
    CHECK(bench.acts.empty());
  }
  CHECK(bench.ask("POST", "/api/v1/exporters/splunk/pause", Role::operate).status == 202);
  CHECK(bench.acts.size() == 1);
}

TEST_CASE("an action reaches the exporter that it names, and no other") {
  Bench bench;
  CHECK(bench.ask("POST", "/api/v1/exporters/elastic/pause").status == 202);
  CHECK(bench.ask("POST", "/api/v1/exporters/splunk/resume").status == 202);
  CHECK(bench.ask("POST", "/api/v1/exporters/splunk/flush").status == 202);
  CHECK(bench.acts == std::vector<std::pair<Action, std::string>>{
                          {Action::pause, "elastic"}, {Action::resume, "splunk"}, {Action::flush, "splunk"}});
  const Answer unknown = bench.ask("POST", "/api/v1/exporters/nobody/pause");
  CHECK(unknown.status == 404);
  CHECK(code_of(unknown) == "CS8005");
  bench.refuses = true;
  const Answer refused = bench.ask("POST", "/api/v1/exporters/splunk/pause");
  CHECK(refused.status == 409);
  CHECK(code_of(refused) == "CS3012");
}

TEST_CASE("what there is not is not found, whoever asks; a wrong method is told the right one") {
  Bench bench;
  for (const char* path : {"/", "/api", "/api/v1/exporters/", "/api/v1/exporters//pause", "/api/v1/exporters/a/b/pause",
                           "/api/v1/exporters/splunk/destroy", "/healthz/", "*", ""}) {
    CAPTURE(path);
    CHECK(bench.ask("GET", path, Role::none).status == 404);
    CHECK(bench.ask("POST", path).status == 404);
  }
  CHECK(bench.ask("GET", "/api/v1/exporters/splunk/pause").status == 405);
  CHECK(bench.ask("DELETE", "/api/v1/status").status == 405);
  CHECK(bench.acts.empty());
}

TEST_CASE("status carries the ledger, the problems and the figures") {
  Bench bench;
  const json::object status = bench.get("/api/v1/status");
  CHECK(status.at("schema").as_string() == "clawdstrike-siem/status/v1");
  CHECK(status.at("uptime_seconds") == 90);
  const json::value& elastic = status.at("exporters").at(1);
  CHECK(elastic.at("state") == "held_auth");
  CHECK(elastic.at("code") == "CS4010");
  CHECK(elastic.at("last_error") == "HTTP 401 \"bad key\"\nC:\\x");
  CHECK(elastic.at_pointer("/ledger/queued") == 40);
  CHECK(elastic.at_pointer("/ledger/imbalance") == 0);
  CHECK(status.at("exporters").at(0).at("code").is_null());
  // Nine of ten requests are below a second: the slowest hundredth is not, and has no bound.
  CHECK(status.at("exporters").at(0).at("request_p99_seconds_at_most").is_null());
  bench.snapshot.exporters[0].request_seconds.counts = {8, 2, 0};
  CHECK(bench.get("/api/v1/exporters/splunk").at("request_p99_seconds_at_most") == 1.0);
}

TEST_CASE("not ready while a required exporter is held, with the code; ready again after it") {
  Bench bench;
  json::object health = bench.get("/readyz");
  CHECK(health.at("ready") == false);
  REQUIRE(health.at("reasons").as_array().size() == 1);
  CHECK(health.at("reasons").at(0).at("code") == "CS4010");
  CHECK(health.at("reasons").at(0).at("id") == "elastic");
  CHECK_FALSE(health.contains("checks"));
  bench.snapshot.exporters[1].required = false;
  CHECK(bench.ask("GET", "/readyz").status == 200);
  health = bench.get("/readyz?verbose");
  CHECK(health.at("ready") == true);
  CHECK(health.at("checks").as_array().size() == 5);
}

TEST_CASE("a health check is answered when the platform has answered, with the exporter as it stands then") {
  Bench bench;
  std::vector<std::string> asked;
  std::function<void(Result<void>)> platform;
  Backend backend;
  backend.snapshot = [&] { return bench.snapshot; };
  backend.check_health = [&](const std::string& exporter, std::function<void(Result<void>)> done) {
    asked.push_back(exporter);
    platform = std::move(done);
  };
  Api api{backend};
  std::optional<Answer> answer;
  const auto ask = [&](std::string_view method, std::string_view path, Role role) {
    answer.reset();
    api.handle({method, path, role, "uid 1, pid 2"}, [&](Answer given) { answer = std::move(given); });
  };
  const std::string path = "/api/v1/exporters/elastic/health-check";
  ask("POST", path, Role::viewer);
  CHECK(answer->status == 403);
  ask("GET", path, Role::operate);
  CHECK(answer->status == 405);
  ask("POST", "/api/v1/exporters/nobody/health-check", Role::operate);
  CHECK(answer->status == 404);
  CHECK(asked.empty());
  ask("POST", path, Role::operate);
  CHECK_FALSE(answer);
  CHECK(asked == std::vector<std::string>{"elastic"});
  bench.snapshot.exporters[1].health.checks = 6;
  platform({});
  REQUIRE(answer);
  CHECK(answer->status == 200);
  const json::object exporter = json::parse(answer->body).as_object();
  CHECK(exporter.at("id") == "elastic");
  CHECK(exporter.at("healthy") == false);
  const json::value& health = exporter.at("health");
  CHECK(health.at("basis") == "answer");
  CHECK(health.at("code") == "CS4001");
  CHECK(health.at("message") == "no connection (set at siem.toml:7:1)");
  CHECK(health.at("checked") == "2023-11-14T22:13:20.000000000Z");
  CHECK(health.at("took_seconds") == 0.012);
  CHECK(health.at("checks") == 6);
  CHECK(health.at("failures") == 2);
  ask("POST", path, Role::operate);
  platform(Error{Code::denied, "takes no orders any more", 3011});
  CHECK(answer->status == 409);
  CHECK(code_of(*answer) == "CS3011");
}

TEST_CASE("a full store is not ready and alive, a failed one is neither") {
  for (const bool failed : {false, true}) {
    Bench bench;
    bench.snapshot.exporters.pop_back();
    REQUIRE(bench.ask("GET", "/readyz").status == 200);
    bench.snapshot.store.health = failed ? "store_failed" : "store_full";
    bench.snapshot.store.code = failed ? 5008 : 5007;
    Backend backend;
    backend.snapshot = [&] { return bench.snapshot; };
    backend.store_health = [&] { return bench.snapshot.store.health; };
    Api api{backend};
    const Answer alive = api.handle({"GET", "/healthz", Role::none, ""});
    CHECK(alive.status == (failed ? 503 : 200));
    CHECK(alive.body == (failed ? "store_failed\n" : "ok, store_full\n"));
    const Answer ready = api.handle({"GET", "/readyz", Role::none, ""});
    CHECK(ready.status == 503);
    const json::object health = json::parse(ready.body).as_object();
    REQUIRE(health.at("reasons").as_array().size() == 1);
    CHECK(health.at("reasons").at(0).at("kind") == "store");
    CHECK(health.at("reasons").at(0).at("code") == (failed ? "CS5008" : "CS5007"));
    const json::object status = json::parse(api.handle({"GET", "/api/v1/status", Role::viewer, ""}).body).as_object();
    CHECK(status.at("store").at("health") == json::value(bench.snapshot.store.health));
  }
}

TEST_CASE("draining, a source with a problem and a required exporter that did not start are not ready") {
  Bench bench;
  bench.snapshot.exporters.pop_back();
  REQUIRE(bench.ask("GET", "/readyz").status == 200);
  SUBCASE("draining") { bench.snapshot.draining = true; }
  SUBCASE("a source") {
    bench.snapshot.sources[0].problem_code = 4502;
    bench.snapshot.sources[0].problem = "permission denied";
  }
  SUBCASE("left out") { bench.snapshot.left_out.push_back({"acme", "no plugin", true}); }
  CHECK(bench.ask("GET", "/readyz").status == 503);
}

TEST_CASE("requests are counted by path template and status; strangers' paths make no series") {
  Bench bench;
  bench.ask("GET", "/api/v1/exporters/splunk");
  bench.ask("GET", "/api/v1/exporters/nobody");
  bench.ask("GET", "/api/v1/exporters/elastic", Role::none);
  for (int i = 0; i < 100; ++i) bench.ask("GET", "/made/up/" + std::to_string(i));
  const std::string text = bench.ask("GET", "/metrics").body;
  const auto has = [&](const std::string& line) { return text.find("\n" + line + "\n") != std::string::npos; };
  const std::string name = "clawdstrike_siem_admin_requests_total";
  CHECK(has(name + "{path=\"/api/v1/exporters/{id}\",code=\"200\"} 1"));
  CHECK(has(name + "{path=\"/api/v1/exporters/{id}\",code=\"404\"} 1"));
  CHECK(has(name + "{path=\"/api/v1/exporters/{id}\",code=\"403\"} 1"));
  CHECK(has(name + "{path=\"other\",code=\"404\"} 100"));
  CHECK(text.find("made/up") == std::string::npos);
}

TEST_CASE("dead letters, queues and jobs: query, body and path become the parameters") {
  Bench bench;
  CHECK(bench.ask("GET", "/api/v1/dlq?exporter=a%20b&limit=3", Role::viewer).status == 200);
  CHECK(bench.ask("GET", "/api/v1/dlq/splunk/42", Role::viewer).status == 200);
  CHECK(bench.ask("POST", "/api/v1/dlq/replay", Role::operate, R"({"exporter":"x","rate":5})").status == 202);
  CHECK(bench.ask("GET", "/api/v1/queues", Role::viewer).status == 200);
  CHECK(bench.ask("GET", "/api/v1/jobs", Role::viewer).status == 200);
  CHECK(bench.ask("GET", "/api/v1/jobs/replay-1", Role::viewer).status == 200);
  CHECK(bench.ask("DELETE", "/api/v1/jobs/replay-1", Role::operate).status == 202);
  CHECK(bench.ask("DELETE", "/api/v1/dlq", Role::admin, R"({"class":"format"})").status == 200);
  const std::vector<std::pair<StoreRequest, std::string>> expected = {
      {StoreRequest::letters, R"({"exporter":"a b","limit":"3"})"},
      {StoreRequest::letter, R"({"id":"splunk/42"})"},
      {StoreRequest::replay, R"({"exporter":"x","rate":"5"})"},
      {StoreRequest::queues, "{}"},
      {StoreRequest::jobs, "{}"},
      {StoreRequest::job, R"({"id":"replay-1"})"},
      {StoreRequest::cancel_job, R"({"id":"replay-1"})"},
      {StoreRequest::purge, R"({"class":"format"})"},
  };
  CHECK(bench.asked == expected);
}

TEST_CASE("who may change what lies in the store, and what a request may not be") {
  Bench bench;
  CHECK(bench.ask("DELETE", "/api/v1/dlq", Role::operate).status == 403);
  CHECK(bench.ask("POST", "/api/v1/dlq/replay", Role::viewer).status == 403);
  CHECK(bench.ask("DELETE", "/api/v1/jobs/replay-1", Role::viewer).status == 403);
  CHECK(bench.ask("PUT", "/api/v1/dlq").status == 405);
  CHECK(bench.ask("POST", "/api/v1/dlq/replay", Role::admin, "[1]").status == 400);
  CHECK(bench.ask("POST", "/api/v1/dlq/replay", Role::admin, "{").status == 400);
  CHECK(bench.ask("GET", "/api/v1/dlq?a=%zz").status == 400);
  CHECK(bench.asked.empty());
  bench.store_refuses = Error{Code::not_found, "no job 'x'", 8010};
  CHECK(bench.ask("GET", "/api/v1/jobs/x").status == 404);
  CHECK(code_of(bench.ask("GET", "/api/v1/jobs/x")) == "CS8010");
  bench.store_refuses = Error{Code::denied, "another runs", 8009};
  CHECK(bench.ask("POST", "/api/v1/dlq/replay").status == 409);
  bench.store_refuses = Error{Code::invalid, "rate: a number"};
  CHECK(bench.ask("POST", "/api/v1/dlq/replay").status == 400);
  bench.store_refuses = Error{Code::io, "read the dead letters", 5005};
  CHECK(bench.ask("GET", "/api/v1/dlq").status == 500);
}

TEST_CASE("who searches the store is answered later, and keeps nobody else from his answer") {
  std::vector<std::pair<StoreRequest, std::function<void(Result<std::string>)>>> searches;
  Bench bench;
  Backend backend;
  backend.snapshot = [&] { return bench.snapshot; };
  backend.store = [](StoreRequest, const Parameters&) -> Result<std::string> { return std::string("at once\n"); };
  backend.search = [&](StoreRequest what, const Parameters& parameters, std::function<void(Result<std::string>)> done) {
    CHECK((what != StoreRequest::trace || parameters.at("id") == "0198"));
    searches.emplace_back(what, std::move(done));
  };
  Api api(backend);
  std::vector<Answer> answers;
  const auto ask = [&](std::string_view method, std::string_view target, Role role, std::string_view body = {}) {
    api.handle({method, target, role, "uid 1, pid 2", body}, [&](Answer answer) { answers.push_back(answer); });
  };
  ask("GET", "/api/v1/dlq?exporter=splunk", Role::viewer);
  ask("DELETE", "/api/v1/dlq", Role::admin, "{}");
  ask("GET", "/api/v1/events/0198/trace", Role::viewer);
  CHECK(answers.empty());
  REQUIRE(searches.size() == 3);
  CHECK(searches[0].first == StoreRequest::letters);
  CHECK(searches[1].first == StoreRequest::purge);
  CHECK(searches[2].first == StoreRequest::trace);

  ask("GET", "/api/v1/queues", Role::viewer);
  ask("DELETE", "/api/v1/dlq", Role::operate);
  ask("GET", "/api/v1/dlq?exporter=%zz", Role::viewer);
  ask("POST", "/api/v1/events/0198/trace", Role::viewer);
  REQUIRE(answers.size() == 4);
  CHECK(answers[0].body == "at once\n");
  CHECK(answers[1].status == 403);
  CHECK(answers[2].status == 400);
  CHECK(answers[3].status == 405);
  CHECK(searches.size() == 3);

  searches[2].second(Error{Code::not_found, "not known", 8011});
  searches[0].second(std::string("{}\n"));
  REQUIRE(answers.size() == 6);
  CHECK(answers[4].status == 404);
  CHECK(code_of(answers[4]) == "CS8011");
  CHECK(answers[5].status == 200);
  const std::string metrics = api.handle({"GET", "/metrics", Role::none, ""}).body;
  CHECK(metrics.find("/api/v1/events/{id}/trace") != std::string::npos);
}

TEST_CASE("a send-test is answered when the platform has answered") {
  std::vector<std::string> asked;
  std::function<void(Result<std::string>)> answer;
  Backend backend;
  backend.snapshot = [] { return test::sample_snapshot(); };
  backend.send_test = [&](const std::string& exporter, const Parameters& parameters,
                          std::function<void(Result<std::string>)> done) {
    asked.push_back(exporter + " " + parameters_json(parameters));
    answer = std::move(done);
  };
  Api api(std::move(backend));
  std::optional<Answer> given;
  const auto ask = [&](std::string_view method, Role role, std::string_view body) {
    given.reset();
    api.handle({method, "/api/v1/exporters/splunk/send-test", role, "uid 1, pid 2", body},
               [&](Answer told) { given = std::move(told); });
  };
  ask("POST", Role::operate, R"({"severity": "high"})");
  REQUIRE(asked.size() == 1);
  CHECK(asked.front() == R"(splunk {"severity":"high"})");
  CHECK_FALSE(given);
  answer(std::string("{}\n"));
  REQUIRE(given);
  CHECK(given->status == 200);
  ask("POST", Role::operate, "");
  answer(Error{Code::denied, "a test of exporter splunk runs", 8012});
  REQUIRE(given);
  CHECK(given->status == 409);
  CHECK(code_of(*given) == "CS8012");

  // Refused before anything is sent.
  ask("POST", Role::viewer, "");
  CHECK((given && given->status == 403));
  ask("GET", Role::admin, "");
  CHECK((given && given->status == 405));
  ask("POST", Role::operate, "[1]");
  CHECK((given && given->status == 400));
  CHECK(asked.size() == 2);
}
