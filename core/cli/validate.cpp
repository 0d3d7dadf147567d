// clawdstrike-siem validate: everything that can be checked before anything runs, stage by stage.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/log.hpp"
#include "base/messages.hpp"
#include "cli/arguments.hpp"
#include "cli/ask_destinations.hpp"
#include "cli/setup.hpp"
#include "cli/terminal.hpp"
#include "credentials/credential_store.hpp"
#include "ingest/ingest.hpp"
#include "schema/schema_registry.hpp"

namespace csiem::cli {
namespace {

struct Stage {
  std::string name, mark, text;  // mark: ok, warn, fail, skip
  std::vector<std::string> details;
};

class Validation {
 public:
  explicit Validation(const Arguments& arguments) : arguments_(arguments) {}

  int go() {
    const auto& v = arguments_.validate;
    setup_ = load_setup(arguments_.global, {.check_plugins = !v.no_plugins,
                                            .try_plugins = !v.no_plugins,
                                            .check_files = true,
                                            .allow_empty = false,
                                            .max_errors = static_cast<std::size_t>(v.max_errors)});
    count_diagnostics();
    files();
    settings();
    // One run shows all: the later stages look at whatever did load.
    if (!v.no_plugins) {
      plugins();
      credentials();
      if (syntax_.errors == 0) store();  // else the directory may be written in the file that could not be read
      rules();
    }
    if (!v.no_plugins && !v.offline) health();
    return print();
  }

 private:
  void count_diagnostics() {
    for (const auto& d : setup_.loaded.diagnostics) {
      const bool error = d.severity == config::Severity::error;
      (error ? errors_ : warnings_) += 1;
      auto& counts = d.code < 1010 ? syntax_ : d.code >= 3000 && d.code < 4000 ? plugin_ : semantic_;
      (error ? counts.errors : counts.warnings) += 1;
    }
  }

  struct Counts {
    int errors = 0, warnings = 0;
    const char* mark() const { return errors > 0 ? "fail" : warnings > 0 ? "warn" : "ok"; }
    std::string text() const {
      std::string words;
      if (errors > 0) words += ", " + std::to_string(errors) + (errors == 1 ? " error" : " errors");
      if (warnings > 0) words += ", " + std::to_string(warnings) + (warnings == 1 ? " warning" : " warnings");
      return words;
    }
  };

  void files() {
    std::string text = std::to_string(setup_.loaded.texts.size()) + " read" + syntax_.text();
    stages_.push_back({"files", syntax_.mark(), text, setup_.loaded.configuration.files});
  }

  void settings() {
    const auto& c = setup_.loaded.configuration;
    std::size_t routes = 0;
    std::size_t exporters = 0;
    std::size_t sources = 0;
    for (const auto& e : c.exporters)
      if (e.enabled) {
        ++exporters;
        routes += e.routes.size();
      }
    for (const auto& s : c.sources) sources += s.enabled ? 1U : 0U;
    stages_.push_back({"settings",
                       semantic_.mark(),
                       std::to_string(sources) + " sources, " + std::to_string(exporters) + " exporters, " +
                           std::to_string(routes) + " routes" + semantic_.text(),
                       {}});
  }

  void plugins() {
    Stage stage{"plugins", plugin_.mark(), {}, {}};
    for (const auto& exporter : setup_.loaded.configuration.exporters) {
      if (!exporter.enabled) continue;
      auto component = setup_.plugins->exporter(exporter.type);
      if (!component) continue;  // a diagnostic already
      stage.text += (stage.text.empty() ? "" : ", ") + exporter.type + " " + (*component)->version;
      try_format(exporter, **component, stage);
    }
    stage.text += plugin_.text();
    stages_.push_back(std::move(stage));
  }

  void try_format(const config::Exporter& exporter, const plugin::Component& component, Stage& stage) {
    const auto& c = setup_.loaded.configuration;
    schema::SchemaRegistry schemas(*setup_.plugins, {c.global.host_name, "validate"});
    auto format = schemas.choose(component, exporter.format, c.schema.default_format);
    if (!format) return fail(stage, exporter.id + ": " + format.error().what(), exporter.origin);
    if (*format == nullptr) return;
    plugin::CallSlot slot;
    const auto made = plugin::FormatInstance::create(**format, slot, schemas.config_json(**format, exporter.output));
    if (!made) fail(stage, exporter.id + ": " + made.error().what(), exporter.origin);
  }

  void fail(Stage& stage, const std::string& text, const config::Origin& origin) {
    stage.mark = "fail";
    stage.details.push_back(text);
    stage.details.push_back("  --> " + origin.text());
    ++errors_;
  }

  void credentials() {
    const auto& c = setup_.loaded.configuration;
    csiem::credentials::CredentialStore::Settings settings;
    settings.default_provider = c.credentials.provider;
    settings.env.prefix = c.credentials.env_prefix;
    settings.file = {c.credentials.file_dir, c.credentials.file_trim, c.credentials.file_trust_mount};
    csiem::credentials::CredentialStore store(settings, system_clock());
    std::map<std::string, std::pair<std::string, config::Origin>> users;
    for (const auto& exporter : c.exporters) {
      if (!exporter.enabled) continue;
      std::vector<const config::Destination*> destinations{&exporter.fallback};
      for (const auto& route : exporter.routes) destinations.push_back(&route);
      for (const auto* destination : destinations)
        for (const auto& secret : destination->secrets) {
          if (secret.reference.empty()) continue;
          if (auto reference = csiem::credentials::parse_reference(secret.reference))
            users.emplace(store.add(*reference), std::pair(exporter.id + "." + secret.handle, secret.origin));
        }
    }
    if (!c.privacy.rules.hash_fields.empty() && csiem::credentials::is_reference(c.privacy.hash_key))
      if (auto reference = csiem::credentials::parse_reference(c.privacy.hash_key))
        users.emplace(store.add(*reference), std::pair("privacy.hash_key", c.privacy.hash_key_origin));
    Stage stage{"credentials", "ok", std::to_string(users.size()) + " resolved", {}};
    const auto failed = store.resolve();
    for (const auto& [name, error] : failed) {
      const auto user = users.find(name);
      const std::string who = user == users.end() ? std::string() : user->second.first + ": ";
      setup_.loaded.diagnostics.push_back({config::Severity::error,
                                           error.message_code(),
                                           who + error.what(),
                                           user == users.end() ? config::Origin{} : user->second.second,
                                           {},
                                           {}});
      ++errors_;
      stage.mark = "fail";
    }
    if (!failed.empty())
      stage.text = std::to_string(users.size() - failed.size()) + " resolved, " + std::to_string(failed.size()) +
                   " not; what needs them would wait";
    stages_.push_back(std::move(stage));
  }

  // Sends nothing but what the plugins ask their platforms.
  void health() {
    if (syntax_.errors > 0 || semantic_.errors > 0) {
      stages_.push_back({"health", "skip", "nobody is asked with settings that have errors", {}});
      return;
    }
    log::Settings logging;  // what there is to say is said below
    logging.level = arguments_.global.verbose > 0 ? log::Level::debug : log::Level::off;
    log::configure(logging);
    Stage stage{"health", "ok", {}, {}};
    std::vector<std::string> good, silent, ill;
    for (const Asked& one : ask_destinations(setup_.loaded.configuration, *setup_.plugins)) {
      if (one.kind == Asked::Kind::nothing) silent.push_back(one.exporter);
      if (one.kind == Asked::Kind::unresolved)
        stage.details.push_back(one.exporter + ": not asked without its credential");
      if (one.kind != Asked::Kind::answered) continue;
      if (one.report.good()) {
        good.push_back(one.exporter);
        stage.details.push_back(one.exporter + ": answered in " + std::to_string(one.report.took_ns / 1'000'000) +
                                " ms");
      } else {
        ill.push_back(one.exporter + ": " + title(one.report.code) + ": " + one.report.text + " [" +
                      messages::code_text(one.report.code) + "]");
        accuse(one);
      }
    }
    for (const std::string& exporter : silent)
      stage.details.push_back(exporter + ": has nothing to ask, is known from its deliveries alone");
    if (!ill.empty()) stage.mark = "fail";
    stage.text = ill.size() == 1 ? ill.front()
                 : !ill.empty()
                     ? std::to_string(ill.size()) + " of " + std::to_string(ill.size() + good.size()) + " fail"
                     : std::to_string(good.size()) + (good.size() == 1 ? " exporter answers" : " exporters answer");
    if (ill.size() > 1) stage.details.insert(stage.details.begin(), ill.begin(), ill.end());
    stages_.push_back(std::move(stage));
  }

  static std::string title(int code) {
    const messages::Message* message = messages::find(code);
    return message == nullptr ? std::string() : std::string(message->title);
  }

  // The vendor's own code and words, the place of the setting, and the next step.
  void accuse(const Asked& one) {
    config::Diagnostic diagnostic;
    diagnostic.code = one.report.code;
    diagnostic.message = one.exporter + ": " + title(one.report.code) + ": " + one.report.text;
    diagnostic.origin = one.report.setting;
    if (const messages::Message* message = messages::find(one.report.code))
      diagnostic.notes.push_back("next step: " + std::string(message->fix));
    setup_.loaded.diagnostics.push_back(std::move(diagnostic));
    ++errors_;
  }

  void store() {
    const std::string& directory = setup_.loaded.configuration.global.data_dir;
    Stage stage{"store", "ok", directory, {}};
    if (::access(directory.c_str(), F_OK) != 0) {
      stage.text += " does not exist yet; run creates it";
    } else if (::access(directory.c_str(), R_OK | W_OK | X_OK) != 0) {
      stage.mark = "fail";
      stage.text += ": " + errno_text(errno) + " [CS5005]";
      ++errors_;
    } else if (auto checkpoints = read_file(directory + "/checkpoints.json", 64U << 20); checkpoints) {
      stage.text += ", checkpoints there (" + byte_text(checkpoints->size()) + ")";
    }
    stages_.push_back(std::move(stage));
  }

  void rules() {
    Stage stage{"rules", "ok", "expressions and routes compile", {}};
    if (!arguments_.validate.events.empty()) try_rules(stage);
    stages_.push_back(std::move(stage));
  }

  // How many of the given events each filter keeps and each route takes: a rule that is valid but never true shows
  // here.
  void try_rules(Stage& stage) {
    auto text = read_file(arguments_.validate.events, 256U << 20);
    if (!text) return fail(stage, text.error().what(), {});
    event::BatchBuilder events(event::BatchPool::create(0));
    ingest::Mapper mapper{ingest::Options{}};
    const int64_t now = system_clock().unix_ns();
    std::string_view rest = *text;
    while (!rest.empty()) {
      const std::size_t feed = std::min(rest.find('\n'), rest.size());
      (void)mapper.map(rest.substr(0, feed), now, events);
      rest.remove_prefix(std::min(feed + 1, rest.size()));
    }
    const std::string of = " of " + std::to_string(events.size()) + " events";
    for (const auto& exporter : setup_.loaded.configuration.exporters) {
      if (!exporter.enabled) continue;
      const process::Filter filter(exporter.filter);
      std::size_t kept = 0;
      std::vector<std::size_t> taken(exporter.routes.size());
      for (const auto& event : events.events()) {
        if (filter.refusal(event, now) != nullptr) continue;
        ++kept;
        for (std::size_t i = 0; i < exporter.routes.size(); ++i)
          if (!exporter.routes[i].when || exporter.routes[i].when->matches(event, now)) {
            ++taken[i];
            break;
          }
      }
      stage.details.push_back(exporter.id + ": filter keeps " + std::to_string(kept) + of);
      for (std::size_t i = 0; i < taken.size(); ++i) {
        stage.details.push_back("route " + exporter.id + "[" + std::to_string(i) + "] takes " +
                                std::to_string(taken[i]) + of);
        if (taken[i] == 0 && stage.mark == "ok") {
          stage.mark = "warn";
          ++warnings_;
        }
      }
    }
  }

  int print() {
    auto& all = setup_.loaded.diagnostics;
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return std::tie(a.origin.file, a.origin.line, a.origin.column) <
             std::tie(b.origin.file, b.origin.line, b.origin.column);
    });
    const bool failed = errors_ > 0 || (arguments_.validate.deny_warnings && warnings_ > 0);
    if (arguments_.global.json) {
      std::string text = "{\"schema\":\"clawdstrike-siem/validate/v1\",\"ok\":";
      text += failed ? "false" : "true";
      text += ",\"errors\":" + std::to_string(errors_) + ",\"warnings\":" + std::to_string(warnings_) + ",\"stages\":[";
      for (std::size_t i = 0; i < stages_.size(); ++i) {
        text += std::string(i == 0 ? "" : ",") + "{\"stage\":" + json_text(stages_[i].name) +
                ",\"result\":" + json_text(stages_[i].mark) + ",\"text\":" + json_text(stages_[i].text) +
                ",\"details\":[";
        for (std::size_t k = 0; k < stages_[i].details.size(); ++k)
          text += (k == 0 ? "" : ",") + json_text(stages_[i].details[k]);
        text += "]}";
      }
      std::printf("%s],\"diagnostics\":%s}\n", text.c_str(), diagnostics_json(setup_.loaded).c_str());
      return failed ? kConfig : kOk;
    }
    print_diagnostics(setup_.loaded, arguments_.global);
    for (const auto& stage : stages_) {
      std::printf("%-5s %-12s %s\n", stage.mark.c_str(), stage.name.c_str(), stage.text.c_str());
      for (const auto& detail : stage.details) std::printf("        %s\n", detail.c_str());
    }
    std::printf("result: %d %s, %d %s\n", errors_, errors_ == 1 ? "failure" : "failures", warnings_,
                warnings_ == 1 ? "warning" : "warnings");
    return failed ? kConfig : kOk;
  }

  const Arguments& arguments_;
  Setup setup_;
  std::vector<Stage> stages_;
  Counts syntax_, semantic_, plugin_;
  int errors_ = 0, warnings_ = 0;
};

}  // namespace

int validate(const Arguments& arguments) { return Validation(arguments).go(); }

}  // namespace csiem::cli
