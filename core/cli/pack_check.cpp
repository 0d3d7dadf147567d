// clawdstrike-siem pack check: whether packs are as they were shipped, and whether events have every field they use.
#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/buffer.hpp"
#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/sha256.hpp"
#include "base/version.hpp"
#include "cli/arguments.hpp"
#include "cli/packs.hpp"
#include "cli/setup.hpp"
#include "event/batch.hpp"
#include "ingest/ingest.hpp"
#include "process/privacy/redactor.hpp"
#include "process/stamp.hpp"
#include "schema/schema_registry.hpp"

namespace csiem::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t kMaxFile = 64 << 20;

struct Problem {
  std::string file;
  std::size_t line = 1, column = 1;
  std::string text;
};

// Dotted paths of a document; members of arrays have the path of the array.
void collect_paths(const json::value& value, const std::string& path, std::set<std::string>& out) {
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object)
      collect_paths(member.value(), path.empty() ? std::string(member.key()) : path + "." + std::string(member.key()),
                    out);
  } else if (const auto* array = value.if_array()) {
    for (const auto& member : *array) collect_paths(member, path, out);
  } else {
    out.insert(path);
  }
}

// What formats emit for the reference events, after the configuration's privacy rules.
class Emitted {
 public:
  Emitted(Setup& setup, std::string events) : setup_(setup), events_text_(std::move(events)) {}

  Result<const std::set<std::string>*> fields(const std::string& format) {
    if (const auto known = known_.find(format); known != known_.end()) return &known->second;
    const auto& configuration = setup_.loaded.configuration;
    const schema::SchemaRegistry schemas(*setup_.plugins, {configuration.global.host_name, std::string(kVersion)});
    CS_TRY(component, setup_.plugins->format(format));
    CS_TRY(instance, plugin::FormatInstance::create(*component, slot_,
                                                    schemas.config_json(*component, configuration.schema.output)));
    std::set<std::string> found;
    CS_TRY(batch, events());
    for (const auto& event : batch->events()) {
      buffer_.clear();
      CS_CHECK(instance->encode(event, buffer_.writer()));
      boost::system::error_code ec;
      const json::value document = json::parse(buffer_.view(), ec);
      if (ec) return Error{Code::unsupported, "format '" + format + "' does not write JSON"};
      collect_paths(document, {}, found);
    }
    return &(known_[format] = std::move(found));
  }

 private:
  Result<event::BatchBuilder*> events() {
    if (builder_) return builder_.get();
    auto builder = std::make_unique<event::BatchBuilder>(event::BatchPool::create());
    ingest::Mapper mapper{ingest::Options{}};
    const int64_t now = system_clock().unix_ns();
    std::size_t number = 0;
    for (std::size_t from = 0; from < events_text_.size(); ++number) {
      const std::size_t feed = std::min(events_text_.find('\n', from), events_text_.size());
      const std::string_view line = std::string_view(events_text_).substr(from, feed - from);
      if (!line.empty() && mapper.map(line, now, *builder).rejected != 0)
        return Error{Code::invalid, "events.jsonl:" + std::to_string(number + 1) + ": not an event"};
      from = feed + 1;
    }
    process::Stamper{process::StampSettings{}}.stamp(*builder, 0, now);
    process::Redactor(setup_.loaded.configuration.privacy.rules).redact(*builder, 0);
    builder_ = std::move(builder);
    return builder_.get();
  }

  Setup& setup_;
  std::string events_text_;
  plugin::CallSlot slot_;
  std::unique_ptr<event::BatchBuilder> builder_;
  Buffer buffer_;
  std::map<std::string, std::set<std::string>> known_;
};

class Check {
 public:
  Check(const Pack& pack, const Setup& setup, Emitted& emitted) : pack_(pack), setup_(setup), emitted_(emitted) {}

  std::vector<Problem> run() {
    if (pack_.version != kVersion)
      add("pack.json", "the pack is of version " + pack_.version + ", this program of " + std::string(kVersion) +
                           "; use the packs of the same package");
    for (const auto& file : pack_.files) look_at(file);
    strangers();
    exporters();
    return std::move(problems_);
  }

 private:
  void add(const std::string& file, std::string text, std::size_t line = 1, std::size_t column = 1) {
    problems_.push_back({(fs::path(pack_.directory) / file).string(), line, column, std::move(text)});
  }

  void look_at(const PackFile& file) {
    const auto text = read_file((fs::path(pack_.directory) / file.path).string(), kMaxFile);
    if (!text) {
      add(file.path, "cannot be read: " + text.error().what() + "; install or export the pack again");
      return;
    }
    if (to_hex(sha256(*text)) != file.sha256)
      add(file.path, "was changed since it was shipped; what it says about fields may not hold any more");
    syntax(file.path, *text);
    if (takes_variables(file.path)) {
      for (const auto& name : variables_in(*text))
        if (std::none_of(pack_.variables.begin(), pack_.variables.end(),
                         [&](const PackVariable& variable) { return variable.name == name; }))
          add(file.path, "${" + name + "} is not a variable of the pack", line_of(*text, "${" + name + "}"));
    }
    fields(file, *text);
  }

  void syntax(const std::string& path, std::string_view text) {
    if (path.ends_with(".json") || path.ends_with(".manifest")) {
      document(path, text, 1);
    } else if (path.ends_with(".ndjson")) {
      std::size_t line = 1;
      for (std::size_t from = 0; from < text.size(); ++line) {
        const std::size_t feed = std::min(text.find('\n', from), text.size());
        document(path, text.substr(from, feed - from), line);
        from = feed + 1;
      }
    }
  }

  void document(const std::string& path, std::string_view text, std::size_t first_line) {
    json::stream_parser parser;
    boost::system::error_code ec;
    const std::size_t read = parser.write_some(text.data(), text.size(), ec);
    if (!ec && text.find_first_not_of(" \t\r\n", read) != std::string_view::npos)
      ec = json::make_error_code(json::error::extra_data);
    if (!ec) parser.finish(ec);
    if (!ec) return;
    const std::string_view before = text.substr(0, read);
    const std::size_t begin = before.rfind('\n') + 1;  // npos + 1 is 0
    add(path, "not JSON: " + ec.message(),
        first_line + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')), read - begin + 1);
  }

  static std::size_t line_of(std::string_view text, std::string_view needle) {
    const std::size_t at = std::min(text.find(needle), text.size());
    return 1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
  }

  void fields(const PackFile& file, std::string_view text) {
    if (file.fields.empty()) return;
    const auto emitted = emitted_.fields(pack_.format);
    if (!emitted) {
      if (!told_) add("pack.json", "its fields cannot be checked: " + emitted.error().what());
      told_ = true;
      return;
    }
    for (const auto& field : file.fields)
      if (!(*emitted)->contains(field))
        add(file.path,
            "uses the field '" + field + "', which format '" + pack_.format +
                "' does not emit with this configuration; its searches find nothing",
            line_of(text, field));
  }

  // Files that no manifest lists: left over, or put there by somebody.
  void strangers() {
    std::error_code ec;
    for (fs::recursive_directory_iterator it(pack_.directory, ec), end; !ec && it != end; it.increment(ec)) {
      if (it->is_directory(ec)) continue;
      const std::string path = fs::relative(it->path(), pack_.directory, ec).generic_string();
      const bool listed =
          std::any_of(pack_.files.begin(), pack_.files.end(), [&](const PackFile& file) { return file.path == path; });
      if (!listed && path != "pack.json") add(path, "is not a file of the pack");
    }
  }

  // An exporter of the configuration that sends another format than the pack is made for.
  void exporters() {
    for (const auto& exporter : setup_.loaded.configuration.exporters) {
      if (exporter.type != pack_.exporter || !exporter.enabled || exporter.format.empty()) continue;
      if (exporter.format != pack_.format)
        problems_.push_back({exporter.origin.file, exporter.origin.line, exporter.origin.column,
                             "exporter '" + exporter.id + "' sends format '" + exporter.format + "', pack '" +
                                 pack_.name + "' is made for '" + pack_.format + "'"});
    }
  }

  const Pack& pack_;
  const Setup& setup_;
  Emitted& emitted_;
  std::vector<Problem> problems_;
  bool told_ = false;
};

// The events that formats are tried on: those beside the packs; of an export, which has none, the installed ones.
Result<std::string> reference_events(const PackSet& set) {
  auto places = pack_directories({});
  places.insert(places.begin(), set.directory);
  for (const auto& place : places) {
    const std::string path = (fs::path(place) / "events.jsonl").string();
    if (std::error_code ec; fs::is_regular_file(path, ec)) return read_file(path, kMaxFile);
  }
  return Error{Code::not_found, "no events.jsonl beside the packs in " + set.directory +
                                    " nor in the installed ones: without it fields cannot be checked"};
}

void print_json(const std::vector<std::pair<const Pack*, std::vector<Problem>>>& checked) {
  json::array packs;
  for (const auto& [pack, problems] : checked) {
    json::array rows;
    for (const auto& problem : problems)
      rows.push_back(
          {{"file", problem.file}, {"line", problem.line}, {"column", problem.column}, {"text", problem.text}});
    packs.push_back({{"name", pack->name},
                     {"version", pack->version},
                     {"state", problems.empty() ? "ok" : "fail"},
                     {"problems", std::move(rows)}});
  }
  const json::object document{{"schema", "clawdstrike-siem/pack-check/v1"}, {"packs", std::move(packs)}};
  std::printf("%s\n", json::serialize(document).c_str());
}

}  // namespace

int pack_check(const Arguments& arguments) {
  const auto set = find_packs(arguments.pack.from);
  if (!set) {
    print_error(set.error());
    return set.error().code() == Code::invalid ? kData : kIo;
  }
  Setup setup;
  if (arguments.global.config.empty()) {
    setup.plugins = plain_registry(arguments.global);
  } else {
    setup = load_setup(arguments.global, {});
    if (!print_diagnostics(setup.loaded, arguments.global)) return kConfig;
  }
  auto events = reference_events(*set);
  if (!events) {
    print_error(events.error());
    return kIo;
  }
  Emitted emitted(setup, std::move(*events));
  std::vector<std::pair<const Pack*, std::vector<Problem>>> checked;
  for (const auto& name : arguments.pack.names)
    if (std::none_of(set->packs.begin(), set->packs.end(), [&](const Pack& pack) { return pack.name == name; })) {
      std::fprintf(stderr, "clawdstrike-siem: no pack '%s' in %s; `clawdstrike-siem pack list`\n", name.c_str(),
                   set->directory.c_str());
      return kUsage;
    }
  bool good = true;
  for (const auto& pack : set->packs) {
    const auto& names = arguments.pack.names;
    if (!names.empty() && std::find(names.begin(), names.end(), pack.name) == names.end()) continue;
    checked.emplace_back(&pack, Check(pack, setup, emitted).run());
    good = good && checked.back().second.empty();
  }
  if (arguments.global.json) {
    print_json(checked);
    return good ? kOk : kNo;
  }
  for (const auto& [pack, problems] : checked) {
    for (const auto& problem : problems)
      std::fprintf(stderr, "%s:%zu:%zu: %s\n", problem.file.c_str(), problem.line, problem.column,
                   problem.text.c_str());
    std::printf("%-4s  %s %s, %zu files\n", problems.empty() ? "ok" : "fail", pack->name.c_str(), pack->version.c_str(),
                pack->files.size());
  }
  return good ? kOk : kNo;
}

}  // namespace csiem::cli
