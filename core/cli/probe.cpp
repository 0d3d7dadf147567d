#include "cli/probe.hpp"

#include <csiem/json.hpp>
#include <cstdio>
#include <utility>

#include "delivery/instance_services.hpp"

namespace csiem::cli {

std::vector<std::string> try_create(const plugin::Component& component, const std::string& id,
                                    const std::string& settings_json) {
  RequestPrinter host([](std::string_view) {}, {});
  plugin::CallSlot slot;
  std::vector<std::string> problems;
  const auto created = plugin::ExporterInstance::create(component, host, slot, id, settings_json, &problems);
  if (!created && problems.empty()) problems.push_back(created.error().what());
  return problems;
}

csiem_status RequestPrinter::http_send(const csiem_http_request& request, csiem_http_done, void*, uint64_t*,
                                       csiem_error*) {
  std::string text = delivery::render_request(request, masked_, std::string::npos);
  if (text.back() != '\n') text += '\n';
  print_(text);
  // Never answered: the caller throws the instance away.
  return CSIEM_OK;
}

csiem_status RequestPrinter::borrow_secret(std::string_view, csiem_secret_use use, void* user) {
  if (!lends_) return CSIEM_E_UNSUPPORTED;
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
