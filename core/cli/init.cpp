// clawdstrike-siem init: a commented configuration for the platforms that are named.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "cli/arguments.hpp"
#include "cli/setup.hpp"
#include "cli/terminal.hpp"
#include "config/starter.hpp"
#include "config/suggest.hpp"

namespace csiem::cli {
namespace {

constexpr const char* kAuditLog = "jsonl:/var/lib/hushd/audit.jsonl";
// Readable for the daemon's group: there are no secrets in it, but names of machines.
constexpr unsigned kMode = 0640;

std::string quoted(const std::string& text) { return json_text(text); }  // as TOML's basic strings are

// What is to be written, with what has to be said about it.
struct Plan {
  std::string text;
  std::set<std::string> credentials;
  std::vector<std::string> exporters;
};

Result<std::string> source_text(const std::string& source) {
  const auto colon = source.find(':');
  const std::string type = source.substr(0, colon);
  const std::string path = colon == std::string::npos ? std::string() : source.substr(colon + 1);
  if (type == "stdin" && path.empty()) return std::string("[sources.stdin]\ntype = \"stdin\"\n");
  if (type != "jsonl" || path.empty() || path.front() != '/')
    return Error{Code::invalid, "--source: jsonl:/PATH or stdin, not '" + source + "'"};
  return "[sources.audit]\ntype = \"jsonl\"\npath = " + quoted(path) +
         "\n# Where to begin at the first start: checkpoint is at the end of the file, beginning reads it all.\n"
         "# read_from = \"beginning\"\n";
}

Result<std::string> head_text(const std::string& source) {
  CS_TRY(input, source_text(source));
  return "# Written by clawdstrike-siem init. `clawdstrike-siem config defaults` has every key with its default.\n"
         "version = \"1.0.0\"\n\n"
         "[global]\n"
         "# Stamped into events that have none.\n"
         "# environment = \"production\"\n"
         "# tenant_id = \"acme\"\n"
         "# Where the log of what is not delivered yet is kept.\n"
         "# data_dir = \"/var/lib/clawdstrike-siem\"\n\n" +
         input;
}

Result<Plan> plan_of(const InitArguments& wanted, plugin::Registry& plugins) {
  Plan plan;
  // Without a source it is a drop-in for a configuration that has one.
  if (const bool whole = !wanted.source.empty() || !wanted.output.empty(); whole) {
    CS_TRY(head, head_text(wanted.source.empty() ? kAuditLog : wanted.source));
    plan.text = head;
  }
  for (const auto& platform : wanted.platforms) {
    if (std::find(plan.exporters.begin(), plan.exporters.end(), platform) != plan.exporters.end()) continue;
    auto component = plugins.exporter(platform);
    if (!component) {
      std::string what = component.error().what();
      if (const auto near = config::nearest(platform, plugins.names("exporter")); !near.empty())
        what += "; did you mean '" + near + "'?";
      return Error{component.error().code(), what, component.error().message_code()};
    }
    const auto& c = **component;
    const auto starter = config::exporter_starter(platform, {c.config_schema, c.formats, c.default_format});
    plan.text += (plan.text.empty() ? "" : "\n") + starter.text;
    plan.credentials.insert(starter.credentials.begin(), starter.credentials.end());
    plan.exporters.push_back(platform);
  }
  return plan;
}

// Status to end with; kOk: written.
int write_file(const InitArguments& wanted, const std::string& text) {
  const std::string& path = wanted.output;
  if (wanted.force) {
    const auto replaced = replace_file(path, text, kMode);
    if (replaced) return kOk;
    print_error(replaced.error());
    return kCannotCreate;
  }
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode));
  if (!file) {
    const int why = errno;
    std::fprintf(stderr, "clawdstrike-siem: init: %s %s\n", path.c_str(),
                 why == EEXIST ? "is there already; name another file, or --force to write over it"
                               : ("cannot be created: " + errno_text(why)).c_str());
    return kCannotCreate;
  }
  if (const auto written = write_all(file.get(), text, path); !written) {
    print_error(written.error());
    return kIo;
  }
  return kOk;
}

void say_what_next(const Plan& plan, const std::string& path) {
  std::string text;
  if (!path.empty()) text += "wrote " + path + "\n";
  text += "Next: put in your own addresses";
  if (!plan.credentials.empty()) {
    text += ", and the credentials where cred:NAME finds them, by default the environment:";
    for (const auto& name : plan.credentials) text += " " + name;
  }
  const std::string command = "  clawdstrike-siem " + (path.empty() ? std::string() : "--config " + path + " ");
  text += "\n" + command + "validate\n" + command + "send-test";
  for (const auto& id : plan.exporters) text += " " + id;
  text += "\n" + command + "run\n";
  std::fputs(text.c_str(), stderr);
}

std::string ask(const std::string& question, const std::string& usual) {
  std::fprintf(stderr, "%s%s: ", question.c_str(), usual.empty() ? "" : (" [" + usual + "]").c_str());
  std::string answer;
  for (int c = std::getchar(); c != EOF && c != '\n'; c = std::getchar()) answer += static_cast<char>(c);
  return answer.empty() ? usual : answer;
}

// On a terminal, for who gave no options.
InitArguments asked(plugin::Registry& plugins) {
  InitArguments wanted;
  std::string names;
  for (const auto& name : plugins.names("exporter")) names += (names.empty() ? "" : " ") + name;
  std::istringstream platforms(ask("Platforms, of " + names, ""));
  for (std::string name; platforms >> name;) wanted.platforms.push_back(name);
  wanted.source = ask("Where events come from", kAuditLog);
  wanted.output = ask("File to write", "clawdstrike-siem.toml");
  return wanted;
}

}  // namespace

int init(const Arguments& arguments) {
  InitArguments wanted = arguments.init;
  const auto plugins = plain_registry(arguments.global);
  const bool nothing = wanted.platforms.empty() && wanted.source.empty() && wanted.output.empty();
  if (nothing && is_terminal(STDIN_FILENO) && is_terminal(STDERR_FILENO)) {
    const bool force = wanted.force;
    wanted = asked(*plugins);
    wanted.force = force;
  }
  if (wanted.platforms.empty()) {
    std::fputs("clawdstrike-siem: init: name a platform: --platform splunk\n", stderr);
    return kUsage;
  }
  const auto plan = plan_of(wanted, *plugins);
  if (!plan) {
    print_error(plan.error());
    return plan.error().message_code() == 0 ? kUsage : kConfig;
  }
  if (wanted.output.empty()) {
    std::fputs(plan->text.c_str(), stdout);
  } else if (const int status = write_file(wanted, plan->text); status != kOk) {
    return status;
  }
  if (!arguments.global.quiet) say_what_next(*plan, wanted.output);
  return kOk;
}

}  // namespace csiem::cli
