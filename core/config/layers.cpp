#include "config/layers.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "config/parse.hpp"

extern char** environ;  // NOLINT: POSIX

namespace csiem::config {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMainFile = "/etc/clawdstrike-siem/clawdstrike-siem.toml";
constexpr const char* kOperatorDir = "/etc/clawdstrike-siem/conf.d";
constexpr const char* kVendorDir = "/usr/share/clawdstrike-siem/conf.d";
constexpr std::string_view kPrefix = "CLAWDSTRIKE_SIEM__";

// *.toml of a directory, sorted by name. Nothing when it cannot be read.
std::optional<std::vector<std::string>> files_in(const std::string& directory) {
  std::error_code error;
  std::vector<std::string> out;
  fs::directory_iterator at(directory, error);
  while (!error && at != fs::directory_iterator()) {
    const auto& path = at->path();
    if (path.extension() == ".toml" && path.filename().string().front() != '.') out.push_back(path.string());
    at.increment(error);
  }
  if (error) return std::nullopt;
  std::sort(out.begin(), out.end());
  return out;
}

std::string base_name(const std::string& path) { return fs::path(path).filename().string(); }

bool points_to_null(const std::string& path) {
  std::error_code error;
  return fs::is_symlink(path, error) && fs::read_symlink(path, error) == "/dev/null";
}

bool exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

void add_path(const std::string& path, LayerFile::Layer layer, std::vector<LayerFile>& out, Findings& findings) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    out.push_back({path, layer});
    return;
  }
  const auto files = files_in(path);
  if (!files || (files->empty() && layer == LayerFile::Layer::main)) {
    findings.error(1002, {path, 0, 0, 0},
                   files ? "the directory holds no *.toml file" : "the directory cannot be read");
    return;
  }
  for (const auto& file : *files)
    if (!points_to_null(file)) out.push_back({file, layer});
}

std::vector<std::string> split_colons(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto colon = text.find(':');
    if (colon != 0) out.emplace_back(text.substr(0, colon));
    text = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  }
  return out;
}

// The first main file of the search order that exists; `tried` collects the candidates.
std::optional<std::string> search_main(const Environment& environment, std::vector<std::string>& tried) {
  const bool managed = environment.get("INVOCATION_ID").has_value() || environment.get("NOTIFY_SOCKET").has_value();
  if (geteuid() != 0 && !managed) {
    std::string base = environment.get("XDG_CONFIG_HOME").value_or("");
    if (base.empty() && environment.get("HOME")) base = *environment.get("HOME") + "/.config";
    if (base.starts_with('/')) tried.push_back(base + "/clawdstrike-siem/clawdstrike-siem.toml");
  }
  tried.emplace_back(kMainFile);
  for (const auto& path : tried)
    if (exists(path)) return path;
  return std::nullopt;
}

// Vendor drop-ins that no operator file of the same name replaces.
void add_vendor(const std::vector<std::string>& operators, std::vector<LayerFile>& out) {
  for (const auto& vendor : files_in(kVendorDir).value_or(std::vector<std::string>())) {
    const bool replaced = std::any_of(operators.begin(), operators.end(),
                                      [&](const auto& file) { return base_name(file) == base_name(vendor); });
    if (!replaced && !points_to_null(vendor)) out.push_back({vendor, LayerFile::Layer::vendor});
  }
}

}  // namespace

Environment::Environment(const LoadRequest& request) {
  if (request.environment) {
    variables_ = {request.environment->begin(), request.environment->end()};
    return;
  }
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view line = *entry;
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    variables_.emplace(std::string(line.substr(0, equals)), std::string(line.substr(equals + 1)));
  }
}

std::optional<std::string> Environment::get(const std::string& name) const {
  const auto it = variables_.find(name);
  if (it == variables_.end()) return std::nullopt;
  return it->second;
}

std::vector<LayerFile> find_files(const LoadRequest& request, const Environment& environment, Findings& findings) {
  std::vector<LayerFile> out;
  std::vector<std::string> named = request.config;
  if (named.empty() && request.privileged_defaults)
    named = split_colons(environment.get("CLAWDSTRIKE_SIEM_CONFIG").value_or(""));

  std::vector<std::string> directories = request.conf_d;
  if (directories.empty() && named.empty() && request.privileged_defaults && exists(kOperatorDir))
    directories = {kOperatorDir};
  std::vector<std::string> operators;
  for (const auto& directory : directories) {
    const auto files = files_in(directory);
    if (!files) findings.error(1002, {directory, 0, 0, 0}, "the directory cannot be read");
    operators.insert(operators.end(), files ? files->begin() : operators.end(), files ? files->end() : operators.end());
  }

  if (!named.empty()) {
    for (const auto& path : named) add_path(path, LayerFile::Layer::main, out, findings);
  } else if (request.privileged_defaults) {
    add_vendor(operators, out);
    std::vector<std::string> tried;
    if (const auto main = search_main(environment, tried)) {
      out.push_back({*main, LayerFile::Layer::main});
    } else {
      auto& finding = findings.error(1002, {kMainFile, 0, 0, 0}, "no configuration file was found");
      for (const auto& path : tried) finding.notes.push_back("tried " + path);
    }
  } else {
    findings.error(1002, {"configuration", 0, 0, 0}, "no configuration file was named");
  }
  for (const auto& file : operators)
    if (!points_to_null(file)) out.push_back({file, LayerFile::Layer::operators});
  return out;
}

std::vector<Node> environment_layer(const Environment& environment) {
  std::vector<Node> out;
  for (const auto& [name, value] : environment.all()) {
    if (!name.starts_with(kPrefix)) continue;
    std::string path = name.substr(kPrefix.size());
    std::transform(path.begin(), path.end(), path.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const Origin origin{"environment variable " + name, 0, 0, 0};
    Node root;
    Node* here = &root;
    for (std::size_t at = 0; at <= path.size();) {
      const auto next = std::min(path.find("__", at), path.size());
      here->kind = Node::Kind::table;
      here = &here->members[path.substr(at, next - at)];
      here->key = here->value = origin;
      at = next + 2;
    }
    here->kind = Node::Kind::text;
    here->text = value;
    here->loose = true;
    out.push_back(std::move(root));
  }
  return out;
}

std::vector<Node> command_line_layer(const LoadRequest& request, Findings& findings) {
  std::vector<Node> out;
  for (const auto& assignment : request.set) {
    const std::string name = "--set " + assignment.substr(0, assignment.find('='));
    if (auto node = parse_assignment(assignment, name, findings)) out.push_back(std::move(*node));
  }
  return out;
}

}  // namespace csiem::config
