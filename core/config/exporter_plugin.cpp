// An exporter's plugin: which one it is, which keys are its own, what they come to for one destination.
#include <algorithm>

#include "config/exporter_reader.hpp"
#include "config/suggest.hpp"
#include "config/url.hpp"

#ifndef CSIEM_VERSION
#error "the build defines CSIEM_VERSION"
#endif

namespace csiem::config {

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
    findings_.secret_url_at(node.value);
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

namespace {

void note_places(const Node& table, const std::string& prefix, std::map<std::string, Origin>& out) {
  for (const auto& [name, member] : table.members) {
    const std::string path = prefix.empty() ? name : prefix + "." + name;
    out.emplace(path, member.value);
    note_places(member, path, out);
  }
}

}  // namespace

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
  request.batch_max_bytes = exporter.batch_max_bytes;
  request.other_names = generic_names();
  request.allow_unconfined = allow_unconfined_;
  request.tls = exporter.tls;
  request.timeout_ms = exporter.timeout_ms;
  auto answer = schema_->apply(request, findings_);
  out.settings_json = std::move(answer.json);
  out.secrets = std::move(answer.secrets);
  out.allowed_origins = std::move(answer.origins);
  out.allowed_hosts = std::move(answer.allowed_hosts);
  out.allow_private = answer.allow_private;
  out.masked = std::move(answer.masked);
  out.writes = std::move(answer.writes);
  note_places(settings, "", out.places);
  ask_plugin(exporter, settings, out);
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

}  // namespace csiem::config
