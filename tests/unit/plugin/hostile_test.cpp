// Every plugin of tests/hostile against the real registry and instances: refused with the right code, or survived.
#include <doctest/doctest.h>

#include <thread>

#include "base/buffer.hpp"
#include "fake_host.hpp"

using namespace csiem::plugin;
using namespace csiem::plugin::test;

namespace {

Registry& registry() {
  static Registry all(only(HOSTILE_DIR));
  return all;
}

const Component& good(const std::string& sin) {
  auto found = registry().exporter("hostile_" + sin);
  INFO(sin << ": " << (found ? "" : found.error().what()));
  REQUIRE(bool(found));
  return **found;
}

struct Running {
  explicit Running(const std::string& sin, const std::string& config = "{}") {
    auto made = ExporterInstance::create(good(sin), host, slot, "my-" + sin, config);
    INFO(sin << ": " << (made ? "" : made.error().what()));
    REQUIRE(bool(made));
    instance = *std::move(made);
  }
  FakeHost host;
  CallSlot slot;
  Batch batch{3};
  std::unique_ptr<ExporterInstance> instance;
};

}  // namespace

TEST_CASE("what cannot be trusted to run is refused, with the code that says why") {
  const struct {
    const char* sin;
    int code;
    const char* words;
  } kCases[] = {
      {"undefined_symbol", 3003, "undefined symbol: csiem_test_nobody_defines_this"},
      {"missing_library", 3007, "libcsiem-test-absent.so.9"},
      {"no_entry", 3003, "does not export csiem_plugin_v1"},
      {"abi_two", 3002, "ABI 2.0, daemon speaks " CSIEM_ABI_TEXT ""},
      {"entry_two", 3002, "needs plugin ABI 2"},
      {"needs_newer_host", 3002, "1.99"},
      {"null_descriptor", 3008, "null"},
      {"throwing_entry", 3008, "threw"},
      {"null_callback", 3008, "hostile_null_callback.submit: is null"},
      {"garbage_callback", 3008, "hostile_garbage_callback.submit: is not a function of the plugin"},
      {"data_callback", 3008, "hostile_data_callback.cancel: is not a function of the plugin"},
      {"foreign_callback", 3008, "hostile_foreign_callback.destroy: is not a function of the plugin"},
      {"misaligned_table", 3008, "hostile_misaligned_table.api: points outside of the plugin, or is misaligned"},
      {"wild_strings", 3008, "component 0.name: is not a string of the plugin"},
      {"endless_components", 3008, "component_count"},
      {"tiny_struct", 3008, "hostile_tiny_struct.api.struct_size: is 8"},
      {"huge_struct", 3008, "hostile_huge_struct.api.struct_size"},
      {"other_name", 3008, "splunk: is not announced"},
      {"bad_schema", 3008, "config_schema"},
  };
  for (const auto& c : kCases) {
    CAPTURE(c.sin);
    const auto found = registry().exporter(std::string("hostile_") + c.sin);
    REQUIRE_FALSE(bool(found));
    CHECK(found.error().message_code() == c.code);
    INFO(found.error().what());
    CHECK(found.error().what().find(c.words) != std::string::npos);
    // The path of the file is there for the operator, the descriptor's is not.
    CHECK(found.error().what().find(hostile_file(c.sin)) != std::string::npos);
    CHECK(found.error().what().find("/proc/self/fd") == std::string::npos);
    // The second time it is not loaded again.
    const auto again = registry().exporter(std::string("hostile_") + c.sin);
    REQUIRE_FALSE(bool(again));
    CHECK(again.error().what() == found.error().what());
  }
}

TEST_CASE("a file without a note is listed as refused and never loaded") {
  for (const PluginFile& file : registry().files())
    if (file.path == hostile_file("no_note")) {
      CHECK(file.refused_code == 3003);
      CHECK(file.components.empty());
      return;
    }
  FAIL("not listed");
}

TEST_CASE("a later minor works, its unknown tails are ignored") {
  CHECK(good("newer_minor").abi_version == ((CSIEM_ABI_MAJOR << 16) | 7));
  CHECK(good("newer_minor").exporter.struct_size > sizeof(csiem_exporter_v1));
  Running r("newer_minor");
  CHECK(r.instance->submit(*r.batch, 1, nullptr) == CSIEM_OK);
  REQUIRE(r.host.completions.size() == 1);
  CHECK(r.host.completions[0].outcome == CSIEM_DELIVERED);
}

TEST_CASE("the first edition's shorter table works, what it lacks is null") {
  Running r("short_struct");
  CHECK_FALSE(r.instance->has_health());
  CHECK(r.instance->health(5, nullptr) == CSIEM_E_UNSUPPORTED);
  CHECK(good("short_struct").limits.max_events == 0);
  CHECK(r.instance->submit(*r.batch, 1, nullptr) == CSIEM_OK);
  CHECK(r.host.completions.size() == 1);
}

TEST_CASE("create that throws or refuses fails with CS3009 and the plugin's words, cleaned") {
  FakeHost host;
  CallSlot slot;
  auto made = ExporterInstance::create(good("throws_in_create"), host, slot, "x", "{}");
  REQUIRE_FALSE(bool(made));
  CHECK(made.error().message_code() == 3009);
  CHECK(made.error().what() == "x: create threw 'no mood'");

  made = ExporterInstance::create(good("refuses_settings"), host, slot, "x", "{}");
  REQUIRE_FALSE(bool(made));
  CHECK(made.error().message_code() == 3009);
  CHECK(made.error().what().substr(0, 15) == "x: bad endpoint");
  CHECK(made.error().what().size() < 520);
  CHECK(made.error().what().find('\xff') == std::string::npos);
  CallSlot::Running running;
  CHECK_FALSE(slot.running(0, &running));
}

TEST_CASE("an exception out of a call is a status and a strike") {
  Running r("throws_in_submit", R"({"good":1})");
  std::string error;
  CHECK(r.instance->submit(*r.batch, 1, &error) == CSIEM_OK);
  CHECK(r.instance->submit(*r.batch, 2, &error) == CSIEM_E_INTERNAL);
  CHECK(error == "threw out of submit");
  REQUIRE(r.host.strikes.size() == 1);
  CHECK(r.host.strikes[0] == "threw 'out of ideas' out of submit");
  CHECK_FALSE(r.slot.running(0, nullptr));
}

TEST_CASE("things that are no std::exception are caught out of every callback") {
  Running r("throws_in_callbacks");
  CHECK(r.instance->submit(*r.batch, 1, nullptr) == CSIEM_OK);
  r.host.run_tasks(*r.instance);
  r.instance->cancel(1);
  CHECK(r.instance->health(2, nullptr) == CSIEM_E_INTERNAL);
  r.instance.reset();
  REQUIRE(r.host.strikes.size() == 4);
  CHECK(r.host.strikes[0].find("out of task") != std::string::npos);
  CHECK(r.host.strikes[1].find("out of cancel") != std::string::npos);
  CHECK(r.host.strikes[2].find("out of health") != std::string::npos);
  CHECK(r.host.strikes[3].find("out of destroy") != std::string::npos);
}

TEST_CASE("a format that throws costs its event only") {
  auto format = registry().format("hostile_throws_in_encode");
  REQUIRE(bool(format));
  CallSlot slot;
  auto made = FormatInstance::create(**format, slot, "{}");
  REQUIRE(bool(made));
  csiem::Buffer buffer;
  buffer.append("before");
  csiem_event event{};
  for (int i = 0; i < 3; ++i) {
    const auto encoded = (*made)->encode(event, buffer.writer());
    REQUIRE_FALSE(bool(encoded));
    CHECK(encoded.error().message_code() == 3010);
    CHECK(encoded.error().what() == "hostile_throws_in_encode: encode threw 'half way'");
    buffer.truncate(6);
  }
  CHECK(buffer.view() == "before");
}

TEST_CASE("what the lane has to judge reaches it unchanged") {
  SUBCASE("completes twice") {
    Running r("completes_twice");
    CHECK(r.instance->submit(*r.batch, 9, nullptr) == CSIEM_OK);
    REQUIRE(r.host.completions.size() == 2);
    CHECK(r.host.completions[0].outcome == CSIEM_DELIVERED);
    CHECK(r.host.completions[1].outcome == CSIEM_REJECT);
  }
  SUBCASE("after cancel") {
    Running r("completes_after_cancel");
    CHECK(r.instance->submit(*r.batch, 9, nullptr) == CSIEM_OK);
    r.instance->cancel(9);
    CHECK(r.host.completions.empty());
    r.host.run_tasks(*r.instance);
    REQUIRE(r.host.completions.size() == 1);
    CHECK(r.host.completions[0].token == 9);
  }
  SUBCASE("a forged token") {
    Running r("forged_token");
    CHECK(r.instance->submit(*r.batch, 9, nullptr) == CSIEM_OK);
    REQUIRE(r.host.completions.size() == 1);
    CHECK(r.host.completions[0].token != 9);
  }
  SUBCASE("an index out of range") {
    Running r("index_out_of_range");
    CHECK(r.instance->submit(*r.batch, 9, nullptr) == CSIEM_OK);
    CHECK(r.host.completions.at(0).except_count == 1);
  }
  SUBCASE("a tiny stride") {
    Running r("tiny_stride");
    CHECK(r.instance->submit(*r.batch, 9, nullptr) == CSIEM_OK);
    CHECK(r.host.completions.at(0).except_stride == 4);
  }
  SUBCASE("a null array") {
    Running r("null_array");
    CHECK(r.instance->submit(*r.batch, 9, nullptr) == CSIEM_OK);
    CHECK(r.host.completions.at(0).except == nullptr);
    CHECK(r.host.completions.at(0).except_count == 3);
  }
  SUBCASE("a repeated index") {
    Running r("index_repeated");
    CHECK(r.instance->submit(*r.batch, 9, nullptr) == CSIEM_OK);
    CHECK(r.host.completions.at(0).except_count == 2);
  }
  SUBCASE("an unknown outcome") {
    Running r("unknown_outcome");
    CHECK(r.instance->submit(*r.batch, 9, nullptr) == CSIEM_OK);
    CHECK(r.host.completions.at(0).outcome == 99);
  }
  SUBCASE("nothing at all") {
    Running r("never_completes");
    CHECK(r.instance->submit(*r.batch, 9, nullptr) == CSIEM_OK);
    CHECK(r.host.completions.empty());
    r.instance->cancel(9);
  }
}

TEST_CASE("a result without a body is a strike and completes nothing") {
  Running r("short_result");
  CHECK(r.instance->submit(*r.batch, 9, nullptr) == CSIEM_OK);
  CHECK(r.host.completions.empty());
  CHECK(r.host.strikes.size() == 2);
}

TEST_CASE("requests that are no requests are strikes and never sent") {
  Running r("bad_requests");
  CHECK(r.instance->submit(*r.batch, 9, nullptr) == CSIEM_OK);
  CHECK(r.host.requests.empty());
  CHECK(r.host.strikes.size() == 5);
}

TEST_CASE("a flood of log lines and metric names is cut to the quota") {
  Running r("floods_log");
  CHECK(r.instance->submit(*r.batch, 9, nullptr) == CSIEM_OK);
  CHECK(r.host.lines.size() >= 100);
  CHECK(r.host.lines.size() <= 400);  // a hundred per second, on a slow machine over a few seconds
  CHECK(r.host.lines[0].first == CSIEM_LOG_ERROR);
  CHECK(r.host.lines[0].second.size() <= 1024 + 1 + 64 + 1 + 512);
  CHECK(r.host.lines[0].second.find('\xff') == std::string::npos);
  CHECK(r.host.metrics.size() == 32);
  CHECK_FALSE(r.host.strikes.empty());
}

TEST_CASE("a plugin's thread that outlives its instance meets a closed gate") {
  auto r = std::make_unique<Running>("calls_after_destroy");
  CHECK(r->instance->submit(*r->batch, 9, nullptr) == CSIEM_OK);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  r.reset();  // the host is gone, too
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
}

TEST_CASE("a call that does not return shows in its slot, and its thread is given up") {
  auto* r = new Running("hangs_in_submit");  // never freed: a stuck thread still refers to it
  static auto& forever = *new std::vector<Running*>();
  forever.push_back(r);
  std::thread([r] { r->instance->submit(*r->batch, 9, nullptr); }).detach();
  const auto now = [] { return csiem::system_clock().mono_ns(); };
  CallSlot::Running running;
  for (int i = 0; i < 200 && !r->slot.running(now(), &running); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(running.instance == "my-hangs_in_submit");
  CHECK(std::string(running.call) == "submit");
  CHECK_FALSE(r->slot.abandon(now(), int64_t{3600} * 1'000'000'000, &running));
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  CHECK(r->slot.abandon(now(), 10'000'000, &running));
  CHECK(running.for_ns >= 10'000'000);
  CHECK(r->slot.abandoned());
  CHECK_FALSE(r->slot.abandon(now(), 0, &running));
  r->instance->abandon();
}

TEST_CASE("a thread that was given up parks when its call returns after all") {
  auto* r = new Running("hangs_in_submit", R"({"hang_ms":150})");
  static auto& forever = *new std::vector<Running*>();
  forever.push_back(r);
  static std::atomic<bool> came_back{false};
  std::thread([r] {
    r->instance->submit(*r->batch, 9, nullptr);
    came_back = true;
  }).detach();
  const auto now = [] { return csiem::system_clock().mono_ns(); };
  bool abandoned = false;
  for (int i = 0; i < 100 && !abandoned; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    abandoned = r->slot.abandon(now(), 0, nullptr);
  }
  CHECK(abandoned);
  r->instance->abandon();
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  CHECK_FALSE(came_back);
}
