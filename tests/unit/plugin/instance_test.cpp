// The SDK's side and the host's side of the interface, against each other.
#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "base/buffer.hpp"
#include "fake_host.hpp"

using namespace csiem::plugin;
using namespace csiem::plugin::test;

namespace {

const Component& fixture(const std::string& name) {
  static Registry registry(only(FIXTURE_DIR));
  auto found = name == "sdk_format" ? registry.format(name) : registry.exporter(name);
  INFO((found ? "" : found.error().what()));
  REQUIRE(bool(found));
  return **found;
}

struct Running {
  explicit Running(const std::string& config, const std::string& name = "sdk_http", uint32_t events = 3)
      : batch(events) {
    auto made = ExporterInstance::create(fixture(name), host, slot, "my-" + name, config);
    INFO((made ? "" : made.error().what()));
    REQUIRE(bool(made));
    instance = *std::move(made);
  }
  void answer(std::size_t request, int32_t status, std::string_view body = {}, int32_t transport = 0,
              uint32_t retry_after_ms = 0) {
    csiem_http_response r{};
    r.struct_size = sizeof r;
    r.status = status;
    r.transport = transport;
    r.retry_after_ms = retry_after_ms;
    r.body = {body.data(), body.size()};
    instance->http_done(host.requests.at(request).done, host.requests.at(request).user, r);
  }
  FakeHost host;
  CallSlot slot;
  Batch batch;
  std::unique_ptr<ExporterInstance> instance;
};

constexpr const char* kSettings =
    R"({"url":"https://a.example/in","token":"token","headers":{"X-A.b":"1","X-N":7},"tags":["t1","t2"],
        "verbose":true,"csiem":{"host_name":"web1"}})";

}  // namespace

TEST_CASE("a request carries what build() put into it, secrets by name") {
  Running r(kSettings);
  CHECK(r.host.lines.at(0).second == "created instance=my-sdk_http");
  CHECK(r.instance->submit(*r.batch, 7, nullptr) == CSIEM_OK);
  REQUIRE(r.host.requests.size() == 1);
  const auto& sent = r.host.requests[0];
  CHECK(sent.method == "POST");
  CHECK(sent.url == "https://a.example/in");
  CHECK(sent.flags == CSIEM_HTTP_GZIP);
  REQUIRE(sent.headers.size() == 3);
  CHECK(sent.headers[0] == std::pair<std::string, std::string>("Authorization", "Bearer {token}"));
  CHECK(sent.headers[1] == std::pair<std::string, std::string>("X-A.b", "1"));
  CHECK(sent.headers[2] == std::pair<std::string, std::string>("X-N", "7"));
  CHECK(sent.body == "<0{\"n\":0}\n1{\"n\":1}\n2{\"n\":2}\n" + std::string(10000, 'z') + "t1;t2;web1!");
  CHECK(r.host.completions.empty());
}

TEST_CASE("status codes mean what the default mapping says") {
  const struct {
    int32_t transport, status, outcome;
  } kCases[] = {
      {0, 200, CSIEM_DELIVERED},
      {0, 204, CSIEM_DELIVERED},
      {0, 302, CSIEM_CONFIG},
      {0, 400, CSIEM_REJECT},
      {0, 401, CSIEM_AUTH},
      {0, 403, CSIEM_AUTH},
      {0, 404, CSIEM_CONFIG},
      {0, 405, CSIEM_CONFIG},
      {0, 408, CSIEM_RETRY},
      {0, 409, CSIEM_REJECT},
      {0, 410, CSIEM_CONFIG},
      {0, 413, CSIEM_SPLIT},
      {0, 422, CSIEM_REJECT},
      {0, 425, CSIEM_RETRY},
      {0, 429, CSIEM_RETRY},
      {0, 500, CSIEM_RETRY},
      {0, 503, CSIEM_RETRY},
      {0, 100, CSIEM_RETRY},
      {CSIEM_TRANSPORT_DNS, 0, CSIEM_RETRY},
      {CSIEM_TRANSPORT_RESET, 200, CSIEM_RETRY},
      {99, 200, CSIEM_RETRY},
  };
  for (const auto& c : kCases) {
    CAPTURE(c.status);
    CAPTURE(c.transport);
    Running r(kSettings);
    r.instance->submit(*r.batch, 7, nullptr);
    r.answer(0, c.status, "why", c.transport, 1234);
    REQUIRE(r.host.completions.size() == 1);
    CHECK(r.host.completions[0].token == 7);
    CHECK(r.host.completions[0].outcome == c.outcome);
    if (c.status == 429) CHECK(r.host.completions[0].code == "http.429");
    if (c.status == 429) CHECK(r.host.completions[0].message == "why");
    if (c.transport == CSIEM_TRANSPORT_DNS) CHECK(r.host.completions[0].code == "transport.dns");
  }
}

TEST_CASE("events can have verdicts of their own") {
  Running r(kSettings);
  r.instance->submit(*r.batch, 7, nullptr);
  r.answer(0, 207, "+-+");
  CHECK(r.host.excepts == std::vector<std::pair<uint32_t, int32_t>>{{1, CSIEM_REJECT}});
}

TEST_CASE("after a cancel the token is forgotten and its request stopped") {
  Running r(kSettings);
  r.instance->submit(*r.batch, 7, nullptr);
  r.instance->submit(*r.batch, 8, nullptr);
  r.instance->cancel(7);
  r.instance->cancel(99);
  CHECK(r.host.cancelled == std::vector<uint64_t>{1});
  r.answer(1, 200);
  REQUIRE(r.host.completions.size() == 1);
  CHECK(r.host.completions[0].token == 8);
}

TEST_CASE("several requests per batch share one verdict") {
  Running r(R"({"url":"https://a.example","mode":"steps"})");
  r.instance->submit(*r.batch, 7, nullptr);
  r.answer(0, 200);
  REQUIRE(r.host.requests.size() == 2);
  CHECK(r.host.requests[1].url == "https://a.example/1");
  CHECK(r.host.requests[1].body == "{\"n\":1}");
  r.answer(1, 400);
  r.answer(2, 200);
  REQUIRE(r.host.completions.size() == 1);
  CHECK(r.host.completions[0].outcome == CSIEM_DELIVERED);
  CHECK(r.host.excepts == std::vector<std::pair<uint32_t, int32_t>>{{1, CSIEM_REJECT}});
}

TEST_CASE("a batch can be settled without a request") {
  Running r(R"({"url":"https://a.example","mode":"settle"})");
  CHECK(r.instance->submit(*r.batch, 7, nullptr) == CSIEM_OK);
  CHECK(r.host.requests.empty());
  CHECK(r.host.completions.at(0).outcome == CSIEM_SKIPPED);
  CHECK(r.host.completions.at(0).code == "nothing.to.say");
}

TEST_CASE("what a plugin of the SDK throws is an error or a retry, never a strike") {
  Running building(R"({"url":"u","mode":"throw"})");
  std::string error;
  CHECK(building.instance->submit(*building.batch, 7, &error) == CSIEM_E_INTERNAL);
  CHECK(error == "cannot build");
  CHECK(building.host.completions.empty());
  CHECK(building.host.strikes.empty());

  Running reading(R"({"url":"u","mode":"throw_later"})");
  reading.instance->submit(*reading.batch, 7, nullptr);
  reading.answer(0, 200);
  REQUIRE(reading.host.completions.size() == 1);
  CHECK(reading.host.completions[0].outcome == CSIEM_RETRY);
  CHECK(reading.host.completions[0].message == "cannot read");
  CHECK(reading.host.strikes.empty());
}

TEST_CASE("a request that the host refuses parks the lane as a fault of the settings; a full host is asked again") {
  Running r(kSettings);
  r.host.send_status = CSIEM_E_DENIED;
  CHECK(r.instance->submit(*r.batch, 7, nullptr) == CSIEM_OK);
  CHECK(r.host.completions.at(0).outcome == CSIEM_CONFIG);
  CHECK(r.host.completions.at(0).message == "refused by the test");
  r.host.send_status = CSIEM_E_LIMIT;
  CHECK(r.instance->submit(*r.batch, 8, nullptr) == CSIEM_E_LIMIT);
  CHECK(r.host.completions.size() == 1);
  r.instance->cancel(8);
  CHECK(r.host.cancelled.empty());
}

TEST_CASE("a health check sends its probe and completes its own token") {
  Running r(kSettings);
  REQUIRE(r.instance->has_health());
  CHECK(r.instance->health(70, nullptr) == CSIEM_OK);
  CHECK(r.host.requests.at(0).method == "GET");
  CHECK(r.host.requests.at(0).headers.at(0).second == "8");  // the borrowed secret's length
  r.answer(0, 401);
  CHECK(r.host.completions.at(0).token == 70);
  CHECK(r.host.completions.at(0).outcome == CSIEM_AUTH);
}

TEST_CASE("settings that are missing or wrong are named by create()") {
  FakeHost host;
  CallSlot slot;
  const auto why = [&](const char* config) {
    auto made = ExporterInstance::create(fixture("sdk_http"), host, slot, "x", config);
    return made ? std::string() : made.error().what();
  };
  CHECK(why("{}") == "x: url: missing");
  CHECK(why(R"({"url":null})") == "x: url: missing");
  CHECK(why(R"({"url":"u","limit":500})") == "x: limit: above 100");
  CHECK(why(R"({"url":"u","limit":"many"})") == "x: limit: not an integer");
  CHECK(why(R"({"url":"u","limit":1.5})") == "x: limit: not an integer");
  CHECK(why(R"({"url":"u","verbose":"yes"})") == "x: verbose: not true or false");
  CHECK(why("[1]").find("not a JSON object") != std::string::npos);
  CHECK(why("{").find("not JSON") != std::string::npos);
  CHECK(why(R"({"url":"u","limit":2.0})").empty());
}

TEST_CASE("a worker exporter completes from its own thread, and a cancel waits for the batch in hand") {
  Running r(R"({"delay_ms":60})", "sdk_worker");
  const auto start = std::chrono::steady_clock::now();
  r.instance->submit(*r.batch, 1, nullptr);
  r.instance->submit(*r.batch, 2, nullptr);
  r.instance->submit(*r.batch, 3, nullptr);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(50));
  r.instance->cancel(3);  // still queued
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  r.instance->cancel(1);  // in hand
  for (int i = 0; i < 200; ++i) {
    const std::lock_guard lock(r.host.mutex);
    if (!r.host.completions.empty()) break;
    r.host.mutex.unlock();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    r.host.mutex.lock();
  }
  r.instance.reset();
  REQUIRE(r.host.completions.size() == 1);
  CHECK(r.host.completions[0].token == 2);
  CHECK(r.host.completions[0].outcome == CSIEM_DELIVERED);
}

TEST_CASE("a worker exporter's health check runs on its thread; what is cancelled is interrupted") {
  Running r(R"({"delay_ms":3600000})", "sdk_worker");
  REQUIRE(r.instance->has_health());
  r.instance->submit(*r.batch, 1, nullptr);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  r.instance->cancel(1);  // returns although the batch would take an hour
  CHECK(r.host.completions.empty());

  Running quick("{}", "sdk_worker");
  CHECK(quick.instance->health(70, nullptr) == CSIEM_OK);
  for (int i = 0; i < 400; ++i) {
    {
      const std::lock_guard lock(quick.host.mutex);
      if (!quick.host.completions.empty()) break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  quick.instance.reset();
  REQUIRE(quick.host.completions.size() == 1);
  CHECK(quick.host.completions[0].token == 70);
  CHECK(quick.host.completions[0].code == "probed");
}

TEST_CASE("a worker exporter that throws makes its batch a retry") {
  Running r("{}", "sdk_worker", 1);
  r.instance->submit(*r.batch, 1, nullptr);
  for (int i = 0; i < 400; ++i) {
    {
      const std::lock_guard lock(r.host.mutex);
      if (!r.host.completions.empty()) break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  r.instance.reset();
  REQUIRE(r.host.completions.size() == 1);
  CHECK(r.host.completions[0].outcome == CSIEM_RETRY);
  CHECK(r.host.completions[0].message == "one is not enough");
}

TEST_CASE("a format writes into the host's buffer and refuses events with its own words") {
  CallSlot slot;
  auto made = FormatInstance::create(fixture("sdk_format"), slot, R"({"csiem":{"host_name":"h"}})");
  REQUIRE(bool(made));
  csiem::Buffer buffer;
  csiem_event event{};
  event.struct_size = sizeof event;
  event.action = {"deny", 4};
  CHECK(bool((*made)->encode(event, buffer.writer())));
  CHECK(buffer.view() == "h<deny>");
  event.action = {nullptr, 0};
  const auto refused = (*made)->encode(event, buffer.writer());
  REQUIRE_FALSE(bool(refused));
  CHECK(refused.error().message_code() == 4033);
  CHECK(refused.error().what() == "sdk_format: event has no action");
}

TEST_CASE("a writer that cannot grow is an error and not a crash") {
  CallSlot slot;
  auto made = FormatInstance::create(fixture("sdk_format"), slot, "");
  REQUIRE(bool(made));
  uint8_t room[3];
  csiem_writer full{room, room + sizeof room, [](csiem_writer*, std::size_t) -> csiem_status { return CSIEM_E_NOMEM; },
                    nullptr};
  csiem_event event{};
  event.action = {"deny", 4};
  CHECK_FALSE(bool((*made)->encode(event, full)));
}
