// Who the webhook says it is: authentication, signatures, OAuth 2.
#include "webhook/signature.hpp"
#include "webhook/test_support.hpp"

using namespace csiem::webhook::test;

namespace {

struct OAuth : TestHost {
  explicit OAuth(std::string_view more = "") {
    secrets["url"] = "https://soar.example/hooks";
    secrets["auth.client_secret"] = "s e:cret";
    REQUIRE_MESSAGE(
        create(config(R"({"auth":{"type":"oauth2","token_url":"https://idp.example/token","client_id":"a b",)"
                      R"("client_secret":"auth.client_secret","scope":"hooks:write")" +
                      std::string(more) + "}}")),
        error);
  }
  void answer_token(const char* token, int seconds) {
    answer(200, std::string(R"({"access_token":")") + token + R"(","token_type":"Bearer","expires_in":)" +
                    std::to_string(seconds) + "}");
  }
};

}  // namespace

TEST_CASE("webhook: ways to authenticate") {
  Batch batch = events(1);
  const auto sent = [&](Webhook& host) {
    REQUIRE(host.submit(batch.view()) == CSIEM_OK);
    return host.requests[0];
  };
  Webhook bearer(R"({"auth":{"type":"bearer","token":"auth.token"}})");
  CHECK(sent(bearer).header("Authorization") == "Bearer <auth.token>");
  Webhook basic(R"({"auth":{"type":"basic","username":"aladdin","password":"auth.password"}})");
  CHECK(sent(basic).header("Authorization") == "Basic YWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  Webhook header(R"({"auth":{"type":"header","header_name":"X-Api-Key","header_value":"auth.header_value"}})");
  CHECK(sent(header).header("X-Api-Key") == "<auth.header_value>");
  Webhook none(R"({"auth":{"type":"none"}})");
  CHECK_FALSE(sent(none).has_header("Authorization"));
}

TEST_CASE("webhook: losing the secret half way keeps what was delivered") {
  Webhook host(R"({"auth":{"type":"basic","username":"u","password":"auth.password"}})");
  Batch batch = events(3);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  host.secrets.erase("auth.password");
  host.answer(200);
  REQUIRE(host.results.size() == 1);
  CHECK(host.results[0].letters(3) == "DAA");
}

TEST_CASE("webhook: Standard Webhooks signs id, second and body; two secrets give two signatures") {
  TestHost lender;
  lender.secrets["s"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  lender.secrets["p"] = "whsec_" + std::string(32, 'A');
  // The published vector of the text, by way of an instance that can borrow.
  lender.secrets["url"] = "https://soar.example/x";
  lender.secrets["sign.secret"] = lender.secrets["s"];
  lender.secrets["sign.previous_secret"] = lender.secrets["p"];
  std::string problem;
  const auto key = csiem::webhook::key_of(csiem::webhook::Scheme::standard_webhooks, lender.secrets["s"], &problem);
  REQUIRE(key);
  CHECK(key->size() == 24);

  REQUIRE_MESSAGE(lender.create(config(R"({"sign":{"scheme":"standard-webhooks","secret":"sign.secret"}})")),
                  lender.error);
  Batch batch = events(1);
  REQUIRE(lender.submit(batch.view()) == CSIEM_OK);
  const auto first = lender.requests[0];
  CHECK(first.header("webhook-id") == "id-0");
  CHECK(first.header("webhook-timestamp").find_first_not_of("0123456789") == std::string::npos);
  CHECK(first.header("webhook-signature").rfind("v1,", 0) == 0);
  CHECK(first.header("webhook-signature").size() == 3 + 44);

  TestHost both;
  both.secrets = lender.secrets;
  REQUIRE(both.create(config(
      R"({"sign":{"scheme":"standard-webhooks","secret":"sign.secret","previous_secret":"sign.previous_secret"}})")));
  REQUIRE(both.submit(batch.view()) == CSIEM_OK);
  const std::string pair = both.requests[0].header("webhook-signature");
  CHECK(pair.size() == 2 * (3 + 44) + 1);
  CHECK(pair[47] == ' ');
}

TEST_CASE("webhook: the published vector of Standard Webhooks, and a known answer for the other schemes") {
  TestHost lender;
  lender.secrets["url"] = "https://soar.example/x";
  lender.secrets["sign.secret"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  REQUIRE(lender.create(config()));
  const csiem::Host host = lender.host();
  using csiem::webhook::Scheme;
  std::string problem;
  csiem::webhook::Signing signing{Scheme::standard_webhooks, "sign.secret", "", ""};
  const char* body = R"({"test": 2432232314})";
  auto headers = csiem::webhook::sign(signing, host, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, &problem);
  REQUIRE_MESSAGE(headers, problem);
  CHECK(headers->at(0) == std::pair<std::string, std::string>("webhook-timestamp", "1614265330"));
  CHECK(headers->at(1).second == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");

  lender.secrets["sign.secret"] = "It's a Secret to Everybody";
  signing = {Scheme::github, "sign.secret", "", "X-Hub-Signature-256"};
  headers = csiem::webhook::sign(signing, host, "", 0, "Hello, World!", &problem);
  REQUIRE(headers);
  CHECK(headers->at(0).second == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
  signing = {Scheme::stripe, "sign.secret", "", "X-Signature"};
  headers = csiem::webhook::sign(signing, host, "", 12, "b", &problem);
  REQUIRE(headers);
  CHECK(headers->at(0).second.rfind("t=12,v1=", 0) == 0);
  CHECK(headers->at(0).second.size() == 8 + 64);
  signing.secret = "nobody";
  CHECK_FALSE(csiem::webhook::sign(signing, host, "", 12, "b", &problem));
}

TEST_CASE("webhook: signatures that cannot work are refused") {
  const auto with = [](const std::string& secret, const std::string& more) {
    TestHost host;
    host.secrets["url"] = "https://soar.example/x";
    host.secrets["sign.secret"] = secret;
    return host.create(config(R"({"sign":{"scheme":"standard-webhooks","secret":"sign.secret"})" + more + "}"))
               ? std::string("accepted")
               : host.error;
  };
  CHECK(with("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "") == "accepted");
  CHECK(mentions(with("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", ""), "sign.secret: a secret of Standard Webhooks begins"));
  CHECK(mentions(with("whsec_AAAA", ""), "24 to 64"));
  CHECK(mentions(with("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", R"(,"compression":"gzip")"), "compression: "));
  CHECK(mentions(refusal(R"({"sign":{"scheme":"github"}})"), "sign.secret: "));
}

TEST_CASE("webhook: one token serves many deliveries until it expires") {
  OAuth host;
  Batch batch = events(1);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  const auto& asked = host.requests[0];
  CHECK(asked.url == "https://idp.example/token");
  CHECK(asked.body == "grant_type=client_credentials&scope=hooks%3Awrite");
  CHECK(asked.header("Authorization") == "Basic YSUyMGI6cyUyMGUlM0FjcmV0");  // "a%20b:s%20e%3Acret"
  Batch other = events(1);
  CHECK(host.submit(other.view(), 2) == CSIEM_E_BUSY);  // waits for the token of the first
  host.answer_token("T1", 3600);
  REQUIRE(host.requests.size() == 1);
  CHECK(host.requests[0].header("Authorization") == "Bearer T1");
  host.answer(200);
  CHECK(host.results.back().outcome == CSIEM_DELIVERED);
  for (int i = 0; i < 500; ++i) CHECK(host.exchange(batch.view(), 200).outcome == CSIEM_DELIVERED);
  CHECK(host.sent.size() == 502);
  TestHost::advance_ms(3541 * 1000);  // a minute before the end
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(host.requests[0].url == "https://idp.example/token");
  host.answer_token("T2", 3600);
  CHECK(host.requests[0].header("Authorization") == "Bearer T2");
  host.answer(200);
  CHECK(host.results.back().outcome == CSIEM_DELIVERED);
}

TEST_CASE("webhook: losing the secret under a short form names every event once") {
  Webhook host(R"({"envelope":false,"auth":{"type":"basic","username":"u","password":"auth.password"}})");
  Batch batch;
  batch.add("large", "{\"p\":\"" + std::string(5000, 'x') + "\"}");
  batch.add("next", "{}");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  host.secrets.erase("auth.password");
  host.answer(413);
  REQUIRE(host.results.size() == 1);
  CHECK(host.requests.empty());
  CHECK(host.results[0].letters(2) == "AA");
  CHECK_FALSE(host.results[0].repeated_index);
}

TEST_CASE("webhook: a refused token is renewed once; then the credential is wrong") {
  OAuth host(R"(,"client_auth":"post")");
  Batch batch = events(1);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(host.requests[0].body ==
        "grant_type=client_credentials&scope=hooks%3Awrite&client_id=a%20b&client_secret=s%20e%3Acret");
  CHECK_FALSE(host.requests[0].has_header("Authorization"));
  host.answer_token("T1", 3600);
  host.answer(401);
  REQUIRE(host.requests.size() == 1);
  CHECK(host.requests[0].url == "https://idp.example/token");
  host.answer_token("T2", 3600);
  CHECK(host.requests[0].header("Authorization") == "Bearer T2");
  host.answer(401);
  REQUIRE(host.results.size() == 1);
  CHECK(host.results[0].outcome == CSIEM_AUTH);
}

TEST_CASE("webhook: what the token server answers") {
  struct Row {
    int status;
    const char* body;
    int32_t outcome;
    const char* code;
  };
  for (const Row& row :
       {Row{400, R"({"error":"invalid_client","error_description":"no\nsuch"})", CSIEM_AUTH, "oauth2.400"},
        {401, "", CSIEM_AUTH, "oauth2.401"},
        {503, "<html>", CSIEM_RETRY, "oauth2.503"},
        {404, "", CSIEM_CONFIG, "oauth2.404"},
        {302, "", CSIEM_CONFIG, "oauth2.302"},
        {200, "<html>", CSIEM_AUTH, "oauth2.no_token"},
        {200, R"({"access_token":"a\r\nX: y"})", CSIEM_AUTH, "oauth2.no_token"},
        {200, R"({"access_token":"a","token_type":"mac"})", CSIEM_CONFIG, "oauth2.token_type"}}) {
    OAuth host;
    Batch batch = events(2);
    REQUIRE(host.submit(batch.view()) == CSIEM_OK);
    host.answer(row.status, row.body);
    REQUIRE(host.results.size() == 1);
    CHECK(host.results[0].outcome == row.outcome);
    CHECK(host.results[0].code == row.code);
    CHECK(host.results[0].except.empty());
    CHECK(host.requests.empty());
  }
  OAuth host;
  host.secrets.erase("auth.client_secret");
  Batch batch = events(1);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(host.results.at(0).code == "credential.unavailable");
}
