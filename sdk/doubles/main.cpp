// clawdstrike-siem-mock: a platform's double on loopback, with its rules and with faults.
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "server.hpp"
#include "syslog_server.hpp"

namespace {

namespace asio = boost::asio;
using namespace csiem::doubles;

struct Arguments {
  std::string platform;
  ServerOptions server;
  PlatformOptions rules;
  SyslogRules syslog;
  std::vector<std::string> faults, require_headers;
  std::string record, port_file;
  uint64_t until = 0, seed = 1;
  int idle_ms = 0;
  bool json = false, quiet = false, record_requests = false;
};

constexpr struct {
  const char* name;
  std::unique_ptr<Platform> (*make)(PlatformOptions, Recorder&, FaultPlan&);
} kPlatforms[] = {{"splunk", &make_splunk},
                  {"elastic", &make_elastic},
                  {"datadog", &make_datadog},
                  {"sumo_logic", &make_sumo_logic},
                  {"webhook", &make_webhook}};

std::unique_ptr<Platform> make(const Arguments& a, Recorder& recorder, FaultPlan& plan) {
  for (const auto& platform : kPlatforms)
    if (a.platform == platform.name) return platform.make(a.rules, recorder, plan);
  return nullptr;
}

void define(CLI::App& app, Arguments& a) {
  std::vector<std::string> names{"syslog"};
  for (const auto& platform : kPlatforms) names.emplace_back(platform.name);
  app.add_option("platform", a.platform, "whose rules to apply")->required()->check(CLI::IsMember(names));
  app.add_option("--port", a.server.port, "0 (default) takes a free one and prints it");
  app.add_option("--port-file", a.port_file, "write the port there when listening");
  app.add_option("--tls-cert", a.server.tls_certificate, "PEM certificate: serve https (syslog: TLS instead of TCP)");
  app.add_option("--tls-key", a.server.tls_key, "PEM key of the certificate");
  app.add_option("--tls-client-ca", a.server.tls_client_ca, "clients must show a certificate signed by this CA");
  app.add_option("--token", a.rules.token,
                 "the only credential accepted: token (splunk), API key (elastic, datadog), bearer (webhook), "
                 "end of the URL (sumo_logic)");
  app.add_option("--poison", a.rules.poison,
                 "datadog, sumo_logic, webhook: a request with this text in an event is refused with 400, webhook 422");
  app.add_option("--user", a.rules.user, "basic authentication: user");
  app.add_option("--password", a.rules.password, "basic authentication: password");
  app.add_option("--index", a.rules.indexes, "an index that may be written (repeatable; default: all)");
  app.add_option("--pipeline", a.rules.pipelines,
                 "elastic: an ingest pipeline that exists (repeatable; default: none)");
  app.add_option("--flavor", a.rules.flavor, "elastic: default, serverless or opensearch")
      ->check(CLI::IsMember({"default", "serverless", "opensearch"}));
  app.add_flag("--require-template", a.rules.require_template,
               "elastic: documents only where an index template was installed for");
  app.add_flag("--refuse-objects", a.rules.refuse_objects, "elastic: the key may not install anything");
  app.add_flag("--ack", a.rules.ack, "splunk: the token uses indexer acknowledgement");
  app.add_option("--ack-after", a.rules.ack_after_polls, "splunk: acknowledged at this poll");
  app.add_option("--ack-after-ms", a.rules.ack_after_ms, "splunk: acknowledged at the first poll after so long");
  app.add_option("--indexers", a.rules.indexers, "splunk: so many behind one address, told apart by a cookie");
  app.add_option("--restart-at", a.rules.restart_at,
                 "splunk: at this request the indexer restarts and loses what it has not acknowledged (repeatable)");
  app.add_flag("--cloud", a.rules.cloud, "splunk: size limit of Splunk Cloud");
  app.add_flag("--require-gzip", a.rules.require_gzip, "plain bodies are a broken rule");
  app.add_option("--require-header", a.require_headers, "webhook: NAME=VALUE (repeatable)");
  app.add_option("--method", a.rules.method, "webhook: the method expected (default POST)");
  app.add_option("--sign", a.rules.sign_scheme, "webhook: scheme of the signatures that are checked")
      ->check(CLI::IsMember({"standard-webhooks", "github", "stripe"}));
  app.add_option("--sign-secret", a.rules.sign_secret, "webhook: the secret of the signatures; none: not checked");
  app.add_option("--oauth-client", a.rules.oauth_client,
                 "webhook: ID:SECRET that gets access tokens from /token, the only ones that are accepted");
  app.add_option("--oauth-lifetime", a.rules.oauth_lifetime_s, "webhook: seconds that such a token lives");
  app.add_flag("--text", a.rules.text, "webhook: plain text is taken, too");
  app.add_option("--framing", a.syslog.framing, "syslog: octet, lf or auto (default); a breach closes the connection")
      ->check(CLI::IsMember({"auto", "octet", "lf"}));
  app.add_option(
      "--fail", a.faults,
      "KIND[=VALUE][:PERCENT%][@FIRST[-LAST]][;retry-after=S]; KIND: a status, reset-before, reset-after, hang, "
      "truncate, slow, slow-read, max-body, 413-early, reset-early, item, html, flood, inside (repeatable)");
  app.add_option("--seed", a.seed, "of the faults' dice");
  app.add_option("--record", a.record, "write each event and broken rule there, one JSON object a line");
  app.add_flag("--record-requests", a.record_requests, "write each HTTP request there, too");
  app.add_option("--until", a.until, "exit when so many different events have arrived");
  app.add_option("--idle-ms", a.idle_ms, "exit when nothing came for so long after the first request");
  app.add_flag("--json", a.json, "summary as JSON");
  app.add_flag("-q,--quiet", a.quiet, "no summary");
}

// Listens until a signal, or until what the arguments ask for has arrived.
template <class Listener>
int run(const Arguments& a, asio::io_context& loop, Listener& server, Recorder& recorder, const std::string& scheme) {
  std::string problem;
  if (!server.start(&problem)) {
    std::fprintf(stderr, "clawdstrike-siem-mock: %s\n", problem.c_str());
    return 74;
  }
  const std::string url = scheme + "://127.0.0.1:" + std::to_string(server.port());
  std::fprintf(stderr, "%s double listening on %s\n", a.platform.c_str(), url.c_str());
  if (!a.port_file.empty()) {
    const std::string temporary = a.port_file + ".new";
    if (std::FILE* f = std::fopen(temporary.c_str(), "we")) {
      std::fprintf(f, "%u\n", unsigned{server.port()});
      std::fclose(f);
      std::rename(temporary.c_str(), a.port_file.c_str());
    }
  }
  asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) loop.stop();
  });
  loop.run();
  if (!a.quiet) std::fputs((a.json ? recorder.summary_json() : recorder.summary_text()).c_str(), stdout);
  return recorder.violations() == 0 ? 0 : 1;
}

int serve(const Arguments& a, std::vector<Fault> faults) {
  Recorder recorder;
  if (!recorder.open(a.record)) {
    std::fprintf(stderr, "clawdstrike-siem-mock: cannot create %s\n", a.record.c_str());
    return 73;
  }
  if (a.record_requests) recorder.record_requests();
  FaultPlan plan(std::move(faults), a.seed);
  asio::io_context loop(1);
  asio::steady_timer idle(loop);
  const auto after = [&] {
    if (a.until != 0 && recorder.unique() >= a.until) loop.stop();
    if (a.idle_ms > 0) {
      idle.expires_after(std::chrono::milliseconds(a.idle_ms));
      idle.async_wait([&](const boost::system::error_code& error) {
        if (!error) loop.stop();
      });
    }
  };
  if (a.platform == "syslog") {
    SyslogServer server(loop, a.server, a.syslog, plan, recorder, after);
    return run(a, loop, server, recorder, a.server.tls_certificate.empty() ? "tcp" : "tls");
  }
  const auto platform = make(a, recorder, plan);
  Server server(loop, a.server, *platform, plan, recorder, after);
  return run(a, loop, server, recorder, a.server.tls_certificate.empty() ? "http" : "https");
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app("A platform's double on loopback: applies the vendor's rules strictly and fails on request",
               "clawdstrike-siem-mock");
  Arguments arguments;
  define(app, arguments);
  CLI11_PARSE(app, argc, argv);
  std::vector<Fault> faults;
  for (const auto& text : arguments.faults) {
    std::string problem;
    auto fault = parse_fault(text, &problem);
    if (!fault) {
      std::fprintf(stderr, "clawdstrike-siem-mock: --fail %s: %s\n", text.c_str(), problem.c_str());
      return 2;
    }
    faults.push_back(std::move(*fault));
  }
  for (const auto& text : arguments.require_headers) {
    const std::size_t equals = text.find('=');
    std::string name = text.substr(0, equals);
    for (auto& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    arguments.rules.require_headers.emplace_back(std::move(name),
                                                 equals == std::string::npos ? std::string() : text.substr(equals + 1));
  }
  return serve(arguments, std::move(faults));
}
