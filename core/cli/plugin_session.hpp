// One plugin instance with the network, for a command that wants something done and ends.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/command_host.hpp"
#include "config/config.hpp"
#include "credentials/credential_store.hpp"
#include "delivery/verdict.hpp"
#include "http/client.hpp"
#include "plugin/registry.hpp"

namespace csiem::cli {

// What became of a request of the plugin.
struct Exchange {
  std::string method, url, body;
  http::Response response;
};

// The exporter host of such a command: sends requests, waits, has no timers. One thread.
class PluginSession final : public CommandHost {
 public:
  // Answers a request in the network's place, or lets it go out by returning nothing.
  using Instead = std::function<std::optional<http::Response>(const http::Request&)>;
  // `credentials` is resolved. All but the functions must outlive the session.
  PluginSession(const config::Exporter& exporter, credentials::CredentialStore& credentials, Instead instead,
                std::function<void(const Exchange&)> saw);
  ~PluginSession() override;

  // create() with these settings instead of the exporter's own.
  Result<void> open(const plugin::Component& component, const std::string& settings_json);
  // Submits the batch and runs until it is completed, or stop() was called; then nothing is returned.
  Result<std::optional<delivery::Verdict>> run(const csiem_batch& batch);
  // From within `instead` or `saw`: enough is known.
  void stop() { stopped_ = true; }
  // Warnings of the plugin.
  const std::vector<std::string>& warnings() const { return warnings_; }

  csiem_status http_send(const csiem_http_request&, csiem_http_done, void* user, uint64_t* id, csiem_error*) override;
  csiem_status complete(uint64_t token, const csiem_batch_result&) override;
  csiem_status borrow_secret(std::string_view handle, csiem_secret_use use, void* user) override;
  void log(int32_t level, std::string_view text, const csiem_kv* fields, uint32_t count) override;
  void strike(const plugin::Strike& strike) override { warnings_.push_back("broke its contract: " + strike.what); }

 private:
  struct Impl;
  void answered(csiem_http_done done, void* user, const Exchange& exchange);

  std::unique_ptr<Impl> impl_;
  Instead instead_;
  std::function<void(const Exchange&)> saw_;
  std::optional<delivery::Verdict> verdict_;
  uint32_t events_ = 0;
  bool stopped_ = false;
  std::vector<std::string> warnings_;
};

}  // namespace csiem::cli
