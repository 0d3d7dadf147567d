#include "support.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "base/messages.hpp"

namespace csiem::config::test {
namespace {

constexpr const char* kSplunk = R"json({
  "type": "object", "required": ["hec_url", "hec_token"], "additionalProperties": false,
  "x-csiem-defaults": {"batch_size": 500, "batch_max_bytes": 1000000},
  "properties": {
    "hec_url": {"description": "base URL, or a list of base URLs", "x-csiem-origin": true, "anyOf": [
      {"type": "string", "format": "uri", "minLength": 1},
      {"type": "array", "minItems": 1, "items": {"type": "string", "format": "uri", "minLength": 1}}]},
    "strategy": {"type": "string", "enum": ["failover", "round_robin"], "default": "failover"},
    "hec_token": {"description": "HEC token", "type": "string", "minLength": 1, "x-csiem-secret": true},
    "index": {"type": "string", "default": ""},
    "sourcetype": {"type": "string", "default": ""},
    "source": {"type": "string", "default": "clawdstrike"},
    "host": {"type": "string", "default": ""},
    "indexed_fields": {"type": "array", "uniqueItems": true, "items": {"type": "string"}, "default": ["event_id"]},
    "compression": {"type": "string", "enum": ["gzip", "none"], "default": "gzip"},
    "use_ack": {"enum": [false, true, "auto"], "default": "auto"},
    "ack": {"type": "object", "properties": {
      "poll_interval": {"type": "integer", "format": "duration", "default": "1s"},
      "timeout": {"type": "integer", "format": "duration", "default": 300000},
      "max_pending": {"type": "integer", "minimum": 1, "default": 1000}}}
  }})json";

constexpr const char* kDatadog = R"json({
  "type": "object", "required": ["api_key"], "additionalProperties": false,
  "properties": {
    "site": {"type": "string", "x-csiem-origin": ["https://api.{}"], "default": "datadoghq.com"},
    "api_key": {"type": "string", "x-csiem-secret": true}, "service": {"type": "string"},
    "tags": {"type": "array", "items": {"type": "string"}}, "metrics": {"type": "object"}
  }})json";

constexpr const char* kSumoLogic = R"json({
  "type": "object", "required": ["http_source_url"], "additionalProperties": false,
  "properties": {
    "http_source_url": {"x-csiem-secret": true,
                        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
    "source_category": {"type": "string"}, "source_name": {"type": "string"},
    "fields": {"type": "object", "additionalProperties": {"type": "string"}}
  }})json";

constexpr const char* kSite = R"json({
  "type": "object", "additionalProperties": false,
  "properties": {
    "site": {"type": "string", "default": "example.com",
             "x-csiem-origin": ["https://intake.{}", "https://api.{}:8443/v1"]}
  }})json";

constexpr const char* kElastic = R"json({
  "type": "object", "additionalProperties": false, "oneOf": [{"required": ["nodes"]}, {"required": ["cloud_id"]}],
  "properties": {
    "cloud_id": {"type": "string", "x-csiem-origin": "cloud_id"},
    "nodes": {"type": "array", "minItems": 1, "items": {"type": "string"}, "x-csiem-origin": true},
    "api_key": {"type": "string", "x-csiem-secret": true},
    "username": {"type": "string"},
    "password": {"type": "string", "x-csiem-secret": true},
    "data_stream": {"type": "string", "format": "template", "default": "logs-clawdstrike.security-default"},
    "id_field": {"type": "string", "default": "event_id"},
    "pipeline": {"type": "string", "default": ""},
    "compression": {"type": "string", "enum": ["gzip", "none"], "default": "gzip"},
    "bootstrap": {"type": "boolean", "default": false},
    "bootstrap_options": {"type": "object", "additionalProperties": false, "properties": {
      "retention_days": {"type": "integer", "default": 90}, "replicas": {"type": "integer", "default": 1}}},
    "on_mapping_error": {"type": "string", "enum": ["dlq", "fallback"], "default": "dlq"},
    "tls": {"type": "object", "properties": {"ca_fingerprint": {"type": "string"}}, "additionalProperties": false}
  }})json";

constexpr const char* kWebhook = R"json({
  "type": "object", "required": ["url"], "additionalProperties": false, "x-csiem-defaults": {"batch_size": 1},
  "properties": {
    "url": {"anyOf": [{"type": "string", "format": "uri", "minLength": 1, "x-csiem-origin": "template"},
                      {"type": "string", "minLength": 1, "x-csiem-secret": true}]},
    "allow_hosts": {"type": "array", "items": {"type": "string"}, "x-csiem-origin": "hosts", "default": []},
    "allow_private": {"type": "boolean", "x-csiem-allow-private": true, "default": false},
    "include_allowed": {"type": "boolean", "default": true},
    "body": {"type": "object", "additionalProperties": true, "default": {}},
    "template": {"type": "string", "default": ""},
    "method": {"type": "string", "enum": ["POST", "PUT", "PATCH"], "default": "POST"},
    "framing": {"type": "string", "enum": ["single", "array", "ndjson"], "default": "single",
                "x-csiem-defaults": {"array": {"batch_size": 100}, "ndjson": {"batch_size": 100, "concurrency": 3}}},
    "envelope": {"type": "boolean", "default": true},
    "compression": {"type": "string", "enum": ["gzip", "none"], "default": "none"},
    "template_file": {"type": "string", "default": ""},
    "headers": {"type": "object", "additionalProperties": {"type": "string"}, "default": {}},
    "max_body_bytes": {"type": "integer", "format": "size", "default": "1MiB"},
    "auth": {"oneOf": [
      {"type": "object", "required": ["type"], "additionalProperties": false,
       "properties": {"type": {"const": "none"}}},
      {"type": "object", "required": ["type", "token"], "additionalProperties": false,
       "properties": {"type": {"const": "bearer"}, "token": {"type": "string", "x-csiem-secret": true}}},
      {"type": "object", "required": ["type", "username", "password"], "additionalProperties": false,
       "properties": {"type": {"const": "basic"}, "username": {"type": "string"},
                      "password": {"type": "string", "x-csiem-secret": true}}}]},
    "sign": {"type": "object", "additionalProperties": false, "properties": {
      "scheme": {"type": "string", "enum": ["none", "standard-webhooks", "github", "stripe"], "default": "none"},
      "secret": {"type": "string", "x-csiem-secret": true},
      "previous_secret": {"type": "string", "x-csiem-secret": true}}}
  }})json";

constexpr const char* kFile = R"json({
  "type": "object", "required": ["path"], "additionalProperties": false,
  "properties": {
    "path": {"type": "string", "minLength": 1, "format": "template", "x-csiem-writes": true},
    "sync": {"type": "string", "enum": ["batch", "interval", "none"], "default": "interval"},
    "mode": {"type": "string", "default": "0640"},
    "max_open": {"type": "integer", "minimum": 1, "maximum": 4096, "default": 64},
    "rotate": {"type": "object", "additionalProperties": false, "properties": {
      "max_bytes": {"type": "integer", "format": "size", "default": 0},
      "max_age": {"type": "integer", "format": "duration", "default": 0},
      "keep": {"type": "integer", "minimum": 0, "default": 14},
      "gzip": {"type": "boolean", "default": true}}}
  }})json";

constexpr const char* kProbe = R"json({
  "type": "object",
  "properties": {
    "interval": {"type": "integer", "format": "duration", "minimum": 1000, "maximum": 60000},
    "pause": {"type": "string", "format": "duration"},
    "limit": {"type": "integer", "format": "size", "maximum": 1048576},
    "ratio": {"type": "number", "minimum": 0, "maximum": 1},
    "count": {"type": ["integer", "string"]},
    "switch": {"oneOf": [{"type": "boolean"}, {"type": "string", "enum": ["auto"]}, {"type": "array", "items": {"type": "integer"}}]},
    "name": {"type": "string", "minLength": 3, "maxLength": 5},
    "pair": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "integer"}},
    "set": {"type": "array", "uniqueItems": true, "items": {"type": "string"}},
    "open": {"type": "object"},
    "hook": {"type": "string", "x-csiem-origin": true, "x-csiem-secret": true},
    "keys": {"type": "array", "items": {"type": "object", "required": ["id"], "additionalProperties": false,
             "properties": {"id": {"type": "string"}, "key": {"type": "string", "x-csiem-secret": true}}}}
  },
  "additionalProperties": false})json";

constexpr const char* kRules = R"json({
  "type": "object", "additionalProperties": false,
  "dependentRequired": {"username": ["password"], "password": ["username"]},
  "allOf": [{"not": {"required": ["api_key", "password"]}}],
  "properties": {
    "url": {"type": "string", "x-csiem-origin": true, "x-csiem-mask": "url"},
    "headers": {"type": "object", "additionalProperties": {"type": "string", "x-csiem-mask": true}},
    "api_key": {"type": "string"}, "note": {"type": "string"},
    "username": {"description": "User name, without ':'.", "type": "string", "pattern": "^[^:]*$", "default": ""},
    "password": {"type": "string", "x-csiem-secret": true},
    "nodes": {"type": "array", "items": {"type": "string"}},
    "size": {"type": "integer"},
    "auth": {"type": "object", "additionalProperties": false,
      "allOf": [{"if": {"properties": {"type": {"const": "bearer"}}}, "then": {"required": ["token"]}}],
      "properties": {"type": {"type": "string", "enum": ["none", "bearer"], "default": "none"},
                     "token": {"type": "string", "x-csiem-secret": true}}}
  }})json";

}  // namespace

Directory::Directory() {
  std::string name = std::filesystem::temp_directory_path().string() + "/csiem-config-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = name;
}

Directory::~Directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Directory::write(const std::string& name, std::string_view text, unsigned mode) const {
  const std::filesystem::path full = path_ + "/" + name;
  std::filesystem::create_directories(full.parent_path());
  std::ofstream(full, std::ios::binary) << text;
  chmod(full.c_str(), mode);
  return full.string();
}

std::map<std::string, SettingsCatalog::Answer> Catalog::plugins() {
  return {{"splunk", {kSplunk, {"native", "ecs", "ocsf", "cef"}, "native"}},
          {"elastic", {kElastic, {"ecs", "native", "ocsf"}, "ecs"}},
          {"webhook", {kWebhook, {"native", "ecs", "ocsf", "cef"}, "native"}},
          {"file", {kFile, {"*"}, "ecs"}},
          {"probe", {kProbe, {}, "none"}},
          {"datadog", {kDatadog, {"native", "ecs", "ocsf"}, "native"}},
          {"sumo_logic", {kSumoLogic, {"*"}, "native"}},
          {"site", {kSite, {"*"}, "ecs"}},
          {"rules", {kRules, {"*"}, "ecs"}},
          {"bare", {"", {"*"}, "ecs"}},
          {"syslog",
           {R"({"type": "object", "required": ["endpoints"], "additionalProperties": false, "properties": {
                "endpoints": {"type": "array", "items": {"type": "string"}}, "facility": {"type": "string"}}})",
            {"*"},
            "cef"}},
          {"network", {R"({"x-csiem-own-network": true})", {"*"}, "ecs"}},
          {"mangled", {"[1, 2", {"*"}, "ecs"}}};
}

std::optional<SettingsCatalog::Answer> Catalog::exporter(std::string_view type, std::string* problem, int* code) {
  const auto all = plugins();
  const auto found = all.find(std::string(type));
  if (found != all.end()) return found->second;
  *problem = "no plugin '" + std::string(type) + "' in the search path";
  *code = 3001;
  return std::nullopt;
}

std::vector<std::string> Catalog::refusals(std::string_view, const std::string&, const std::string&) {
  return refusals_;
}

std::vector<std::string> Catalog::exporter_names() { return {"elastic", "file", "splunk", "webhook"}; }

LoadRequest request_for(const std::string& path, const Options& options) {
  LoadRequest request;
  request.config = {path};
  request.set = options.set;
  request.privileged_defaults = options.environment_layer;
  request.check_plugins = options.check_plugins;
  request.allow_empty = options.allow_empty;
  request.max_errors = options.max_errors;
  request.environment = options.environment;
  request.check_files = options.check_files;
  request.catalog = [refusals = options.refusals](const Plugins&) { return std::make_unique<Catalog>(refusals); };
  return request;
}

namespace {

void cut(std::string& text, const std::string& prefix) {
  for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at)) text.erase(at, prefix.size());
}

}  // namespace

Loaded load_text(std::string_view text, const Options& options) {
  const Directory directory;
  Loaded loaded = load(request_for(directory.write("main.toml", text), options));
  const std::string prefix = directory.path() + "/";
  for (auto& diagnostic : loaded.diagnostics) {
    cut(diagnostic.origin.file, prefix);
    for (auto& note : diagnostic.notes) cut(note, prefix);
  }
  for (auto& row : loaded.effective) {
    cut(row.origin.file, prefix);
    for (auto& shadowed : row.shadowed) cut(shadowed.file, prefix);
  }
  std::map<std::string, std::string> texts;
  for (auto& [file, content] : loaded.texts) {
    std::string name = file;
    cut(name, prefix);
    texts[name] = content;
  }
  loaded.texts = std::move(texts);
  return loaded;
}

Loaded load_file(const std::string& path, const Options& options) { return load(request_for(path, options)); }

std::string list(const Loaded& loaded) {
  std::string out;
  for (const auto& diagnostic : loaded.diagnostics) {
    out += messages::code_text(diagnostic.code) + " " + diagnostic.origin.text() + " " + diagnostic.message;
    if (!diagnostic.hint.empty()) out += " <" + diagnostic.hint + ">";
    out += "\n";
  }
  return out;
}

const Diagnostic* find(const Loaded& loaded, int code) {
  const auto at = std::find_if(loaded.diagnostics.begin(), loaded.diagnostics.end(),
                               [&](const auto& diagnostic) { return diagnostic.code == code; });
  return at == loaded.diagnostics.end() ? nullptr : &*at;
}

const Exporter& exporter(const Loaded& loaded, std::string_view id) {
  for (const auto& one : loaded.configuration.exporters)
    if (one.id == id) return one;
  throw std::runtime_error("no exporter " + std::string(id));
}

}  // namespace csiem::config::test
