// [exporters.ID], [exporter_defaults]: the keys that every exporter takes, and who checks the others.
#include <algorithm>
#include <filesystem>
#include <map>

#include "base/rfc3339.hpp"
#include "config/context.hpp"
#include "config/merge.hpp"
#include "config/plugin_settings.hpp"
#include "config/reader.hpp"
#include "config/suggest.hpp"
#include "config/url.hpp"

#ifndef CSIEM_VERSION
#error "the build defines CSIEM_VERSION"
#endif

namespace csiem::config {
namespace {

std::vector<Key> all_exporter_keys() {
  std::vector<Key> out(exporter_only_keys().begin(), exporter_only_keys().end());
  out.insert(out.end(), exporter_keys().begin(), exporter_keys().end());
  return out;
}

bool valid_id(std::string_view id) {
  for (const char c : id)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
      return false;
  return !id.empty() && id.size() <= 64;
}

// One [exporters.ID] on its way to an Exporter.
class ExporterReader {
 public:
  ExporterReader(Context& context, const Configuration& configuration, const std::string& id, const Node& node,
                 const Node* defaults)
      : context_(context),
        findings_(context.findings),
        configuration_(configuration),
        id_(id),
        where_("in exporter '" + id + "'"),
        node_(node),
        defaults_(defaults),
        keys_(all_exporter_keys()) {}

  Exporter read();

 private:
  void ask_catalog(const Exporter& exporter);
  void check_keys();
  void hide_urls(const Node& node);
  bool take_setting(const std::string& path, const Node& member);
  void read_start(const Reader& read, Exporter& out);
  void read_generic(const Reader& read, Exporter& out);
  void read_filter(const Reader& read, process::FilterSettings& out);
  void check_generic(const Reader& read, const Exporter& exporter);
  void check_format(const Reader& read);
  void read_routes(const Exporter& exporter, std::vector<Destination>& out);
  Destination destination(const Exporter& exporter, const Node& settings, const Node* set, const std::string& prefix);
  void check_set(const Node& set);
  std::vector<std::string> generic_names() const { return names_in(keys_, ""); }

  Context& context_;
  Findings& findings_;
  const Configuration& configuration_;
  const std::string& id_;
  const std::string where_;
  const Node& node_;
  const Node* defaults_;
  const std::vector<Key> keys_;
  std::optional<SettingsCatalog::Answer> plugin_;
  std::optional<PluginSchema> schema_;
  Node settings_;  // the plugin's share of node_
  bool allow_unconfined_ = false;
};

Exporter ExporterReader::read() {
  Exporter out;
  out.id = id_;
  out.origin = node_.value;
  const Reader own({&node_}, keys_);
  out.type = own.text("type");
  if (out.type.empty()) out.type = id_;
  out.enabled = own.flag("enabled");
  settings_.value = node_.value;
  settings_.key = node_.key;
  if (out.enabled) ask_catalog(out);
  check_keys();

  std::vector<const Node*> tables = {&node_, defaults_};
  if (schema_) {
    tables.push_back(&schema_->daemon_defaults());
    context_.daemon_defaults[id_] = schema_->daemon_defaults();
  }
  const Reader read(std::move(tables), keys_);
  read_generic(read, out);
  read_filter(read, out.filter);
  if (!out.enabled) return out;
  out.output = read_output(context_, {&node_, defaults_, &context_.root});
  check_generic(read, out);
  check_format(read);
  allow_unconfined_ = read.flag("allow_unconfined");
  out.fallback = destination(out, settings_, nullptr, "");
  read_routes(out, out.routes);
  return out;
}

void ExporterReader::ask_catalog(const Exporter& exporter) {
  if (context_.catalog == nullptr) return;
  const Node* type = node_.find("type");
  const Origin& origin = type == nullptr ? node_.value : type->value;
  if (type == nullptr && (id_ == "alerting" || id_ == "webhooks" || id_ == "webhook_exporters")) {
    findings_.error(1021, node_.key, "unknown exporter '" + id_ + "'").hint =
        "one table per platform: [exporters.pagerduty], [exporters.slack], …";
    return;
  }
  std::string problem;
  int code = 3001;
  plugin_ = context_.catalog->exporter(exporter.type, &problem, &code);
  if (!plugin_) {
    if (problem.empty()) problem = "no plugin '" + exporter.type + "' was found";
    auto& finding = findings_.error(code == 0 ? 3001 : code, origin, "exporter '" + id_ + "': " + problem);
    const auto names = context_.catalog->exporter_names();
    finding.hint = did_you_mean(exporter.type, names);
    if (!names.empty() && code == 3001) {
      std::string note = "available:";
      for (const auto& name : names) note += " " + name;
      finding.notes.push_back(std::move(note));
    }
    return;
  }
  schema_ = PluginSchema::parse(plugin_->schema_json, &problem);
  if (!schema_) findings_.error(3008, origin, "exporter '" + id_ + "': plugin '" + exporter.type + "': " + problem);
}

void ExporterReader::check_keys() {
  Check check{keys_, where_, &findings_, {}, {}};
  check.unknown = [this](const std::string& path, const Node& member) { return take_setting(path, member); };
  if (schema_) check.others = schema_->names();
  check.run(node_);
  if (!schema_) hide_urls(settings_);
}

// Without its schema nobody knows which settings are secrets; URLs with a path often are.
void ExporterReader::hide_urls(const Node& node) {
  const auto scheme = node.text.find("://");
  if (scheme != std::string::npos && node.text.find('/', scheme + 3) != std::string::npos)
    findings_.secret_at(node.value);
  for (const auto& [name, member] : node.members) hide_urls(member);
  for (const auto& item : node.items) hide_urls(item);
}

// Keeps a member that is not the daemon's for the plugin. "tls.ca_fingerprint" is the plugin's only if it says so.
bool ExporterReader::take_setting(const std::string& path, const Node& member) {
  const auto dot = path.find('.');
  if (dot == std::string::npos) {
    settings_.members.emplace(path, member);
    return true;
  }
  if (path.find("[]") != std::string::npos) return false;
  if (schema_ && !schema_->knows(path)) return false;
  const std::string head = path.substr(0, dot);
  auto& table = settings_.members[head];
  table.key = table.value = node_.find(head)->value;
  table.members.emplace(path.substr(dot + 1), member);
  return true;
}

void ExporterReader::read_generic(const Reader& read, Exporter& out) {
  out.required = read.flag("required");
  out.ordered = read.flag("ordered");
  out.format = read.text("format");
  out.batch_size = static_cast<uint64_t>(read.number("batch_size"));
  out.batch_max_bytes = read.size("batch_max_bytes");
  out.flush_interval_ms = read.number("flush_interval_ms");
  out.flush_on_severity = static_cast<int32_t>(read.number("flush_on_severity"));
  out.concurrency = static_cast<uint32_t>(read.number("concurrency"));
  out.timeout_ms = read.number("timeout");
  out.health_interval_ms = read.number("health_interval");
  out.compression_level = static_cast<int>(read.number("compression_level"));
  out.proxy = read.text("proxy");
  out.retry = {read.number("retry.max_retries"),    read.number("retry.initial_backoff_ms"),
               read.number("retry.max_backoff_ms"), read.real("retry.backoff_multiplier"),
               read.text("retry.jitter"),           read.number("retry.max_elapsed")};
  out.rate_limit = {read.real("rate_limit.requests_per_second"), read.real("rate_limit.burst_size"),
                    static_cast<double>(read.size("rate_limit.bytes_per_second"))};
  out.breaker = {read.number("circuit_breaker.failure_threshold"), read.number("circuit_breaker.open_for")};
  out.priority_severity = static_cast<int32_t>(read.number("priority_severity"));
  read_start(read, out);
  out.queue = {read.size("queue.max_bytes"), read.number("queue.max_age"), read.text("queue.when_full")};
  out.dlq = {read.size("dlq.max_bytes"), read.number("dlq.max_age")};
  out.tls = {read.flag("tls.verify"), read.text("tls.ca_file"), read.text("tls.cert_file"), read.text("tls.key_file"),
             read.text("tls.min_version")};
}

void ExporterReader::read_start(const Reader& read, Exporter& out) {
  out.start = read.text("start");
  if (out.start == "now" || out.start == "oldest") return;
  if (const auto time = parse_rfc3339(out.start)) {
    out.start_unix_ns = time->unix_ns;
    return;
  }
  if (const Node* node = read.node("start"))
    context_.findings.error(1024, node->value,
                            "'start' " + where_ + " is neither now, oldest nor a time like " + "2026-03-02T08:00:00Z");
}

void ExporterReader::read_filter(const Reader& read, process::FilterSettings& out) {
  out.min_severity = static_cast<int32_t>(read.number("filter.min_severity"));
  out.include_types = read.texts("filter.include_types");
  out.exclude_types = read.texts("filter.exclude_types");
  out.include_guards = read.texts("filter.include_guards");
  out.exclude_guards = read.texts("filter.exclude_guards");
  out.include_tenants = read.texts("filter.include_tenants");
  out.exclude_tenants = read.texts("filter.exclude_tenants");
  out.when = read_expression(context_, read.node("filter.when"), "filter.when", where_);
}

void ExporterReader::check_generic(const Reader& read, const Exporter& exporter) {
  const Node* verify = read.node("tls.verify");
  if (verify != nullptr && !exporter.tls.verify)
    findings_.warning(1107, verify->value, "tls.verify = false: the server's certificate is not checked").hint =
        "set tls.ca_file to the CA that signed it";
  const Node* cert = read.node("tls.cert_file");
  const Node* key = read.node("tls.key_file");
  if (exporter.tls.cert_file.empty() != exporter.tls.key_file.empty()) {
    const bool no_key = exporter.tls.key_file.empty();
    findings_.error(1026, (no_key ? cert : key)->value,
                    no_key ? "'tls.cert_file' " + where_ + " needs 'tls.key_file'"
                           : "'tls.key_file' " + where_ + " needs 'tls.cert_file'");
  }
  if (exporter.retry.initial_backoff_ms > exporter.retry.max_backoff_ms) {
    const Node* initial = read.node("retry.initial_backoff_ms");
    const Node* most = read.node("retry.max_backoff_ms");
    const Node* at = initial != nullptr && initial->value.line != 0 ? initial : most;
    auto& finding = findings_.error(1026, at == nullptr ? node_.value : at->value,
                                    "'retry.initial_backoff_ms' " + where_ + " is larger than 'retry.max_backoff_ms'");
    const Node* other = at == initial ? most : initial;
    if (other != nullptr) finding.notes.push_back("the other one is set at " + other->value.text());
  }
  std::string problem;
  if (!exporter.proxy.empty() && !parse_origin(exporter.proxy, &problem))
    findings_.error(1024, read.node("proxy")->value, "'proxy' " + where_ + " is not a usable URL: " + problem);
}

void ExporterReader::check_format(const Reader& read) {
  const Node* format = read.node("format");
  if (!plugin_ || format == nullptr) return;
  const std::string* word = as_text(*format);
  const auto& formats = plugin_->formats;
  if (word == nullptr || word->empty() || std::find(formats.begin(), formats.end(), "*") != formats.end()) return;
  if (std::find(formats.begin(), formats.end(), *word) != formats.end()) return;
  if (formats.empty() && format->value.file != node_.value.file) return;  // a default for those that take one
  auto& finding = findings_.error(1024, format->value, "'format' " + where_ + " cannot be " + toml_quoted(*word));
  finding.hint = did_you_mean(*word, formats);
  std::string note = formats.empty() ? "this exporter takes no format" : "this exporter accepts";
  for (const auto& accepted : formats) note += " " + accepted;
  finding.notes.push_back(std::move(note));
}

// A route may set the plugin's settings only: batching, retry and the like belong to the whole exporter.
void ExporterReader::check_set(const Node& set) {
  for (const auto& [name, member] : set.members) {
    if (find_key(keys_, name) == nullptr && !(is_section(keys_, name) && !(schema_ && schema_->knows(name)))) continue;
    findings_.error(1021, member.key, "a route " + where_ + " cannot set '" + name + "'").hint =
        "only settings of the plugin; '" + name + "' belongs to the whole exporter";
  }
}

void ExporterReader::read_routes(const Exporter& exporter, std::vector<Destination>& out) {
  const Node* routes = node_.find("routes");
  if (routes == nullptr || !routes->is_list_of_tables()) return;
  for (std::size_t i = 0; i < routes->items.size(); ++i) {
    const Node& route = routes->items[i];
    const std::string name = "routes[" + std::to_string(i) + "]";
    const Node* when = route.find("when");
    const Node* set = route.find("set");
    if (when == nullptr)
      findings_.error(1023, route.value, "missing key 'when' in " + name + " of exporter '" + id_ + "'");
    if (set == nullptr)
      findings_.error(1023, route.value, "missing key 'set' in " + name + " of exporter '" + id_ + "'");
    if (set != nullptr && set->kind != Node::Kind::table) {
      findings_
          .error(1022, set->value,
                 "'set' in " + name + " of exporter '" + id_ + "' is a table, not " + std::string(kind_text(set->kind)))
          .hint = "write set = { index = \"…\" }";
      set = nullptr;
    }
    if (set != nullptr) check_set(*set);
    Node own;  // without what it must not set
    if (set != nullptr)
      for (const auto& [key, member] : set->members)
        if (find_key(keys_, key) == nullptr) own.members.emplace(key, member);
    Destination destination = this->destination(exporter, overlaid(settings_, own), &own, name + ".");
    destination.when = read_expression(context_, when, name + ".when", where_);
    if (when != nullptr && as_text(*when) != nullptr) destination.when_text = *as_text(*when);
    const Reader read({&route}, keys_);
    if (const Node* label = route.find("name"); label != nullptr && as_text(*label) != nullptr)
      destination.name = *as_text(*label);
    destination.origin = route.value;
    out.push_back(std::move(destination));
  }
}

Destination ExporterReader::destination(const Exporter& exporter, const Node& settings, const Node* set,
                                        const std::string& prefix) {
  Destination out;
  out.origin = node_.value;
  if (!schema_) return out;
  PluginSchema::Request request;
  request.settings = &settings;
  request.set = set;
  request.set_prefix = prefix;
  request.exporter = id_;
  request.type = exporter.type;
  request.where = where_;
  request.header = node_.value;
  request.host_name = configuration_.global.host_name;
  request.version = CSIEM_VERSION;
  request.other_names = generic_names();
  request.allow_unconfined = allow_unconfined_;
  auto answer = schema_->apply(request, findings_);
  out.settings_json = std::move(answer.json);
  out.secrets = std::move(answer.secrets);
  out.allowed_origins = std::move(answer.origins);
  if (set == nullptr)
    for (auto& [path, value] : answer.defaults)
      context_.plugin_defaults.push_back(
          {"exporters." + id_ + "." + path, value, {"plugin '" + exporter.type + "'", 0, 0, 0}, {}, true});
  if (out.secrets.empty()) return out;
  for (const auto& origin : out.allowed_origins) {
    std::string ignored;
    const auto url = parse_origin(origin, &ignored);
    if (url && url->scheme == "http" && !url->loopback()) {
      const auto& secret = out.secrets.front();
      findings_
          .warning(1108, secret.origin, "exporter '" + id_ + "' would send its credential in the clear to " + origin)
          .hint = "use https://";
      break;
    }
  }
  return out;
}

// Two file exporters on one path would cut each other's lines, and a source would read what it led to again and again.
void check_shared_paths(Context& context, const std::vector<Exporter>& exporters) {
  const Node& tables = *context.root.find("exporters");
  std::map<std::string, std::pair<std::string, Origin>> owners, readers;
  if (const Node* sources = context.root.find("sources"))
    for (const auto& [id, source] : sources->members) {
      const Node* path = source.find("path");
      if (path == nullptr || as_text(*path) == nullptr || path->unresolved) continue;
      readers.try_emplace(std::filesystem::path(*as_text(*path)).lexically_normal().string(), id, path->value);
    }
  for (const auto& exporter : exporters) {
    if (!exporter.enabled || exporter.type != "file") continue;
    const Node& table = *tables.find(exporter.id);
    std::vector<const Node*> paths = {table.find("path")};
    if (const Node* routes = table.find("routes"))
      for (const auto& route : routes->items) paths.push_back(route.at("set.path"));
    for (const Node* path : paths) {
      if (path == nullptr || as_text(*path) == nullptr || path->unresolved) continue;
      const auto clean = std::filesystem::path(*as_text(*path)).lexically_normal().string();
      if (const auto reader = readers.find(clean); reader != readers.end())
        context.findings
            .error(1026, path->value,
                   "exporter '" + exporter.id + "' writes the file that source '" + reader->second.first + "' reads")
            .notes.push_back("the source stands at " + reader->second.second.text());
      const auto [owner, added] = owners.try_emplace(clean, exporter.id, path->value);
      if (added || owner->second.first == exporter.id) continue;
      context.findings
          .error(1026, path->value,
                 "exporters '" + owner->second.first + "' and '" + exporter.id + "' write to the same file")
          .notes.push_back("the other one stands at " + owner->second.second.text());
    }
  }
}

void check_defaults(Context& context, const Node& defaults) {
  Check check{exporter_keys(), "in [exporter_defaults]", &context.findings, {}, {}};
  check.unknown = [&](const std::string& path, const Node& member) {
    if (path != "type" && path != "enabled" && path != "routes") return false;
    context.findings.error(1021, member.key, "'" + path + "' cannot be a default of all exporters").hint =
        "it belongs in [exporters.ID]";
    return true;
  };
  check.run(defaults);
}

}  // namespace

void read_exporters(Context& context, Configuration& out) {
  auto& findings = context.findings;
  const Node* defaults = context.root.find("exporter_defaults");
  if (defaults != nullptr && defaults->kind != Node::Kind::table) {
    findings.error(1022, defaults->value,
                   "'exporter_defaults' is a table, not " + std::string(kind_text(defaults->kind)));
    defaults = nullptr;
  }
  if (defaults != nullptr) check_defaults(context, *defaults);
  const Node* exporters = context.root.find("exporters");
  if (exporters == nullptr) return;
  if (exporters->kind != Node::Kind::table) {
    findings.error(1022, exporters->value, "'exporters' is a table, not " + std::string(kind_text(exporters->kind)));
    return;
  }
  for (const auto& [id, node] : exporters->members) {
    if (node.kind != Node::Kind::table) {
      findings.error(1022, node.value, "exporter '" + id + "' is a table, not " + std::string(kind_text(node.kind)))
          .hint = "write [exporters." + id + "]";
      continue;
    }
    if (!valid_id(id)) {
      findings.error(1024, node.key, "the id of an exporter holds letters, digits, _ and -, up to 64");
      continue;
    }
    out.exporters.push_back(ExporterReader(context, out, id, node, defaults).read());
  }
  check_shared_paths(context, out.exporters);
}

}  // namespace csiem::config
