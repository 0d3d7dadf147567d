// clawdstrike-siem status: one look at everything that the daemon does.
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "cli/admin_client.hpp"
#include "cli/arguments.hpp"
#include "cli/exporter_rows.hpp"
#include "cli/terminal.hpp"

namespace csiem::cli {
namespace {

namespace json = boost::json;

// "3 d 4 h", the two largest units.
std::string long_duration(uint64_t seconds) {
  const uint64_t days = seconds / 86'400, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;
  if (days > 0) return std::to_string(days) + " d " + std::to_string(hours) + " h";
  if (hours > 0) return std::to_string(hours) + " h " + std::to_string(minutes) + " min";
  if (minutes > 0) return std::to_string(minutes) + " min " + std::to_string(seconds % 60) + " s";
  return std::to_string(seconds) + " s";
}

std::string headline(const json::object& status) {
  std::string text = "clawdstrike-siem " + text_member(status, "version") + "  up " +
                     long_duration(number_member(status, "uptime_seconds")) + "  rss " +
                     byte_text(number_member(status, "resident_bytes")) + "  config";
  for (const json::value& file : array_member(status, "config_files"))
    if (file.is_string()) text += " " + std::string(file.get_string());
  if (flag_member(status, "draining")) text += "  (stopping)";
  return text + "\n";
}

std::vector<std::vector<std::string>> source_rows(const json::object& status, bool separate) {
  std::vector<std::vector<std::string>> rows{{"SOURCE", "TYPE", "RATE", "EVENTS", "PROBLEM"}};
  for (const json::value& value : array_member(status, "sources")) {
    if (!value.is_object()) continue;
    const json::object& source = value.get_object();
    const std::string code = text_member(source, "code"), problem = text_member(source, "problem");
    rows.push_back({text_member(source, "id"), text_member(source, "type"),
                    rate_text(real_member(source, "events_per_second")),
                    grouped(number_member(source, "events"), separate), code + (code.empty() ? "" : " ") + problem});
  }
  return rows;
}

// One line, when the store is in trouble.
std::string store_text(const json::object& status) {
  const json::object& store = object_member(status, "store");
  const std::string code = text_member(store, "code");
  return code.empty() ? std::string() : "STORE   " + text_member(store, "health") + " [" + code + "]\n";
}

// Which ledgers do not add up, and the figures of exporters that have something left to do.
std::string ledger_text(const json::object& status, bool separate) {
  std::string text;
  std::size_t balanced = 0, all = 0;
  for (const json::value& value : array_member(status, "exporters")) {
    if (!value.is_object()) continue;
    const json::object& exporter = value.get_object();
    const json::object& ledger = object_member(exporter, "ledger");
    const auto figure = [&](const char* key) { return grouped(number_member(ledger, key), separate); };
    ++all;
    const bool good = real_member(ledger, "imbalance") == 0;
    balanced += good;
    if (good && number_member(ledger, "queued") == 0) continue;
    text += "  " + text_member(exporter, "id") + ": " + figure("accepted") + " accepted " + (good ? "=" : "!=") + " " +
            figure("delivered") + " delivered + " + figure("filtered") + " filtered + " + figure("dead_lettered") +
            " dlq + " + figure("dropped") + " dropped + " +
            (number_member(ledger, "lost") > 0 ? figure("lost") + " lost + " : "") + figure("queued") + " queued\n";
  }
  return "LEDGER  balanced for " + std::to_string(balanced) + " of " + std::to_string(all) + "\n" + text;
}

}  // namespace

int status(const Arguments& arguments) {
  const auto document = ask_daemon_json(arguments.global, "GET", "/api/v1/status");
  if (!document) return report_admin_error(document.error());
  if (arguments.global.json) {
    std::printf("%s\n", json::serialize(*document).c_str());
    return kOk;
  }
  const json::object& status = document->get_object();
  const bool separate = is_terminal(STDOUT_FILENO);
  const std::string text =
      headline(status) + store_text(status) + table(source_rows(status, separate), arguments.global.plain) +
      table(exporter_rows(status, separate), arguments.global.plain) + ledger_text(status, separate);
  std::fputs(text.c_str(), stdout);
  return kOk;
}

}  // namespace csiem::cli
