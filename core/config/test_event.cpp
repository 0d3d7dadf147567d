#include "config/test_event.hpp"

#include <boost/json/serialize.hpp>

#include "event/vocabulary.hpp"
#include "process/expression_fields.hpp"

namespace csiem::config {
namespace {

namespace json = boost::json;

class Written {
 public:
  explicit Written(Findings& findings) : findings_(findings) {}

  void check(const Node& table, const std::string& path) {
    for (const auto& [name, node] : table.members) member(node, path.empty() ? name : path + "." + name);
  }

 private:
  void member(const Node& node, const std::string& path) {
    const process::Field* field = process::find_field(path);
    if (field == nullptr) {
      auto& finding = findings_.error(1021, node.key, "an event has no member '" + path + "'");
      if (const auto near = process::nearest_field(path); !near.empty()) finding.hint = "did you mean '" + near + "'?";
      return;
    }
    switch (field->type) {
      case process::FieldType::object:
      case process::FieldType::label:
      case process::FieldType::metadata:
        if (!expect(node, path, Node::Kind::table) || path == "metadata") return;
        if (path == "labels") {
          for (const auto& [name, label] : node.members) expect(label, "labels." + name, Node::Kind::text);
          return;
        }
        return check(node, path);
      case process::FieldType::boolean:
        return void(expect(node, path, Node::Kind::flag));
      case process::FieldType::port:
        return void(expect(node, path, Node::Kind::integer));
      case process::FieldType::time:
        if (node.kind == Node::Kind::date) return;
        break;
      default:
        break;
    }
    expect(node, path, Node::Kind::text);
  }

  bool expect(const Node& node, const std::string& path, Node::Kind kind) {
    if (node.kind == kind) return true;
    findings_.error(
        1022, node.value,
        "'" + path + "' of an event is " + std::string(kind_text(kind)) + ", not " + std::string(kind_text(node.kind)));
    return false;
  }

  Findings& findings_;
};

void lay_over(json::object& below, const json::object& above) {
  for (const auto& member : above) {
    auto* const inner = below.contains(member.key()) ? below.at(member.key()).if_object() : nullptr;
    if (inner != nullptr && member.value().is_object())
      lay_over(*inner, member.value().get_object());
    else
      below[member.key()] = member.value();
  }
}

// What follows from what is written follows here, too: a test that blocks should not have to say so three times.
json::object defaults(const Node& written) {
  const Node* const allowed = written.at("decision.allowed");
  const bool blocked = allowed != nullptr && allowed->kind == Node::Kind::flag && !allowed->flag;
  const Node* const type = written.at("resource.type");
  const auto resource = event::resource_type(type != nullptr ? std::string_view(type->text) : "file");
  const auto category = resource ? event::text(event::category_of(*resource)) : std::string_view("file");
  return {
      {"schema_version", "1.0.0"},
      {"event_id", "01900000-0000-7000-8000-000000000001"},
      {"event_type", blocked ? "guard_block" : "policy_allow"},
      {"event_category", json::string_view(category.data(), category.size())},
      {"timestamp", "2026-01-01T00:00:00.000000000Z"},
      {"agent", {{"id", "agent-test"}, {"name", "agent-test"}, {"version", "1.0.0"}, {"type", "clawdstrike"}}},
      {"session", {{"id", "session-test"}}},
      {"outcome", blocked ? "failure" : "success"},
      {"action", "file_access"},
      {"threat", json::object()},
      {"decision", {{"allowed", !blocked}, {"guard", "forbidden_path"}, {"severity", "info"}, {"reason", "a test"}}},
      {"resource", {{"type", "file"}, {"name", "test"}}},
      {"metadata", json::object()},
      {"labels", json::object()},
  };
}

}  // namespace

json::value json_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::integer:
      return node.integer;
    case Node::Kind::real:
      return node.real;
    case Node::Kind::flag:
      return node.flag;
    case Node::Kind::table: {
      json::object out;
      for (const auto& [name, member] : node.members) out[name] = json_of(member);
      return out;
    }
    case Node::Kind::list: {
      json::array out;
      for (const auto& item : node.items) out.push_back(json_of(item));
      return out;
    }
    case Node::Kind::text:
    case Node::Kind::date:
      break;
  }
  return json::string(node.text);
}

std::string test_event(const Node& written, Findings& findings) {
  Written(findings).check(written, "");
  json::object event = defaults(written);
  lay_over(event, json_of(written).get_object());
  return json::serialize(event);
}

}  // namespace csiem::config
