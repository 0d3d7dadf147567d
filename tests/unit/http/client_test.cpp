#include <libdeflate.h>

#include <cstdlib>

#include "fixture.hpp"
#include "server.hpp"

namespace csiem::http {
namespace {

using namespace test;

std::string gunzip(std::string_view packed, std::size_t size) {
  std::string out(size, '\0');
  libdeflate_decompressor* const d = libdeflate_alloc_decompressor();
  std::size_t got = 0;
  const auto result = libdeflate_gzip_decompress(d, packed.data(), packed.size(), out.data(), out.size(), &got);
  libdeflate_free_decompressor(d);
  REQUIRE(result == LIBDEFLATE_SUCCESS);
  out.resize(got);
  return out;
}

std::string gzip(const std::string& text) {
  libdeflate_compressor* const c = libdeflate_alloc_compressor(9);
  std::string out(libdeflate_gzip_compress_bound(c, text.size()), '\0');
  out.resize(libdeflate_gzip_compress(c, text.data(), text.size(), out.data(), out.size()));
  libdeflate_free_compressor(c);
  return out;
}

std::string value_of(const Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "<none>";
}

TEST_CASE("a request goes out as written and its answer comes back whole") {
  Server server([](const Seen&) { return answer(202, R"({"ok":true})", "X-Request-ID:  7 \r\nDate: today\r\n"); });
  Fixture f(server.origin());
  Request request = post(server.origin() + "/services/collector?x=1", std::string(300'000, 'b'));
  request.headers.push_back({"Authorization", "Splunk ", credentials::Secret::make("t0ken-of-mine")});
  const Response r = f.fetch(std::move(request));
  CHECK(r.transport == Transport::ok);
  CHECK(r.status == 202);
  CHECK(r.body == R"({"ok":true})");
  CHECK(value_of(r, "x-request-id") == "7");
  CHECK(r.error.empty());
  CHECK_FALSE(r.truncated);
  CHECK_FALSE(r.ambiguous);
  CHECK_FALSE(r.resent);
  CHECK(r.elapsed_ns > 0);
  CHECK(r.raw_bytes == 300'000);
  CHECK(r.wire_bytes == 300'000);
  const auto seen = server.seen();
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].method == "POST");
  CHECK(seen[0].target == "/services/collector?x=1");
  CHECK(seen[0].header("Authorization") == "Splunk t0ken-of-mine");
  CHECK(seen[0].header("Content-Type") == "application/json");
  CHECK(seen[0].header("User-Agent") == "clawdstrike-siem");
  CHECK(seen[0].header("Expect") == "<none>");
  CHECK(seen[0].header("Content-Encoding") == "<none>");
  CHECK(seen[0].body == std::string(300'000, 'b'));
}

TEST_CASE("methods, with and without a body") {
  Server server([](const Seen& seen) {
    Reply reply = answer(200, "x");
    if (seen.method == "HEAD") reply.bytes.pop_back();
    return reply;
  });
  Fixture f(server.origin());
  const struct {
    const char *method, *body, *length;
  } table[] = {{"GET", "", "<none>"}, {"HEAD", "", "<none>"},   {"PUT", "abc", "3"},
               {"PUT", "", "0"},      {"DELETE", "", "<none>"}, {"POST", "", "0"},
               {"GET", "q", "1"},     {"PATCH", "abc", "3"},    {"GET", "", "<none>"}};
  for (const auto& row : table) {
    CAPTURE(row.method);
    Request request;
    request.method = row.method;
    request.url = server.origin() + "/";
    request.body = row.body;
    CHECK(f.fetch(std::move(request)).status == 200);
    const Seen seen = server.seen().back();
    CHECK(seen.method == row.method);
    CHECK(seen.body == row.body);
    CHECK(seen.header("content-length") == row.length);
    CHECK(seen.header("content-type") == "<none>");
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("the connection is kept for the next request") {
  Server server([](const Seen&) { return answer(200); });
  Fixture f(server.origin());
  for (int i = 0; i < 5; ++i) CHECK(f.fetch(post(server.origin())).status == 200);
  CHECK(server.connections() == 1);
}

TEST_CASE("requests run side by side, up to the limit of connections") {
  Server server([](const Seen&) { return Reply{answer(200).bytes, After::keep, 50}; });
  Fixture f(server.origin());
  f.policy->max_connections_per_host = 2;
  int answered = 0;
  for (int i = 0; i < 6; ++i)
    REQUIRE(f.client->send(post(server.origin()), f.policy, [&](const Response& r) { answered += r.status == 200; }));
  CHECK(f.client->in_flight() == 6);
  REQUIRE(f.run_until([&] { return answered == 6; }));
  CHECK(f.client->in_flight() == 0);
  CHECK(server.connections() == 2);
}

TEST_CASE("gzip bodies unpack to what was given") {
  Server server([](const Seen&) { return answer(200); });
  Fixture f(server.origin());
  for (const int level : {1, 6}) {
    f.policy = std::make_shared<Policy>(*f.policy);
    f.policy->compression_level = level;
    std::string body;
    for (int i = 0; i < 10'000; ++i) body += "{\"event\":" + std::to_string(i) + "}\n";
    Request request = post(server.origin(), body);
    request.gzip = true;
    const Response r = f.fetch(std::move(request));
    CHECK(r.raw_bytes == body.size());
    const Seen seen = server.seen().back();
    CHECK(seen.header("content-encoding") == "gzip");
    CHECK(r.wire_bytes == seen.body.size());
    CHECK(seen.body.size() < body.size() / 2);
    CHECK(gunzip(seen.body, body.size()) == body);
  }
}

TEST_CASE("compressed answers are unpacked, and the cap counts what comes out") {
  const std::string text(200'000, 'z');
  Server server([&](const Seen&) { return answer(200, gzip(text), "Content-Encoding: gzip\r\n"); });
  Fixture f(server.origin());
  CHECK(f.fetch(get(server.origin())).body == text);
  Request capped = get(server.origin());
  capped.max_response_bytes = 1'000;
  const Response r = f.fetch(std::move(capped));
  CHECK(r.truncated);
  CHECK(r.body.size() == 1'000);
}

TEST_CASE("an answer above the cap is cut; only a success leaves it open what was processed") {
  for (const int status : {200, 400}) {
    Server server([&](const Seen&) { return answer(status, std::string(50'000, 'x')); });
    Fixture f(server.origin());
    Request request = post(server.origin());
    request.max_response_bytes = 100;
    const Response r = f.fetch(std::move(request));
    CHECK(r.transport == Transport::ok);
    CHECK(r.status == status);
    CHECK(r.truncated);
    CHECK(r.body == std::string(100, 'x'));
    CHECK(r.ambiguous == (status == 200));
  }
}

TEST_CASE("a request cannot raise the policy's cap, and an answer of exactly the cap is whole") {
  Server server([](const Seen&) { return answer(200, std::string(100, 'x')); });
  Fixture f(server.origin());
  f.policy->max_response_bytes = 99;
  Request request = get(server.origin());
  request.max_response_bytes = 5'000;
  CHECK(f.fetch(std::move(request)).truncated);
  f.policy = std::make_shared<Policy>(*f.policy);
  f.policy->max_response_bytes = 100;
  CHECK_FALSE(f.fetch(get(server.origin())).truncated);
}

TEST_CASE("redirects are answers, not orders") {
  for (const int status : {301, 302, 303, 307, 308}) {
    Server other([](const Seen&) { return answer(200); });
    Server server([&](const Seen&) { return answer(status, "", "Location: " + other.origin() + "/steal\r\n"); });
    Fixture f(server.origin());
    const Response r = f.fetch(post(server.origin()));
    CHECK(r.status == status);
    CHECK(value_of(r, "location") == other.origin() + "/steal");
    CHECK(other.connections() == 0);
  }
}

TEST_CASE("Retry-After reaches the caller in milliseconds") {
  const struct {
    const char* headers;
    uint32_t ms;
  } table[] = {{"Retry-After: 7\r\n", 7'000},
               {"Date: Wed, 21 Oct 2015 07:27:56 GMT\r\nRetry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", 4'000},
               {"Retry-After: 86400\r\n", 3'600'000},
               {"", 0}};
  for (const auto& row : table) {
    Server server([&](const Seen&) { return answer(429, "", row.headers); });
    Fixture f(server.origin());
    CHECK(f.fetch(post(server.origin())).retry_after_ms == row.ms);
  }
}

TEST_CASE("interim answers leave nothing behind") {
  Server server([](const Seen&) {
    return Reply{"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n" + answer(200, "", "X-Final: 2\r\n").bytes};
  });
  Fixture f(server.origin());
  const Response r = f.fetch(post(server.origin()));
  CHECK(r.status == 200);
  CHECK(value_of(r, "x-early") == "<none>");
  CHECK(value_of(r, "x-final") == "2");
}

TEST_CASE("only the policy's origins are spoken to") {
  Server server([](const Seen&) { return answer(200); });
  Server other([](const Seen&) { return answer(200); });
  Fixture f(server.origin());
  const auto refused = [&](Request request) {
    const auto sent = f.client->send(std::move(request), f.policy, [](const Response&) { FAIL("answered"); });
    REQUIRE_FALSE(sent);
    CHECK(sent.error().what().find("127.0.0.1") == std::string::npos);
    return sent.error().code();
  };
  CHECK(refused(post(other.origin())) == Code::denied);
  CHECK(refused(post("https://127.0.0.1:" + std::to_string(server.port()))) == Code::denied);
  Request by_secret = post("http://127.0.0.1");
  by_secret.url_secret = credentials::Secret::make(":" + std::to_string(other.port()) + "/path");
  CHECK(refused(std::move(by_secret)) == Code::denied);
  CHECK(refused(post("ftp://127.0.0.1/")) == Code::invalid);
  Request bad_method = post(server.origin());
  bad_method.method = "POST / HTTP/1.1\r\nX: y";
  CHECK(refused(std::move(bad_method)) == Code::invalid);
  f.policy = std::make_shared<Policy>(*f.policy);
  f.policy->allowed_origins.clear();
  CHECK(refused(post(server.origin())) == Code::denied);
  CHECK(f.client->in_flight() == 0);
  CHECK(server.connections() == 0);
  CHECK(other.connections() == 0);
}

TEST_CASE("the whole URL may be a secret") {
  Server server([](const Seen&) { return answer(200); });
  Fixture f(server.origin());
  Request request = post("");
  request.url_secret = credentials::Secret::make(server.origin() + "/services/T0/B0/abcdef");
  CHECK(f.fetch(std::move(request)).status == 200);
  CHECK(server.seen()[0].target == "/services/T0/B0/abcdef");
}

TEST_CASE("a cancelled request never answers, and its neighbours do") {
  Server server([](const Seen& seen) {
    return Reply{answer(200).bytes, After::keep, seen.target == "/slow" ? 150 : 0};
  });
  Fixture f(server.origin());
  bool slow = false, fast = false;
  const auto id = f.client->send(post(server.origin() + "/slow"), f.policy, [&](const Response&) { slow = true; });
  REQUIRE(id);
  REQUIRE(f.run_until([&] { return !server.seen().empty(); }));
  f.client->cancel(*id);
  f.client->cancel(*id);
  f.client->cancel(4711);
  CHECK(f.client->in_flight() == 0);
  REQUIRE(f.client->send(post(server.origin() + "/fast"), f.policy, [&](const Response&) { fast = true; }));
  CHECK(f.run_until([&] { return fast; }));
  f.loop.restart();
  f.loop.run_for(std::chrono::milliseconds(250));
  CHECK_FALSE(slow);
}

TEST_CASE("a handler may cancel requests that have ended with its own") {
  Server server([](const Seen&) { return Reply{answer(200).bytes, After::keep, 30}; });
  Fixture f(server.origin());
  std::vector<RequestId> ids;
  int answered = 0;
  for (int i = 0; i < 4; ++i) {
    const auto id = f.client->send(post(server.origin()), f.policy, [&](const Response&) {
      ++answered;
      for (const auto other : ids) f.client->cancel(other);
    });
    REQUIRE(id);
    ids.push_back(*id);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  REQUIRE(f.run_until([&] { return answered > 0; }));
  f.loop.restart();
  f.loop.run_for(std::chrono::milliseconds(150));
  CHECK(answered == 1);
}

TEST_CASE("of answers that came together, those that ask for less are heard first") {
  for (int bad = 0; bad < 4; ++bad) {
    Server server([&](const Seen& seen) {
      return Reply{answer(seen.target == "/" + std::to_string(bad) ? 503 : 200).bytes, After::keep, 30};
    });
    Fixture f(server.origin());
    std::vector<int> heard;
    for (int i = 0; i < 4; ++i)
      REQUIRE(f.client->send(post(server.origin() + "/" + std::to_string(i)), f.policy,
                             [&](const Response& r) { heard.push_back(r.status); }));
    // Sent, and answered while nobody looks.
    REQUIRE(f.run_until([&] { return server.seen().size() == 4; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    CHECK(f.run_until([&] { return heard.size() == 4; }));
    CHECK(heard.front() == 503);
  }
}

TEST_CASE("a handler may send again, and may destroy the client") {
  Server server([](const Seen&) { return answer(200); });
  Fixture f(server.origin());
  int answered = 0;
  std::function<void(const Response&)> again = [&](const Response& r) {
    CHECK(r.status == 200);
    if (++answered < 20)
      REQUIRE(f.client->send(post(server.origin()), f.policy, again));
    else
      f.client.reset();
  };
  REQUIRE(f.client->send(post(server.origin()), f.policy, again));
  CHECK(f.run_until([&] { return !f.client.has_value(); }));
  CHECK(answered == 20);
  f.loop.restart();
  f.loop.run_for(std::chrono::milliseconds(20));
}

TEST_CASE("destroying the client ends its requests silently, at any stage") {
  Server server([](const Seen&) { return Reply{answer(200).bytes, After::keep, 100}; });
  for (const int ms : {0, 5, 60}) {
    Fixture f(server.origin());
    for (int i = 0; i < 8; ++i)
      REQUIRE(f.client->send(post(server.origin(), std::string(200'000, 'x')), f.policy,
                             [](const Response&) { FAIL("answered"); }));
    f.loop.run_for(std::chrono::milliseconds(ms));
    f.client.reset();
    f.loop.restart();
    f.loop.run_for(std::chrono::milliseconds(150));
  }
}

TEST_CASE("a client outlives nothing: its loop may go first once requests are cancelled") {
  auto loop = std::make_unique<boost::asio::io_context>();
  auto client = std::make_unique<Client>(*loop);
  CHECK_NOTHROW(client.reset());
  CHECK_NOTHROW(loop.reset());
}

TEST_CASE("an idle client leaves the loop without work") {
  Server server([](const Seen&) { return answer(200); });
  Fixture f(server.origin());
  CHECK(f.fetch(post(server.origin())).status == 200);
  f.loop.restart();
  const auto start = std::chrono::steady_clock::now();
  f.loop.run_for(std::chrono::seconds(3));  // comes back at once when nothing is pending
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
}

TEST_CASE("the memory of a body is lent out again") {
  Server server([](const Seen&) { return answer(200); });
  Fixture f(server.origin());
  CHECK(f.client->spare_body().capacity() < 4096);
  Request request = post(server.origin(), std::string(100'000, 'x'));
  const char* const memory = request.body.data();
  f.fetch(std::move(request));
  std::string spare = f.client->spare_body();
  CHECK(spare.empty());
  CHECK(spare.capacity() >= 100'000);
  CHECK(spare.data() == memory);
  CHECK(f.client->spare_body().capacity() < 4096);
}

TEST_CASE("a proxy of the policy carries plain requests") {
  Server proxy([](const Seen&) { return answer(200, "from the proxy"); });
  Fixture f("http://collector.example:8088");
  f.policy->proxy = proxy.origin();
  CHECK(f.fetch(post("http://collector.example:8088/x")).body == "from the proxy");
  CHECK(proxy.seen()[0].target == "http://collector.example:8088/x");
  f.policy = std::make_shared<Policy>(*f.policy);
  for (const char* bad : {"ftp://h:1", "http://", "http://h:port", "http://user:geheim1@h h:1"}) {
    f.policy->proxy = bad;
    const auto sent = f.client->send(post("http://collector.example:8088/x"), f.policy, [](const Response&) {});
    CAPTURE(bad);
    REQUIRE_FALSE(sent);
    CHECK(sent.error().what().find("geheim1") == std::string::npos);
  }
}

TEST_CASE("proxies of the environment: HTTPS_PROXY and NO_PROXY count, HTTP_PROXY in upper case does not") {
  Server proxy([](const Seen&) { return answer(403); });
  Server server([](const Seen&) { return answer(200); });
  ::setenv("HTTPS_PROXY", proxy.origin().c_str(), 1);
  ::setenv("HTTP_PROXY", proxy.origin().c_str(), 1);
  {
    Fixture f("https://collector.example:8088");
    const Response r = f.fetch(post("https://collector.example:8088/x"));
    CHECK(r.transport == Transport::connect);
    CHECK_FALSE(r.ambiguous);
    REQUIRE(proxy.seen().size() == 1);
    CHECK(proxy.seen()[0].method == "CONNECT");
    f.policy->allowed_origins = {server.origin()};
    CHECK(f.fetch(post(server.origin())).status == 200);
    CHECK(proxy.seen().size() == 1);
  }
  ::setenv("NO_PROXY", "127.0.0.1", 1);
  {
    Fixture f("https://127.0.0.1:1");
    CHECK(f.fetch(post("https://127.0.0.1:1/")).transport == Transport::connect);
    CHECK(proxy.seen().size() == 1);
  }
  for (const char* name : {"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"}) ::unsetenv(name);
}

}  // namespace
}  // namespace csiem::http
