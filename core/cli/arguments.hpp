// What the user typed, as plain values. One struct per command; no parser in sight.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace csiem::cli {

// ux.md 4.1.
enum Exit : int {
  kOk = 0,
  kNo = 1,
  kUsage = 2,
  kData = 65,
  kUnavailable = 69,
  kInternal = 70,
  kCannotCreate = 73,
  kIo = 74,
  kPartial = 75,
  kNotPermitted = 77,
  kConfig = 78,
  kInterrupted = 130,
  kTerminated = 143,
};

struct GlobalArguments {
  std::vector<std::string> config, conf_d, set, plugin_files;
  std::string socket;  // of the daemon; empty: CLAWDSTRIKE_SIEM_SOCKET, then the configuration
  bool json = false, plain = false, quiet = false;
  int verbose = 0;
  std::string color = "auto";     // auto | always | never
  std::string progress = "auto";  // auto | none | plain | bar | json
};

struct RunArguments {
  bool dry_run = false, once = false, allow_empty = false;
};
struct ValidateArguments {
  bool offline = false, no_plugins = false, deny_warnings = false;
  int max_errors = 50;
  std::string events;  // file whose events the filters and routes are tried on
};
struct ConfigShowArguments {
  bool origin = false, defaults = false;
  std::string exporter;
};
struct PluginsInfoArguments {
  std::string name;
  bool keys = false;
};
struct TransformArguments {
  std::string format;  // a format's name, "all", or empty with `exporter`
  std::string exporter;
  std::string input = "-";
  bool check = false, diff = false;
};

struct TestArguments {
  std::vector<std::string> files;  // or directories; empty: tests/ beside the configuration
  bool update = false;
};

struct SchemaArguments {
  std::string name;  // "ecs", "ecs@8.17"
  std::string format, input = "-";
};

struct HealthArguments {
  bool live = false, ready = false;
  std::string exporter;
};
struct ExportersArguments {
  std::vector<std::string> ids;
  bool yes = false;
};
struct InitArguments {
  std::vector<std::string> platforms;
  std::string source;  // TYPE:PATH
  std::string output;  // empty: standard output
  bool force = false;
};
struct SendTestArguments {
  std::vector<std::string> exporters;
  bool all = false;
  std::string severity = "info";
  std::string wait = "30s";
};
struct DlqArguments {
  std::string exporter, error_class, since, event_id, where;
  std::string id, file, to;
  double rate = 50;  // events a second
  bool yes = false, dry_run = false;
};
struct QueueArguments {
  std::string exporter, orphan, to;
  uint64_t limit = 0;  // 0: none
};
struct PackArguments {
  std::string name;
  std::vector<std::string> names;      // to check; empty: all
  std::vector<std::string> variables;  // NAME=VALUE
  std::string from;                    // directory of packs; empty: the installed ones
  std::string directory;               // to export into
  bool force = false;
  std::string exporter;  // whose address and credential to install with; empty: the only one
  bool yes = false, dry_run = false;
};

// Everything of one invocation.
struct Arguments {
  GlobalArguments global;
  RunArguments run;
  ValidateArguments validate;
  ConfigShowArguments config_show;
  PluginsInfoArguments plugins_info;
  TransformArguments transform;
  TestArguments test;
  SchemaArguments schema;
  HealthArguments health;
  ExportersArguments exporters;
  InitArguments init;
  SendTestArguments send_test;
  DlqArguments dlq;
  QueueArguments queue;
  PackArguments pack;
  std::string defaults_type;  // config defaults [TYPE]
  std::string trace_id;       // trace EVENT_ID
  std::string explain_code;   // explain CSnnnn
  std::string completion_shell;
  std::vector<std::string> mock;  // handed to clawdstrike-siem-mock
};

// Parses and runs. Returns the exit status.
int main(int argc, char** argv);

int run(const Arguments& arguments);
int validate(const Arguments& arguments);
int config_show(const Arguments& arguments);
int config_defaults(const Arguments& arguments);
int plugins_list(const Arguments& arguments);
int plugins_info(const Arguments& arguments);
int plugins_path(const Arguments& arguments);
int transform(const Arguments& arguments);
int test(const Arguments& arguments);
int schema_list(const Arguments& arguments);
int schema_show(const Arguments& arguments);
int schema_check(const Arguments& arguments);
int status(const Arguments& arguments);
int health(const Arguments& arguments);
int exporters_list(const Arguments& arguments);
int exporters_pause(const Arguments& arguments);
int exporters_resume(const Arguments& arguments);
int exporters_flush(const Arguments& arguments);
int init(const Arguments& arguments);
int send_test(const Arguments& arguments);
int dlq_list(const Arguments& arguments);
int dlq_show(const Arguments& arguments);
int dlq_export(const Arguments& arguments);
int dlq_purge(const Arguments& arguments);
int dlq_replay(const Arguments& arguments);
int trace(const Arguments& arguments);
int queue_list(const Arguments& arguments);
int queue_check(const Arguments& arguments);
int queue_repair(const Arguments& arguments);
int queue_cat(const Arguments& arguments);
int queue_quarantine(const Arguments& arguments);
int queue_adopt(const Arguments& arguments);
int pack_list(const Arguments& arguments);
int pack_show(const Arguments& arguments);
int pack_export(const Arguments& arguments);
int pack_check(const Arguments& arguments);
int pack_install(const Arguments& arguments);
int explain(const Arguments& arguments);
int version(const Arguments& arguments);
int completion(const Arguments& arguments);
int mock(const Arguments& arguments);

}  // namespace csiem::cli
