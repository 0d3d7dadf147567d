// A host in memory for the unit tests of plugins: goes through the plugin's own entry point, records what it asks for,
// plays the answers. Tests only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>
#include <csiem/json.hpp>
#include <csiem/sdk/host.hpp>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace csiem::testing {

struct SentRequest {
  uint64_t id = 0;
  std::string method, url, url_secret, body;
  std::vector<std::pair<std::string, std::string>> headers;  // a secret shows as <name>
  bool gzip = false;
  uint32_t max_response_bytes = 0;
  csiem_http_done done = nullptr;
  void* user = nullptr;

  std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (key == name) return value;
    return "(none)";
  }
  bool has_header(std::string_view name) const { return header(name) != "(none)"; }
};

struct Result {
  uint64_t token = 0;
  int32_t outcome = -1;
  uint32_t retry_after_ms = 0;
  std::string code, message;
  struct One {
    int32_t outcome;
    int32_t http_status;
    std::string code, message;
  };
  std::map<uint32_t, One> except;
  bool repeated_index = false;

  int32_t of(uint32_t index) const {
    const auto at = except.find(index);
    return at == except.end() ? outcome : at->second.outcome;
  }
  // One letter per event: D delivered, R retry, X rejected, S split, A auth, C config.
  std::string letters(uint32_t count) const {
    std::string out;
    for (uint32_t i = 0; i < count; ++i) out += std::string_view("DRXSAC-")[static_cast<std::size_t>(of(i))];
    return out;
  }
};

// Events with the fields that exporters look at, and their bodies. Strings stay where they are for the batch's life.
class Batch {
 public:
  explicit Batch(std::string content_type = "application/json") : content_type_(std::move(content_type)) {}

  csiem_event& add(std::string_view id, std::string_view body, int64_t time_unix_ns = 1'767'225'600'123'456'789) {
    csiem_event event{};
    event.struct_size = sizeof event;
    event.time_unix_ns = time_unix_ns;
    event.event_id = keep(id);
    event.time_text = keep("2026-01-01T00:00:00.123456789Z");
    event.type_name = keep("forbidden_path");
    event.severity_name = keep("high");
    event.agent_name = keep("agent-1");
    events_.push_back(event);
    bodies_.push_back(keep(body));
    return events_.back();
  }
  csiem_str keep(std::string_view text) { return str(strings_.emplace_back(text)); }
  csiem_event& event(std::size_t i) { return events_[i]; }

  const csiem_batch& view(uint32_t attempt = 0) {
    pointers_.clear();
    for (const csiem_event& event : events_) pointers_.push_back(&event);
    batch_ = csiem_batch{};
    batch_.struct_size = sizeof batch_;
    batch_.count = static_cast<uint32_t>(events_.size());
    batch_.attempt = attempt;
    batch_.batch_id = id_;
    batch_.events = pointers_.data();
    batch_.bodies = bodies_.data();
    batch_.content_type = str(content_type_);
    batch_.idempotency_key = str(key_);
    return batch_;
  }
  std::string key_ = "0f1e2d3c4b5a";

 private:
  static uint64_t next_id() {
    static uint64_t last = 0;
    return ++last;
  }
  uint64_t id_ = next_id();
  std::string content_type_;
  std::deque<std::string> strings_;
  std::deque<csiem_event> events_;
  std::vector<const csiem_event*> pointers_;
  std::vector<csiem_str> bodies_;
  csiem_batch batch_{};
};

// One instance of the plugin that is linked into the test.
class TestHost {
 public:
  std::map<std::string, std::string, std::less<>> secrets;  // by handle
  std::deque<SentRequest> requests;                         // not answered yet
  std::vector<SentRequest> sent;                            // all
  std::vector<Result> results;
  std::vector<uint64_t> let_go;  // tokens of batches that may not be read any more
  std::vector<std::string> log;
  std::map<std::string, uint64_t> counters;
  std::string error;  // of the last call that failed

  TestHost() = default;
  explicit TestHost(std::string_view config) { create(config); }
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;
  ~TestHost() {
    if (self_ != nullptr) api().destroy(self_);
  }

  // False when the plugin refused; `error` has its words.
  bool create(std::string_view config) {
    config_ = boost::json::parse({config.data(), config.size()});
    config_text_ = boost::json::serialize(config_);
    host_ = csiem_host{sizeof(csiem_host), CSIEM_ABI_VERSION, "test", "1", &TestHost::service};
    csiem_create_args args{};
    args.struct_size = sizeof args;
    args.host = &host_;
    args.instance = reinterpret_cast<const csiem_instance*>(this);
    args.instance_name = str("test");
    args.config_json = str(config_text_);
    csiem_error err{};
    const csiem_status status = api().create(&args, &self_, &err);
    error.assign(err.text, err.len);
    return status == CSIEM_OK;
  }
  csiem_status submit(const csiem_batch& batch, uint64_t token = 1) {
    csiem_error err{};
    const csiem_status status = api().submit(self_, &batch, token, &err);
    error.assign(err.text, err.len);
    return status;
  }
  csiem_status health(uint64_t token = 1) {
    csiem_error err{};
    return api().health(self_, token, &err);
  }
  void cancel(uint64_t token) { api().cancel(self_, token); }

  struct Answer {
    int32_t status = 200;
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    uint32_t retry_after_ms = 0;
    int32_t transport = CSIEM_TRANSPORT_OK;
    uint32_t flags = 0;
  };
  // Answers the oldest open request.
  void answer(const Answer& answer) {
    SentRequest request = std::move(requests.front());
    requests.pop_front();
    std::vector<csiem_kv> headers;
    for (const auto& [key, value] : answer.headers) headers.push_back({str(key), str(value)});
    csiem_http_response response{};
    response.struct_size = sizeof response;
    response.flags = answer.flags;
    response.transport = answer.transport;
    response.status = answer.transport == CSIEM_TRANSPORT_OK ? answer.status : 0;
    response.headers = headers.data();
    response.header_count = static_cast<uint32_t>(headers.size());
    response.retry_after_ms = answer.retry_after_ms;
    // An exact copy, so that a read past its end is seen by the sanitizer.
    const std::vector<char> body(answer.body.begin(), answer.body.end());
    response.body = {body.data() == nullptr ? "" : body.data(), body.size()};
    request.done(request.user, &response);
  }
  void answer(int32_t status, std::string body = {}) { answer(Answer{status, std::move(body), {}, 0, 0, 0}); }

  // For exporters that complete from a thread of their own: the verdict of the latest batch or health check.
  Result wait_for(uint64_t token) {
    std::unique_lock lock(mutex_);
    const auto find = [&] {
      return std::find_if(results.begin(), results.end(), [&](const Result& r) { return r.token == token; });
    };
    changed_.wait_for(lock, std::chrono::seconds(60), [&] { return find() != results.end(); });
    const auto found = find();
    return found == results.end() ? Result{} : *found;
  }
  Result deliver(const csiem_batch& batch) {
    const uint64_t token = ++last_token_;
    return submit(batch, token) == CSIEM_OK ? wait_for(token) : Result{};
  }
  uint64_t counter(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return counters[name];
  }

  // submit, answer, verdict.
  Result exchange(const csiem_batch& batch, const Answer& reply) {
    const std::size_t before = results.size();
    if (submit(batch) != CSIEM_OK || requests.empty()) return {};
    answer(reply);
    return results.size() == before + 1 ? results.back() : Result{};
  }
  Result exchange(const csiem_batch& batch, int32_t status, std::string body = {}) {
    return exchange(batch, Answer{status, std::move(body), {}, 0, 0, 0});
  }

  // The services of this instance, for what a plugin does with them on its own.
  csiem::Host host() {
    csiem_create_args args{};
    args.struct_size = sizeof args;
    args.host = &host_;
    args.instance = reinterpret_cast<const csiem_instance*>(this);
    return csiem::Host(args);
  }

  // Monotonic and wall-clock time go on, and timers that fall due run.
  void pass_ms(int64_t ms) {
    advance_ms(ms);
    while (true) {
      const auto due =
          std::find_if(timers_.begin(), timers_.end(), [](const auto& timer) { return timer.second.due_ns <= now(); });
      if (due == timers_.end()) return;
      const Timer timer = due->second;
      timers_.erase(due);
      timer.run(timer.user);
    }
  }
  std::size_t timers() const { return timers_.size(); }

  static void advance_ms(int64_t ms) {
    now() += ms * 1'000'000;
    unix_ns() += ms * 1'000'000;
  }
  // The wall clock; the events of a Batch are from the same minute unless told otherwise.
  static int64_t& unix_ns() {
    static int64_t value = 1'767'225'630'000'000'000;
    return value;
  }
  static const csiem_exporter_v1& api() {
    return *static_cast<const csiem_exporter_v1*>(csiem_plugin_v1(CSIEM_ABI_VERSION)->components[0]->api);
  }
  static std::string schema() { return csiem_plugin_v1(CSIEM_ABI_VERSION)->components[0]->config_schema; }

 private:
  static TestHost& of(const csiem_instance* instance) {
    return *reinterpret_cast<TestHost*>(const_cast<csiem_instance*>(instance));
  }
  static int64_t& now() {
    static int64_t value = 1'000'000'000'000;
    return value;
  }

  // The dotted path of csiem.config/1; "#0" names and "@0" is the first member of an object.
  const boost::json::value* find(std::string_view path) const {
    const boost::json::value* at = &config_;
    while (at != nullptr && !path.empty()) {
      const auto dot = path.find('.');
      const std::string_view step = path.substr(0, dot);
      path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
      if (at->is_object()) {
        if (step[0] == '#' || step[0] == '@') {
          const std::size_t i = static_cast<std::size_t>(std::atoi(std::string(step.substr(1)).c_str()));
          if (i >= at->get_object().size()) return nullptr;
          const auto& member = *(at->get_object().begin() + static_cast<std::ptrdiff_t>(i));
          if (step[0] == '#') {
            name_ = member.key();
            return &name_;
          }
          at = &member.value();
        } else {
          at = at->get_object().if_contains({step.data(), step.size()});
        }
      } else if (at->is_array()) {
        const std::size_t i = static_cast<std::size_t>(std::atoi(std::string(step).c_str()));
        at = i < at->get_array().size() ? &at->get_array()[i] : nullptr;
      } else {
        at = nullptr;
      }
    }
    return at;
  }
  static csiem_status get_str(const csiem_instance* instance, csiem_str key, csiem_str* out) noexcept {
    TestHost& host = of(instance);
    const boost::json::value* value = host.find(csiem::view(key));
    if (value == nullptr || value->is_null()) return CSIEM_E_INVALID;
    host.looked_up_.push_back(value->is_string() ? std::string(value->get_string().c_str())
                                                 : boost::json::serialize(*value));
    *out = str(host.looked_up_.back());
    return CSIEM_OK;
  }
  static csiem_status get_i64(const csiem_instance* instance, csiem_str key, int64_t* out) noexcept {
    const boost::json::value* value = of(instance).find(csiem::view(key));
    if (value == nullptr || !value->is_int64()) return CSIEM_E_INVALID;
    *out = value->get_int64();
    return CSIEM_OK;
  }
  static csiem_status send(const csiem_instance* instance, const csiem_http_request* request, csiem_http_done done,
                           void* user, uint64_t* id, csiem_error*) noexcept {
    TestHost& host = of(instance);
    SentRequest out;
    out.id = host.sent.size() + 1;
    out.method = csiem::view(request->method);
    out.url = csiem::view(request->url);
    out.url_secret = csiem::view(request->url_secret);
    for (uint32_t i = 0; i < request->part_count; ++i) out.body += csiem::view(request->parts[i]);
    for (uint32_t i = 0; i < request->header_count; ++i) {
      const csiem_header& header = request->headers[i];
      std::string value(csiem::view(header.value));
      if (header.secret.ptr != nullptr) value += "<" + std::string(csiem::view(header.secret)) + ">";
      out.headers.emplace_back(csiem::view(header.name), std::move(value));
    }
    out.gzip = (request->flags & CSIEM_HTTP_GZIP) != 0;
    out.max_response_bytes = request->max_response_bytes;
    out.done = done;
    out.user = user;
    if (id != nullptr) *id = out.id;
    host.sent.push_back(out);
    host.requests.push_back(std::move(out));
    return CSIEM_OK;
  }
  static void cancel_request(const csiem_instance* instance, uint64_t id) noexcept {
    auto& open = of(instance).requests;
    for (auto at = open.begin(); at != open.end(); ++at)
      if (at->id == id) {
        open.erase(at);
        return;
      }
  }
  static csiem_status timer(const csiem_instance* instance, uint32_t delay_ms, csiem_task run, void* user,
                            uint64_t* id) noexcept {
    TestHost& host = of(instance);
    ++host.last_timer_;
    if (id != nullptr) *id = host.last_timer_;
    host.timers_[host.last_timer_] = {now() + int64_t{delay_ms} * 1'000'000, run, user};
    return CSIEM_OK;
  }
  static csiem_status complete(const csiem_instance* instance, uint64_t token, const csiem_batch_result* r) noexcept {
    Result out;
    out.token = token;
    out.outcome = r->outcome;
    out.retry_after_ms = r->retry_after_ms;
    out.code = csiem::view(r->code);
    out.message = csiem::view(r->message);
    for (uint32_t i = 0; i < r->except_count; ++i) {
      const csiem_event_result& one = r->except[i];
      out.repeated_index |=
          !out.except
               .emplace(one.index, Result::One{one.outcome, one.http_status, std::string(csiem::view(one.code)),
                                               std::string(csiem::view(one.message))})
               .second;
    }
    TestHost& host = of(instance);
    {
      const std::lock_guard lock(host.mutex_);
      host.results.push_back(std::move(out));
    }
    host.changed_.notify_all();
    return CSIEM_OK;
  }
  static csiem_status let_go_of(const csiem_instance* instance, uint64_t token) noexcept {
    of(instance).let_go.push_back(token);
    return CSIEM_OK;
  }
  static csiem_status borrow(const csiem_instance* instance, csiem_str name, csiem_secret_use use,
                             void* user) noexcept {
    const auto at = of(instance).secrets.find(csiem::view(name));
    if (at == of(instance).secrets.end()) return CSIEM_E_DENIED;
    use(user, str(at->second));
    return CSIEM_OK;
  }
  static void random(void* out, std::size_t len) noexcept {
    static uint8_t value = 0;
    for (std::size_t i = 0; i < len; ++i) static_cast<uint8_t*>(out)[i] = value++;
  }

  static const void* service(const csiem_host*, const char* id) noexcept {
    static const csiem_log_v1 log = {
        sizeof log, 0, [](const csiem_instance*, int32_t) noexcept -> int32_t { return 1; },
        [](const csiem_instance* i, int32_t, csiem_str text, const csiem_kv*, uint32_t) noexcept {
          const std::lock_guard lock(of(i).mutex_);
          of(i).log.emplace_back(csiem::view(text));
        }};
    static const csiem_config_v1 config = {sizeof config, 0, &get_str, &get_i64};
    static const csiem_http_v1 http = {sizeof http, 0, &send, &cancel_request};
    static const csiem_delivery_v1 delivery = {sizeof delivery, 0, &complete, &let_go_of};
    static const csiem_secrets_v1 secrets = {sizeof secrets, 0, &borrow};
    static const csiem_runtime_v1 runtime = {
        sizeof runtime,
        0,
        []() noexcept -> int64_t { return now(); },
        []() noexcept -> int64_t { return unix_ns(); },
        &random,
        [](const csiem_instance*, csiem_task, void*) noexcept -> csiem_status { return CSIEM_E_UNSUPPORTED; },
        &timer,
        [](const csiem_instance* i, uint64_t which) noexcept { of(i).timers_.erase(which); }};
    static const csiem_metrics_v1 metrics = {sizeof metrics, 0,
                                             [](const csiem_instance* i, csiem_str name, uint64_t delta) noexcept {
                                               const std::lock_guard lock(of(i).mutex_);
                                               of(i).counters[std::string(csiem::view(name))] += delta;
                                             },
                                             [](const csiem_instance*, csiem_str, double) noexcept {}};
    const std::string_view name = id;
    if (name == CSIEM_SERVICE_LOG) return &log;
    if (name == CSIEM_SERVICE_CONFIG) return &config;
    if (name == CSIEM_SERVICE_HTTP) return &http;
    if (name == CSIEM_SERVICE_DELIVERY) return &delivery;
    if (name == CSIEM_SERVICE_SECRETS) return &secrets;
    if (name == CSIEM_SERVICE_RUNTIME) return &runtime;
    if (name == CSIEM_SERVICE_METRICS) return &metrics;
    return nullptr;
  }

  struct Timer {
    int64_t due_ns;
    csiem_task run;
    void* user;
  };

  std::map<uint64_t, Timer> timers_;
  uint64_t last_timer_ = 0;
  boost::json::value config_;
  mutable boost::json::value name_;
  std::string config_text_;
  std::deque<std::string> looked_up_;
  csiem_host host_{};
  void* self_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t last_token_ = 1000;
};

}  // namespace csiem::testing
