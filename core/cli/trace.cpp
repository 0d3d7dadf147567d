// clawdstrike-siem trace: what became of one event, from the daemon, or from the store of one that does not run.
#include <boost/json.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "cli/admin_client.hpp"
#include "cli/arguments.hpp"
#include "cli/exporter_rows.hpp"
#include "cli/setup.hpp"
#include "cli/terminal.hpp"
#include "cli/trace_document.hpp"
#include "store/inspect.hpp"

namespace csiem::cli {
namespace {

namespace json = boost::json;

// Of a log of gigabytes.
constexpr auto kPatience = std::chrono::minutes(5);

int print(const json::object& document, const GlobalArguments& global) {
  if (global.json) {
    std::printf("%s\n", json::serialize(document).c_str());
    return kOk;
  }
  std::string accepted = text_member(document, "accepted");
  if (accepted.empty()) accepted = "at a time that is not known any more";
  if (const std::string severity = text_member(document, "severity"); !severity.empty()) {
    accepted += ", severity " + severity;
    if (const std::string guard = text_member(document, "guard"); !guard.empty()) accepted += ", guard " + guard;
    accepted += ", event " + std::to_string(number_member(document, "sequence")) + " of the log";
  }
  if (const std::string source = text_member(document, "source"); !source.empty()) {
    accepted += "\nread from source " + source;
    if (const json::value* const place = document.if_contains("read_before"); place != nullptr && place->is_object())
      accepted += ", in front of line " + std::to_string(number_member(place->get_object(), "line")) + " (byte " +
                  std::to_string(number_member(place->get_object(), "offset")) + ")";
  }
  std::vector<std::vector<std::string>> rows;
  for (const json::value& value : array_member(document, "exporters"))
    if (const json::object* const one = value.if_object())
      rows.push_back({text_member(*one, "exporter"), text_member(*one, "fate"), text_member(*one, "detail")});
  std::printf("accepted %s\n%s", accepted.c_str(), table(rows, global.plain).c_str());
  return kOk;
}

int unknown(const std::string& event_id) {
  std::fprintf(stderr, "clawdstrike-siem: %s\n", unknown_event_text(event_id).c_str());
  return kNo;
}

int trace_in_store(const Arguments& arguments) {
  const Setup setup = load_setup(arguments.global, {.check_plugins = false});
  if (!setup.loaded.ok()) {
    print_diagnostics(setup.loaded, arguments.global);
    return kConfig;
  }
  const config::Configuration& configuration = setup.loaded.configuration;
  const auto inspector = store::Inspector::open(configuration.global.data_dir, store::Inspector::Access::read);
  if (!inspector && inspector.error().code() == Code::not_found) return unknown(arguments.trace_id);
  if (!inspector) {
    print_error(inspector.error());
    return inspector.error().code() == Code::denied ? kNotPermitted : kIo;
  }
  const auto found = inspector->trace(arguments.trace_id);
  if (!found) {
    print_error(found.error());
    return kIo;
  }
  if (!*found) return unknown(arguments.trace_id);
  const std::string text = trace_document(**found, arguments.trace_id, configuration.exporters,
                                          [](const std::string&) { return "the daemon does not run"; });
  return print(json::parse(text).as_object(), arguments.global);
}

}  // namespace

int trace(const Arguments& arguments) {
  const std::string target = "/api/v1/events/" + arguments.trace_id + "/trace";
  const auto answer = ask_daemon_json(arguments.global, "GET", target, {}, kPatience);
  if (answer) return print(answer->as_object(), arguments.global);
  const Error& error = answer.error();
  if (error.code() == Code::not_found && error.message_code() == 8011) return unknown(arguments.trace_id);
  // No daemon, or one that does not know the path.
  if (error.code() == Code::not_found) return trace_in_store(arguments);
  return report_admin_error(error);
}

}  // namespace csiem::cli
