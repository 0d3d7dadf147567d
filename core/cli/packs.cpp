#include "cli/packs.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>

#include "base/fd.hpp"
#include "base/version.hpp"
#include "cli/pretty.hpp"

namespace csiem::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::string_view kSchema = "clawdstrike-siem/pack/v1";
constexpr std::size_t kMaxManifest = 4 << 20;
constexpr const char* kLeaf = "clawdstrike-siem/packs";

bool has_packs(const fs::path& directory) {
  std::error_code ec;
  for (fs::directory_iterator it(directory, ec), end; !ec && it != end; it.increment(ec))
    if (std::error_code ignored; fs::is_regular_file(it->path() / "pack.json", ignored)) return true;
  return false;
}

// Neither absolute nor leaving the pack: an export writes where this says.
bool stays_inside(std::string_view path) {
  if (path.empty() || path.front() == '/') return false;
  const fs::path parts(path);
  return std::none_of(parts.begin(), parts.end(),
                      [](const fs::path& part) { return part == ".." || part == "." || part.empty(); });
}

std::string text_member(const json::object& object, std::string_view key) {
  return json::value_to<std::string>(object.at(key));
}

PackFile file_of(const json::object& object) {
  PackFile file{text_member(object, "path"),
                text_member(object, "kind"),
                object.at("bytes").to_number<uint64_t>(),
                text_member(object, "sha256"),
                {}};
  if (const json::value* fields = object.if_contains("fields"))
    file.fields = json::value_to<std::vector<std::string>>(*fields);
  if (!stays_inside(file.path)) throw std::invalid_argument("'" + file.path + "' leads out of the pack");
  return file;
}

Pack pack_of(const json::object& object) {
  if (text_member(object, "schema") != kSchema) throw std::invalid_argument("schema is not " + std::string(kSchema));
  Pack pack;
  pack.name = text_member(object, "name");
  pack.version = text_member(object, "version");
  pack.title = text_member(object, "title");
  pack.exporter = text_member(object, "exporter");
  pack.format = text_member(object, "format");
  pack.next = text_member(object, "next");
  for (const json::value& variable : object.at("variables").as_array())
    pack.variables.push_back({text_member(variable.as_object(), "name"), text_member(variable.as_object(), "what")});
  for (const json::value& file : object.at("files").as_array()) pack.files.push_back(file_of(file.as_object()));
  if (!stays_inside(pack.name) || pack.name.find('/') != std::string::npos)
    throw std::invalid_argument("'" + pack.name + "' is not a name");
  return pack;
}

}  // namespace

std::vector<std::string> pack_directories(const std::string& from) {
  if (!from.empty()) return {from};
  std::vector<std::string> places;
  if (const char* set = std::getenv("CLAWDSTRIKE_SIEM_PACKS"); set != nullptr && *set != '\0') places.emplace_back(set);
  std::error_code ec;
  const fs::path executable = fs::read_symlink("/proc/self/exe", ec);
  const auto folder = executable.parent_path().filename();
  if (!ec && (folder == "bin" || folder == "sbin"))
    places.push_back((executable.parent_path().parent_path() / "share" / kLeaf).string());
  for (const std::string_view base : {kDatadir, std::string_view("/usr/local/share"), std::string_view("/usr/share")}) {
    std::string place = (fs::path(base) / kLeaf).string();
    if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(std::move(place));
  }
  return places;
}

Result<Pack> read_pack(const std::string& directory) {
  const std::string path = (fs::path(directory) / "pack.json").string();
  CS_TRY(text, read_file(path, kMaxManifest));
  try {
    Pack pack = pack_of(json::parse(text).as_object());
    pack.directory = directory;
    return pack;
  } catch (const std::exception& error) {
    return Error{Code::invalid, path + ": not the manifest of a pack: " + error.what()};
  }
}

Result<PackSet> find_packs(const std::string& from) {
  const auto places = pack_directories(from);
  const auto found = std::find_if(places.begin(), places.end(), [](const std::string& p) { return has_packs(p); });
  if (found == places.end()) {
    std::string text = "no content packs in";
    for (const auto& place : places) text += (&place == &places.front() ? " " : ", ") + place;
    return Error{Code::not_found,
                 text + "; they come with the package, or name their directory with --from or CLAWDSTRIKE_SIEM_PACKS"};
  }
  PackSet set{*found, {}};
  std::error_code ec;
  for (fs::directory_iterator it(*found, ec), end; !ec && it != end; it.increment(ec)) {
    if (std::error_code ignored; !fs::is_regular_file(it->path() / "pack.json", ignored)) continue;
    CS_TRY(pack, read_pack(it->path().string()));
    set.packs.push_back(std::move(pack));
  }
  if (ec) return Error{Code::io, *found + ": " + ec.message()};
  std::sort(set.packs.begin(), set.packs.end(), [](const Pack& a, const Pack& b) { return a.name < b.name; });
  return set;
}

std::string manifest_text(const Pack& pack) {
  json::array variables, files;
  for (const auto& variable : pack.variables) variables.push_back({{"name", variable.name}, {"what", variable.what}});
  for (const auto& file : pack.files) {
    json::object row{{"path", file.path}, {"kind", file.kind}, {"bytes", file.bytes}, {"sha256", file.sha256}};
    if (!file.fields.empty()) row["fields"] = json::value_from(file.fields);
    files.push_back(std::move(row));
  }
  const json::object manifest{
      {"schema", kSchema},         {"name", pack.name},     {"version", pack.version},           {"title", pack.title},
      {"exporter", pack.exporter}, {"format", pack.format}, {"variables", std::move(variables)}, {"next", pack.next},
      {"files", std::move(files)}};
  return pretty_json(json::serialize(manifest)) + "\n";
}

std::vector<std::string> variables_in(std::string_view text) {
  std::vector<std::string> names;
  for (std::size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 2)) {
    const std::size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_", at + 2);
    if (end == std::string_view::npos || end == at + 2 || text[end] != '}') continue;
    std::string name(text.substr(at + 2, end - at - 2));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

bool takes_variables(std::string_view path) {
  return path.ends_with(".json") || path.ends_with(".ndjson") || path.ends_with(".conf");
}

}  // namespace csiem::cli
