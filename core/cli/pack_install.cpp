// clawdstrike-siem pack install: the objects of a pack that a platform takes through its API, installed with the
// address and the credential of a configured exporter. The plugin does the work, as its bootstrap does.
#include <unistd.h>
#include <boost/json.hpp>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "cli/arguments.hpp"
#include "cli/plugin_session.hpp"
#include "cli/setup.hpp"
#include "cli/terminal.hpp"
#include "pipeline/credential_settings.hpp"

namespace csiem::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view kPlatform = "elastic";

// One object of the platform and what becomes of it.
struct Installed {
  std::string path, action;  // create, replace, keep; fail when it was refused
  std::string text, code, hint;
};

std::string path_of(const std::string& url) {
  const auto authority = url.find("://");
  const auto path = url.find('/', authority == std::string::npos ? 0 : authority + 3);
  return path == std::string::npos ? "/" : url.substr(path);
}

// The vendor's own words: {"error":{"type":…,"reason":…}}.
std::string vendor_text(const http::Response& response) {
  if (response.transport != http::Transport::ok) return response.error;
  json::error_code error;
  const json::value value = json::parse(response.body, error);
  std::string text = "HTTP " + std::to_string(response.status);
  if (error || !value.is_object()) return text;
  const auto* cause = value.get_object().if_contains("error");
  if (cause == nullptr || !cause->is_object()) return text;
  for (const char* member : {"type", "reason"})
    if (const auto* part = cause->get_object().if_contains(member); part != nullptr && part->is_string())
      text += (member[0] == 't' ? " " : ": ") + std::string(part->get_string());
  return delivery::clean_text(text);
}

std::string code_of(const http::Response& response) {
  if (response.transport == http::Transport::tls) return "CS4002";
  if (response.transport == http::Transport::timeout) return "CS4003";
  if (response.transport != http::Transport::ok) return "CS4001";
  return response.status == 401 || response.status == 403 ? "CS4010" : "CS4040";
}

std::string hint_of(const std::string& path, const http::Response& response) {
  if (response.status == 401) return "check the exporter's api_key, or username and password";
  if (response.status != 403) return {};
  const auto needs = [&](std::string_view start, std::string_view privilege) {
    return path.starts_with(start) ? "the credential needs the cluster privilege " + std::string(privilege)
                                   : std::string();
  };
  for (const auto& [start, privilege] :
       {std::pair("/_ilm/", "manage_ilm"), std::pair("/_ingest/", "manage_ingest_pipelines"),
        std::pair("/_component_template/", "manage_index_templates"),
        std::pair("/_index_template/", "manage_index_templates")})
    if (auto hint = needs(start, privilege); !hint.empty()) return hint;
  return path.starts_with("/_") ? "" : "the credential needs the index privileges create_index and manage on this name";
}

// What the plugin asks and is answered, turned into a plan or a report.
class Installation {
 public:
  Installation(const config::Exporter& exporter, credentials::CredentialStore& credentials, bool dry_run)
      : session_(
            exporter, credentials, [this](const http::Request& request) { return instead(request); },
            [this](const Exchange& exchange) { saw(exchange); }),
        dry_run_(dry_run) {}

  PluginSession& session() { return session_; }
  const std::vector<Installed>& objects() const { return objects_; }
  const std::string& cluster() const { return cluster_; }

  // False: the platform could not be asked, or refused everything; the last object says why.
  Result<bool> run() {
    csiem_event event{};
    event.struct_size = sizeof event;
    const csiem_event* pointer = &event;
    constexpr std::string_view kNothing = "{}";
    const csiem_str body{kNothing.data(), kNothing.size()};
    csiem_batch batch{};
    batch.struct_size = sizeof batch;
    batch.count = 1;
    batch.batch_id = 1;
    batch.events = &pointer;
    batch.bodies = &body;
    batch.content_type = {"application/json", 16};
    CS_TRY(verdict, session_.run(batch));
    if (!verdict) return true;
    // It stopped before it was through.
    if (objects_.empty() || objects_.back().action != "fail")
      objects_.push_back(
          {"/", "fail", verdict->text.empty() ? verdict->code : verdict->text, failed_code_, failed_hint_});
    return false;
  }

 private:
  std::optional<http::Response> instead(const http::Request& request) {
    if (request.method == "POST") {  // the batch itself: everything before it is done
      session_.stop();
      return http::Response{};
    }
    if (!dry_run_ || request.method != "PUT") return std::nullopt;
    http::Response taken;
    taken.status = 200;
    taken.body = "{}";
    return taken;
  }

  void saw(const Exchange& exchange) {
    if (exchange.method == "POST") return;
    const std::string path = path_of(exchange.url);
    const http::Response& response = exchange.response;
    const bool good = response.transport == http::Transport::ok && response.status < 300;
    if (path == "/") {
      cluster_ = exchange.url;
      failed_code_ = good ? "" : code_of(response);
      failed_hint_ = hint_of(path, response);
    } else if (exchange.method == "GET") {
      // What is looked at and not replaced stays.
      objects_.push_back({path, good ? "keep" : "create", good ? "what is there stays" : "", "", ""});
    } else {
      if (objects_.empty()) return;
      Installed& object = objects_.back();
      const bool there = response.body.find("resource_already_exists_exception") != std::string::npos;
      object.action = !good && !there ? "fail" : object.action == "keep" ? "replace" : "create";
      object.path = path;
      object.text = good || there ? "" : vendor_text(response);
      object.code = good || there ? "" : code_of(response);
      object.hint = good || there ? "" : hint_of(path, response);
    }
  }

  PluginSession session_;
  const bool dry_run_;
  std::string cluster_, failed_code_, failed_hint_;
  std::vector<Installed> objects_;
};

void print_objects(const std::vector<Installed>& objects) {
  for (const Installed& object : objects) {
    std::printf("%-8s%s%s%s%s\n", object.action.c_str(), object.path.c_str(), object.text.empty() ? "" : "  ",
                object.text.c_str(), object.code.empty() ? "" : (" [" + object.code + "]").c_str());
    if (!object.hint.empty()) std::printf("        hint: %s\n", object.hint.c_str());
  }
}

std::string document(const std::string& exporter, const std::string& cluster, bool dry_run,
                     const std::vector<Installed>& objects) {
  json::array list;
  for (const Installed& object : objects)
    list.push_back({{"path", object.path},
                    {"action", object.action},
                    {"text", object.text},
                    {"code", object.code},
                    {"hint", object.hint}});
  return json::serialize(json::object{{"schema", "clawdstrike-siem/pack-install/v1"},
                                      {"name", kPlatform},
                                      {"exporter", exporter},
                                      {"cluster", cluster},
                                      {"dry_run", dry_run},
                                      {"objects", std::move(list)}});
}

// Nothing, with a message, when it is not clear which.
const config::Exporter* choose_exporter(const std::vector<config::Exporter>& all, const std::string& id) {
  std::vector<const config::Exporter*> found;
  std::string ids;
  for (const config::Exporter& exporter : all) {
    if (exporter.type != kPlatform || (!id.empty() && exporter.id != id)) continue;
    found.push_back(&exporter);
    ids += (ids.empty() ? "" : ", ") + exporter.id;
  }
  if (found.size() == 1) return found.front();
  if (found.empty())
    std::fprintf(stderr, "clawdstrike-siem: pack install %s: no exporter %sof type %s is configured\n",
                 std::string(kPlatform).c_str(), id.empty() ? "" : ("'" + id + "' ").c_str(),
                 std::string(kPlatform).c_str());
  else
    std::fprintf(stderr, "clawdstrike-siem: pack install %s: which of %s? --exporter ID\n",
                 std::string(kPlatform).c_str(), ids.c_str());
  return nullptr;
}

std::string with_bootstrap(const std::string& settings_json) {
  json::value settings = json::parse(settings_json);
  json::object& object = settings.as_object();
  object["bootstrap"] = true;
  json::value& options = object["bootstrap_options"];
  if (!options.is_object()) options = json::object{};
  options.as_object()["on_error"] = "warn";  // so that every object is tried
  return json::serialize(settings);
}

int status_of(const std::vector<Installed>& objects) {
  for (const Installed& object : objects)
    if (object.action == "fail")
      return object.code == "CS4001" || object.code == "CS4002" || object.code == "CS4003" ? kUnavailable : kNo;
  return kOk;
}

int confirm(std::size_t count) {
  if (!is_terminal(STDIN_FILENO) || !is_terminal(STDERR_FILENO)) {
    std::fputs("clawdstrike-siem: pack install: give --yes where nobody can be asked, or --dry-run\n", stderr);
    return kUsage;
  }
  std::fprintf(stderr, "%zu objects. Install? [y/N] ", count);
  const int answer = std::getchar();
  return answer == 'y' || answer == 'Y' ? kOk : kNo;
}

}  // namespace

int pack_install(const Arguments& arguments) {
  const PackArguments& wanted = arguments.pack;
  if (wanted.name != kPlatform) {
    std::fprintf(
        stderr,
        "clawdstrike-siem: pack install %s: only elastic is installed from here; pack export %s DIR copies the "
        "pack, its README says where to put it\n",
        wanted.name.c_str(), wanted.name.c_str());
    return kUsage;
  }
  std::signal(SIGPIPE, SIG_IGN);
  const Setup setup = load_setup(arguments.global, {});
  if (!print_diagnostics(setup.loaded, arguments.global)) return kConfig;
  const config::Configuration& configuration = setup.loaded.configuration;
  const config::Exporter* exporter = choose_exporter(configuration.exporters, wanted.exporter);
  if (exporter == nullptr) return kUsage;
  const auto component = setup.plugins->exporter(exporter->type);
  if (!component) {
    print_error(component.error());
    return kConfig;
  }
  GlobalArguments logging = arguments.global;
  logging.quiet = logging.verbose == 0;
  configure_logging(configuration, logging);

  const auto pass = [&](bool dry_run, std::optional<std::vector<Installed>>& objects, std::string& cluster) {
    credentials::CredentialStore credentials(pipeline::credential_settings(configuration.credentials), system_clock());
    Installation installation(*exporter, credentials, dry_run);
    for (const auto& [key, error] : credentials.resolve()) {
      print_error(error);
      return int{kConfig};
    }
    if (const auto opened = installation.session().open(**component, with_bootstrap(exporter->fallback.settings_json));
        !opened) {
      print_error(opened.error());
      return int{kConfig};
    }
    if (const auto ran = installation.run(); !ran) {
      print_error(ran.error());
      return int{kNo};
    }
    objects = installation.objects();
    cluster = installation.cluster();
    return status_of(*objects);
  };

  std::optional<std::vector<Installed>> objects;
  std::string cluster;
  int status = pass(true, objects, cluster);
  const bool plan_only = wanted.dry_run || status != kOk;
  if (!plan_only && !wanted.yes) {
    if (!arguments.global.json) print_objects(*objects);
    std::fflush(stdout);
    if (const int answer = confirm(objects->size()); answer != kOk) return answer;
  }
  if (!plan_only) status = pass(false, objects, cluster);
  if (!objects) return status;
  if (arguments.global.json)
    std::printf("%s\n", document(exporter->id, cluster, plan_only, *objects).c_str());
  else
    print_objects(*objects);
  if (status == kOk && !arguments.global.quiet)
    std::fprintf(stderr, "%s\n",
                 plan_only
                     ? "nothing was changed; without --dry-run it is installed"
                     : "installed. Rules and dashboards go into Kibana: pack export elastic DIR, then its README");
  return status;
}

}  // namespace csiem::cli
