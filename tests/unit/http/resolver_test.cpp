// With a resolver of its own: the executable's getaddrinfo() stands in front of the C library's.
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <thread>

#include "fixture.hpp"
#include "server.hpp"

namespace {
std::atomic<int> lookups{0};
}

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  using Real = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Real>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (node != nullptr && strcmp(node, "slow.test") == 0) {
    ++lookups;
    std::this_thread::sleep_for(std::chrono::seconds(2));
    return EAI_AGAIN;
  }
  if (node != nullptr && strcmp(node, "broken.test") == 0) return EAI_FAIL;
  if (node != nullptr && strcmp(node, "good.test") == 0) node = "127.0.0.1";
  if (node != nullptr && strcmp(node, "metadata.test") == 0) node = "169.254.169.254";
  if (node != nullptr && strcmp(node, "mapped.test") == 0) node = "::ffff:127.0.0.1";
  // The first answer is harmless, the ones after it are not.
  if (node != nullptr && strcmp(node, "rebinding.test") == 0) node = lookups++ == 0 ? "192.0.2.1" : "127.0.0.1";
  return real(node, service, hints, result);
}

namespace csiem::http {
namespace {

using namespace test;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The longest time for which the loop did not come round.
struct Heartbeat {
  explicit Heartbeat(boost::asio::io_context& loop) : timer(loop) { beat(); }
  void beat() {
    timer.expires_after(milliseconds(5));
    timer.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      const auto now = steady_clock::now();
      worst = std::max(worst, now - last);
      last = now;
      beat();
    });
  }
  boost::asio::steady_timer timer;
  steady_clock::time_point last = steady_clock::now();
  steady_clock::duration worst{};
};

TEST_CASE("a resolver that hangs holds up nobody else") {
  Server server([](const Seen&) { return answer(200); });
  Fixture f("http://slow.test");
  f.policy->allowed_origins.push_back(server.origin());
  Heartbeat heartbeat(f.loop);
  std::optional<Response> slow;
  int fast = 0;
  Request request = post("http://slow.test/");
  request.timeout_ms = 300;
  REQUIRE(f.client->send(std::move(request), f.policy, [&](const Response& r) { slow = r; }));
  std::function<void(const Response&)> again = [&](const Response& r) {
    fast += r.status == 200;
    if (!slow) REQUIRE(f.client->send(post(server.origin()), f.policy, again));
  };
  REQUIRE(f.client->send(post(server.origin()), f.policy, again));
  REQUIRE(f.run_until([&] { return slow.has_value(); }));
  CHECK(lookups >= 1);
  CHECK((slow->transport == Transport::timeout || slow->transport == Transport::dns));
  CHECK_FALSE(slow->ambiguous);
  CHECK(slow->elapsed_ns < 1'000'000'000);
  CHECK(fast > 10);
  CHECK(heartbeat.worst < milliseconds(250));
}

TEST_CASE("cancelling a look-up and destroying the client during one come back at once") {
  Fixture f("http://slow.test");
  const auto start = steady_clock::now();
  const auto id = f.client->send(post("http://slow.test/"), f.policy, [](const Response&) { FAIL("answered"); });
  REQUIRE(id);
  REQUIRE(f.client->send(post("http://slow.test/"), f.policy, [](const Response&) { FAIL("answered"); }));
  f.loop.run_for(milliseconds(50));
  f.client->cancel(*id);
  f.loop.restart();
  f.loop.run_for(milliseconds(50));
  f.client.reset();
  CHECK(steady_clock::now() - start < milliseconds(700));
}

TEST_CASE("a name that does not resolve is a dns failure") {
  Fixture f("http://broken.test");
  const Response r = f.fetch(post("http://broken.test/"));
  CHECK(r.transport == Transport::dns);
  CHECK_FALSE(r.ambiguous);
}

TEST_CASE("a name is looked up for the connection, the answer comes from the address") {
  Server server([](const Seen&) { return answer(200); });
  const std::string origin = "http://good.test:" + std::to_string(server.port());
  Fixture f(origin);
  CHECK(f.fetch(post(origin)).status == 200);
  CHECK(server.seen()[0].header("host") == "good.test:" + std::to_string(server.port()));
}

TEST_CASE("a host that an event chose may not lead to this machine or a private network, by any name") {
  Server server([](const Seen&) { return answer(200); });
  const std::string port = ":" + std::to_string(server.port());
  Fixture f("http://elsewhere.test");
  f.policy->allowed_hosts = {"good.test", "*.mapped.test", "mapped.test", "metadata.test", "127.0.0.1"};
  for (const char* host : {"good.test", "mapped.test", "metadata.test", "127.0.0.1"}) {
    CAPTURE(host);
    const Response r = f.fetch(post("http://" + std::string(host) + port));
    CHECK(r.transport == Transport::connect);
    CHECK_FALSE(r.ambiguous);
    CHECK(r.error.find("resolves to") != std::string::npos);
  }
  CHECK_FALSE(f.client->send(post("http://other.test" + port), f.policy, [](const Response&) {}));
  CHECK(server.seen().empty());
  f.policy = std::make_shared<Policy>(*f.policy);
  f.policy->allow_private = true;
  CHECK(f.fetch(post("http://good.test" + port)).status == 200);
  CHECK(f.fetch(post("http://metadata.test" + port)).transport == Transport::connect);
}

TEST_CASE("a name that is bound anew is judged by where it leads now") {
  Server server([](const Seen&) { return answer(200); });
  const std::string url = "http://rebinding.test:" + std::to_string(server.port());
  Fixture f("http://elsewhere.test");
  f.policy->allowed_hosts = {"rebinding.test"};
  lookups = 1;  // the harmless answer was for whoever looked before
  CHECK(f.fetch(post(url)).error.find("this machine") != std::string::npos);
  CHECK(server.seen().empty());
}

TEST_CASE("a connection that was made for the operator's own address is not lent to an event's") {
  Server server([](const Seen&) { return answer(200); });
  const std::string origin = "http://good.test:" + std::to_string(server.port());
  Fixture f(origin);
  REQUIRE(f.fetch(post(origin)).status == 200);
  auto events = std::make_shared<Policy>(*f.policy);
  events->allowed_origins = {"http://elsewhere.test"};
  events->allowed_hosts = {"good.test"};
  f.policy = events;
  const Response r = f.fetch(post(origin));
  CHECK(r.transport == Transport::connect);
  CHECK_FALSE(r.ambiguous);
  CHECK(server.seen().size() == 1);
}

}  // namespace
}  // namespace csiem::http
