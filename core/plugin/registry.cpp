#include "plugin/registry.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>

#include "plugin/admission.hpp"
#include "plugin/barrier.hpp"
#include "plugin/descriptor.hpp"
#include "plugin/library.hpp"

namespace csiem::plugin {
namespace {

// Components outlive every registry, as the code that they point into does.
const Component* keep_for_ever(std::unique_ptr<Component> component) {
  static std::mutex mutex;
  static auto& kept = *new std::deque<std::unique_ptr<Component>>();
  const std::lock_guard lock(mutex);
  kept.push_back(std::move(component));
  return kept.back().get();
}

}  // namespace

struct Registry::Impl {
  SearchPath path;
  std::vector<PluginFile> files;
  std::mutex mutex;                               // guards what follows
  std::map<std::string, Result<void>> attempted;  // path -> how loading it went
  std::vector<const Component*> loaded;

  // Newest first: a file given by hand comes before the search path.
  const Component* find_loaded(std::string_view kind, std::string_view name, const std::string& file) const {
    const auto at = std::find_if(loaded.begin(), loaded.end(), [&](const Component* c) {
      return c->kind == kind && c->name == name && c->file == file;
    });
    return at == loaded.end() ? nullptr : *at;
  }

  static bool announces(const PluginFile& file, std::string_view kind, std::string_view name) {
    return std::any_of(file.components.begin(), file.components.end(),
                       [&](const Announced& c) { return c.kind == kind && c.name == name; });
  }

  Result<void> load(const PluginFile& file) {
    CS_TRY(admitted, admit(file.path, file.origin, path, nullptr));
    const Announced& first = admitted.components.front();
    CS_TRY(library, load_library(admitted.bytes, "plugin:" + first.name + ":" + first.version, file.path));
    const csiem_plugin* descriptor = nullptr;
    std::string thrown;
    if (!contained([&] { descriptor = library.entry(CSIEM_ABI_VERSION); }, &thrown))
      return Error{Code::invalid, "csiem_plugin_v1 threw " + thrown, 3008};
    CS_TRY(components, read_descriptor(descriptor, library.image));
    CS_CHECK(check_announced(admitted.components, components));
    for (auto& component : components) {
      component->file = file.path;
      component->sha256 = admitted.sha256;
      loaded.push_back(keep_for_ever(std::move(component)));
    }
    return {};
  }

  Error not_found(std::string_view kind, std::string_view name) const {
    std::string text = "no " + std::string(kind) + " plugin '" + std::string(name) + "' in the search path";
    std::string known;
    for (const PluginFile& file : files)
      for (const Announced& c : file.components)
        if (file.refused.empty() && file.shadowed_by.empty() && c.kind == kind)
          known += (known.empty() ? "" : ", ") + c.name;
    if (!known.empty()) text += " (there are: " + known + ")";
    return {Code::not_found, text, 3001};
  }

  Result<const Component*> find(std::string_view kind, std::string_view name) {
    const std::lock_guard lock(mutex);
    const PluginFile* refused = nullptr;
    for (const PluginFile& file : files) {
      if (!announces(file, kind, name)) continue;
      if (!file.refused.empty()) {
        if (refused == nullptr) refused = &file;
        continue;
      }
      if (!name_allowed(path, std::string(name)))
        return Error{Code::denied,
                     file.path + ": plugins.allow and plugins.deny do not let '" + std::string(name) + "' be used",
                     3005};
      auto at = attempted.find(file.path);
      if (at == attempted.end()) at = attempted.emplace(file.path, load(file)).first;
      if (!at->second) return Error(at->second.error()).in(file.path);
      if (const Component* found = find_loaded(kind, name, file.path)) return found;
    }
    if (refused != nullptr) return Error{Code::denied, refused->path + ": " + refused->refused, refused->refused_code};
    return not_found(kind, name);
  }
};

Registry::Registry(SearchPath path) : impl_(std::make_unique<Impl>()) {
  impl_->path = std::move(path);
  impl_->files = discover(impl_->path);
}
Registry::~Registry() = default;

Result<void> Registry::add_file(const std::string& path) {
  PluginFile file{path, "configured", {}, {}, 0, {}};
  auto admitted = admit(path, file.origin, impl_->path, &file.components);
  if (!admitted) return std::move(admitted).error().in(path);
  const std::lock_guard lock(impl_->mutex);
  for (PluginFile& other : impl_->files) {
    const bool all = std::all_of(other.components.begin(), other.components.end(),
                                 [&](const Announced& c) { return Impl::announces(file, c.kind, c.name); });
    if (other.refused.empty() && all) other.shadowed_by = path;
  }
  impl_->files.insert(impl_->files.begin(), std::move(file));
  return {};
}

Result<const Component*> Registry::exporter(std::string_view name) { return impl_->find("exporter", name); }
Result<const Component*> Registry::format(std::string_view name) { return impl_->find("format", name); }

std::vector<std::string> Registry::names(std::string_view kind) const {
  std::vector<std::string> out;
  for (const PluginFile& file : impl_->files)
    for (const Announced& c : file.components)
      if (file.refused.empty() && c.kind == kind && name_allowed(impl_->path, c.name)) out.push_back(c.name);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

const std::vector<PluginFile>& Registry::files() const { return impl_->files; }

}  // namespace csiem::plugin
