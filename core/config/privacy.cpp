// [privacy]: everything that could leave something in an event by mistake is an error.
#include <algorithm>

#include "config/context.hpp"
#include "config/reader.hpp"
#include "config/suggest.hpp"
#include "process/privacy/detectors.hpp"
#include "process/privacy/field_selector.hpp"

namespace csiem::config {
namespace {

using process::FieldSelector;

std::vector<std::string> detector_names() {
  std::vector<std::string> names;
  for (const auto& detector : process::detectors()) names.emplace_back(detector.name);
  return names;
}

// The strings of a list with their places.
template <class Look>
void each(const Reader& read, const std::string& key, Look look) {
  const Node* list = read.node(key);
  if (list == nullptr) return;
  for (const Node& item : list->items)
    if (item.kind == Node::Kind::text && !item.unresolved) look(item);
}

void check_fields(Context& context, const Reader& read, const std::string& key, FieldSelector::Purpose purpose) {
  each(read, key, [&](const Node& item) {
    const auto parsed = FieldSelector::parse(item.text, purpose);
    if (parsed.selector) return;
    auto& finding = context.findings.error(1042, item.value, "'" + key + "': " + parsed.problem);
    if (!parsed.suggestion.empty()) finding.hint = "did you mean '" + parsed.suggestion + "'?";
  });
}

// One field in two lists: somebody means something that will not happen.
void check_contradictions(Context& context, const Reader& read, std::initializer_list<std::string> keys) {
  std::map<std::string, std::string, std::less<>> seen;
  for (const auto& key : keys)
    each(read, key, [&](const Node& item) {
      const auto [at, fresh] = seen.emplace(item.text, key);
      if (!fresh && at->second != key)
        context.findings.error(1026, item.value, "'" + item.text + "' stands in " + at->second + " and in " + key);
    });
}

void check_detectors(Context& context, const Reader& read, const process::PrivacySettings& rules) {
  const std::string key = "privacy.redact_patterns";
  auto known = detector_names();
  for (const auto& [name, pattern] : rules.patterns) known.push_back(name);
  each(read, key, [&](const Node& item) {
    if (std::find(known.begin(), known.end(), item.text) != known.end()) return;
    auto& finding = context.findings.error(1042, item.value, "'" + key + "': there is no detector '" + item.text + "'");
    finding.hint = did_you_mean(item.text, known);
    std::string note = "detectors:";
    for (const auto& name : known) note += (&name == &known.front() ? " " : ", ") + name;
    finding.notes.push_back(std::move(note));
    finding.notes.emplace_back("a pattern of your own goes into [privacy.patterns], as name = 'RE2 expression'");
  });
}

void check_patterns(Context& context, const Reader& read, const process::PrivacySettings& rules) {
  const Node* table = read.node("privacy.patterns");
  for (const auto& [name, pattern] : rules.patterns) {
    const Node* node = table == nullptr ? nullptr : table->find(name);
    if (node == nullptr || node->unresolved) continue;
    const std::string what = "'privacy.patterns." + name + "': ";
    if (process::find_detector(name) != nullptr)
      context.findings.error(1042, node->key, what + "a built-in detector has this name").hint = "choose another name";
    const auto fault = process::check_pattern(pattern);
    if (fault.what.empty()) continue;
    context.findings
        .error(1042, place_in_string(context, *node, fault.offset, std::max<std::size_t>(fault.length, 1)),
               what + fault.what)
        .hint = "patterns are RE2 expressions: no look-around, no back-references";
  }
}

void check_replacement(Context& context, const Reader& read, const std::string& replacement) {
  const bool blank = replacement.find_first_not_of(' ') == std::string::npos;
  const bool control = std::any_of(replacement.begin(), replacement.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (!blank && !control && replacement.size() <= 64) return;
  if (const Node* node = read.node("privacy.replacement"))
    context.findings.error(
        1042, node->value,
        "'privacy.replacement' takes 1 to 64 bytes that are not all blank, without control characters");
}

}  // namespace

void read_privacy(Context& context, const Reader& read, Privacy& out) {
  auto& rules = out.rules;
  rules.keep_fields = read.texts("privacy.keep_fields");
  rules.drop_fields = read.texts("privacy.drop_fields");
  rules.redact_fields = read.texts("privacy.redact_fields");
  rules.hash_fields = read.texts("privacy.hash_fields");
  rules.detectors = read.texts("privacy.redact_patterns");
  rules.patterns = read.map("privacy.patterns");
  rules.replacement = read.text("privacy.replacement");
  out.hash_key = read.text("privacy.hash_key");

  using P = FieldSelector::Purpose;
  check_fields(context, read, "privacy.keep_fields", P::keep);
  check_fields(context, read, "privacy.drop_fields", P::drop);
  check_fields(context, read, "privacy.redact_fields", P::redact);
  check_fields(context, read, "privacy.hash_fields", P::hash);
  check_contradictions(context, read,
                       {"privacy.drop_fields", "privacy.redact_fields", "privacy.hash_fields", "privacy.keep_fields"});
  check_detectors(context, read, rules);
  check_patterns(context, read, rules);
  check_replacement(context, read, rules.replacement);
  const Node* key = context.root.at("privacy.hash_key");
  if (key != nullptr) out.hash_key_origin = key->value;
  if (!rules.hash_fields.empty() && out.hash_key.empty() && (key == nullptr || !key->unresolved)) {
    const Node* list = read.node("privacy.hash_fields");
    context.findings.error(1042, list->key, "'privacy.hash_fields' needs a key").hint =
        "set hash_key = \"cred:PRIVACY_HASH_KEY\"";
  }
}

}  // namespace csiem::config
