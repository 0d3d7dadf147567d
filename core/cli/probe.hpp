// Plugins outside of the daemon: try whether they accept their settings, see what they would send.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_host.hpp"
#include "plugin/registry.hpp"

namespace csiem::cli {

// create() and destroy() with these settings: what the plugin has against them, "key.path: what is wrong" per problem.
std::vector<std::string> try_create(const plugin::Component& component, const std::string& id,
                                    const std::string& settings_json);

// Sends nothing: prints what it is asked to send, secrets elided.
class RequestPrinter final : public CommandHost {
 public:
  // `masked`: of config::Destination.
  RequestPrinter(std::function<void(std::string_view)> print, std::vector<std::string> masked)
      : print_(std::move(print)), masked_(std::move(masked)) {}
  // From now on secrets can be borrowed, as "***". Before, as in a daemon that starts, there are none yet: a plugin
  // that looks into one while it is created must not take the asterisks for the value.
  void lend_secrets() { lends_ = true; }
  csiem_status http_send(const csiem_http_request& request, csiem_http_done done, void* user, uint64_t* id,
                         csiem_error* error) override;
  csiem_status borrow_secret(std::string_view handle, csiem_secret_use use, void* user) override;
  void log(int32_t level, std::string_view text, const csiem_kv* fields, uint32_t count) override;
  void strike(const plugin::Strike& strike) override;

 private:
  std::function<void(std::string_view)> print_;
  std::vector<std::string> masked_;
  bool lends_ = false;
};

}  // namespace csiem::cli
