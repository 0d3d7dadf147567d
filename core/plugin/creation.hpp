// create() of a component, the same for every kind.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <memory>
#include <string>
#include <string_view>

#include "plugin/barrier.hpp"
#include "plugin/config_view.hpp"
#include "plugin/services.hpp"

namespace csiem::plugin {

// What the plugin wrote into the error that we lent it.
inline std::string error_text(const csiem_error& error, csiem_status status) {
  const std::string text =
      clean_text({error.text, std::min<std::size_t>(error.len, sizeof error.text)}, sizeof error.text);
  return text.empty() ? "status " + std::to_string(status) : text;
}

using CreateFunction = csiem_status (*)(const csiem_create_args*, void**, csiem_error*);

// Calls `create` for `record`, inside `slot`. Fails with CS3009 and the plugin's words.
inline Result<void*> create_object(CreateFunction create, const csiem_host& host, csiem_instance& record,
                                   CallSlot& slot, const std::string& config_json) {
  CS_TRY(config, ConfigView::parse(config_json));
  csiem_create_args args{};
  args.struct_size = sizeof args;
  args.host = &host;
  args.instance = &record;
  args.instance_name = {record.name.data(), record.name.size()};
  args.config_json = {config_json.data(), config_json.size()};
  const auto lend = [&](ConfigView* view) {
    const std::lock_guard lock(record.mutex);
    record.config = view;
  };
  void* self = nullptr;
  csiem_error error{};
  csiem_status status = CSIEM_E_INTERNAL;
  std::string thrown;
  lend(config.get());
  slot.enter(&record.name, "create");
  const bool returned = contained([&] { status = create(&args, &self, &error); }, &thrown);
  slot.leave();
  lend(nullptr);
  if (returned && status == CSIEM_OK) return self;
  record.gate.close();
  return Error{Code::invalid, record.name + ": " + (returned ? error_text(error, status) : "create threw " + thrown),
               3009};
}

}  // namespace csiem::plugin
