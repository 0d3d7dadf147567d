// Every function here is called by plugins, from any thread, with arguments that may be nonsense. Each one checks them,
// passes the gate, and lets nothing out that was thrown.
#include "plugin/services.hpp"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <memory>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "plugin/barrier.hpp"
#include "plugin/text.hpp"

using csiem::plugin::clean_text;
using csiem::plugin::ExporterHost;
using csiem::plugin::Gate;
using csiem::plugin::metric_name;
using csiem::plugin::shielded;
using csiem::plugin::slice;

csiem_instance& csiem_instance::make(std::string name, std::string component, ExporterHost* host) {
  static std::mutex mutex;
  static auto& records = *new std::deque<std::unique_ptr<csiem_instance>>();
  const std::lock_guard lock(mutex);
  records.push_back(std::make_unique<csiem_instance>(std::move(name), std::move(component), host));
  return *records.back();
}

namespace csiem::plugin {

void Gate::drain() const noexcept {
  while (inside_.load(std::memory_order_seq_cst) != 0) {
    const timespec pause{0, 1'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

bool LineQuota::take(int64_t mono_ns, uint64_t* left_out) noexcept {
  const std::lock_guard lock(mutex_);
  const int64_t second = mono_ns / 1'000'000'000;
  if (second != second_) {
    second_ = second;
    used_ = 0;
  }
  if (used_ == kPerSecond) {
    ++left_out_;
    return false;
  }
  ++used_;
  *left_out = left_out_;
  left_out_ = 0;
  return true;
}

namespace {

constexpr std::size_t kMaxLogText = 1024, kMaxFieldKey = 64, kMaxFieldValue = 512;
constexpr std::size_t kMaxCode = 128, kMaxMessage = 1024, kMaxHandle = 512;
constexpr uint32_t kMaxFields = 16, kMaxMetricNames = 32, kMaxHeaders = 256, kMaxParts = 1u << 20;

// The ABI hands instances out as const, since a plugin has nothing to change about them.
csiem_instance& record_of(const csiem_instance* instance) { return *const_cast<csiem_instance*>(instance); }

// The end of most services: through the gate to the host, or the reason why not.
template <class F>
csiem_status through(const csiem_instance* instance, const char* service, F&& f) noexcept {
  if (instance == nullptr) return CSIEM_E_INVALID;
  return shielded([&]() -> csiem_status {
    csiem_instance& record = record_of(instance);
    const Gate::Pass pass(record.gate);
    if (!pass) {
      if (!record.late.exchange(true))
        log::warn(3010, record.name, "the plugin called " + std::string(service) + " after it was destroyed");
      return CSIEM_E_CLOSED;
    }
    if (pass.host() == nullptr) return CSIEM_E_UNSUPPORTED;
    return f(*pass.host());
  });
}

// The producer's part of a GROWS struct, in a zeroed one of our size. False when it is too short to be one.
template <class T>
bool copy_grows(const T* from, std::size_t least, T* out) {
  if (from == nullptr || from->struct_size < least) return false;
  std::memcpy(out, from, std::min<std::size_t>(from->struct_size, sizeof(T)));
  return true;
}

// ---- csiem.log/1

int32_t log_enabled(const csiem_instance* instance, int32_t level) {
  int32_t enabled = 0;
  if (instance == nullptr) return 0;
  (void)shielded([&]() -> csiem_status {
    const Gate::Pass pass(instance->gate);
    if (!pass) return CSIEM_E_CLOSED;
    enabled = pass.host() != nullptr
                  ? pass.host()->log_enabled(level)
                  : level >= 0 && level <= CSIEM_LOG_ERROR && log::enabled(static_cast<log::Level>(level));
    return CSIEM_OK;
  });
  return enabled;
}

// What a format says goes to the daemon's own log: it has no host.
void log_for_format(const csiem_instance& record, int32_t level, std::string text, const csiem_kv* fields,
                    uint32_t count) {
  for (uint32_t i = 0; i < count; ++i)
    text.append(" ").append(slice(fields[i].key)).append("=").append(slice(fields[i].value));
  log::write(static_cast<log::Level>(level), 0, record.name, text);
}

void log_write(const csiem_instance* instance, int32_t level, csiem_str text, const csiem_kv* fields, uint32_t count) {
  if (instance == nullptr) return;
  (void)shielded([&]() -> csiem_status {
    csiem_instance& record = record_of(instance);
    const Gate::Pass pass(record.gate);
    uint64_t left_out = 0;
    if (!pass || !record.lines.take(system_clock().mono_ns(), &left_out)) return CSIEM_E_LIMIT;
    level = std::clamp<int32_t>(level, CSIEM_LOG_TRACE, CSIEM_LOG_ERROR);
    bool valid = true, all_valid = true;
    std::string line = clean_text(slice(text), kMaxLogText, &all_valid);
    if (left_out != 0) line += " (" + std::to_string(left_out) + " lines before this one were left out)";
    std::string texts[2 * kMaxFields];
    csiem_kv clean[kMaxFields];
    count = fields == nullptr ? 0 : std::min(count, kMaxFields);
    for (uint32_t i = 0; i < count; ++i) {
      std::string& key = texts[2 * i];
      std::string& value = texts[2 * i + 1];
      key = clean_text(slice(fields[i].key), kMaxFieldKey, &valid);
      all_valid = all_valid && valid;
      value = clean_text(slice(fields[i].value), kMaxFieldValue, &valid);
      all_valid = all_valid && valid;
      clean[i] = {{key.data(), key.size()}, {value.data(), value.size()}};
    }
    if (pass.host() == nullptr) {
      log_for_format(record, level, std::move(line), clean, count);
      return CSIEM_OK;
    }
    pass.host()->log(level, line, clean, count);
    if (!all_valid) pass.host()->strike({"logged text that is not UTF-8"});
    return CSIEM_OK;
  });
}

// ---- csiem.config/1

template <class F>
csiem_status with_config(const csiem_instance* instance, F&& f) noexcept {
  if (instance == nullptr) return CSIEM_E_INVALID;
  return shielded([&]() -> csiem_status {
    csiem_instance& record = record_of(instance);
    const std::lock_guard lock(record.mutex);
    return record.config == nullptr ? CSIEM_E_CLOSED : f(*record.config);
  });
}

csiem_status config_get_str(const csiem_instance* instance, csiem_str key, csiem_str* out) {
  if (out == nullptr) return CSIEM_E_INVALID;
  *out = {nullptr, 0};
  return with_config(instance, [&](ConfigView& config) { return config.get_str(slice(key), out); });
}

csiem_status config_get_i64(const csiem_instance* instance, csiem_str key, int64_t* out) {
  if (out == nullptr) return CSIEM_E_INVALID;
  return with_config(instance, [&](ConfigView& config) { return config.get_i64(slice(key), out); });
}

// ---- csiem.http/1

csiem_status http_send(const csiem_instance* instance, const csiem_http_request* request, csiem_http_done done,
                       void* user, uint64_t* request_id, csiem_error* error) {
  return through(instance, "csiem.http/1 send", [&](ExporterHost& host) -> csiem_status {
    csiem_http_request r{};
    constexpr std::size_t kLeast = offsetof(csiem_http_request, max_response_bytes) + sizeof r.max_response_bytes;
    const char* wrong = nullptr;
    if (!copy_grows(request, kLeast, &r))
      wrong = "sent a request whose struct is null or too short";
    else if (done == nullptr)
      wrong = "sent a request without a callback";
    else if (r.header_count > kMaxHeaders || (r.header_count != 0 && r.headers == nullptr))
      wrong = "sent a request with a null or endless header list";
    else if (r.part_count > kMaxParts || (r.part_count != 0 && r.parts == nullptr))
      wrong = "sent a request with a null or endless list of body parts";
    if (wrong != nullptr) {
      host.strike({wrong});
      return CSIEM_E_INVALID;
    }
    r.struct_size = sizeof r;
    uint64_t unused = 0;
    csiem_error unused_error{};
    return host.http_send(r, done, user, request_id != nullptr ? request_id : &unused,
                          error != nullptr ? error : &unused_error);
  });
}

void http_cancel(const csiem_instance* instance, uint64_t request_id) {
  (void)through(instance, "csiem.http/1 cancel", [&](ExporterHost& host) {
    host.http_cancel(request_id);
    return CSIEM_OK;
  });
}

// ---- csiem.delivery/1

csiem_status delivery_complete(const csiem_instance* instance, uint64_t token, const csiem_batch_result* result) {
  return through(instance, "csiem.delivery/1 complete", [&](ExporterHost& host) -> csiem_status {
    csiem_batch_result r{};
    constexpr std::size_t kLeast = offsetof(csiem_batch_result, except) + sizeof r.except;
    if (!copy_grows(result, kLeast, &r)) {
      host.strike({"completed token " + std::to_string(token) + " with a result that is null or too short"});
      return CSIEM_E_INVALID;
    }
    r.struct_size = sizeof r;
    const std::string code = clean_text(slice(r.code), kMaxCode), message = clean_text(slice(r.message), kMaxMessage);
    r.code = {r.code.ptr == nullptr ? nullptr : code.data(), code.size()};
    r.message = {r.message.ptr == nullptr ? nullptr : message.data(), message.size()};
    if (slice(r.handle).size() > kMaxHandle) {
      host.strike({"gave a handle of more than 512 bytes"});
      r.handle = {nullptr, 0};
    }
    return host.complete(token, r);
  });
}

csiem_status delivery_let_go(const csiem_instance* instance, uint64_t token) {
  return through(instance, "csiem.delivery/1 let_go", [&](ExporterHost& host) { return host.let_go(token); });
}

// ---- csiem.runtime/1

int64_t runtime_mono_ns() { return system_clock().mono_ns(); }
int64_t runtime_unix_ns() { return system_clock().unix_ns(); }
void runtime_random(void* out, std::size_t len) {
  (void)shielded([&] {
    if (out != nullptr) secure_random(out, len);
    return CSIEM_OK;
  });
}

csiem_status runtime_post(const csiem_instance* instance, csiem_task task, void* user) {
  if (task == nullptr) return CSIEM_E_INVALID;
  return through(instance, "csiem.runtime/1 post", [&](ExporterHost& host) { return host.post(task, user); });
}

csiem_status runtime_timer(const csiem_instance* instance, uint32_t delay_ms, csiem_task task, void* user,
                           uint64_t* timer_id) {
  if (task == nullptr) return CSIEM_E_INVALID;
  uint64_t unused = 0;
  return through(instance, "csiem.runtime/1 timer", [&](ExporterHost& host) {
    return host.timer(delay_ms, task, user, timer_id != nullptr ? timer_id : &unused);
  });
}

void runtime_timer_cancel(const csiem_instance* instance, uint64_t timer_id) {
  (void)through(instance, "csiem.runtime/1 timer_cancel", [&](ExporterHost& host) {
    host.timer_cancel(timer_id);
    return CSIEM_OK;
  });
}

// ---- csiem.secrets/1

csiem_status secrets_borrow(const csiem_instance* instance, csiem_str name, csiem_secret_use use, void* user) {
  if (use == nullptr) return CSIEM_E_INVALID;
  return through(instance, "csiem.secrets/1 borrow",
                 [&](ExporterHost& host) { return host.borrow_secret(slice(name), use, user); });
}

// ---- csiem.metrics/1

template <class F>
void with_metric(const csiem_instance* instance, csiem_str name, F&& f) {
  (void)through(instance, "csiem.metrics/1", [&](ExporterHost& host) -> csiem_status {
    csiem_instance& record = record_of(instance);
    const std::string_view text = slice(name);
    bool known = false, full = false;
    if (metric_name(text)) {
      const std::lock_guard lock(record.mutex);
      known = record.metric_names.find(text) != record.metric_names.end();
      full = !known && record.metric_names.size() == kMaxMetricNames;
      if (!known && !full) known = record.metric_names.emplace(text).second;
    }
    if (!known) {
      host.strike({full ? "uses more than 32 metric names" : "used a metric name that is not [a-z0-9_]{1,64}"});
      return CSIEM_E_LIMIT;
    }
    f(host, text);
    return CSIEM_OK;
  });
}

void metrics_count(const csiem_instance* instance, csiem_str name, uint64_t delta) {
  with_metric(instance, name, [&](ExporterHost& host, std::string_view text) { host.count(text, delta); });
}

void metrics_observe(const csiem_instance* instance, csiem_str name, double value) {
  if (!std::isfinite(value)) return;
  with_metric(instance, name, [&](ExporterHost& host, std::string_view text) { host.observe(text, value); });
}

// ---- tables

constexpr csiem_log_v1 kLog = {sizeof(csiem_log_v1), 0, &log_enabled, &log_write};
constexpr csiem_config_v1 kConfig = {sizeof(csiem_config_v1), 0, &config_get_str, &config_get_i64};
constexpr csiem_http_v1 kHttp = {sizeof(csiem_http_v1), 0, &http_send, &http_cancel};
constexpr csiem_delivery_v1 kDelivery = {sizeof(csiem_delivery_v1), 0, &delivery_complete, &delivery_let_go};
constexpr csiem_runtime_v1 kRuntime = {
    sizeof(csiem_runtime_v1), 0, &runtime_mono_ns, &runtime_unix_ns, &runtime_random, &runtime_post, &runtime_timer,
    &runtime_timer_cancel};
constexpr csiem_secrets_v1 kSecrets = {sizeof(csiem_secrets_v1), 0, &secrets_borrow};
constexpr csiem_metrics_v1 kMetrics = {sizeof(csiem_metrics_v1), 0, &metrics_count, &metrics_observe};

const void* common_service(std::string_view id) {
  if (id == CSIEM_SERVICE_LOG) return &kLog;
  if (id == CSIEM_SERVICE_CONFIG) return &kConfig;
  if (id == CSIEM_SERVICE_RUNTIME) return &kRuntime;
  if (id == CSIEM_SERVICE_METRICS) return &kMetrics;
  return nullptr;
}

const void* format_service(const csiem_host*, const char* id) { return id == nullptr ? nullptr : common_service(id); }

const void* exporter_service(const csiem_host*, const char* id) {
  if (id == nullptr) return nullptr;
  const std::string_view name(id);
  if (name == CSIEM_SERVICE_HTTP) return &kHttp;
  if (name == CSIEM_SERVICE_DELIVERY) return &kDelivery;
  if (name == CSIEM_SERVICE_SECRETS) return &kSecrets;
  return common_service(name);
}

constexpr csiem_host kExporterHost = {sizeof(csiem_host), CSIEM_ABI_VERSION, "clawdstrike-siem", CSIEM_HOST_VERSION,
                                      &exporter_service};
constexpr csiem_host kFormatHost = {sizeof(csiem_host), CSIEM_ABI_VERSION, "clawdstrike-siem", CSIEM_HOST_VERSION,
                                    &format_service};

}  // namespace

const csiem_host& exporter_services() { return kExporterHost; }
const csiem_host& format_services() { return kFormatHost; }

}  // namespace csiem::plugin
