#include "certificates.hpp"
#include "fixture.hpp"
#include "server.hpp"

namespace csiem::http {
namespace {

using namespace test;

Server::Script ok() {
  return [](const Seen&) { return answer(200, "secure"); };
}

TEST_CASE("an unknown authority is refused until its certificate is the ca_file") {
  Authority authority;
  const auto files = authority.issue("server", "IP:127.0.0.1");
  Server server(ok(), {files.cert, files.key, ""});
  Fixture f(server.origin());
  const Response refused = f.fetch(post(server.origin()));
  CHECK(refused.transport == Transport::tls);
  CHECK_FALSE(refused.ambiguous);
  CHECK(server.seen().empty());
  f.policy = std::make_shared<Policy>(*f.policy);
  f.policy->tls.ca_file = authority.ca_file();
  for (int i = 0; i < 3; ++i) CHECK(f.fetch(post(server.origin(), std::string(400'000, 'x'))).body == "secure");
  CHECK(server.seen().back().connection == server.seen().front().connection);
}

TEST_CASE("policies do not share connections of different trust") {
  Authority authority;
  const auto files = authority.issue("server", "IP:127.0.0.1");
  Server server(ok(), {files.cert, files.key, ""});
  Fixture f(server.origin());
  f.policy->tls.ca_file = authority.ca_file();
  CHECK(f.fetch(post(server.origin())).status == 200);
  f.policy = std::make_shared<Policy>(*f.policy);
  f.policy->tls.ca_file.clear();
  CHECK(f.fetch(post(server.origin())).transport == Transport::tls);
}

TEST_CASE("a certificate for another host or of the past is refused") {
  Authority authority;
  const struct {
    const char* names;
    long valid_s;
  } table[] = {{"DNS:other.example,IP:127.0.0.2", 3600}, {"IP:127.0.0.1", -60}};
  for (const auto& row : table) {
    const auto files = authority.issue("127.0.0.1", row.names, row.valid_s);
    Server server(ok(), {files.cert, files.key, ""});
    Fixture f(server.origin());
    f.policy->tls.ca_file = authority.ca_file();
    const Response r = f.fetch(post(server.origin()));
    CHECK(r.transport == Transport::tls);
    CHECK(server.seen().empty());
  }
}

TEST_CASE("verification can be turned off by the operator alone") {
  Authority authority;
  const auto files = authority.issue("server", "DNS:other.example");
  Server server(ok(), {files.cert, files.key, ""});
  Fixture f(server.origin());
  f.policy->tls.verify = false;
  CHECK(f.fetch(post(server.origin())).status == 200);
}

TEST_CASE("a client certificate is shown when asked for") {
  Authority authority;
  const auto files = authority.issue("server", "IP:127.0.0.1");
  Server server(ok(), {files.cert, files.key, authority.ca_file()});
  Fixture f(server.origin());
  f.policy->tls.ca_file = authority.ca_file();
  const Response refused = f.fetch(post(server.origin()));
  CAPTURE(refused.error);
  CHECK(refused.transport == Transport::tls);
  CHECK_FALSE(refused.ambiguous);
  const auto mine = authority.issue("siem-agent", "");
  f.policy = std::make_shared<Policy>(*f.policy);
  f.policy->tls.cert_file = mine.cert;
  f.policy->tls.key_file = mine.key;
  CHECK(f.fetch(post(server.origin())).status == 200);
  CHECK(server.seen().back().client_name == "siem-agent");
}

TEST_CASE("files that are missing are TLS failures, not hangs") {
  Authority authority;
  const auto files = authority.issue("server", "IP:127.0.0.1");
  Server server(ok(), {files.cert, files.key, ""});
  Fixture f(server.origin());
  f.policy->tls.ca_file = "/nonexistent/ca.pem";
  CHECK(f.fetch(post(server.origin())).transport == Transport::tls);
  f.policy = std::make_shared<Policy>(*f.policy);
  f.policy->tls.ca_file = authority.ca_file();
  f.policy->tls.cert_file = "/nonexistent/client.pem";
  CHECK(f.fetch(post(server.origin())).transport == Transport::tls);
}

TEST_CASE("https to a server that speaks plain http") {
  Server server(ok());
  const std::string origin = "https://127.0.0.1:" + std::to_string(server.port());
  Fixture f(origin);
  f.policy->default_timeout_ms = 500;
  const Response r = f.fetch(post(origin));
  CHECK((r.transport == Transport::tls || r.transport == Transport::timeout));
  CHECK_FALSE(r.ambiguous);
}

TEST_CASE("destroying the client with TLS connections and requests in flight") {
  Authority authority;
  const auto files = authority.issue("server", "IP:127.0.0.1");
  Server server([](const Seen&) { return Reply{answer(200).bytes, After::keep, 100}; }, {files.cert, files.key, ""});
  Fixture f(server.origin());
  f.policy->tls.ca_file = authority.ca_file();
  CHECK(f.fetch(post(server.origin())).status == 200);
  for (int i = 0; i < 4; ++i)
    REQUIRE(f.client->send(post(server.origin()), f.policy, [](const Response&) { FAIL("answered"); }));
  f.loop.restart();
  f.loop.run_for(std::chrono::milliseconds(20));
  f.client.reset();
  f.loop.restart();
  f.loop.run_for(std::chrono::milliseconds(150));
}

}  // namespace
}  // namespace csiem::http
