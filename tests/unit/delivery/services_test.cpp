// What plugins may ask for, and what they may not.
#include <doctest/doctest.h>

#include <cstring>

#include "lane_bench.hpp"

using namespace csiem;
using namespace csiem::test;

namespace {

csiem_str str(const char* text) { return {text, std::strlen(text)}; }

struct SecretBench : LaneBench {
  static config::Exporter settings() {
    auto settings = quiet_settings();
    settings.fallback.secrets.push_back({"hec_token", "", "s3cr3t-token-value", {}});
    settings.fallback.secrets.push_back({"webhook_url", "", "https://hooks.example/T0/abc", {}});
    return settings;
  }
  SecretBench() : LaneBench(settings()) { parts.credentials = &keys; }
  FakeInstance& instance() { return *script.instances.front(); }

  credentials::CredentialStore keys{{}, clock};
};

std::string value_of(const credentials::SecretRef& secret) {
  return secret ? secret->use([](std::string_view bytes) { return std::string(bytes); }) : std::string();
}

}  // namespace

TEST_CASE("a request carries headers with secrets by handle, and the concatenated body") {
  SecretBench bench;
  REQUIRE(bench.start());
  csiem_header header{str("Authorization"), str("Splunk "), str("hec_token")};
  csiem_error error{};
  CHECK(bench.instance().request(
            0, "https://siem.example:443/x", [](auto&&...) {}, &error, {header}, "body") == CSIEM_OK);
  REQUIRE(bench.loop.sent.size() == 1);
  const http::Request& request = bench.loop.sent[0].request;
  CHECK(request.method == "POST");
  CHECK(request.body == "body");
  REQUIRE(request.headers.size() == 1);
  CHECK(request.headers[0].value == "Splunk ");
  CHECK(value_of(request.headers[0].secret) == "s3cr3t-token-value");
  bench.loop.answer(200);
}

TEST_CASE("other origins, unknown credentials and a missing callback are refused") {
  SecretBench bench;
  REQUIRE(bench.start());
  csiem_error error{};
  const auto ignore = [](auto&&...) {};
  CHECK(bench.instance().request(0, "https://evil.example/", ignore, &error) == CSIEM_E_DENIED);
  csiem_header header{str("X"), str(""), str("no_such_key")};
  CHECK(bench.instance().request(0, "https://siem.example/", ignore, &error, {header}) == CSIEM_E_DENIED);
  CHECK(std::string(error.text, error.len).find("no_such_key") != std::string::npos);
  csiem_http_request request{};
  request.struct_size = sizeof request;
  request.url = str("https://siem.example/");
  CHECK(bench.instance().http->send(bench.instance().instance, &request, nullptr, nullptr, nullptr, &error) !=
        CSIEM_OK);
  CHECK(bench.loop.sent.empty());
}

TEST_CASE("a URL that is a secret as a whole allows its own origin and no other") {
  SecretBench bench;
  REQUIRE(bench.start());
  csiem_error error{};
  const auto ignore = [](auto&&...) {};
  CHECK(bench.instance().request(0, "", ignore, &error, {}, "x", "webhook_url") == CSIEM_OK);
  CHECK(bench.instance().request(0, "https://hooks.example/T0/abc", ignore, &error) == CSIEM_E_DENIED);
  REQUIRE(bench.loop.sent.size() == 1);
  CHECK(value_of(bench.loop.sent[0].request.url_secret) == "https://hooks.example/T0/abc");
  bench.loop.answer(200);
}

TEST_CASE("a secret is lent inside the callback, by the instance's own names only") {
  SecretBench bench;
  REQUIRE(bench.start());
  std::string got;
  const auto take = [](void* user, csiem_str secret) {
    static_cast<std::string*>(user)->assign(secret.ptr, secret.len);
  };
  CHECK(bench.instance().secrets->borrow(bench.instance().instance, str("hec_token"), take, &got) == CSIEM_OK);
  CHECK(got == "s3cr3t-token-value");
  CHECK(bench.instance().secrets->borrow(bench.instance().instance, str("other"), take, &got) == CSIEM_E_DENIED);
}

TEST_CASE("timers run when due, in order, unless cancelled; posted tasks run soon") {
  LaneBench bench;
  REQUIRE(bench.start());
  FakeInstance& self = *bench.script.instances.front();
  static std::string order;
  order.clear();
  const auto note = [](void* user) { order += static_cast<const char*>(user); };
  const auto text = [](const char* s) { return const_cast<char*>(s); };
  uint64_t doomed = 0;
  self.runtime->timer(self.instance, 300, note, text("c"), nullptr);
  self.runtime->timer(self.instance, 100, note, text("a"), nullptr);
  self.runtime->timer(self.instance, 150, note, text("x"), &doomed);
  self.runtime->timer(self.instance, 200, note, text("b"), nullptr);
  self.runtime->timer_cancel(self.instance, doomed);
  self.runtime->post(self.instance, note, text("!"));
  CHECK(order.empty());  // never inline
  bench.loop.settle();
  CHECK(order == "!");
  bench.loop.advance_ms(250);
  CHECK(order == "!ab");
  bench.loop.advance_ms(50);
  CHECK(order == "!abc");
}

TEST_CASE("requests of timers belong to the batch on whose behalf they were set") {
  LaneBench bench;
  struct Poll {
    FakeInstance* self;
    uint64_t token;
  } poll{};
  bench.script.on_submit = [&](FakeInstance& self, const csiem_batch&, uint64_t token) {
    poll = {&self, token};
    return self.runtime->timer(
        self.instance, 30'000,
        [](void* user) {
          auto& p = *static_cast<Poll*>(user);
          p.self->request(p.token, "https://siem.example/ack", &FakeInstance::classify_usual);
        },
        &poll, nullptr);
  };
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.advance_ms(50'000);
  REQUIRE(bench.loop.sent.size() == 1);
  bench.loop.advance_ms(100'000);  // longer than the silence limit: the request keeps the batch alive
  CHECK(bench.script.cancelled().empty());
  bench.loop.answer(200);
  CHECK(bench.queued() == 0);
}

TEST_CASE("quotas: timers, requests") {
  LaneBench bench;
  REQUIRE(bench.start());
  FakeInstance& self = *bench.script.instances.front();
  csiem_status status = CSIEM_OK;
  int timers = 0;
  while (timers < 10'000 && (status = self.runtime->timer(
                                 self.instance, 1'000'000, [](void*) {}, nullptr, nullptr)) == CSIEM_OK)
    ++timers;
  CHECK(status == CSIEM_E_LIMIT);
  int requests = 0;
  const auto send = [&] { return self.request(0, "https://siem.example/", [](auto&&...) {}); };
  while (requests < 10'000 && (status = send()) == CSIEM_OK) ++requests;
  CHECK(status == CSIEM_E_LIMIT);
  CHECK(requests == 256);
  while (!bench.loop.sent.empty()) bench.loop.answer(200);
}

TEST_CASE("metrics of a plugin are counted by name") {
  LaneBench bench;
  REQUIRE(bench.start());
  FakeInstance& self = *bench.script.instances.front();
  self.metrics->count(self.instance, str("acks"), 2);
  self.metrics->count(self.instance, str("acks"), 3);
  self.metrics->observe(self.instance, str("wait"), 1.5);
  const auto metrics = bench.lane->plugin_metrics();
  REQUIRE(metrics.size() == 2);
  CHECK(metrics[0].name == "acks");
  CHECK(metrics[0].count == 5);
  CHECK(metrics[1].sum == 1.5);
}

TEST_CASE("a dry run shows requests without secrets, sends nothing and settles whatever the plugin says") {
  SecretBench bench;
  std::vector<std::string> shown;
  bench.parts.dry_run = [&](const std::string& exporter, const std::string& text) {
    CHECK(exporter == "out");
    shown.push_back(text);
  };
  bench.script.on_submit = [](FakeInstance& self, const csiem_batch&, uint64_t token) {
    csiem_header header{str("Authorization"), str("Splunk "), str("hec_token")};
    return self.request(
        token, "https://siem.example/x",
        [](FakeInstance& s, uint64_t t, const csiem_http_response& r) {
          CHECK(r.status == 200);
          CHECK(std::string(r.body.ptr, r.body.len) == "{}");
          s.complete(t, CSIEM_REJECT);
        },
        nullptr, {header}, std::string(5000, 'b'));
  };
  REQUIRE(bench.start());
  bench.publish(10);
  REQUIRE(shown.size() == 1);
  CHECK(shown[0].rfind("POST https://siem.example/x\nAuthorization: Splunk ***\n\nbbb", 0) == 0);
  CHECK(shown[0].find("2952 more bytes") != std::string::npos);
  CHECK(bench.loop.sent.empty());
  CHECK(bench.queued() == 0);
  CHECK(bench.dead().empty());
}

TEST_CASE("a dry run does not call exporters that do their own I/O") {
  LaneBench bench;
  std::vector<std::string> shown;
  bench.parts.dry_run = [&](const std::string&, const std::string& text) { shown.push_back(text); };
  bench.exporter.exporter.flags = CSIEM_EXPORTER_OWN_IO;
  REQUIRE(bench.start());
  bench.publish(40);
  CHECK(bench.script.submits() == 0);
  REQUIRE(shown.size() == 4);
  CHECK(shown[0].rfind("fake: 10 events\n\ne1\ne2\n", 0) == 0);
  CHECK(bench.queued() == 0);
}
