// One test event through an exporter, with what the platform said about it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "credentials/credential_store.hpp"
#include "delivery/lane.hpp"
#include "plugin/registry.hpp"
#include "schema/schema_registry.hpp"

namespace csiem::pipeline {

struct SendTestOrder {
  std::string exporter;
  int32_t severity = CSIEM_SEV_INFO;
  int64_t wait_ms = 30'000;  // for everything: connecting, the answer, its confirmation
};

struct SendTestReport {
  std::string exporter, type, format, route;  // route: the name or place of the one that matched; empty: none
  std::string event_id;
  bool delivered = false;
  int code = 0;         // of messages.def; 0: delivered
  std::string words;    // "HTTP 400, code hec.7, "Incorrect index""
  int http_status = 0;  // 0: no answer, or not HTTP
  std::string vendor_code, vendor_text;
  int64_t answered_ms = 0, confirmed_ms = 0;  // see delivery::Attempt
  uint32_t attempts = 0;
  std::string setting, value, origin;  // what it is about, as it counts, and where it was written
  std::string next;                    // what to do; empty when delivered
  std::string lookup;                  // how to find the event on the platform; empty unless delivered
};

// Each test has a lane of its own: the same settings, plugin, format, routes and HTTP as the exporter's, but filters
// are not asked, and neither the store, the ledger, the metrics nor the state of the exporter's own lane see anything
// of it. What may be retried is tried three times; the first other answer ends the test. Control thread.
class SendTests {
 public:
  // All of it must outlive this. `on_control` runs a task on the control thread soon.
  struct Parts {
    const config::Configuration* configuration = nullptr;
    plugin::Registry* plugins = nullptr;
    schema::SchemaRegistry* schemas = nullptr;
    credentials::CredentialStore* credentials = nullptr;
    const Clock* clock = nullptr;
    delivery::DryRunSink dry_run;
    std::function<void(std::function<void()>)> on_control;
  };
  explicit SendTests(Parts parts);
  ~SendTests();

  // Calls `done` later, on the control thread, unless this is destroyed before. Fails when there is no such exporter
  // (CS8005) or a test of it runs (CS8012).
  Result<void> start(SendTestOrder order, std::function<void(SendTestReport)> done);
  bool busy() const { return !tests_.empty(); }
  // Ends what has taken too long. About four times a second.
  void tick();

 private:
  class Test;
  Parts parts_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what waits on the control thread
  std::vector<std::shared_ptr<Test>> tests_;
};

}  // namespace csiem::pipeline
