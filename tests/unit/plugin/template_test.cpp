// The project that authors copy builds outside of this tree's build and does what its comments say.
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "fake_host.hpp"

using namespace csiem::plugin;
using namespace csiem::plugin::test;

TEST_CASE("the template loads, sends and reads per-event answers") {
  Registry registry(only(FIXTURE_DIR));
  const auto found = registry.exporter("acme");
  INFO((found ? "" : found.error().what()));
  REQUIRE(bool(found));
  const auto schema = boost::json::parse((*found)->config_schema);
  CHECK(schema.at("x-csiem-defaults").at("batch_size").as_int64() == 500);
  CHECK(schema.at("properties").at("token").at("x-csiem-secret").as_bool());

  FakeHost host;
  CallSlot slot;
  auto made =
      ExporterInstance::create(**found, host, slot, "acme",
                               R"({"endpoint":"https://acme.example","token":"token","headers":{"X-Team":"blue"}})");
  REQUIRE(bool(made));
  const Batch batch(3);
  CHECK((*made)->submit(*batch, 1, nullptr) == CSIEM_OK);
  REQUIRE(host.requests.size() == 1);
  CHECK(host.requests[0].body == "{}\n{\"n\":0}\n{}\n{\"n\":1}\n{}\n{\"n\":2}\n");
  CHECK(host.requests[0].headers.at(1).second == "Bearer {token}");
  csiem_http_response answer{};
  answer.struct_size = sizeof answer;
  answer.status = 207;
  answer.body = {"+?-", 3};
  (*made)->http_done(host.requests[0].done, host.requests[0].user, answer);
  REQUIRE(host.completions.size() == 1);
  CHECK(host.completions[0].outcome == CSIEM_DELIVERED);
  CHECK(host.excepts == std::vector<std::pair<uint32_t, int32_t>>{{1, CSIEM_RETRY}, {2, CSIEM_REJECT}});
  CHECK(host.metrics == std::vector<std::string>{"partial_answers"});

  const auto bad = ExporterInstance::create(**found, host, slot, "acme", R"({"endpoint":"https://a","dataset":"a/b"})");
  REQUIRE_FALSE(bool(bad));
  CHECK(bad.error().what() == "acme: dataset: must not contain a slash");
}
