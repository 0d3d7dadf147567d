// Exporter `file` through its entry point: where lines go, which events are refused, what an error becomes.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <csiem/json.hpp>

#include <boost/json.hpp>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "file/path_template.hpp"
#include "file/test_files.hpp"

using csiem::str;
using csiem::testing::Directory;

namespace {

constexpr int64_t kNow = 1'772'438'400'000'000'000;  // 2026-03-02T08:00:00Z

// Events with bodies; strings stay where they are.
class Batch {
 public:
  Batch& add(std::string body, std::string tenant = {}, int64_t time_unix_ns = kNow) {
    csiem_event& e = events_.emplace_back();
    e.struct_size = sizeof e;
    e.time_unix_ns = time_unix_ns;
    if (!tenant.empty()) e.tenant_id = keep(std::move(tenant));
    bodies_.push_back(keep(std::move(body)));
    return *this;
  }
  const csiem_batch& view(bool with_bodies = true) {
    pointers_.clear();
    for (const csiem_event& e : events_) pointers_.push_back(&e);
    batch_ = {};
    batch_.struct_size = sizeof batch_;
    batch_.count = static_cast<uint32_t>(events_.size());
    batch_.events = pointers_.data();
    batch_.bodies = with_bodies ? bodies_.data() : nullptr;
    return batch_;
  }

 private:
  csiem_str keep(std::string text) { return str(strings_.emplace_back(std::move(text))); }
  std::deque<std::string> strings_;
  std::deque<csiem_event> events_;
  std::vector<const csiem_event*> pointers_;
  std::vector<csiem_str> bodies_;
  csiem_batch batch_{};
};

struct Result {
  int32_t outcome = -1;
  std::string code, message;
  std::map<uint32_t, std::string> except;  // index: outcome and code
};

// A host that waits for the worker's answer.
class Host {
 public:
  explicit Host(const std::string& settings) : settings_(boost::json::parse(settings)) {
    host_ = {sizeof host_, CSIEM_ABI_VERSION, "test", "1", &Host::service};
    csiem_create_args args{};
    args.struct_size = sizeof args;
    args.host = &host_;
    args.instance = reinterpret_cast<const csiem_instance*>(this);
    csiem_error err{};
    created = api().create(&args, &self_, &err) == CSIEM_OK;
    error.assign(err.text, err.len);
  }
  ~Host() {
    if (self_ != nullptr) api().destroy(self_);
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  bool created = false;
  std::string error;

  Result send(const csiem_batch& batch) {
    csiem_error err{};
    REQUIRE(created);
    REQUIRE(api().submit(self_, &batch, ++token_, &err) == CSIEM_OK);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return results_.count(token_) == 1; });
    return results_[token_];
  }
  uint64_t counter(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return counters_[name];
  }

 private:
  static const csiem_exporter_v1& api() {
    return *static_cast<const csiem_exporter_v1*>(csiem_plugin_v1(CSIEM_ABI_VERSION)->components[0]->api);
  }
  static Host& of(const csiem_instance* i) { return *reinterpret_cast<Host*>(const_cast<csiem_instance*>(i)); }
  static const boost::json::value* find(const csiem_instance* i, csiem_str key) {
    std::string pointer = "/" + std::string(csiem::view(key));
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    boost::json::error_code ignored;
    return of(i).settings_.find_pointer(pointer, ignored);
  }
  static csiem_status get_str(const csiem_instance* i, csiem_str key, csiem_str* out) CSIEM_NOEXCEPT {
    const auto* value = find(i, key);
    if (value == nullptr) return CSIEM_E_INVALID;
    of(i).texts_.push_back(value->is_string() ? std::string(value->get_string().c_str())
                                              : boost::json::serialize(*value));
    *out = str(of(i).texts_.back());
    return CSIEM_OK;
  }
  static csiem_status get_i64(const csiem_instance* i, csiem_str key, int64_t* out) CSIEM_NOEXCEPT {
    const auto* value = find(i, key);
    if (value == nullptr || !value->is_int64()) return CSIEM_E_INVALID;
    *out = value->get_int64();
    return CSIEM_OK;
  }
  static csiem_status complete(const csiem_instance* i, uint64_t token, const csiem_batch_result* r) CSIEM_NOEXCEPT {
    Result result;
    result.outcome = r->outcome;
    result.code = csiem::view(r->code);
    result.message = csiem::view(r->message);
    for (uint32_t n = 0; n < r->except_count; ++n)
      result.except[r->except[n].index] =
          std::to_string(r->except[n].outcome) + " " + std::string(csiem::view(r->except[n].code));
    const std::lock_guard lock(of(i).mutex_);
    of(i).results_[token] = std::move(result);
    of(i).changed_.notify_all();
    return CSIEM_OK;
  }
  static void count(const csiem_instance* i, csiem_str name, uint64_t delta) CSIEM_NOEXCEPT {
    const std::lock_guard lock(of(i).mutex_);
    of(i).counters_[std::string(csiem::view(name))] += delta;
  }
  static int64_t now() CSIEM_NOEXCEPT { return kNow; }
  static const void* service(const csiem_host*, const char* id) CSIEM_NOEXCEPT {
    static const csiem_config_v1 config = {sizeof config, 0, &get_str, &get_i64};
    static const csiem_delivery_v1 delivery = {sizeof delivery, 0, &complete, nullptr};
    static const csiem_metrics_v1 metrics = {sizeof metrics, 0, &count, nullptr};
    static const csiem_runtime_v1 runtime = {sizeof runtime, 0, &now, &now, nullptr, nullptr, nullptr, nullptr};
    const std::string_view name = id;
    if (name == CSIEM_SERVICE_CONFIG) return &config;
    if (name == CSIEM_SERVICE_DELIVERY) return &delivery;
    if (name == CSIEM_SERVICE_METRICS) return &metrics;
    return name == CSIEM_SERVICE_RUNTIME ? &runtime : nullptr;
  }

  boost::json::value settings_;
  std::deque<std::string> texts_;
  csiem_host host_{};
  void* self_ = nullptr;
  uint64_t token_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint64_t, Result> results_;
  std::map<std::string, uint64_t> counters_;
};

std::string settings(const std::string& path, const std::string& more = {}) {
  return R"({"path":")" + path + "\"" + more + "}";
}

}  // namespace

TEST_CASE("one line per event, in order, delivered after the write") {
  Directory dir;
  for (const char* sync : {"batch", "interval", "none"}) {
    Host host(settings(dir.path(sync), std::string(R"(,"sync":")") + sync + "\""));
    CHECK(host.send(Batch().add("{\"a\":1}").add("{\"b\":2}").view()).outcome == CSIEM_DELIVERED);
    CHECK(host.send(Batch().add("{\"c\":3}").view()).outcome == CSIEM_DELIVERED);
    CHECK(dir.read(sync) == "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n");
  }
}

TEST_CASE("a batch of more events than one system call takes") {
  Directory dir;
  Host host(settings(dir.path("a")));
  Batch batch;
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    batch.add(std::to_string(i));
    expected += std::to_string(i) + "\n";
  }
  CHECK(host.send(batch.view()).outcome == CSIEM_DELIVERED);
  CHECK(dir.read("a") == expected);
}

TEST_CASE("a body with a line feed is refused, its neighbours are written") {
  Directory dir;
  Host host(settings(dir.path("a")));
  const Result result = host.send(Batch().add("1").add("2\n3").add("4").view());
  CHECK(result.outcome == CSIEM_DELIVERED);
  CHECK(result.except == std::map<uint32_t, std::string>{{1, "2 line_feed"}});
  CHECK(dir.read("a") == "1\n4\n");
}

TEST_CASE("without bodies there is nothing to write") {
  Directory dir;
  Host host(settings(dir.path("a")));
  CHECK(host.send(Batch().add("1").view(false)).outcome == CSIEM_CONFIG);
}

TEST_CASE("fields and the event's day choose the file; directories below the literal one are created") {
  Directory dir;
  Host host(settings(dir.path("{session.tenant_id|default}/{date}.jsonl"), R"(,"max_open":2)"));
  Batch batch;
  for (int round = 0; round < 2; ++round)
    for (const char* tenant : {"acme", "globex", "", "initech", "umbrella"})
      batch.add(std::string(tenant) + std::to_string(round), tenant);
  batch.add("yesterday", "acme", kNow - 9 * 3'600'000'000'000);
  CHECK(host.send(batch.view()).outcome == CSIEM_DELIVERED);
  CHECK(dir.read("acme/2026-03-02.jsonl") == "acme0\nacme1\n");
  CHECK(dir.read("acme/2026-03-01.jsonl") == "yesterday\n");
  CHECK(dir.read("default/2026-03-02.jsonl") == "0\n1\n");
  CHECK(dir.read("umbrella/2026-03-02.jsonl") == "umbrella0\numbrella1\n");
}

TEST_CASE("what would leave the literal directory is refused, event by event") {
  Directory dir;
  Host host(settings(dir.path("in/x{session.tenant_id}.jsonl")));
  std::filesystem::create_directory(dir.path("in"));
  Batch batch;
  batch.add("ok", "acme");
  for (const char* bad : {"../out", "a/b", "..", "a..b", "", "a\nb", "\x7f"}) batch.add("bad", bad);
  batch.add("bad", std::string(300, 'x'));
  const Result result = host.send(batch.view());
  CHECK(result.outcome == CSIEM_DELIVERED);
  CHECK(result.except.size() == 8);
  for (const auto& [index, verdict] : result.except) CHECK(verdict == "2 confinement");
  CHECK(dir.list() == std::vector<std::string>{"in"});
  CHECK(dir.list("in") == std::vector<std::string>{"xacme.jsonl"});
}

TEST_CASE("a directory that is not there holds the exporter and rejects nothing") {
  Directory dir;
  Host host(settings(dir.path("missing/a")));
  const Result result = host.send(Batch().add("1").add("2").view());
  CHECK(result.outcome == CSIEM_CONFIG);
  CHECK(result.code == "ENOENT");
  CHECK(result.except.empty());
  std::filesystem::create_directory(dir.path("missing"));
  CHECK(host.send(Batch().add("1").view()).outcome == CSIEM_DELIVERED);
}

TEST_CASE("one broken place does not stop the others") {
  Directory dir;
  dir.write("target", "");
  std::filesystem::create_symlink(dir.path("target"), dir.path("bad.log"));
  Host host(settings(dir.path("{session.tenant_id}.log")));
  const Result result = host.send(Batch().add("1", "good").add("2", "bad").add("3", "good").view());
  CHECK(result.outcome == CSIEM_DELIVERED);
  CHECK(result.except == std::map<uint32_t, std::string>{{1, "5 ELOOP"}});
  CHECK(dir.read("good.log") == "1\n3\n");
}

TEST_CASE("an unfinished last line and a rotation are counted") {
  Directory dir;
  dir.write("a", "one\ntw");
  Host host(settings(dir.path("a"), R"(,"rotate":{"max_bytes":8,"gzip":true,"keep":3})"));
  CHECK(host.send(Batch().add("two").view()).outcome == CSIEM_DELIVERED);
  CHECK(dir.read("a") == "one\ntwo\n");
  CHECK(host.counter("partial_lines") == 1);
  CHECK(host.send(Batch().add("three").view()).outcome == CSIEM_DELIVERED);
  CHECK(host.counter("rotated") == 1);
  CHECK(dir.read("a") == "three\n");
}

TEST_CASE("settings that cannot work are refused with the reason") {
  for (const auto& [json, why] :
       {std::pair<std::string, std::string>{settings("relative"), "path: must be absolute, or - for standard output"},
        {settings("/{session.id}"), "path: must begin with a directory written out, in front of the first '{'"},
        {settings("/var/log/{nonsense}"),
         "path: '{nonsense}' is neither {date} nor a field of an event; use for example {session.tenant_id|none}"},
        {settings("/var/log/{date"), "path: '{' without '}'"},
        {settings("/var/log/{session.id|../x}"), "path: the default of '{session.id}' is a value with a slash"},
        {settings("/var/log/"), "path: ends in an empty name"},
        {settings("/var/../log/a"), "path: must not hold '..'"},
        {settings("/a/b", R"(,"mode":"rw")"), "mode: must be octal, like \"0640\""},
        {settings("/a/b", R"(,"sync":"often")"), "sync: must be batch, interval or none"},
        {"{}", "path: missing"}}) {
    Host host(json);
    CHECK_FALSE(host.created);
    CHECK(host.error == why);
  }
}

TEST_CASE("the settings schema is JSON and documents every key") {
  const auto schema = boost::json::parse(csiem_plugin_v1(CSIEM_ABI_VERSION)->components[0]->config_schema);
  for (const auto& property : schema.at("properties").as_object())
    CHECK(property.value().as_object().if_contains("description") != nullptr);
  CHECK(schema.at("x-csiem-defaults").at("batch_size") == 1000);
}
