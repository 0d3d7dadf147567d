// The daemon's own sections: checked, then read into their structs.
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "config/context.hpp"
#include "config/reader.hpp"
#include "config/scan.hpp"

namespace csiem::config {
namespace {

void check_version(Context& context) {
  const Node* version = context.root.find("version");
  if (version == nullptr) {
    context.findings.error(1003, {context.main_file, 0, 0, 0}, "'version' is missing").hint =
        "begin the file with version = \"1.0.0\"";
    return;
  }
  const std::string* text = as_text(*version);
  if (text == nullptr) return;  // reported as a wrong type
  int parts = 1;
  bool digits = !text->empty() && text->front() != '.' && text->back() != '.';
  for (const char c : *text) {
    digits = digits && ((c >= '0' && c <= '9') || c == '.');
    parts += c == '.';
  }
  const auto major = text->substr(0, text->find('.'));
  if (!digits || parts > 3) {
    context.findings.error(1003, version->value, "'version' is not of the form 1.0.0");
  } else if (major != "1") {
    context.findings.error(1003, version->value, "this daemon reads configuration format 1, not " + *text);
  } else if (*text != "1" && *text != "1.0" && *text != "1.0.0" && !text->starts_with("1.0.")) {
    context.findings.warning(1003, version->value, "the file is of a newer minor version than this daemon's 1.0");
  }
}

void read_global(const Reader& read, Global& out) {
  out.environment = read.text("global.environment");
  out.tenant_id = read.text("global.tenant_id");
  out.host_name = read.text("global.host_name");
  if (out.host_name.empty()) {
    char name[256] = "";
    if (gethostname(name, sizeof name - 1) == 0) out.host_name = name;
  }
  out.override_fields = read.flag("global.override");
  out.debug = read.flag("global.debug");
  out.labels = read.map("global.labels");
  out.data_dir = read.text("global.data_dir");
  out.shutdown_grace_ms = read.number("global.shutdown_grace");
  out.memory_limit_bytes = read.size("global.memory_limit");
  if (out.memory_limit_bytes == 0) out.memory_limit_bytes = automatic_memory_limit();
}

void read_plugins(Context& context, const Reader& read, Plugins& out) {
  out.path = read.texts("plugins.path");
  out.allow = read.texts("plugins.allow");
  out.deny = read.texts("plugins.deny");
  out.require_digest = read.flag("plugins.require_digest");
  out.digests = read.map("plugins.digests");
  for (const auto& [name, digest] : out.digests) {
    const bool hex = digest.size() == 71 && digest.starts_with("sha256:") &&
                     digest.find_first_not_of("0123456789abcdef", 7) == std::string::npos;
    if (!hex)
      context.findings.error(1024, context.root.at("plugins.digests")->find(name)->value,
                             "the digest of '" + name + "' is not of the form \"sha256:<64 lower-case hex digits>\"");
  }
}

void read_credentials(const Reader& read, Credentials& out) {
  out.provider = read.text("credentials.provider");
  out.refresh_interval_ms = read.number("credentials.refresh_interval");
  out.on_auth_error = read.text("credentials.on_auth_error");
  out.env_prefix = read.text("credentials.env.prefix");
  out.file_dir = read.text("credentials.file.dir");
  out.file_trim = read.flag("credentials.file.trim");
  out.file_trust_mount = read.flag("credentials.file.trust_mount");
}

void read_admin(Context& context, const Reader& read, Admin& out) {
  out.socket = read.text("admin.socket");
  out.viewers = read.texts("admin.roles.viewer");
  out.operators = read.texts("admin.roles.operator");
  out.admins = read.texts("admin.roles.admin");
  const std::string mode = read.text("admin.socket_mode");
  unsigned value = 0;
  const auto parsed = std::from_chars(mode.data(), mode.data() + mode.size(), value, 8);
  if (parsed.ec == std::errc() && parsed.ptr == mode.data() + mode.size() && value <= 0777 && (value & 0600) == 0600) {
    out.socket_mode = value;
  } else {
    context.findings.error(
        1024, read.node("admin.socket_mode")->value,
        "'admin.socket_mode' takes an octal mode that lets the owner read and write, such as \"0660\"");
  }
}

}  // namespace

Origin place_in_string(const Context& context, const Node& node, std::size_t offset, std::size_t length) {
  Origin origin = node.value;
  const auto file = context.texts.find(origin.file);
  if (origin.line == 0 || file == context.texts.end() || node.interpolated) return origin;
  const auto begin = offset_of(file->second, {origin.line, origin.column});
  const auto at = offset_in_string(file->second, begin, offset);
  const auto end = offset_in_string(file->second, begin, offset + length);
  const Place place = place_of(file->second, at);
  origin.line = place.line;
  origin.column = place.column;
  origin.length =
      static_cast<uint32_t>(std::max<std::size_t>(1, code_points(std::string_view(file->second).substr(at, end - at))));
  return origin;
}

std::shared_ptr<const process::Expression> read_expression(Context& context, const Node* node, const std::string& name,
                                                           const std::string& where) {
  if (node == nullptr || node->unresolved) return nullptr;
  const std::string* text = as_text(*node);
  if (text == nullptr || text->find_first_not_of(" \t\r\n") == std::string::npos) return nullptr;
  auto parsed = process::Expression::parse(*text);
  if (parsed.expression) return std::shared_ptr<const process::Expression>(std::move(parsed.expression));

  const auto& error = parsed.error;
  const Origin origin = place_in_string(context, *node, error.offset, std::max<std::size_t>(error.length, 1));
  auto& finding =
      context.findings.error(1041, origin, "'" + name + "'" + (where.empty() ? "" : " " + where) + ": " + error.what);
  if (!error.suggestion.empty()) finding.hint = "did you mean '" + error.suggestion + "'?";
  return nullptr;
}

void read_sections(Context& context, Configuration& out) {
  Check{root_keys(), "", &context.findings, {}, {}}.run(context.root);
  check_version(context);
  const Reader read({&context.root}, root_keys());
  read_global(read, out.global);
  read_attack(context, read, out.global);
  out.logging = {read.text("logging.level"), read.text("logging.format"), read.number("logging.rate_limit_window")};
  read_plugins(context, read, out.plugins);
  out.schema.default_format = read.text("schema.default_format");
  out.schema.output = read_output(context, {&context.root});
  read_credentials(read, out.credentials);
  read_privacy(context, read, out.privacy);
  read_admin(context, read, out.admin);
  out.store = {read.text("store.durability"), read.number("store.interval"), read.size("store.max_bytes")};

  auto& filter = out.filtering;
  filter.min_severity = static_cast<int32_t>(read.number("filtering.min_severity"));
  filter.include_types = read.texts("filtering.include_types");
  filter.exclude_types = read.texts("filtering.exclude_types");
  filter.include_guards = read.texts("filtering.include_guards");
  filter.exclude_guards = read.texts("filtering.exclude_guards");
  filter.include_tenants = read.texts("filtering.include_tenants");
  filter.exclude_tenants = read.texts("filtering.exclude_tenants");
  filter.when = read_expression(context, read.node("filtering.when"), "filtering.when", "");
  if (const Node* hooks = context.root.at("response.hooks"))
    for (const auto& hook : hooks->items) read_expression(context, hook.find("when"), "response.hooks.when", "");
}

}  // namespace csiem::config
