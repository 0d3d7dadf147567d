#include "config/test_file.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <filesystem>

#include "base/fd.hpp"
#include "config/context.hpp"
#include "config/parse.hpp"
#include "config/reader.hpp"
#include "config/suggest.hpp"
#include "config/test_event.hpp"

namespace csiem::config {
namespace {

constexpr std::size_t kMaxFileBytes = 4 << 20;
constexpr std::size_t kMaxErrors = 50;

using K = Key::Kind;
constexpr Key kKeys[] = {
    {"test[].name", K::text},
    {"test[].event", K::any},
    {"test[].event_file", K::text},
    {"test[].expect[].exporter", K::text},
    {"test[].expect[].sent", K::flag},
    {"test[].expect[].valid", K::flag},
    {"test[].expect[].set", K::any},
    {"test[].expect[].json", K::any},
    {"test[].expect[].golden", K::text},
};

class TestReader {
 public:
  TestReader(const std::string& path, const std::vector<std::string>& exporters)
      : path_(path), exporters_(exporters), directory_(std::filesystem::path(path).parent_path()) {}

  TestFile read() {
    TestFile out;
    if (auto text = read_file(path_, kMaxFileBytes)) {
      const std::string& kept = out.texts[path_] = *std::move(text);
      if (const auto tree = parse_toml(kept, path_, findings_)) file(*tree, out);
      out.texts[path_] = without_secrets(path_, kept, findings_);
    } else {
      findings_.error(1002, {path_, 0, 0, 0}, "cannot read the file: " + text.error().what());
    }
    out.diagnostics = findings_.sorted(kMaxErrors);
    return out;
  }

 private:
  void file(const Node& tree, TestFile& out) {
    Check{kKeys, "", &findings_, {}, {}}.run(tree);
    const Node* const tests = tree.find("test");
    if (tests == nullptr || !tests->is_list_of_tables()) {
      if (findings_.errors() == 0) findings_.error(1023, {path_, 1, 1, 1}, "no [[test]] in the file");
      return;
    }
    for (const auto& item : tests->items) out.cases.push_back(test(item));
  }

  TestCase test(const Node& node) {
    TestCase out;
    out.origin = node.value;
    if (const auto* name = required(node, "name", "a test")) out.name = *name;
    record(node, out);
    const Node* const expect = node.find("expect");
    if (expect == nullptr)
      findings_.error(1023, node.value, "missing [[test.expect]]: the test expects nothing");
    else if (expect->is_list_of_tables())
      for (const auto& item : expect->items) out.expectations.push_back(expectation(item));
    return out;
  }

  void record(const Node& node, TestCase& out) {
    const Node* const event = node.find("event");
    const Node* const file = node.find("event_file");
    if ((event == nullptr) == (file == nullptr)) {
      findings_.error(1023, event == nullptr ? node.value : file->key,
                      event == nullptr ? "missing key 'event' or 'event_file' in a test"
                                       : "a test has 'event' or 'event_file', not both");
      return;
    }
    if (event != nullptr) {
      out.record_origin = event->key;
      out.canonical = true;
      if (is_table(*event, "event")) out.record = test_event(*event, findings_);
      return;
    }
    out.record_origin = file->value;
    const auto* name = as_text(*file);
    if (name == nullptr) return;  // Check said so
    auto text = read_file(beside(*name), kMaxFileBytes);
    if (!text) {
      findings_.error(1002, file->value, "cannot read the event: " + text.error().what());
      return;
    }
    // A record is one line. Between the tokens of JSON a line feed is a blank like any other.
    std::replace_if(
        text->begin(), text->end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    out.record = *std::move(text);
  }

  Expectation expectation(const Node& node) {
    Expectation out;
    out.origin = node.value;
    if (const auto* id = required(node, "exporter", "an expectation")) {
      out.exporter = *id;
      if (std::find(exporters_.begin(), exporters_.end(), *id) == exporters_.end())
        findings_.error(1024, node.find("exporter")->value, "no exporter '" + *id + "' in the configuration").hint =
            did_you_mean(*id, exporters_);
    }
    flag(node, "sent", out.sent, out.sent_origin);
    flag(node, "valid", out.valid, out.valid_origin);
    if (const Node* golden = node.find("golden"); golden != nullptr && as_text(*golden) != nullptr) {
      out.golden = beside(*as_text(*golden));
      out.golden_origin = golden->value;
    }
    if (const Node* set = node.find("set"); set != nullptr && is_table(*set, "set")) settings(*set, {}, out.settings);
    if (const Node* members = node.find("json"); members != nullptr && is_table(*members, "json"))
      for (const auto& [pointer, value] : members->members) {
        if (!pointer.empty() && pointer.front() != '/')
          findings_.error(1024, value.key, "'" + pointer + "' is not a JSON pointer").hint =
              "begin every name with a slash: \"/rule/name\"";
        out.members.push_back({pointer, {}, boost::json::serialize(json_of(value)), value.key});
      }
    if (!out.sent && !out.valid && out.golden.empty() && out.settings.empty() && out.members.empty())
      findings_.error(1023, node.value, "an expectation without 'sent', 'set', 'json', 'valid' or 'golden'");
    return out;
  }

  // The leaves of `set`; tables are sections of the plugin's settings.
  void settings(const Node& table, const std::vector<std::string>& above, std::vector<Wanted>& out) {
    for (const auto& [name, node] : table.members) {
      auto path = above;
      path.push_back(name);
      if (node.kind == Node::Kind::table) {
        settings(node, path, out);
        continue;
      }
      std::string dotted;
      for (const auto& part : path) dotted += (dotted.empty() ? "" : ".") + part;
      out.push_back({dotted, std::move(path), boost::json::serialize(json_of(node)), node.value});
    }
  }

  const std::string* required(const Node& node, const std::string& key, const std::string& of) {
    const Node* const found = node.find(key);
    if (found != nullptr) return as_text(*found);
    findings_.error(1023, node.value, "missing key '" + key + "' in " + of);
    return nullptr;
  }

  bool is_table(const Node& node, const std::string& key) {
    if (node.kind == Node::Kind::table) return true;
    findings_.error(1022, node.value, "'" + key + "' is a table, not " + std::string(kind_text(node.kind)));
    return false;
  }

  static void flag(const Node& node, std::string_view key, std::optional<bool>& out, Origin& origin) {
    const Node* const found = node.find(key);
    if (found == nullptr) return;
    out = as_flag(*found);
    origin = found->value;
  }

  std::string beside(const std::string& name) const { return (directory_ / name).string(); }

  const std::string path_;
  const std::vector<std::string>& exporters_;
  const std::filesystem::path directory_;
  Findings findings_;
};

}  // namespace

TestFile read_test_file(const std::string& path, const std::vector<std::string>& exporters) {
  return TestReader(path, exporters).read();
}

}  // namespace csiem::config
