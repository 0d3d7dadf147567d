// The host's side of the services that a plugin may call.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>

#include "plugin/config_view.hpp"
#include "plugin/registry.hpp"

namespace csiem::plugin {

// The way from a plugin's instance to its host, closable while other threads are on it.
class Gate {
 public:
  // Lets a call through while the gate is open: `host()` stays usable for the life of the pass, and may be null
  // (formats).
  class Pass {
   public:
    explicit Pass(const Gate& gate) noexcept : gate_(gate) {
      gate_.inside_.fetch_add(1, std::memory_order_seq_cst);
      open_ = !gate_.closed_.load(std::memory_order_seq_cst);
    }
    ~Pass() { gate_.inside_.fetch_sub(1, std::memory_order_release); }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    explicit operator bool() const noexcept { return open_; }
    ExporterHost* host() const noexcept { return gate_.host_; }

   private:
    const Gate& gate_;
    bool open_;
  };
  explicit Gate(ExporterHost* host) noexcept : host_(host) {}
  // Nobody gets in any more.
  void close() noexcept { closed_.store(true, std::memory_order_seq_cst); }
  // Returns when those inside have left. Not from inside.
  void drain() const noexcept;

 private:
  ExporterHost* const host_;
  std::atomic<bool> closed_{false};
  mutable std::atomic<uint32_t> inside_{0};
};

// At most so many lines per second; tells how many were left out once there is room again.
class LineQuota {
 public:
  static constexpr uint32_t kPerSecond = 100;
  // False: leave the line out. Otherwise `*left_out` is how many were, since the last line that got through.
  bool take(int64_t mono_ns, uint64_t* left_out) noexcept;

 private:
  std::mutex mutex_;
  int64_t second_ = 0;
  uint32_t used_ = 0;
  uint64_t left_out_ = 0;
};

const csiem_host& exporter_services();  // everything
const csiem_host& format_services();    // log, config, runtime, metrics

}  // namespace csiem::plugin

// One created object as its plugin knows it. Records are never freed, so that a plugin which calls after its end meets
// a closed gate and not freed memory.
struct csiem_instance {
  csiem_instance(std::string instance_name, std::string component_name, csiem::plugin::ExporterHost* host)
      : name(std::move(instance_name)), component(std::move(component_name)), gate(host) {}

  // Makes a record and keeps it for the life of the process.
  static csiem_instance& make(std::string name, std::string component, csiem::plugin::ExporterHost* host);

  const std::string name, component;
  csiem::plugin::Gate gate;
  csiem::plugin::LineQuota lines;
  std::mutex mutex;                                 // guards what follows
  csiem::plugin::ConfigView* config = nullptr;      // while create() runs
  std::set<std::string, std::less<>> metric_names;  // at most 32
  std::atomic<bool> late{false};                    // a call after the end was reported
};
