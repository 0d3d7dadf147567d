// The whole way from files to a checked configuration, in order.
#include <algorithm>

#include "base/fd.hpp"
#include "config/context.hpp"
#include "config/interpolate.hpp"
#include "config/layers.hpp"
#include "config/merge.hpp"
#include "config/parse.hpp"

namespace csiem::config {
namespace {

constexpr std::size_t kMaxFileBytes = 4 << 20;

// Reads, parses and merges every file. Files that cannot be used are reported and left out.
void merge_files(Context& context, const std::vector<LayerFile>& files, std::vector<std::string>& read) {
  for (std::size_t i = 0; i < files.size();) {
    // Files of one layer first among themselves, so that a key that two of them set is found.
    const auto layer = files[i].layer;
    Node merged;
    for (; i < files.size() && files[i].layer == layer; ++i) {
      const auto& path = files[i].path;
      if (context.main_file.empty() && layer == LayerFile::Layer::main) context.main_file = path;
      auto text = read_file(path, kMaxFileBytes);
      if (!text) {
        context.findings.error(1002, {path, 0, 0, 0}, "cannot read the file: " + text.error().what());
        continue;
      }
      const auto& kept = context.texts[path] = *std::move(text);
      read.push_back(path);
      if (auto tree = parse_toml(kept, path, context.findings)) merge(merged, std::move(*tree), true, context.findings);
    }
    merge(context.root, std::move(merged), false, context.findings);
  }
}

void check_something_to_do(Context& context, const Configuration& configuration) {
  const auto enabled = [](const auto& part) { return part.enabled; };
  const bool source = std::any_of(configuration.sources.begin(), configuration.sources.end(), enabled);
  const bool exporter = std::any_of(configuration.exporters.begin(), configuration.exporters.end(), enabled);
  if (source && exporter) return;
  const std::string what = source     ? "no exporter is enabled"
                           : exporter ? "no source is enabled"
                                      : "no source and no exporter is enabled";
  context.findings.error(1060, {context.main_file, 0, 0, 0}, what);
}

}  // namespace

Loaded load(const LoadRequest& request) {
  Loaded out;
  Context context{request, {}, {}, {}, {}, nullptr, {}, {}};
  const Environment environment(request);
  const auto files = find_files(request, environment, context.findings);
  merge_files(context, files, out.configuration.files);
  if (request.privileged_defaults)
    for (auto& layer : environment_layer(environment)) merge(context.root, std::move(layer), false, context.findings);
  for (auto& layer : command_line_layer(request, context.findings))
    merge(context.root, std::move(layer), false, context.findings);
  // A file that is missing here must not look like a list of missing keys.
  const bool incomplete = context.findings.errors() != 0;

  check_unique_names(context.root, context.findings);
  interpolate(context.root, environment, context.findings);
  if (incomplete && context.root.find("version") == nullptr) {
    Node version;
    version.kind = Node::Kind::text;
    version.text = "1.0.0";
    version.key = version.value = {"default", 0, 0, 0};
    context.root.members.emplace("version", std::move(version));
  }
  read_sections(context, out.configuration);
  std::unique_ptr<SettingsCatalog> catalog;
  if (request.check_plugins && request.catalog) catalog = request.catalog(out.configuration.plugins);
  context.catalog = catalog.get();
  read_sources(context, out.configuration.sources);
  read_exporters(context, out.configuration);
  if (!incomplete && !request.allow_empty) check_something_to_do(context, out.configuration);

  out.effective = effective_view(context, out.configuration);
  for (const auto& [file, text] : context.texts) out.texts[file] = without_secrets(file, text, context.findings);
  out.diagnostics = context.findings.sorted(request.max_errors);
  return out;
}

}  // namespace csiem::config
