// clawdstrike-siem exporters list, pause, resume and flush.
#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "cli/admin_client.hpp"
#include "cli/arguments.hpp"
#include "cli/exporter_rows.hpp"
#include "cli/terminal.hpp"

namespace csiem::cli {
namespace {

namespace json = boost::json;

constexpr auto kConfirmEvery = std::chrono::milliseconds(20);
constexpr int kConfirmTimes = 100;

std::string list_of(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += (text.empty() ? "" : ", ") + id;
  return text;
}

// Changing commands ask where somebody can answer, and take --yes for it elsewhere. kOk: go on.
int confirm(const Arguments& arguments, const std::string& what) {
  if (arguments.exporters.yes) return kOk;
  if (!is_terminal(STDIN_FILENO) || !is_terminal(STDERR_FILENO)) {
    std::fprintf(stderr, "clawdstrike-siem: %s: give --yes where nobody can be asked\n", what.c_str());
    return kUsage;
  }
  std::fprintf(stderr, "%s. Continue? [y/N] ", what.c_str());
  const int answer = std::getchar();
  return answer == 'y' || answer == 'Y' ? kOk : kNo;
}

Result<std::string> state_of(const GlobalArguments& global, const std::string& id) {
  CS_TRY(document, ask_daemon_json(global, "GET", "/api/v1/exporters/" + id));
  return text_member(document.get_object(), "state");
}

// Until the exporter's own thread has done it; the state that it is in then.
Result<std::string> settled_state(const GlobalArguments& global, const std::string& id, bool paused) {
  for (int i = 0;; ++i) {
    auto state = state_of(global, id);
    if (!state || (*state == "paused") == paused || i == kConfirmTimes) return state;
    std::this_thread::sleep_for(kConfirmEvery);
  }
}

void print_done(const Arguments& arguments, std::string_view action, const std::string& id, const std::string& state) {
  if (arguments.global.json) {
    std::printf("{\"schema\":\"clawdstrike-siem/exporters-%s/v1\",\"exporter\":%s,\"state\":%s}\n",
                std::string(action).c_str(), json_text(id).c_str(), json_text(state).c_str());
  } else if (!arguments.global.quiet) {
    std::printf("%s: %s\n", id.c_str(), action == "flush" ? "flush asked for" : state.c_str());
  }
}

int change(const Arguments& arguments, std::string_view action, const std::string& question) {
  if (const int status = confirm(arguments, question); status != kOk) return status;
  int result = kOk;
  for (const std::string& id : arguments.exporters.ids) {
    const std::string target = "/api/v1/exporters/" + id + "/" + std::string(action);
    const auto done = ask_daemon_json(arguments.global, "POST", target);
    if (!done) {
      result = report_admin_error(done.error());
      if (result != kNo) return result;  // the others will not do better
      continue;
    }
    const auto state =
        action == "flush" ? state_of(arguments.global, id) : settled_state(arguments.global, id, action == "pause");
    if (!state) return report_admin_error(state.error());
    print_done(arguments, action, id, *state);
    if (action == "pause" && *state != "paused") result = kNo;
  }
  return result;
}

}  // namespace

int exporters_list(const Arguments& arguments) {
  const auto document = ask_daemon_json(arguments.global, "GET", "/api/v1/exporters");
  if (!document) return report_admin_error(document.error());
  if (arguments.global.json) {
    std::printf("%s\n", json::serialize(*document).c_str());
    return kOk;
  }
  const auto rows = exporter_rows(document->get_object(), is_terminal(STDOUT_FILENO));
  std::fputs(table(rows, arguments.global.plain).c_str(), stdout);
  return kOk;
}

int exporters_pause(const Arguments& arguments) {
  return change(arguments, "pause",
                list_of(arguments.exporters.ids) + ": nothing is sent until it is resumed or the daemon restarts");
}

int exporters_resume(const Arguments& arguments) {
  return change(arguments, "resume", list_of(arguments.exporters.ids) + ": everything that is queued is sent");
}

int exporters_flush(const Arguments& arguments) {
  return change(arguments, "flush", list_of(arguments.exporters.ids) + ": what waits for its interval is sent now");
}

}  // namespace csiem::cli
