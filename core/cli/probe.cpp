#include "cli/probe.hpp"

#include <csiem/json.hpp>
#include <cstdio>
#include <utility>

namespace csiem::cli {

Result<void> try_create(const plugin::Component& component, const std::string& id, const std::string& settings_json) {
  RequestPrinter host([](std::string_view) {});
  plugin::CallSlot slot;
  auto created = plugin::ExporterInstance::create(component, host, slot, id, settings_json);
  if (!created) return std::move(created).error();
  return {};
}

csiem_status RequestPrinter::http_send(const csiem_http_request& request, csiem_http_done, void*, uint64_t*,
                                       csiem_error*) {
  std::string text(view(request.method));
  text += ' ';
  text += view(request.url);
  if (present(request.url_secret)) text += "***";
  text += '\n';
  for (uint32_t i = 0; i < request.header_count; ++i) {
    text += view(request.headers[i].name);
    text += ": ";
    text += view(request.headers[i].value);
    if (present(request.headers[i].secret)) text += "***";
    text += '\n';
  }
  text += '\n';
  for (uint32_t i = 0; i < request.part_count; ++i) text += view(request.parts[i]);
  if (text.back() != '\n') text += '\n';
  print_(text);
  // Never answered: the caller throws the instance away.
  return CSIEM_OK;
}

csiem_status RequestPrinter::borrow_secret(std::string_view, csiem_secret_use use, void* user) {
  use(user, str("***"));
  return CSIEM_OK;
}

void RequestPrinter::log(int32_t, std::string_view text, const csiem_kv*, uint32_t) {
  std::fprintf(stderr, "plugin: %.*s\n", static_cast<int>(text.size()), text.data());
}

void RequestPrinter::strike(const plugin::Strike& strike) {
  std::fprintf(stderr, "plugin broke its contract: %s [CS3010]\n", strike.what.c_str());
}

}  // namespace csiem::cli
