#include "config/interpolate.hpp"

#include "config/scan.hpp"

namespace csiem::config {
namespace {

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  for (const char c : text)
    if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
  return true;
}

class Interpolator {
 public:
  Interpolator(const Environment& environment, Findings& findings) : environment_(environment), findings_(findings) {}

  void walk(Node& node, bool quiet) {
    if (node.kind == Node::Kind::text && !node.loose && node.text.find('$') != std::string::npos) replace(node, quiet);
    for (auto& [name, member] : node.members) walk(member, quiet);
    for (auto& item : node.items) walk(item, quiet);
  }

 private:
  void replace(Node& node, bool quiet) {
    std::string out;
    std::string_view rest = node.text;
    while (!rest.empty()) {
      const auto dollar = rest.find('$');
      out += rest.substr(0, dollar);
      if (dollar == std::string_view::npos) break;
      rest.remove_prefix(dollar);
      if (rest.starts_with("$$")) {
        out += '$';
        rest.remove_prefix(2);
      } else if (!rest.starts_with("${")) {
        out += '$';
        rest.remove_prefix(1);
      } else if (const auto close = rest.find('}'); close == std::string_view::npos) {
        complain(node, "'${' without '}'", quiet).hint = "write $$ for a plain $";
        return;
      } else {
        node.interpolated = true;
        if (!variable(node, rest.substr(2, close - 2), out, quiet)) return;
        rest.remove_prefix(close + 1);
      }
    }
    node.text = std::move(out);
  }

  // Appends what `inside` of ${…} stands for.
  bool variable(Node& node, std::string_view inside, std::string& out, bool quiet) {
    const auto colon = inside.find(':');
    const std::string name(inside.substr(0, colon));
    const std::string_view more = colon == std::string_view::npos ? std::string_view() : inside.substr(colon + 1);
    const bool known_form = colon == std::string_view::npos || more.starts_with('-') || more.starts_with('?');
    if (!is_name(name) || !known_form) {
      complain(node, "${…} takes NAME, NAME:-default or NAME:?message", quiet).hint = "write $$ for a plain $";
      return false;
    }
    const auto value = environment_.get(name);
    if (value && (!value->empty() || colon == std::string_view::npos)) {
      out += *value;
      return true;
    }
    if (more.starts_with('-')) {
      out += more.substr(1);
      return true;
    }
    std::string message = "the environment variable '" + name + "' is not set";
    if (more.size() > 1) message += ": " + std::string(more.substr(1));
    complain(node, std::move(message), quiet).hint =
        more.empty() ? "set it, or give a default: ${" + name + ":-…}" : "set " + name;
    return false;
  }

  Diagnostic& complain(Node& node, std::string message, bool quiet) {
    node.unresolved = true;
    if (quiet) return ignored_;
    return findings_.error(1031, node.value, std::move(message));
  }

  const Environment& environment_;
  Findings& findings_;
  Diagnostic ignored_;
};

bool disabled(const Node& node) {
  const Node* enabled = node.find("enabled");
  if (enabled == nullptr) return false;
  return enabled->kind == Node::Kind::flag ? !enabled->flag : enabled->loose && enabled->text == "false";
}

}  // namespace

void interpolate(Node& root, const Environment& environment, Findings& findings) {
  Interpolator interpolator(environment, findings);
  for (auto& [name, member] : root.members) {
    if (name != "exporters" && name != "sources") {
      interpolator.walk(member, false);
      continue;
    }
    for (auto& [id, part] : member.members) interpolator.walk(part, disabled(part));
  }
}

}  // namespace csiem::config
