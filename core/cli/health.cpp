// clawdstrike-siem health: for probes and for people.
#include <boost/json.hpp>
#include <cstdio>
#include <string>

#include "cli/admin_client.hpp"
#include "cli/arguments.hpp"
#include "cli/exporter_rows.hpp"

namespace csiem::cli {
namespace {

namespace json = boost::json;

int live(const Arguments& arguments) {
  const auto answer = ask_daemon(arguments.global, "GET", "/healthz");
  if (!answer) return report_admin_error(answer.error());
  const bool good = answer->status == 200;
  if (arguments.global.json) {
    std::printf("{\"schema\":\"clawdstrike-siem/health/v1\",\"live\":%s}\n", good ? "true" : "false");
  } else if (!arguments.global.quiet) {
    std::fputs(good ? "ok    alive\n" : ("fail  " + answer->body).c_str(), stdout);
  }
  return good ? kOk : kNo;
}

int one_exporter(const Arguments& arguments) {
  const auto document = ask_daemon_json(arguments.global, "GET", "/api/v1/exporters/" + arguments.health.exporter);
  if (!document) return report_admin_error(document.error());
  const json::object& exporter = document->get_object();
  const bool good = flag_member(exporter, "healthy");
  if (arguments.global.json) {
    std::printf("%s\n", json::serialize(exporter).c_str());
  } else if (!arguments.global.quiet) {
    const std::string code = text_member(exporter, "code"), error = text_member(exporter, "last_error");
    std::printf("%s  exporter %s: %s%s%s\n", good ? "ok  " : "fail", arguments.health.exporter.c_str(),
                text_member(exporter, "state").c_str(), error.empty() ? "" : (": " + error).c_str(),
                code.empty() ? "" : (" [" + code + "]").c_str());
  }
  return good ? kOk : kNo;
}

int ready(const Arguments& arguments) {
  const auto document = ask_daemon_json(arguments.global, "GET", "/readyz?verbose");
  if (!document) return report_admin_error(document.error());
  const json::object& health = document->get_object();
  const bool good = flag_member(health, "ready");
  if (arguments.global.json) {
    std::printf("%s\n", json::serialize(health).c_str());
  } else if (!arguments.global.quiet) {
    for (const json::value& check : array_member(health, "checks")) {
      if (!check.is_object()) continue;
      const json::object& one = check.get_object();
      const std::string code = text_member(one, "code"), id = text_member(one, "id");
      // What is not required is told, too, and does not count.
      const char* const word = code.empty() ? "ok  " : flag_member(one, "required") ? "fail" : "warn";
      std::printf("%s  %s%s: %s%s\n", word, text_member(one, "kind").c_str(), id.empty() ? "" : (" " + id).c_str(),
                  text_member(one, "message").c_str(), code.empty() ? "" : (" [" + code + "]").c_str());
    }
    std::printf("result: %s\n", good ? "ready" : "not ready");
  }
  return good ? kOk : kNo;
}

}  // namespace

int health(const Arguments& arguments) {
  if (arguments.health.live) return live(arguments);
  return arguments.health.exporter.empty() ? ready(arguments) : one_exporter(arguments);
}

}  // namespace csiem::cli
