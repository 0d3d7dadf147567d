// An exporter and a format whose behaviour each test writes down.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/registry.hpp"

namespace csiem::test {

class FakeInstance;

// What one submit carried.
struct Seen {
  std::string settings;  // of the destination
  std::vector<std::string> ids, bodies;
  uint32_t attempt = 0;
  uint64_t token = 0, batch_id = 0;
  std::string key;
};

// The behaviour of every instance of one exporter id, and what happened to them. Registered while it lives.
class Script {
 public:
  explicit Script(std::string exporter_id);
  ~Script();
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  // Called on the lane's thread. Default: deliver everything at once.
  std::function<csiem_status(FakeInstance&, const csiem_batch&, uint64_t token)> on_submit;
  std::function<void(FakeInstance&, uint64_t token)> on_cancel;
  std::function<csiem_status(FakeInstance&)> on_create;
  // Of fake_exporter_with_health(). Default: well, at once.
  std::function<csiem_status(FakeInstance&, uint64_t token, csiem_error*)> on_health;
  std::vector<uint64_t> health_tokens;  // of the checks asked for; on the lane's thread

  void saw(Seen seen) {
    const std::lock_guard lock(mutex_);
    seen_.push_back(std::move(seen));
  }
  std::vector<Seen> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  std::size_t submits() const {
    const std::lock_guard lock(mutex_);
    return seen_.size();
  }
  void cancelled(uint64_t token) {
    const std::lock_guard lock(mutex_);
    cancelled_.push_back(token);
  }
  std::vector<uint64_t> cancelled() const {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }
  std::atomic<int> alive{0};
  std::vector<FakeInstance*> instances;  // in the order of creation

 private:
  const std::string id_;
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
  std::vector<uint64_t> cancelled_;
};

class FakeInstance {
 public:
  Script* script = nullptr;
  const csiem_instance* instance = nullptr;
  std::string settings;
  const csiem_http_v1* http = nullptr;
  const csiem_delivery_v1* delivery = nullptr;
  const csiem_runtime_v1* runtime = nullptr;
  const csiem_secrets_v1* secrets = nullptr;
  const csiem_log_v1* log = nullptr;
  const csiem_metrics_v1* metrics = nullptr;

  struct Exception {
    uint32_t index;
    int32_t outcome;
    std::string code;
  };
  csiem_status complete(uint64_t token, int32_t outcome, const std::vector<Exception>& exceptions = {},
                        uint32_t retry_after_ms = 0, std::string_view code = {}, std::string_view text = {});
  // Sends a request whose answer is turned into an outcome by `classify`, for the token.
  using Classify = std::function<void(FakeInstance&, uint64_t token, const csiem_http_response&)>;
  csiem_status request(uint64_t token, const std::string& url, Classify classify, csiem_error* error = nullptr,
                       const std::vector<csiem_header>& headers = {}, const std::string& body = "x",
                       const char* url_secret = nullptr);
  // Answered requests go; the others end with the instance.
  struct Call {
    FakeInstance* instance;
    uint64_t token;
    Classify classify;
    uint64_t request_id = 0;
  };
  // Cancels the requests of the token, as a good plugin does.
  void forget(uint64_t token);
  std::map<const Call*, std::unique_ptr<Call>> calls;
  // 2xx delivered, 401 auth, 404 config, 400 reject, 413 split, else retry.
  static void classify_usual(FakeInstance&, uint64_t token, const csiem_http_response&);
};

// Tables as the registry would have copied them.
plugin::Component fake_exporter(uint32_t flags = 0);
plugin::Component fake_exporter_with_health(uint32_t flags = 0);
// Writes the event's id, and refuses events whose id begins with "bad". Ids that begin with "big<n>-" make n bytes.
plugin::Component fake_format();

}  // namespace csiem::test
