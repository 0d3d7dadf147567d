// What one exporter instance may ask of the daemon, answered by its lane.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "delivery/flights.hpp"
#include "delivery/health.hpp"
#include "delivery/lane.hpp"
#include "delivery/loop.hpp"
#include "delivery/mailbox.hpp"
#include "delivery/token_bucket.hpp"
#include "delivery/tokens.hpp"

namespace csiem::delivery {

// What all instances of a lane share. Owned by the lane.
struct LaneContext {
  config::Exporter settings;
  credentials::CredentialStore* credentials = nullptr;
  const Clock* clock = nullptr;
  DryRunSink dry_run;
  TokenSource* tokens = nullptr;
  Mailbox mailbox;
  LaneStats stats;
  Flights flights;
  HealthRound health;
  std::unique_ptr<RateLimiter> limiter;
  uint64_t max_body_bytes = UINT64_MAX;  // of a request with several events, before compression
  Loop* loop = nullptr;                  // lane's thread
  bool confirms_later = false;           // CSIEM_EXPORTER_ACKS
  std::weak_ptr<Lane> lane;              // set before the first request
  std::atomic<bool> dead{false};  // the thread was lost inside of this lane's plugin: nothing may be touched any more

  // Null when the token is nobody's, or no longer.
  Exchange* exchange(uint64_t token) {
    Flight* const flight = flights.find(token);
    return flight != nullptr ? static_cast<Exchange*>(flight) : health.find(token);
  }
};

// The settings of one instance's way to the network. `unresolvable` origins are left out: nothing can be sent there.
std::shared_ptr<http::Policy> http_policy(const config::Exporter& exporter, const config::Destination& destination);

// A plugin's request in the daemon's terms. `secret` gives the current value for a handle, or null.
using SecretLookup = std::function<credentials::SecretRef(std::string_view handle)>;
struct ConvertedRequest {
  http::Request request;
  csiem_status status = CSIEM_OK;
  std::string error;
};
// `body` gives its memory to the request's body.
ConvertedRequest convert_request(const csiem_http_request& given, const SecretLookup& secret, std::string body = {});
// Of the body, before compression.
std::size_t body_bytes(const csiem_http_request& given);
// What people may see of a request: method, URL, headers and at most `body_bytes` of the body. Secrets are ***; of
// headers and URL also what `masked` holds (config::Destination), so that of such a URL the origin is left.
inline constexpr std::size_t kShownBodyBytes = 2048;
std::string render_request(const csiem_http_request& given, const std::vector<std::string>& masked,
                           std::size_t body_bytes = kShownBodyBytes);
// For --dry-run of exporters that do not speak HTTP: what they would be given.
std::string render_bodies(const csiem_batch& batch, std::string_view type);

// One per destination, that is per plugin instance. Requests belong to the batch on whose behalf they are sent, which
// is the one whose call the plugin is in; timers and tasks inherit it. Timers of an exporter that confirms later are no
// batch's: it asks about many at once.
class InstanceServices final : public plugin::ExporterHost {
 public:
  InstanceServices(LaneContext& context, uint32_t outlet, const config::Destination& destination);
  void set_instance(plugin::ExporterInstance* instance) { instance_ = instance; }

  // ---- for the plugin, see plugin::ExporterHost ----
  csiem_status http_send(const csiem_http_request&, csiem_http_done, void* user, uint64_t* id, csiem_error*) override;
  void http_cancel(uint64_t id) override;
  csiem_status complete(uint64_t token, const csiem_batch_result&) override;
  csiem_status post(csiem_task, void* user) override;
  csiem_status timer(uint32_t delay_ms, csiem_task, void* user, uint64_t* id) override;
  void timer_cancel(uint64_t id) override;
  csiem_status borrow_secret(std::string_view handle, csiem_secret_use, void* user) override;
  bool log_enabled(int32_t level) override;
  void log(int32_t level, std::string_view text, const csiem_kv* fields, uint32_t count) override;
  void count(std::string_view name, uint64_t delta) override;
  void observe(std::string_view name, double value) override;
  void strike(const plugin::Strike&) override;

  // ---- for the lane, on its thread ----
  // CSIEM_E_LIMIT with the flight's oversize_bytes set: with what the plugin writes around the events, they are more
  // than one request may hold.
  csiem_status submit(const csiem_batch& batch, uint64_t token, std::string* error);
  // Asks the plugin how its destination is.
  csiem_status health(uint64_t token, std::string* error);
  // Makes the plugin forget the batch or the health check and closes the token.
  void cancel(uint64_t token);
  void close(uint64_t token) { tokens_.close(token); }
  // The network answered.
  void answered(uint64_t id, const http::Response& response);
  void run_task(const Mailbox::Task& task);
  // Runs timers that are due and answers that did not come from the network.
  void run_due(int64_t now_ns);
  int64_t next_timer_ns() const;
  // The loop with all requests is lost: each is answered as "reset, may have been processed" in the next run_due().
  void fail_all_requests();
  // Forgets requests, timers and answers. Before destroy().
  void shut();

  // Breaches seen so far.
  uint64_t strikes() const { return strikes_.load(std::memory_order_relaxed); }
  const std::vector<std::pair<std::string, std::string>>& credential_keys() const { return keys_; }
  std::vector<PluginMetric> metrics() const;

 private:
  struct OpenRequest {
    http::RequestId wire_id;  // 0: not on the wire, its answer lies in answers_
    csiem_http_done done;
    void* user;
    uint64_t token;
    bool health;  // on behalf of a health check: not counted with the deliveries
  };
  struct Timer {
    int64_t due_ns;
    csiem_task run;
    void* user;
    uint64_t token;
  };
  // While a call into the plugin is about one batch.
  class About;

  credentials::SecretRef secret(std::string_view handle) const;
  std::shared_ptr<const http::Policy> policy_for(const http::Request& request);
  csiem_status put_on_wire(http::Request request, uint64_t id, OpenRequest* open, csiem_error* error);
  bool metric_allowed(std::string_view name) const;

  LaneContext& context_;
  const uint32_t outlet_;
  plugin::ExporterInstance* instance_ = nullptr;
  std::vector<std::pair<std::string, std::string>> keys_;  // handle, key of the credential store
  std::shared_ptr<const http::Policy> policy_;
  std::vector<std::string> masked_;  // not to be shown to people
  // The policy of requests whose whole URL is a secret, and that secret.
  std::pair<credentials::SecretRef, std::shared_ptr<const http::Policy>> secret_policy_;
  TokenTable tokens_;
  std::atomic<uint64_t> about_{0}, strikes_{0};
  bool submitting_ = false;
  uint64_t next_request_ = 1;
  std::map<uint64_t, OpenRequest> requests_;
  std::vector<std::pair<uint64_t, http::Response>> answers_;

  mutable std::mutex mutex_;  // guards what follows: plugins' own threads may use it
  uint64_t next_timer_ = 1;
  std::map<uint64_t, Timer> timers_;
  int64_t log_window_ns_ = 0;
  uint32_t log_lines_ = 0;
  std::map<std::string, PluginMetric, std::less<>> metrics_;
};

}  // namespace csiem::delivery
