// clawdstrike-siem send-test: one marked event through each exporter, and what its platform said.
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/version.hpp"
#include "cli/admin_client.hpp"
#include "cli/arguments.hpp"
#include "cli/exporter_rows.hpp"
#include "cli/send_test_document.hpp"
#include "cli/setup.hpp"
#include "cli/terminal.hpp"
#include "credentials/credential_store.hpp"
#include "pipeline/credential_settings.hpp"
#include "pipeline/send_test.hpp"
#include "schema/schema_registry.hpp"

namespace csiem::cli {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr auto kWaitStep = std::chrono::milliseconds(20);
// What the daemon may need on top of --wait.
constexpr std::chrono::seconds kGrace{20};

// Who sends: the daemon, or this process when none runs.
class Sender {
 public:
  virtual ~Sender() = default;
  virtual Result<std::vector<std::string>> exporters() = 0;
  // The one result of its document.
  virtual Result<json::object> send(const std::string& exporter, const admin::Parameters& order) = 0;
};

Result<json::object> result_of(const json::value& document) {
  const json::array& results = array_member(document.get_object(), "results");
  if (results.size() != 1 || !results.front().is_object()) return Error{Code::internal, "not a result", 9001};
  return results.front().get_object();
}

class InDaemon final : public Sender {
 public:
  InDaemon(const GlobalArguments& global, int64_t wait_ms)
      : global_(global), patience_(std::chrono::seconds(wait_ms / 1000) + kGrace) {}
  Result<std::vector<std::string>> exporters() override {
    CS_TRY(document, ask_daemon_json(global_, "GET", "/api/v1/exporters"));
    std::vector<std::string> ids;
    for (const auto& exporter : array_member(document.get_object(), "exporters"))
      ids.push_back(text_member(exporter.get_object(), "id"));
    return ids;
  }
  Result<json::object> send(const std::string& exporter, const admin::Parameters& order) override {
    CS_TRY(document, ask_daemon_json(global_, "POST", "/api/v1/exporters/" + exporter + "/send-test",
                                     admin::parameters_json(order), patience_));
    return result_of(document);
  }

 private:
  const GlobalArguments& global_;
  const std::chrono::seconds patience_;
};

class ByItself final : public Sender {
 public:
  explicit ByItself(Setup setup)
      : setup_(std::move(setup)),
        schemas_(*setup_.plugins, {setup_.loaded.configuration.global.host_name, std::string(kVersion)}),
        credentials_(pipeline::credential_settings(setup_.loaded.configuration.credentials), system_clock()) {
    pipeline::SendTests::Parts parts;
    parts.configuration = &setup_.loaded.configuration;
    parts.plugins = setup_.plugins.get();
    parts.schemas = &schemas_;
    parts.credentials = &credentials_;
    parts.clock = &system_clock();
    parts.on_control = [this](std::function<void()> task) { asio::post(loop_, std::move(task)); };
    tests_.emplace(std::move(parts));
  }
  Result<std::vector<std::string>> exporters() override {
    std::vector<std::string> ids;
    for (const auto& exporter : setup_.loaded.configuration.exporters)
      if (exporter.enabled) ids.push_back(exporter.id);
    return ids;
  }
  Result<json::object> send(const std::string& exporter, const admin::Parameters& parameters) override {
    CS_TRY(order, send_test_order(exporter, parameters));
    std::optional<pipeline::SendTestReport> report;
    CS_CHECK(tests_->start(order, [&](pipeline::SendTestReport given) { report = std::move(given); }));
    while (!report) {
      loop_.restart();
      loop_.run_for(kWaitStep);
      tests_->tick();
    }
    return result_of(json::parse(send_test_document(*report)));
  }

 private:
  Setup setup_;
  asio::io_context loop_{1};
  schema::SchemaRegistry schemas_;
  credentials::CredentialStore credentials_;
  std::optional<pipeline::SendTests> tests_;
};

// Nothing, and `status` is what to exit with.
std::unique_ptr<Sender> open_sender(const Arguments& arguments, int64_t wait_ms, int& status) {
  const auto daemon = ask_daemon_json(arguments.global, "GET", "/api/v1/version");
  if (daemon) return std::make_unique<InDaemon>(arguments.global, wait_ms);
  if (daemon.error().message_code() != 8004) {
    status = report_admin_error(daemon.error());
    return nullptr;
  }
  std::signal(SIGPIPE, SIG_IGN);
  Setup setup = load_setup(arguments.global, {});
  if (!print_diagnostics(setup.loaded, arguments.global)) {
    status = kConfig;
    return nullptr;
  }
  // What the exporters would log is what this command prints.
  GlobalArguments logging = arguments.global;
  logging.quiet = logging.verbose == 0;
  configure_logging(setup.loaded.configuration, logging);
  return std::make_unique<ByItself>(std::move(setup));
}

std::string verdict_line(const json::object& result) {
  const std::string code = text_member(result, "code"), vendor = text_member(result, "vendor_code");
  const bool ok = flag_member(result, "ok");
  const uint64_t status = number_member(result, "http_status");
  const uint64_t confirmed_ms = number_member(result, "confirmed_ms");
  // An exporter that can tell less than "delivered" says so with its code.
  std::string text = !ok          ? text_member(result, "text")
                     : status > 0 ? "HTTP " + std::to_string(status)
                                  : (vendor.empty() ? "delivered" : vendor);
  if (number_member(result, "attempts") > 0)
    text += " in " + duration_text(static_cast<int64_t>(number_member(result, "answered_ms")));
  if (confirmed_ms > 0) text += ", confirmed after " + duration_text(static_cast<int64_t>(confirmed_ms));
  if (const uint64_t attempts = number_member(result, "attempts"); attempts > 1)
    text += ", " + std::to_string(attempts) + " attempts";
  if (!code.empty()) text += " [" + code + "]";
  return text;
}

void print_result(const json::object& result, std::size_t width) {
  const std::string exporter = text_member(result, "exporter");
  std::printf("%-*s  %-4s  %s\n", static_cast<int>(width), exporter.c_str(), flag_member(result, "ok") ? "ok" : "fail",
              verdict_line(result).c_str());
  const auto more = [&](const std::string& line) {
    std::printf("%*s%s\n", static_cast<int>(width) + 8, "", line.c_str());
  };
  if (const auto route = text_member(result, "route"); !route.empty()) more("route: " + route);
  const std::string value = text_member(result, "value"), setting = text_member(result, "setting");
  if (const auto origin = text_member(result, "origin"); !origin.empty())
    more(!value.empty()     ? "value: " + value + " set at " + origin
         : !setting.empty() ? "value: " + setting + " is not set in the exporter at " + origin
                            : "exporter: set at " + origin);
  if (const auto next = text_member(result, "next"); !next.empty()) more("hint: " + next);
  if (const auto lookup = text_member(result, "lookup"); !lookup.empty()) more(lookup);
  if (flag_member(result, "ok")) more("event: " + text_member(result, "event_id"));
}

// 1 when a platform said no; 69 when the only trouble was that none could be reached.
int status_of(const json::array& results) {
  int status = kOk;
  for (const auto& one : results) {
    const json::object& result = one.get_object();
    if (flag_member(result, "ok")) continue;
    const std::string code = text_member(result, "code");
    if (code != "CS4001" && code != "CS4002" && code != "CS4003") return kNo;
    status = kUnavailable;
  }
  return status;
}

}  // namespace

int send_test(const Arguments& arguments) {
  const SendTestArguments& wanted = arguments.send_test;
  if (wanted.exporters.empty() != wanted.all) {
    std::fputs("clawdstrike-siem: send-test: name exporters, or give --all\n", stderr);
    return kUsage;
  }
  const auto wait_ms = config::parse_duration_ms(wanted.wait);
  if (!wait_ms || *wait_ms < 1) {
    std::fprintf(stderr, "clawdstrike-siem: send-test: --wait: a duration such as 30s, not '%s'\n",
                 wanted.wait.c_str());
    return kUsage;
  }
  const admin::Parameters order{{"severity", wanted.severity}, {"wait_ms", std::to_string(*wait_ms)}};
  if (const auto understood = send_test_order("", order); !understood) {
    std::fprintf(stderr, "clawdstrike-siem: send-test: %s\n", understood.error().what().c_str());
    return kUsage;
  }
  int status = kOk;
  const auto sender = open_sender(arguments, *wait_ms, status);
  if (!sender) return status;
  std::vector<std::string> ids = wanted.exporters;
  if (wanted.all) {
    auto all = sender->exporters();
    if (!all) return report_admin_error(all.error());
    ids = *std::move(all);
  }
  std::size_t width = 0;
  for (const auto& id : ids) width = std::max(width, id.size());
  json::array results;
  for (const auto& id : ids) {
    auto result = sender->send(id, order);
    if (!result) return report_admin_error(result.error());
    if (!arguments.global.json) print_result(*result, width);
    std::fflush(stdout);
    results.push_back(*std::move(result));
  }
  status = status_of(results);
  if (arguments.global.json) {
    json::object document;
    document["schema"] = "clawdstrike-siem/send-test/v1";
    document["results"] = std::move(results);
    std::printf("%s\n", json::serialize(document).c_str());
  } else if (!arguments.global.quiet) {
    std::fputs("1 event each, nothing stored\n", stdout);
  }
  return status;
}

}  // namespace csiem::cli
