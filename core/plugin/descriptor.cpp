#include "plugin/descriptor.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cstring>

#include "plugin/text.hpp"

namespace csiem::plugin {
namespace {

constexpr std::size_t kMaxText = 4096, kMaxSchema = std::size_t{1} << 20, kMaxStruct = 64 * 1024;
constexpr uint64_t kMaxComponents = 64;

Error bad(const std::string& where, const std::string& why) { return {Code::invalid, where + ": " + why, 3008}; }

// The first min(host's, producer's) bytes of a GROWS struct; the rest stays zero. `least` is how much the first version
// that is still supported had to have.
template <class T>
Result<T> copy_table(const void* from, std::size_t least, const Image& image, const std::string& where) {
  uint32_t size = 0;
  if (!image.readable(from, sizeof size, alignof(T)))
    return bad(where, "points outside of the plugin, or is misaligned");
  std::memcpy(&size, from, sizeof size);
  if (size < least || size > kMaxStruct) return bad(where + ".struct_size", "is " + std::to_string(size));
  if (!image.readable(from, size, alignof(T))) return bad(where, "reaches beyond the plugin's memory");
  T out{};
  std::memcpy(&out, from, std::min<std::size_t>(size, sizeof out));
  return out;
}

template <class T, class Member>
constexpr std::size_t through(Member T::*, std::size_t offset) {
  return offset + sizeof(Member);
}
#define CSIEM_THROUGH(type, member) through(&type::member, offsetof(type, member))

Result<std::string> text(const char* p, std::size_t max, bool required, const Image& image, const std::string& where) {
  if (p == nullptr) {
    if (required) return bad(where, "is null");
    return std::string();
  }
  std::string_view found;
  if (!image.text(p, max, &found)) return bad(where, "is not a string of the plugin");
  bool valid = true;
  clean_text(found, found.size() * 3, &valid);
  if (!valid) return bad(where, "is not UTF-8");
  if (required && found.empty()) return bad(where, "is empty");
  return std::string(found);
}

template <class Function>
Result<void> callback(Function* function, bool required, const Image& image, const std::string& where) {
  if (function == nullptr) {
    if (required) return bad(where, "is null");
    return {};
  }
  if (!image.executable(reinterpret_cast<uintptr_t>(function))) return bad(where, "is not a function of the plugin");
  return {};
}

Result<void> check_schema(const std::string& schema, const std::string& where) {
  if (schema.empty()) return {};
  boost::json::error_code ec;
  const auto value = boost::json::parse(schema, ec);
  if (ec) return bad(where + ".config_schema", "is not JSON: " + ec.message());
  if (!value.is_object()) return bad(where + ".config_schema", "is not a JSON object");
  return {};
}

std::vector<std::string> words(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const auto word = list.substr(0, list.find(' '));
    if (!word.empty()) out.emplace_back(word);
    list.remove_prefix(std::min(list.size(), word.size() + 1));
  }
  return out;
}

Result<void> read_exporter(const csiem_component& from, const Image& image, const std::string& where, Component* out) {
  CS_TRY(api, copy_table<csiem_exporter_v1>(from.api, CSIEM_THROUGH(csiem_exporter_v1, cancel), image, where + ".api"));
  CS_CHECK(callback(api.create, true, image, where + ".create"));
  CS_CHECK(callback(api.destroy, true, image, where + ".destroy"));
  CS_CHECK(callback(api.submit, true, image, where + ".submit"));
  CS_CHECK(callback(api.cancel, true, image, where + ".cancel"));
  CS_CHECK(callback(api.health, false, image, where + ".health"));
  CS_CHECK(callback(api.notify, false, image, where + ".notify"));
  if (api.limits != nullptr) {
    CS_TRY(limits,
           copy_table<csiem_limits>(api.limits, CSIEM_THROUGH(csiem_limits, max_events), image, where + ".limits"));
    out->limits = limits;
    api.limits = nullptr;  // the copy above is what counts
  }
  out->exporter = api;
  CS_TRY(default_format, text(from.default_format, 64, false, image, where + ".default_format"));
  out->default_format = default_format.empty() ? "none" : std::move(default_format);
  CS_TRY(formats, text(from.formats, kMaxText, false, image, where + ".formats"));
  out->formats = words(formats);
  if (out->formats.empty() && out->default_format != "none") out->formats.push_back(out->default_format);
  return {};
}

Result<void> read_format(const csiem_component& from, const Image& image, const std::string& where, Component* out) {
  CS_TRY(api, copy_table<csiem_format_v1>(from.api, CSIEM_THROUGH(csiem_format_v1, encode), image, where + ".api"));
  CS_CHECK(callback(api.create, true, image, where + ".create"));
  CS_CHECK(callback(api.destroy, true, image, where + ".destroy"));
  CS_CHECK(callback(api.encode, true, image, where + ".encode"));
  CS_TRY(content_type, text(api.content_type, 256, true, image, where + ".content_type"));
  out->content_type = std::move(content_type);
  out->format = api;
  return {};
}

}  // namespace

Result<std::vector<std::unique_ptr<Component>>> read_descriptor(const csiem_plugin* descriptor, const Image& image) {
  if (descriptor == nullptr) return bad("csiem_plugin_v1", "returned null");
  CS_TRY(plugin,
         copy_table<csiem_plugin>(descriptor, CSIEM_THROUGH(csiem_plugin, component_count), image, "descriptor"));
  if (plugin.abi_version >> 16 != CSIEM_ABI_MAJOR)
    return Error{Code::unsupported,
                 "built for ABI " + std::to_string(plugin.abi_version >> 16) + ", daemon speaks " CSIEM_ABI_TEXT, 3002};
  if (plugin.min_host_abi > CSIEM_ABI_VERSION)
    return Error{Code::unsupported,
                 "needs a daemon of ABI " + std::to_string(plugin.min_host_abi >> 16) + "." +
                     std::to_string(plugin.min_host_abi & 0xffff) + ", this one speaks " CSIEM_ABI_TEXT,
                 3002};
  CS_TRY(id, text(plugin.id, kMaxText, true, image, "descriptor.id"));
  CS_TRY(version, text(plugin.version, 64, true, image, "descriptor.version"));
  CS_TRY(vendor, text(plugin.vendor, kMaxText, false, image, "descriptor.vendor"));
  CS_TRY(license, text(plugin.license, kMaxText, false, image, "descriptor.license"));
  CS_TRY(description, text(plugin.description, kMaxText, false, image, "descriptor.description"));
  if (plugin.component_count == 0 || plugin.component_count > kMaxComponents)
    return bad("descriptor.component_count", "is " + std::to_string(plugin.component_count));
  if (!image.readable(plugin.components, plugin.component_count * sizeof(void*), alignof(void*)))
    return bad("descriptor.components", "points outside of the plugin, or is misaligned");

  std::vector<std::unique_ptr<Component>> out;
  for (uint64_t i = 0; i < plugin.component_count; ++i) {
    const std::string number = "component " + std::to_string(i);
    CS_TRY(from, copy_table<csiem_component>(plugin.components[i], CSIEM_THROUGH(csiem_component, api), image, number));
    CS_TRY(kind, text(from.kind, 64, true, image, number + ".kind"));
    if (kind != CSIEM_KIND_EXPORTER && kind != CSIEM_KIND_FORMAT) continue;
    CS_TRY(name, text(from.name, 64, true, image, number + ".name"));
    if (!component_name(name))
      return bad(number + ".name", "'" + clean_text(name, 64) + "' is not [a-z][a-z0-9_]{0,31}");
    auto component = std::make_unique<Component>();
    component->kind = kind == CSIEM_KIND_EXPORTER ? "exporter" : "format";
    component->name = std::move(name);
    component->version = version;
    component->vendor = vendor;
    component->license = license;
    component->description = description;
    component->plugin_id = id;
    component->abi_version = plugin.abi_version;
    const std::string& where = component->name;
    CS_TRY(schema, text(from.config_schema, kMaxSchema, false, image, where + ".config_schema"));
    CS_CHECK(check_schema(schema, where));
    component->config_schema = std::move(schema);
    CS_CHECK(component->kind == "exporter" ? read_exporter(from, image, where, component.get())
                                           : read_format(from, image, where, component.get()));
    out.push_back(std::move(component));
  }
  return out;
}

Result<void> check_announced(const std::vector<Announced>& announced,
                             const std::vector<std::unique_ptr<Component>>& components) {
  for (const auto& c : components) {
    const auto at = std::find_if(announced.begin(), announced.end(),
                                 [&](const Announced& a) { return a.kind == c->kind && a.name == c->name; });
    if (at == announced.end()) return bad(c->name, "is not announced by the note of the file");
    if (at->version != c->version)
      return bad(c->name, "is version " + at->version + " in the note and " + c->version + " in the descriptor");
  }
  for (const Announced& a : announced) {
    const bool known = a.kind == "exporter" || a.kind == "format";
    const bool held = std::any_of(components.begin(), components.end(),
                                  [&](const auto& c) { return a.kind == c->kind && a.name == c->name; });
    if (known && !held) return bad(a.name, "is announced by the note and missing in the descriptor");
  }
  return {};
}

}  // namespace csiem::plugin
