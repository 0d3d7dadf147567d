// csiem/sdk/host.hpp - the exception barrier and the host's services, as a plugin sees them. C++17.
// SPDX-License-Identifier: Apache-2.0
#ifndef CSIEM_SDK_HOST_HPP
#define CSIEM_SDK_HOST_HPP

#include <csiem/plugin.h>
#include <csiem/json.hpp>

#include <algorithm>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace csiem {

// Writes `text` into the caller's error, cut between characters, and returns `status`.
inline csiem_status fail(csiem_error* err, csiem_status status, std::string_view text) noexcept {
  if (err == nullptr) return status;
  std::size_t n = std::min(text.size(), sizeof err->text - 1);
  if (n < text.size())
    while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xc0u) == 0x80u) --n;
  std::memcpy(err->text, text.data(), n);
  err->text[n] = '\0';
  err->len = static_cast<uint32_t>(n);
  err->code = status;
  return status;
}

// Runs `body` (returning a csiem_status) so that no exception leaves the plugin. std::invalid_argument is the way to
// say "these settings" or "this event" is wrong.
template <class F>
csiem_status guard(csiem_error* err, F&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return fail(err, CSIEM_E_NOMEM, "out of memory");
  } catch (const std::invalid_argument& e) {
    return fail(err, CSIEM_E_INVALID, e.what());
  } catch (const std::exception& e) {
    return fail(err, CSIEM_E_INTERNAL, e.what());
  } catch (...) {
    return fail(err, CSIEM_E_INTERNAL, "non-standard exception");
  }
}

// One event's own verdict, where it differs from the batch's.
struct EventVerdict {
  uint32_t index = 0;  // in the batch as it was submitted
  int32_t outcome = CSIEM_REJECT;
  int32_t http_status = 0;  // 0 = none
  std::string code, message;
};

// What became of a batch. `outcome` holds for every event that `except` does not name.
struct Verdict {
  int32_t outcome = CSIEM_DELIVERED;
  uint32_t retry_after_ms = 0;  // 0 = the host's own backoff
  std::string code, message;    // the vendor's code and words
  std::string handle;           // alerting exporters: what the platform called it
  std::vector<EventVerdict> except;

  static Verdict of(int32_t outcome, std::string code = {}, std::string message = {}, uint32_t retry_after_ms = 0) {
    Verdict v;
    v.outcome = outcome;
    v.code = std::move(code);
    v.message = std::move(message);
    v.retry_after_ms = retry_after_ms;
    return v;
  }
  void event(uint32_t index, int32_t what, int32_t http_status = 0, std::string why = {}, std::string text = {}) {
    except.push_back({index, what, http_status, std::move(why), std::move(text)});
  }
};

// The services of one instance. A small value: copy it freely. All of it may be called from any thread, except
// borrow(), which belongs to calls that come from the host. A service that the host lacks does nothing.
class Host {
 public:
  Host() = default;
  explicit Host(const csiem_create_args& args) noexcept
      : instance_(args.instance),
        log_(find<csiem_log_v1>(args, CSIEM_SERVICE_LOG)),
        config_(find<csiem_config_v1>(args, CSIEM_SERVICE_CONFIG)),
        http_(find<csiem_http_v1>(args, CSIEM_SERVICE_HTTP)),
        delivery_(find<csiem_delivery_v1>(args, CSIEM_SERVICE_DELIVERY)),
        runtime_(find<csiem_runtime_v1>(args, CSIEM_SERVICE_RUNTIME)),
        secrets_(find<csiem_secrets_v1>(args, CSIEM_SERVICE_SECRETS)),
        metrics_(find<csiem_metrics_v1>(args, CSIEM_SERVICE_METRICS)) {}

  using Field = std::pair<std::string_view, std::string_view>;

  bool log_enabled(int32_t level) const noexcept { return log_ != nullptr && log_->enabled(instance_, level) != 0; }
  // One line, at most eight fields; further ones are dropped. The host masks secrets and limits the rate.
  void log(int32_t level, std::string_view text, std::initializer_list<Field> fields = {}) const noexcept {
    if (log_ == nullptr) return;
    csiem_kv kv[8] = {};
    uint32_t n = 0;
    for (const auto& f : fields)
      if (n < 8) kv[n++] = {str(f.first), str(f.second)};
    log_->write(instance_, level, str(text), kv, n);
  }
  // Names are [a-z0-9_]; the host adds the prefix and keeps at most 32 names per instance.
  void count(std::string_view name, uint64_t delta = 1) const noexcept {
    if (metrics_ != nullptr) metrics_->count(instance_, str(name), delta);
  }
  void observe(std::string_view name, double value) const noexcept {
    if (metrics_ != nullptr) metrics_->observe(instance_, str(name), value);
  }

  int64_t unix_ns() const noexcept { return runtime_ == nullptr ? 0 : runtime_->unix_ns(); }
  int64_t mono_ns() const noexcept { return runtime_ == nullptr ? 0 : runtime_->mono_ns(); }
  void random(void* out, std::size_t len) const noexcept {
    if (runtime_ != nullptr) runtime_->random(out, len);
  }
  uint64_t random_u64() const noexcept {
    uint64_t v = 0;
    random(&v, sizeof v);
    return v;
  }
  // `task(user)` runs later in the instance's lane. What `user` points to must live until it ran or was cancelled.
  csiem_status post(csiem_task task, void* user) const noexcept {
    return runtime_ == nullptr ? CSIEM_E_UNSUPPORTED : runtime_->post(instance_, task, user);
  }
  csiem_status timer(uint32_t delay_ms, csiem_task task, void* user, uint64_t* id) const noexcept {
    return runtime_ == nullptr ? CSIEM_E_UNSUPPORTED : runtime_->timer(instance_, delay_ms, task, user, id);
  }
  void timer_cancel(uint64_t id) const noexcept {
    if (runtime_ != nullptr) runtime_->timer_cancel(instance_, id);
  }

  // Calls use(std::string_view secret) before it returns, or fails. The value must not be kept. What `use` throws comes
  // out here. An empty handle lends nothing.
  template <class F>
  csiem_status borrow(std::string_view handle, F&& use) const {
    if (secrets_ == nullptr) return CSIEM_E_UNSUPPORTED;
    if (handle.empty()) return CSIEM_E_INVALID;
    struct Lent {
      F& use;
      std::exception_ptr thrown;
    } lent{use, nullptr};
    const csiem_status status = secrets_->borrow(
        instance_, str(handle),
        [](void* user, csiem_str secret) noexcept {
          auto* l = static_cast<Lent*>(user);
          try {
            l->use(view(secret));
          } catch (...) {
            l->thrown = std::current_exception();
          }
        },
        &lent);
    if (lent.thrown != nullptr) std::rethrow_exception(lent.thrown);
    return status;
  }

  // Completes a token; the batch belongs to the host again. For OwnIoExporter; HttpExporter does it by itself.
  csiem_status complete(uint64_t token, const Verdict& v) const {
    if (delivery_ == nullptr) return CSIEM_E_UNSUPPORTED;
    std::vector<csiem_event_result> except(v.except.size());
    for (std::size_t i = 0; i < except.size(); ++i) {
      const EventVerdict& e = v.except[i];
      except[i] = {e.index, e.outcome, e.http_status, 0, text(e.code), text(e.message)};
    }
    csiem_batch_result r{};
    r.struct_size = sizeof r;
    r.outcome = v.outcome;
    r.retry_after_ms = v.retry_after_ms;
    r.except_count = static_cast<uint32_t>(except.size());
    r.except_stride = sizeof(csiem_event_result);
    r.except = except.data();
    r.code = text(v.code);
    r.message = text(v.message);
    r.handle = text(v.handle);
    return delivery_->complete(instance_, token, &r);
  }

  // The destination took the batch of this token and will confirm it: the batch is not readable any more, complete()
  // follows. CSIEM_E_UNSUPPORTED from a host before 1.1: it stays readable then.
  csiem_status let_go(uint64_t token) const {
    if (delivery_ == nullptr || !CSIEM_HAS(delivery_, csiem_delivery_v1, let_go)) return CSIEM_E_UNSUPPORTED;
    return delivery_->let_go(instance_, token);
  }

  // The raw tables, null when the host has none of that name.
  const csiem_instance* instance() const noexcept { return instance_; }
  const csiem_http_v1* http() const noexcept { return http_; }
  const csiem_config_v1* config() const noexcept { return config_; }

 private:
  template <class Table>
  static const Table* find(const csiem_create_args& args, const char* id) noexcept {
    if (args.host == nullptr || args.host->service == nullptr) return nullptr;
    // Every member used here is in every 1.x host; one that is appended later needs CSIEM_HAS where it is called.
    return static_cast<const Table*>(args.host->service(args.host, id));
  }
  static csiem_str text(const std::string& s) noexcept { return s.empty() ? csiem_str{nullptr, 0} : str(s); }

  const csiem_instance* instance_ = nullptr;
  const csiem_log_v1* log_ = nullptr;
  const csiem_config_v1* config_ = nullptr;
  const csiem_http_v1* http_ = nullptr;
  const csiem_delivery_v1* delivery_ = nullptr;
  const csiem_runtime_v1* runtime_ = nullptr;
  const csiem_secrets_v1* secrets_ = nullptr;
  const csiem_metrics_v1* metrics_ = nullptr;
};

}  // namespace csiem

#endif
