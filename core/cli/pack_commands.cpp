// clawdstrike-siem pack list, show and export.
#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>

#include "base/fd.hpp"
#include "base/sha256.hpp"
#include "cli/arguments.hpp"
#include "cli/packs.hpp"
#include "cli/setup.hpp"
#include "cli/terminal.hpp"
#include "config/suggest.hpp"

namespace csiem::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t kMaxPackFile = 64 << 20;

int failed(const Error& error) {
  print_error(error);
  return error.code() == Code::invalid ? kData : kIo;
}

// The pack, or null with a message that names those there are.
const Pack* choose(const PackSet& set, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& pack : set.packs) {
    if (pack.name == name) return &pack;
    names.push_back(pack.name);
  }
  std::string known;
  for (const auto& other : names) known += (known.empty() ? "" : ", ") + other;
  const auto near = config::nearest(name, names);
  std::fprintf(stderr, "clawdstrike-siem: no pack '%s'%s%s%s; there are: %s\n", name.c_str(),
               near.empty() ? "" : ", did you mean '", near.c_str(), near.empty() ? "" : "'?", known.c_str());
  return nullptr;
}

json::object object_of(const Pack& pack, bool with_files) {
  json::object object{{"name", pack.name},         {"version", pack.version},    {"title", pack.title},
                      {"exporter", pack.exporter}, {"format", pack.format},      {"directory", pack.directory},
                      {"next", pack.next},         {"files", pack.files.size()}, {"variables", json::array{}}};
  for (const auto& variable : pack.variables)
    object["variables"].as_array().push_back({{"name", variable.name}, {"what", variable.what}});
  if (!with_files) return object;
  json::array files;
  for (const auto& file : pack.files)
    files.push_back({{"path", file.path},
                     {"kind", file.kind},
                     {"bytes", file.bytes},
                     {"sha256", file.sha256},
                     {"fields", json::value_from(file.fields)}});
  object["files"] = std::move(files);
  return object;
}

// Copies one pack, with the variables that are set.
class Export {
 public:
  Export(const Pack& pack, fs::path target, const std::map<std::string, std::string>& values)
      : pack_(pack), target_(std::move(target)), values_(values) {}

  Result<void> run() {
    for (auto& file : pack_.files) CS_CHECK(copy(file));
    return write(target_ / "pack.json", manifest_text(pack_));
  }

 private:
  Result<void> copy(PackFile& file) {
    CS_TRY(text, read_file((fs::path(pack_.directory) / file.path).string(), kMaxPackFile));
    if (takes_variables(file.path) && fill_in(file, text)) {
      file.bytes = text.size();
      file.sha256 = to_hex(sha256(text));
    }
    return write(target_ / file.path, text);
  }

  bool fill_in(const PackFile& file, std::string& text) {
    bool changed = false;
    for (const auto& name : variables_in(text)) {
      const auto value = values_.find(name);
      if (value == values_.end()) continue;
      std::string put = value->second;
      if (!file.path.ends_with(".conf")) {  // inside of a JSON text
        put = json_text(put);
        put = put.substr(1, put.size() - 2);
      }
      const std::string mark = "${" + name + "}";
      for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + put.size()))
        text.replace(at, mark.size(), put);
      changed = true;
    }
    return changed;
  }

  static Result<void> write(const fs::path& path, std::string_view text) {
    std::error_code ec;
    fs::create_directories(path.parent_path(), ec);
    if (ec) return Error{Code::io, path.parent_path().string() + ": " + ec.message()};
    return replace_file(path.string(), text, 0644);
  }

  Pack pack_;  // with the sums of what is written
  fs::path target_;
  const std::map<std::string, std::string>& values_;
};

// NAME=VALUE of the command line against the pack's variables. False with a message.
bool read_values(const Pack& pack, const std::vector<std::string>& given, std::map<std::string, std::string>& values) {
  for (const auto& word : given) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const bool known = std::any_of(pack.variables.begin(), pack.variables.end(),
                                   [&](const PackVariable& variable) { return variable.name == name; });
    if (equals == std::string::npos || !known) {
      std::string names;
      for (const auto& variable : pack.variables) names += (names.empty() ? "" : ", ") + variable.name;
      std::fprintf(stderr, "clawdstrike-siem: --var %s: pack '%s' has %s%s\n", word.c_str(), pack.name.c_str(),
                   names.empty() ? "no variables" : "the variables ", names.c_str());
      return false;
    }
    if (word.find_first_of("\r\n") != std::string::npos) {
      std::fprintf(stderr, "clawdstrike-siem: --var %s: a value is one line\n", name.c_str());
      return false;
    }
    values[name] = word.substr(equals + 1);
  }
  return true;
}

}  // namespace

int pack_list(const Arguments& arguments) {
  const auto set = find_packs(arguments.pack.from);
  if (!set) return failed(set.error());
  if (arguments.global.json) {
    json::array packs;
    for (const auto& pack : set->packs) packs.push_back(object_of(pack, false));
    const json::object document{
        {"schema", "clawdstrike-siem/pack-list/v1"}, {"directory", set->directory}, {"packs", std::move(packs)}};
    std::printf("%s\n", json::serialize(document).c_str());
    return kOk;
  }
  std::vector<std::vector<std::string>> rows{{"NAME", "VERSION", "EXPORTER", "FORMAT", "FILES", "CONTENT"}};
  for (const auto& pack : set->packs)
    rows.push_back(
        {pack.name, pack.version, pack.exporter, pack.format, std::to_string(pack.files.size()), pack.title});
  std::fputs(table(rows, arguments.global.plain).c_str(), stdout);
  if (!arguments.global.quiet) std::fprintf(stderr, "in %s\n", set->directory.c_str());
  return kOk;
}

int pack_show(const Arguments& arguments) {
  const auto set = find_packs(arguments.pack.from);
  if (!set) return failed(set.error());
  const Pack* pack = choose(*set, arguments.pack.name);
  if (pack == nullptr) return kUsage;
  if (arguments.global.json) {
    json::object document{{"schema", "clawdstrike-siem/pack-show/v1"}};
    for (auto& member : object_of(*pack, true)) document[member.key()] = std::move(member.value());
    std::printf("%s\n", json::serialize(document).c_str());
    return kOk;
  }
  const std::vector<std::vector<std::string>> head{{"name", pack->name},     {"version", pack->version},
                                                   {"content", pack->title}, {"exporter", pack->exporter},
                                                   {"format", pack->format}, {"directory", pack->directory}};
  std::fputs(table(head, arguments.global.plain).c_str(), stdout);
  std::vector<std::vector<std::string>> rows{{"FILE", "KIND", "BYTES", "FIELDS"}};
  for (const auto& file : pack->files)
    rows.push_back({file.path, file.kind, std::to_string(file.bytes),
                    file.fields.empty() ? "-" : std::to_string(file.fields.size())});
  std::printf("\n%s", table(rows, arguments.global.plain).c_str());
  for (const auto& variable : pack->variables)
    std::printf("\n--var %s=...  %s\n", variable.name.c_str(), variable.what.c_str());
  std::printf("\n%s\n", pack->next.c_str());
  return kOk;
}

int pack_export(const Arguments& arguments) {
  const auto& p = arguments.pack;
  const auto set = find_packs(p.from);
  if (!set) return failed(set.error());
  const Pack* pack = choose(*set, p.name);
  if (pack == nullptr) return kUsage;
  std::map<std::string, std::string> values;
  if (!read_values(*pack, p.variables, values)) return kUsage;
  const fs::path target = fs::path(p.directory) / pack->name;
  if (std::error_code ec; !p.force && fs::exists(target, ec)) {
    std::fprintf(stderr, "clawdstrike-siem: %s is there already; remove it, or --force to write over it\n",
                 target.c_str());
    return kCannotCreate;
  }
  if (const auto written = Export(*pack, target, values).run(); !written) {
    print_error(written.error());
    return kCannotCreate;
  }
  if (arguments.global.json) {
    json::array open;
    for (const auto& variable : pack->variables)
      if (!values.contains(variable.name)) open.emplace_back(variable.name);
    const json::object document{{"schema", "clawdstrike-siem/pack-export/v1"},
                                {"name", pack->name},
                                {"directory", target.string()},
                                {"files", pack->files.size() + 1},
                                {"open_variables", std::move(open)},
                                {"next", pack->next}};
    std::printf("%s\n", json::serialize(document).c_str());
    return kOk;
  }
  std::printf("%s\n", target.c_str());
  if (arguments.global.quiet) return kOk;
  for (const auto& variable : pack->variables)
    if (!values.contains(variable.name))
      std::fprintf(stderr, "note: ${%s} is not filled in: %s; --var %s=...\n", variable.name.c_str(),
                   variable.what.c_str(), variable.name.c_str());
  std::fprintf(stderr, "%s\n", pack->next.c_str());
  return kOk;
}

}  // namespace csiem::cli
