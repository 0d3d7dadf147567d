#include <atomic>
#include <thread>

#include "base/log.hpp"
#include "fixture.hpp"

namespace csiem::credentials {
namespace {

using namespace test;

struct StoreFixture {
  SecretsDirectory d;
  ManualClock clock;
  CredentialStore store{settings(), clock};

  CredentialStore::Settings settings() const {
    CredentialStore::Settings s;
    s.default_provider = "file";
    s.refresh_interval_ms = 60'000;
    s.forced_refresh_spacing_ms = 30'000;
    s.file = d.settings();
    return s;
  }
  std::string value(const std::string& key) const { return text_of(store.get(key)); }
};

TEST_CASE_FIXTURE(StoreFixture, "a credential is null until it is resolved") {
  const std::string key = store.add(ref("token"));
  CHECK(key == "token");
  CHECK(store.get(key) == nullptr);
  CHECK(store.generation(key) == 0);
  const auto errors = store.resolve();
  REQUIRE(errors.count(key) == 1);
  CHECK(errors.at(key).message_code() == 2001);
  d.write("token", "one");
  CHECK(store.resolve().empty());
  CHECK(value(key) == "one");
  CHECK(store.generation(key) == 1);
  CHECK(store.get("never added") == nullptr);
  CHECK(store.generation("never added") == 0);
}

TEST_CASE_FIXTURE(StoreFixture, "a name used twice is one credential") {
  d.write("token", "one");
  CHECK(store.add(ref("token")) == store.add(ref("token")));
  store.resolve();
  CHECK(store.add(ref("token")) == "token");
  CHECK(value("token") == "one");
}

TEST_CASE_FIXTURE(StoreFixture, "a provider that this version lacks, CS2002") {
  for (const char* text : {"vault/splunk#hec_token", "k8s_secret/siem#slack", "vualt/x"}) {
    const std::string key = store.add(ref(text));
    const auto errors = store.resolve();
    REQUIRE(errors.count(key) == 1);
    CHECK(errors.at(key).message_code() == 2002);
    CHECK(errors.at(key).code() == Code::unsupported);
    CHECK(errors.at(key).what().find("is not part of this version") != std::string::npos);
  }
}

TEST_CASE_FIXTURE(StoreFixture, "a value is fetched again when its interval is over, give or take a tenth") {
  d.write("token", "one");
  store.add(ref("token"));
  store.resolve();
  d.write("token", "two");
  clock.advance_ms(53'900);
  CHECK(store.resolve().empty());
  CHECK(value("token") == "one");
  clock.advance_ms(12'200);
  CHECK(store.resolve().empty());
  CHECK(value("token") == "two");
  CHECK(store.generation("token") == 2);
}

TEST_CASE_FIXTURE(StoreFixture, "an unchanged value keeps its generation and its object") {
  d.write("token", "one");
  store.add(ref("token"));
  store.resolve();
  const auto before = store.get("token");
  clock.advance_ms(70'000);
  store.resolve();
  CHECK(store.get("token") == before);
  CHECK(store.generation("token") == 1);
}

TEST_CASE_FIXTURE(StoreFixture, "who holds the old value keeps it") {
  d.write("token", "one");
  store.add(ref("token"));
  store.resolve();
  const auto old = store.get("token");
  d.write("token", "two");
  REQUIRE(*store.refresh("token"));
  CHECK(text_of(old) == "one");
  CHECK(value("token") == "two");
}

TEST_CASE_FIXTURE(StoreFixture, "a failure leaves the last known value in use and is reported") {
  const std::string file = d.write("token", "one");
  store.add(ref("token"));
  store.resolve();
  std::filesystem::remove(file);
  clock.advance_ms(70'000);
  CHECK(store.resolve().count("token") == 1);
  CHECK(value("token") == "one");
  CHECK(store.generation("token") == 1);
  const auto forced = store.refresh("token");
  CHECK_FALSE(forced);
  CHECK(value("token") == "one");
  d.write("token", "two");
  clock.advance_ms(60'000);
  CHECK(store.resolve().empty());
  CHECK(value("token") == "two");
}

TEST_CASE_FIXTURE(StoreFixture, "failures of a known credential are retried with growing pauses, not at each call") {
  const std::string file = d.write("token", "one");
  store.add(ref("token"));
  store.resolve();
  std::filesystem::remove(file);
  clock.advance_ms(70'000);
  int failures = 0;
  for (int i = 0; i < 60'000; ++i) {  // a minute in steps of a millisecond
    failures += static_cast<int>(store.resolve().size());
    clock.advance_ms(1);
  }
  CHECK(failures >= 2);
  CHECK(failures <= 40);
}

TEST_CASE_FIXTURE(StoreFixture, "a forced refresh reads at once, and not again within its spacing") {
  d.write("token", "one");
  store.add(ref("token"));
  store.resolve();
  d.write("token", "two");
  auto changed = store.refresh("token");
  REQUIRE(changed);
  CHECK(*changed);
  d.write("token", "three");
  clock.advance_ms(29'999);
  changed = store.refresh("token");
  REQUIRE(changed);
  CHECK_FALSE(*changed);
  CHECK(value("token") == "two");
  clock.advance_ms(1);
  CHECK(*store.refresh("token"));
  CHECK(value("token") == "three");
  CHECK_FALSE(*store.refresh("token"));
  CHECK_FALSE(store.refresh("never added"));
}

TEST_CASE_FIXTURE(StoreFixture, "variables of the environment do not refresh") {
  ::setenv("CSIEM_TEST_STORE", "from-env", 1);
  const std::string key = store.add(ref("env/CSIEM_TEST_STORE"));
  CHECK(store.resolve().empty());
  CHECK(value(key) == "from-env");
  clock.advance_ms(86'400'000);
  CHECK(store.resolve().empty());
  CHECK_FALSE(*store.refresh(key));
  CHECK(value(key) == "from-env");
}

TEST_CASE_FIXTURE(StoreFixture, "literals are there at once, masked, and apart from names") {
  const std::string key = store.add_literal("exporters.a.token", "literal-secret-value");
  CHECK(value(key) == "literal-secret-value");
  CHECK(store.generation(key) == 1);
  CHECK(log::scrub("literal-secret-value") == "***");
  CHECK(key.find("literal-secret-value") == std::string::npos);
  CHECK(store.add_literal("exporters.b.token", "other-value") != key);
  CHECK(store.add_literal("exporters.a.token", "changed-value") == key);
  CHECK(store.generation(key) == 2);
  CHECK_FALSE(*store.refresh(key));
  CHECK(store.resolve().empty());
  CHECK(store.get(store.add_literal("exporters.c.token", "")) == nullptr);
}

TEST_CASE("interval 0 never refreshes by itself") {
  SecretsDirectory d;
  ManualClock clock;
  CredentialStore::Settings settings;
  settings.default_provider = "file";
  settings.refresh_interval_ms = 0;
  settings.file = d.settings();
  CredentialStore store(settings, clock);
  d.write("token", "one");
  store.add(ref("token"));
  store.resolve();
  d.write("token", "two");
  clock.advance_ms(86'400'000);
  store.resolve();
  CHECK(text_of(store.get("token")) == "one");
  CHECK(*store.refresh("token"));
}

TEST_CASE_FIXTURE(StoreFixture, "readers on other threads see whole values while they rotate") {
  log::set_level(log::Level::warn);  // 200 rotations would fill the output
  d.write("token", std::string(1000, 'a'));
  store.add(ref("token"));
  store.resolve();
  std::atomic<bool> stop{false};
  std::atomic<int> broken{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      uint64_t last = 0;
      while (!stop) {
        const uint64_t generation = store.generation("token");
        const std::string text = text_of(store.get("token"));
        if (text.size() != 1000 || text.find_first_not_of(text[0]) != std::string::npos || generation < last) ++broken;
        last = generation;
        store.add(ref("token"));
      }
    });
  for (int i = 1; i < 200; ++i) {
    const std::string file = d.write("token.new", std::string(1000, static_cast<char>('a' + i % 26)));
    std::filesystem::rename(file, d.path + "/token");
    clock.advance_ms(31'000);
    CHECK(store.refresh("token"));
  }
  stop = true;
  for (auto& reader : readers) reader.join();
  CHECK(broken == 0);
  CHECK(store.generation("token") == 200);
}

TEST_CASE_FIXTURE(StoreFixture, "no error text holds a value") {
  d.write("token", "value-of-the-token", 0644);
  d.write("bad.json", R"({"k":"value-of-the-token")");
  store.add(ref("token"));
  store.add(ref("bad.json#k"));
  const auto errors = store.resolve();
  REQUIRE(errors.size() == 2);
  for (const auto& [key, error] : errors) CHECK(error.what().find("value-of-the-token") == std::string::npos);
}

}  // namespace
}  // namespace csiem::credentials
