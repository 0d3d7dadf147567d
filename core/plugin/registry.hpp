// Loaded plugins and the instances made of them. The only room that includes Boost.DLL and calls through the ABI.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "plugin/catalog.hpp"

namespace csiem::plugin {

// A component as the host keeps it: tables copied into zeroed structs of the host's own size, every member checked.
struct Component {
  std::string kind;  // "exporter" or "format"
  std::string name, version, vendor, license, description, plugin_id, file, sha256;
  uint32_t abi_version = 0;
  std::string config_schema;         // JSON text, "" = takes no settings
  std::string default_format;        // exporters; "none" = wants no bodies
  std::vector<std::string> formats;  // accepted, "*" = any
  csiem_exporter_v1 exporter{};      // valid when kind is "exporter"
  csiem_limits limits{};
  csiem_format_v1 format{};  // valid when kind is "format"
  std::string content_type;
};

// Plugins by name. Loading happens on first use and is never undone. Any thread, but loading blocks.
class Registry {
 public:
  explicit Registry(SearchPath path);
  ~Registry();

  // A file given by hand (--plugin FILE); wins over the search path.
  Result<void> add_file(const std::string& path);
  // Loads if necessary. The pointer is good for the life of the process. The error carries its CS30xx code.
  Result<const Component*> exporter(std::string_view name);
  Result<const Component*> format(std::string_view name);
  // Names that could be loaded, for suggestions and lists.
  std::vector<std::string> names(std::string_view kind) const;
  const std::vector<PluginFile>& files() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A breach of contract that the host noticed and survived.
struct Strike {
  std::string what;  // "completed token 7 twice"
};

// What one exporter instance may ask of the daemon. Implemented by the lane. Everything is called on the lane's thread,
// except complete(), let_go(), post(), timer(), log(), count() and observe(), which may come from any thread.
class ExporterHost {
 public:
  virtual ~ExporterHost() = default;
  virtual csiem_status http_send(const csiem_http_request&, csiem_http_done, void* user, uint64_t* id,
                                 csiem_error*) = 0;
  virtual void http_cancel(uint64_t id) = 0;
  virtual csiem_status complete(uint64_t token, const csiem_batch_result&) = 0;
  virtual csiem_status let_go(uint64_t token) = 0;
  virtual csiem_status post(csiem_task, void* user) = 0;
  virtual csiem_status timer(uint32_t delay_ms, csiem_task, void* user, uint64_t* id) = 0;
  virtual void timer_cancel(uint64_t id) = 0;
  virtual csiem_status borrow_secret(std::string_view handle, csiem_secret_use, void* user) = 0;
  virtual bool log_enabled(int32_t level) = 0;
  virtual void log(int32_t level, std::string_view text, const csiem_kv* fields, uint32_t count) = 0;
  virtual void count(std::string_view name, uint64_t delta) = 0;
  virtual void observe(std::string_view name, double value) = 0;
  virtual void strike(const Strike&) = 0;
};

// Which call into which plugin a thread is in, readable by the watchdog. One per thread that calls plugins.
class CallSlot {
 public:
  struct Running {
    std::string instance;
    const char* call;  // "submit", static
    int64_t for_ns;
  };
  // Watchdog: the call that runs now, if any. Any thread.
  bool running(int64_t now_mono_ns, Running* out) const;
  // Watchdog: gives the thread up. True when it was inside a call that began at least `limit_ns` ago; from then on that
  // thread parks for ever as soon as the call returns, and touches nothing of the daemon.
  bool abandon(int64_t now_mono_ns, int64_t limit_ns, Running* out);
  bool abandoned() const noexcept;

  // Used by instances around every call. leave() does not return when the thread was abandoned.
  void enter(const std::string* instance, const char* call) noexcept;
  void leave() noexcept;

 private:
  // Lowest two bits: 0 idle, 1 in a call, 2 abandoned; above them the number of the call.
  std::atomic<uint64_t> state_{0};
  std::atomic<int64_t> since_{0};
  std::atomic<const std::string*> instance_{nullptr};
  std::atomic<const char*> call_{nullptr};
};

// One configured exporter inside its plugin. Calls go through the barrier: no exception gets out, the call slot knows
// about them. Owned and used by one lane; use_slot() when the lane moves to another thread.
class ExporterInstance {
 public:
  // Runs the plugin's create(); it may not block. Fails with CS3009 and the plugin's words; `problems`, when given,
  // gets them one by one, "key.path: what is wrong". `name` is the exporter's id in the configuration; `config_json`
  // was validated against the component's schema. `host` must outlive the instance.
  static Result<std::unique_ptr<ExporterInstance>> create(const Component& component, ExporterHost& host,
                                                          CallSlot& slot, std::string name, std::string config_json,
                                                          std::vector<std::string>* problems = nullptr);
  ~ExporterInstance();  // runs destroy()

  const Component& component() const;
  void use_slot(CallSlot& slot);
  // The status of the plugin, or CSIEM_E_INTERNAL after an exception (which is also a strike).
  csiem_status submit(const csiem_batch& batch, uint64_t token, std::string* error);
  void cancel(uint64_t token);
  bool has_health() const;
  csiem_status health(uint64_t token, std::string* error);
  // Run plugin callbacks through the same barrier.
  void http_done(csiem_http_done done, void* user, const csiem_http_response& response);
  void task(csiem_task work, void* user);
  // Never call destroy(): the plugin is stuck in a call and its memory is abandoned on purpose.
  void abandon();

 private:
  struct Impl;
  explicit ExporterInstance(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A format plugin ready to encode. One per thread that uses it.
class FormatInstance {
 public:
  static Result<std::unique_ptr<FormatInstance>> create(const Component& component, CallSlot& slot,
                                                        std::string config_json);
  ~FormatInstance();
  const Component& component() const;
  void use_slot(CallSlot& slot);
  // Appends the event's bytes. On failure what was written is undefined: truncate to where it began.
  Result<void> encode(const csiem_event& event, csiem_writer& out);

 private:
  struct Impl;
  explicit FormatInstance(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace csiem::plugin
