// global.attack_file.
#include "base/fd.hpp"
#include "config/context.hpp"
#include "config/reader.hpp"

namespace csiem::config {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;

}  // namespace

void read_attack(Context& context, const Reader& read, Global& out) {
  const Node* node = read.node("global.attack_file");
  const std::string path = read.text("global.attack_file");
  if (node == nullptr || path.empty() || node->unresolved) return;
  const auto text = read_file(path, kMaxBytes);
  if (!text) {
    context.findings.error(1044, node->value, "'global.attack_file': " + text.error().what());
    return;
  }
  const std::string& kept = context.texts[path] = *text;  // for the excerpts
  std::vector<event::AttackOverrides::Problem> problems;
  out.attack = std::make_shared<const event::AttackOverrides>(event::AttackOverrides::parse(kept, problems));
  for (const auto& problem : problems) {
    auto& finding = context.findings.error(1044, {path, problem.line, problem.column, problem.length}, problem.what);
    finding.hint = problem.hint;
    finding.notes.push_back("the file is named at " + node->value.text());
  }
}

}  // namespace csiem::config
