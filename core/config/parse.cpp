// The only place that knows toml++: its tree becomes ours, its exception a finding.
#include "config/parse.hpp"

#include <toml++/toml.h>

#include <sstream>

#include "config/scan.hpp"
#include "config/syntax_error.hpp"

namespace csiem::config {
namespace {

constexpr std::size_t kMaxKeyParts = 48;

Origin origin_from(const toml::source_region& region, const std::string& file) {
  Origin out{file, region.begin.line, region.begin.column, 1};
  // A value over several lines is underlined on its first.
  if (region.end.line == region.begin.line && region.end.column > region.begin.column)
    out.length = region.end.column - region.begin.column;
  else if (region.end.line > region.begin.line)
    out.length = 0;  // to the end of the line
  return out;
}

Node convert(const toml::node& from, const std::string& file) {
  Node out;
  out.value = origin_from(from.source(), file);
  out.key = out.value;
  if (const auto* table = from.as_table()) {
    out.kind = Node::Kind::table;
    for (auto&& [key, value] : *table) {
      Node member = convert(value, file);
      member.key = origin_from(key.source(), file);
      out.members.emplace(std::string(key.str()), std::move(member));
    }
  } else if (const auto* list = from.as_array()) {
    out.kind = Node::Kind::list;
    for (auto&& item : *list) out.items.push_back(convert(item, file));
  } else if (const auto* text = from.as_string()) {
    out.kind = Node::Kind::text;
    out.text = text->get();
  } else if (const auto* integer = from.as_integer()) {
    out.kind = Node::Kind::integer;
    out.integer = integer->get();
  } else if (const auto* real = from.as_floating_point()) {
    out.kind = Node::Kind::real;
    out.real = real->get();
  } else if (const auto* flag = from.as_boolean()) {
    out.kind = Node::Kind::flag;
    out.flag = flag->get();
  } else {
    out.kind = Node::Kind::date;
    std::ostringstream spelled;
    from.visit([&](const auto& value) {
      if constexpr (toml::is_date<decltype(value)> || toml::is_time<decltype(value)> ||
                    toml::is_date_time<decltype(value)>)
        spelled << value.get();
    });
    out.text = spelled.str();
  }
  return out;
}

struct Attempt {
  std::optional<Node> tree;
  SyntaxError error;
};

Attempt attempt(std::string_view text, const std::string& file) {
  Attempt out;
  try {
    const toml::table table = toml::parse(text, std::string_view(file));
    out.tree = convert(table, file);
  } catch (const toml::parse_error& error) {
    out.error = {std::string(error.description()), error.source().begin.line, error.source().begin.column};
  }
  return out;
}

// Positions inside a command line argument mean nothing to its author.
void forget_lines(Node& node, const std::string& file) {
  node.key = node.value = Origin{file, 0, 0, 0};
  for (auto& [name, member] : node.members) forget_lines(member, file);
  for (auto& item : node.items) forget_lines(item, file);
}

// The one leaf below a chain of tables, which is what `a.b.c = 1` gives. Null when there is more.
Node* only_leaf(Node& node) {
  Node* here = &node;
  while (here->kind == Node::Kind::table) {
    if (here->members.size() != 1) return nullptr;
    here = &here->members.begin()->second;
  }
  return here;
}

}  // namespace

std::optional<Node> parse_toml(std::string_view text, const std::string& file, Findings& findings) {
  if (const auto deep = too_deep_key(text, kMaxKeyParts)) {
    const Place at = place_of(text, *deep);
    findings.error(1001, {file, at.line, at.column, 1},
                   "a key has more than " + std::to_string(kMaxKeyParts) + " parts");
    return std::nullopt;
  }
  Attempt parsed = attempt(text, file);
  if (!parsed.tree) report_syntax_error(parsed.error, text, file, findings);
  return std::move(parsed.tree);
}

std::optional<Node> parse_assignment(std::string_view assignment, const std::string& file, Findings& findings) {
  const auto equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    findings.error(1001, {file, 0, 0, 0}, "'" + std::string(assignment) + "' is not of the form key=value");
    return std::nullopt;
  }
  std::string_view raw = assignment.substr(equals + 1);
  while (!raw.empty() && raw.front() == ' ') raw.remove_prefix(1);
  const std::string key(assignment.substr(0, equals));
  const bool one_line = assignment.find('\n') == std::string_view::npos && !too_deep_key(assignment, kMaxKeyParts);

  Attempt parsed;
  if (one_line) parsed = attempt(assignment, file);
  const bool structured = !raw.empty() && std::string_view("[{\"'").find(raw.front()) != std::string_view::npos;
  if (!parsed.tree && one_line && !structured) parsed = attempt(key + " = " + toml_quoted(raw), file);
  if (!parsed.tree) {
    findings.error(1001, {file, 0, 0, 0}, "the value is not valid TOML: " + parsed.error.what);
    return std::nullopt;
  }
  forget_lines(*parsed.tree, file);
  if (Node* leaf = only_leaf(*parsed.tree); leaf != nullptr && leaf->kind != Node::Kind::list && !structured) {
    leaf->loose = true;
    leaf->text = std::string(raw);
  }
  return std::move(parsed.tree);
}

}  // namespace csiem::config
