// The command line: names, options, help. The only file that knows the argument parser.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "base/core_dumps.hpp"
#include "base/version.hpp"
#include "cli/arguments.hpp"
#include "cli/packs.hpp"
#include "config/suggest.hpp"

namespace csiem::cli {
namespace {

constexpr const char* kOverview =
    R"(clawdstrike-siem carries Clawdstrike security events to the tools a SOC already runs.

  Run         run                  read, map and deliver events (foreground)
              status               what the running daemon does
              health               whether it is alive and ready; for probes
              trace EVENT_ID       what became of one event
  Configure   init --platform NAME write a configuration to begin with
              validate             check configuration, plugins, credentials and rules
              config show          effective settings, with --origin where each comes from
              config defaults      every key with its default
              test                 unit tests for the configuration, without network
              transform            convert events and check them against a schema
              schema check         check events that are formatted already
              explain CSnnnn       what a message means and what to do
  Deliver     send-test ID         send one test event, and see what the platform says
              exporters list       where each exporter stands
              exporters pause ID   keep its events queued; resume and flush

  Look after  dlq list             events that exporters gave up, and why
              dlq replay           send them again
              dlq export FILE      all of them as JSON lines
              queue list           how far each exporter is
              queue check          whether the store is undamaged
  Extend      plugins list         what can be loaded
              plugins info NAME    one plugin and its settings
              plugins path         where plugins are looked for
              pack list            dashboards and detections for the platforms
              pack install elastic templates, lifecycle and pipeline into Elasticsearch
              pack export NAME DIR copy them out, to be installed there
  Helpers     mock PLATFORM        a local double of a platform, with strict rules and faults
              completion SHELL     bash, zsh or fish
              version              versions of everything

Try: clawdstrike-siem run --help
)";

using Action = int (*)(const Arguments&);

class CommandLine {
 public:
  CommandLine() : app_("Security event exporter for Clawdstrike", "clawdstrike-siem") {
    global_options();
    run_command();
    admin_commands();
    configure_commands();
    store_commands();
    plugin_commands();
    pack_commands();
    helper_commands();
  }

  int parse_and_run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return report(error, argc, argv);
    }
    if (action_ == nullptr) {
      std::fputs(kOverview, stderr);
      return kUsage;
    }
    return action_(arguments_);
  }

  // Candidates for the last of `words`, one per line.
  void complete(const std::vector<std::string>& words) {
    CLI::App* at = &app_;
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
      for (auto* sub : at->get_subcommands(nullptr))
        if (sub->get_name() == words[i]) at = sub;
    }
    const std::string prefix = words.empty() ? std::string() : words.back();
    const auto offer = [&](const std::string& word) {
      if (word.rfind(prefix, 0) == 0 && word.rfind("__", 0) != 0) std::printf("%s\n", word.c_str());
    };
    for (auto* sub : at->get_subcommands(nullptr)) offer(sub->get_name());
    for (auto* app = at; app != nullptr; app = app->get_parent())
      for (const auto* option : app->get_options(nullptr))
        for (const auto& name : option->get_lnames()) offer("--" + name);
    if (at->get_name() == "completion")
      for (const char* shell : {"bash", "zsh", "fish"}) offer(shell);
    if (at->get_parent() != nullptr && at->get_parent()->get_name() == "pack" && at->get_name() != "list")
      if (const auto set = find_packs({}))
        for (const auto& pack : set->packs) offer(pack.name);
    if (at->get_name() == "mock")
      for (const char* platform : {"splunk", "elastic", "datadog", "sumo_logic", "webhook", "syslog"}) offer(platform);
  }

 private:
  CLI::App* command(CLI::App& parent, const std::string& name, const std::string& description, Action action) {
    auto* sub = parent.add_subcommand(name, description);
    sub->fallthrough();
    sub->callback([this, action] { action_ = action; });
    return sub;
  }

  void global_options() {
    auto& g = arguments_.global;
    app_.add_option("--config", g.config, "configuration file or directory of *.toml (repeatable)")->type_name("PATH");
    app_.add_option("--conf-d", g.conf_d, "directory of drop-ins (repeatable)")->type_name("DIR");
    app_.add_option("--set", g.set, "override one key, for example --set global.environment=staging")
        ->type_name("KEY=VALUE");
    app_.add_option("--plugin", g.plugin_files, "load this plugin file as well (repeatable)")->type_name("FILE");
    app_.add_option("--socket", g.socket, "admin socket of the daemon")->type_name("PATH");
    app_.add_flag("--json", g.json, "one JSON document, or one object a line, on standard output");
    app_.add_flag("--plain", g.plain, "tables with tabs, nothing elided");
    app_.add_option("--color", g.color, "auto, always or never")->check(CLI::IsMember({"auto", "always", "never"}));
    app_.add_option("--progress", g.progress, "auto, none, plain, bar or json")
        ->check(CLI::IsMember({"auto", "none", "plain", "bar", "json"}));
    app_.add_flag("-q,--quiet", g.quiet, "only errors");
    app_.add_flag("-v,--verbose", g.verbose, "more; twice for everything");
    app_.set_version_flag("-V,--version", std::string("clawdstrike-siem ") + std::string(kVersion));
    app_.require_subcommand(0, 1);
  }

  void run_command() {
    auto& r = arguments_.run;
    auto* sub = command(app_, "run", "read, map and deliver events in the foreground", &run);
    sub->add_flag("--once", r.once, "read everything available, drain, and exit (1 when dead letters were written)");
    sub->add_flag("--dry-run", r.dry_run, "no network: print each request instead of sending it");
    sub->add_flag("--allow-empty", r.allow_empty, "start without a source or exporter");
  }

  void admin_commands() {
    command(app_, "status", "what the running daemon does: sources, exporters, ledger", &status);
    auto& h = arguments_.health;
    auto* check = command(app_, "health", "exit 0 when the daemon is ready, 1 when it is not", &health);
    auto* live = check->add_flag("--live", h.live, "only whether it answers");
    check->add_flag("--ready", h.ready, "whether it does what it is configured to do (the default)")->excludes(live);
    check->add_option("--exporter", h.exporter, "only this exporter, required or not")->type_name("ID")->excludes(live);

    command(app_, "trace", "what became of one event; exit 1 when it is not known (any more)", &trace)
        ->add_option("event_id", arguments_.trace_id, "its event_id")
        ->required();
    auto& s = arguments_.send_test;
    auto* test_event = command(
        app_, "send-test", "send one marked event through exporters; exit 1 when a platform refuses it", &send_test);
    auto* named = test_event->add_option("id", s.exporters, "exporters of the configuration");
    test_event->add_flag("--all", s.all, "every enabled exporter")->excludes(named);
    test_event->add_option("--severity", s.severity, "info, low, medium, high or critical")->capture_default_str();
    test_event->add_option("--wait", s.wait, "how long to wait for the answer, confirmation included")
        ->type_name("DURATION")
        ->capture_default_str();
    auto* exporters = app_.add_subcommand("exporters", "the exporters of the running daemon");
    exporters->require_subcommand(1, 1);
    exporters->fallthrough();
    command(*exporters, "list", "state, rate, queue and last error of each", &exporters_list);
    change(*exporters, "pause", "send nothing until it is resumed; its events stay queued", &exporters_pause);
    change(*exporters, "resume", "end a pause, and try again now if the exporter waits for its next attempt",
           &exporters_resume);
    change(*exporters, "flush", "send what waits for its flush interval", &exporters_flush);
  }

  void change(CLI::App& parent, const std::string& name, const std::string& description, Action action) {
    auto* sub = command(parent, name, description, action);
    sub->add_option("id", arguments_.exporters.ids, "exporters, as `exporters list` names them")->required();
    sub->add_flag("--yes", arguments_.exporters.yes, "do not ask");
  }

  void configure_commands() {
    auto& v = arguments_.validate;
    auto* check =
        command(app_, "validate", "check configuration, plugins, credentials, store, rules and platforms", &validate);
    check->add_flag("--offline", v.offline, "stop before stages that need the network");
    check->add_flag("--no-plugins", v.no_plugins, "stop before loading plugins");
    check->add_flag("--deny-warnings", v.deny_warnings, "warnings fail, too");
    check->add_option("--max-errors", v.max_errors, "print at most so many problems")->check(CLI::Range(1, 100000));
    check->add_option("--events", v.events, "try filters and routes on these events")->type_name("FILE");

    auto& i = arguments_.init;
    auto* starter =
        command(app_, "init", "write a commented configuration; without -o or --source only the exporters", &init);
    starter->add_option("--platform", i.platforms, "an exporter plugin (repeatable)")->type_name("NAME");
    starter->add_option("--source", i.source, "where events come from: jsonl:/PATH or stdin")->type_name("TYPE:PATH");
    starter->add_option("-o,--output", i.output, "the file to write; without it, standard output")->type_name("FILE");
    starter->add_flag("--force", i.force, "write over a file that is there");

    auto* config = app_.add_subcommand("config", "look at the configuration");
    config->require_subcommand(1, 1);
    config->fallthrough();
    auto* show = command(*config, "show", "effective settings, secrets elided", &config_show);
    show->add_flag("--origin", arguments_.config_show.origin, "where each value comes from, and what it shadows");
    show->add_flag("--defaults", arguments_.config_show.defaults, "defaults, too");
    show->add_option("--exporter", arguments_.config_show.exporter, "only this exporter")->type_name("ID");
    command(*config, "defaults", "every key with its default", &config_defaults)
        ->add_option("type", arguments_.defaults_type, "the settings of this exporter plugin");

    auto* tests = command(app_, "test", "run unit tests for the configuration; exit 1 when one fails", &test);
    tests->add_flag("--update", arguments_.test.update, "write the golden files anew");
    tests->add_option("file", arguments_.test.files,
                      "tests, or directories of *.test.toml; else tests/ beside the configuration");

    auto& t = arguments_.transform;
    auto* convert = command(app_, "transform", "convert events from JSON lines", &transform);
    convert->add_option("--format", t.format, "a format plugin, or all");
    convert->add_flag_callback(
        "--all", [&t] { t.format = "all"; }, "the same as --format all");
    convert->add_option("--exporter", t.exporter, "apply this exporter's filter, routes and format")->type_name("ID");
    convert->add_flag("--check", t.check, "validate the output; exit 1 on a violation");
    convert->add_flag("--diff", t.diff, "print the formats below each other, one member a line");
    convert->add_option("input", t.input, "file, or - for standard input");

    auto& s = arguments_.schema;
    auto* schema = app_.add_subcommand("schema", "the schemas that output is checked against");
    schema->require_subcommand(1, 1);
    schema->fallthrough();
    command(*schema, "list", "formats that have rules, and the versions they can be held to", &schema_list);
    command(*schema, "show", "fields, classes or keys of one schema", &schema_show)
        ->add_option("name", s.name, "ecs, ocsf or cef, or with a version: ocsf@1.5.0")
        ->required();
    auto* held = command(*schema, "check", "check formatted events, one a line; exit 1 on a violation", &schema_check);
    held->add_option("--format", s.format, "what they are, or with a version: ocsf@1.5.0")->required();
    held->add_option("input", s.input, "file, or - for standard input");

    command(app_, "explain", "what a message code means and what to do", &explain)
        ->add_option("code", arguments_.explain_code, "for example CS4010; without it: the list");
  }

  void letter_options(CLI::App& sub) {
    auto& d = arguments_.dlq;
    sub.add_option("--exporter", d.exporter, "only this exporter's")->type_name("ID");
    sub.add_option("--class", d.error_class, "only this class: rejected, too_large, format, expired, policy")
        ->type_name("CLASS");
    sub.add_option("--since", d.since, "only those given up since: a time, or a duration such as 2h");
    sub.add_option("--event-id", d.event_id, "only this event's")->type_name("ID");
    sub.add_option("--where", d.where, "only events that match, for example 'decision.severity >= \"high\"'")
        ->type_name("EXPR");
  }

  void store_commands() {
    auto* dlq = app_.add_subcommand("dlq", "dead letters: events that exporters gave up");
    dlq->require_subcommand(1, 1);
    dlq->fallthrough();
    letter_options(*command(*dlq, "list", "by exporter and class; exit 1 when there are any", &dlq_list));
    command(*dlq, "show", "one dead letter", &dlq_show)
        ->add_option("id", arguments_.dlq.id, "EXPORTER/SEQUENCE")
        ->required();
    auto* out = command(*dlq, "export", "write dead letters as JSON lines", &dlq_export);
    letter_options(*out);
    out->add_option("file", arguments_.dlq.file, "new file, or - for standard output")->required();
    auto* replay =
        command(*dlq, "replay", "send dead letters again; what arrives is no dead letter any more", &dlq_replay);
    letter_options(*replay);
    replay->add_option("id", arguments_.dlq.id, "EXPORTER/SEQUENCE: only this one");
    replay->add_option("--to", arguments_.dlq.to, "send them through this exporter instead of their own")
        ->type_name("ID");
    replay->add_option("--rate", arguments_.dlq.rate, "events a second")->capture_default_str();
    replay->add_flag("--dry-run", arguments_.dlq.dry_run, "only count what would be sent");
    replay->add_flag("--yes", arguments_.dlq.yes, "do not ask");
    auto* purge = command(*dlq, "purge", "remove dead letters", &dlq_purge);
    letter_options(*purge);
    purge->add_flag("--yes", arguments_.dlq.yes, "do not ask");

    auto& q = arguments_.queue;
    auto* queue = app_.add_subcommand("queue", "the log and how far each exporter is");
    queue->require_subcommand(1, 1);
    queue->fallthrough();
    command(*queue, "list", "exporters with what is queued for them", &queue_list);
    command(*queue, "check", "look at every block of the store; exit 1 on damage", &queue_check);
    command(*queue, "repair", "move damaged blocks to the quarantine; the daemon must be stopped", &queue_repair);
    auto* cat = command(*queue, "cat", "print events of the log", &queue_cat);
    cat->add_option("--exporter", q.exporter, "those that this exporter has not settled")->type_name("ID");
    cat->add_option("--limit", q.limit, "at most so many");
    command(*queue, "quarantine", "print input that was no event", &queue_quarantine);
    auto* adopt = command(*queue, "adopt", "let an exporter go on where an orphan stands", &queue_adopt);
    adopt->add_option("orphan", q.orphan, "exporter that is not configured any more")->required();
    adopt->add_option("--to", q.to, "new exporter's id")->required();
  }

  void plugin_commands() {
    auto* plugins = app_.add_subcommand("plugins", "what can be loaded");
    plugins->require_subcommand(1, 1);
    plugins->fallthrough();
    command(*plugins, "list", "plugins in the search path, without running them", &plugins_list);
    auto* info = command(*plugins, "info", "one plugin and its settings", &plugins_info);
    info->add_option("name", arguments_.plugins_info.name, "name of the plugin")->required();
    info->add_flag("--keys", arguments_.plugins_info.keys, "only the table of settings");
    command(*plugins, "path", "the search path in order, and what is shadowed", &plugins_path);
  }

  void pack_commands() {
    auto& p = arguments_.pack;
    auto* pack = app_.add_subcommand("pack", "content for the platforms: fields, dashboards, detections");
    pack->require_subcommand(1, 1);
    pack->fallthrough();
    pack->add_option("--from", p.from, "directory of packs, instead of the installed ones")->type_name("DIR");
    command(*pack, "list", "packs that are installed", &pack_list);
    command(*pack, "show", "one pack: files, variables, what to do with it", &pack_show)
        ->add_option("name", p.name, "for example splunk")
        ->required();
    auto* out = command(*pack, "export", "copy a pack to DIR/NAME, to be installed on the platform", &pack_export);
    out->add_option("name", p.name, "for example elastic")->required();
    out->add_option("directory", p.directory, "made if it does not exist")->required();
    out->add_option("--var", p.variables, "fill in ${NAME} (repeatable)")->type_name("NAME=VALUE")->expected(1);
    out->add_flag("--force", p.force, "write over an earlier export");
    auto* in = command(*pack, "install", "install a pack's templates, lifecycle and pipeline on the platform (elastic)",
                       &pack_install);
    in->add_option("name", p.name, "elastic")->required();
    in->add_option("--exporter", p.exporter, "with the address and credential of this one")->type_name("ID");
    in->add_flag("--dry-run", p.dry_run, "only say what would be installed");
    in->add_flag("--yes", p.yes, "do not ask");
    command(*pack, "check", "checksums, syntax, and whether events have every field in use; exit 1 if not", &pack_check)
        ->add_option("name", p.names, "only these");
  }

  void helper_commands() {
    // main() hands its words to the other program unread; here it is for the help and the completion.
    command(app_, "mock", "start a local double of a platform (clawdstrike-siem-mock)", &mock);
    command(app_, "completion", "print a completion script", &completion)
        ->add_option("shell", arguments_.completion_shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    command(app_, "version", "versions of everything", &version);
  }

  int report(const CLI::ParseError& error, int argc, char** argv) {
    if (error.get_exit_code() == 0) return app_.exit(error, std::cout, std::cerr);  // --help, --version
    std::string what = error.what();
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && argc > 1) {
      std::vector<std::string> names;
      for (auto* sub : app_.get_subcommands(nullptr)) names.push_back(sub->get_name());
      for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word.empty() || word[0] == '-') continue;
        bool known = false;
        for (const auto& name : names) known = known || name == word;
        if (known) break;
        what = "unknown command '" + word + "'";
        if (const auto near = config::nearest(word, names); !near.empty()) what += "; did you mean '" + near + "'?";
        break;
      }
    }
    std::fprintf(stderr, "clawdstrike-siem: %s\nTry 'clawdstrike-siem --help'.\n", what.c_str());
    return kUsage;
  }

  CLI::App app_;
  Arguments arguments_;
  Action action_ = nullptr;
};

}  // namespace

int main(int argc, char** argv) {
  forbid_core_dumps();
  try {
    CommandLine line;
    if (argc > 1 && std::string_view(argv[1]) == "__complete") {
      line.complete(std::vector<std::string>(argv + 2, argv + argc));
      return kOk;
    }
    if (argc > 1 && std::string_view(argv[1]) == "mock") {
      Arguments arguments;
      arguments.mock.assign(argv + 2, argv + argc);
      return mock(arguments);
    }
    return line.parse_and_run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error[CS9001]: %s\n  = help: clawdstrike-siem explain CS9001\n", error.what());
    return kInternal;
  }
}

}  // namespace csiem::cli
