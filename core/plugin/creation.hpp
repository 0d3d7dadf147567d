// create() of a component, the same for every kind.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

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

// The lines of it, each cleaned: a plugin may refuse several settings at once (sdk/README.md, ABI-29).
inline std::vector<std::string> error_lines(const csiem_error& error, csiem_status status) {
  std::vector<std::string> lines;
  std::string_view rest(error.text, std::min<std::size_t>(error.len, sizeof error.text));
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    if (std::string line = clean_text(rest.substr(0, end), sizeof error.text); !line.empty())
      lines.push_back(std::move(line));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (lines.empty()) lines.push_back("status " + std::to_string(status));
  return lines;
}

using CreateFunction = csiem_status (*)(const csiem_create_args*, void**, csiem_error*);

// Calls `create` for `record`, inside `slot`. Fails with CS3009 and the plugin's words, which `problems`, when given,
// gets line by line.
inline Result<void*> create_object(CreateFunction create, const csiem_host& host, csiem_instance& record,
                                   CallSlot& slot, const std::string& config_json,
                                   std::vector<std::string>* problems = nullptr) {
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
  const auto lines = returned ? error_lines(error, status) : std::vector<std::string>{"create threw " + thrown};
  std::string words;
  for (const auto& line : lines) words.append(words.empty() ? "" : " | ").append(line);
  if (problems != nullptr) *problems = lines;
  return Error{Code::invalid, record.name + ": " + words, 3009};
}

}  // namespace csiem::plugin
