// What the host of a plugin does not do in a command: no timers, no tasks, no metrics.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugin/registry.hpp"

namespace csiem::cli {

class CommandHost : public plugin::ExporterHost {
 public:
  void http_cancel(uint64_t) override {}
  csiem_status complete(uint64_t, const csiem_batch_result&) override { return CSIEM_OK; }
  // A batch lives until its command is done.
  csiem_status let_go(uint64_t) override { return CSIEM_OK; }
  csiem_status post(csiem_task, void*) override { return CSIEM_E_UNSUPPORTED; }
  csiem_status timer(uint32_t, csiem_task, void*, uint64_t*) override { return CSIEM_E_UNSUPPORTED; }
  void timer_cancel(uint64_t) override {}
  bool log_enabled(int32_t level) override { return level >= CSIEM_LOG_WARN; }
  void count(std::string_view, uint64_t) override {}
  void observe(std::string_view, double) override {}
};

}  // namespace csiem::cli
