#include "process/privacy/text_scanner.hpp"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <array>
#include <vector>

#include "process/privacy/detectors.hpp"

namespace csiem::process {
namespace {

constexpr int64_t kSetMemory = 8 << 20;
// Finds that a validator refused, in one text. Beyond it the text as a whole is replaced: nobody may buy time with it.
constexpr std::size_t kMaxRefused = 4096;
constexpr std::string_view kGivenUp = "[redacted:error]";
// JSON that spells plain characters as escapes could hide anything from a trigger.
constexpr const char* kHiddenByEscapes = R"(\\(?:/|u00[2-7]))";
constexpr std::size_t kShortestSecret = 4;
constexpr int kMaxPasses = 4;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

RE2::Options options() {
  RE2::Options options;
  options.set_log_errors(false);
  return options;
}
RE2::Options set_options() {
  RE2::Options set = options();
  set.set_max_mem(kSetMemory);
  return set;
}

// Whether a pattern that fits a text also fits where that text stands among others: not when it looks at the ends.
bool fits_among_others(std::string_view pattern) {
  for (const std::string_view end : {"^", "$", "\\A", "\\z", "\\B"})
    if (pattern.find(end) != std::string_view::npos) return false;
  return true;
}

struct Rule {
  std::unique_ptr<RE2> pattern, key;  // key: null when no name makes a value a find
  int group = 0;
  Validator accept = validators::whole;
  RedactionCounts::Counter* counter = nullptr;
};

// Many patterns in one pass. Says which of the rules it belongs to may match.
class Prefilter {
 public:
  Prefilter() : set_(set_options(), RE2::UNANCHORED) {}

  void add(std::string_view pattern) { count_ += set_.Add(piece(pattern), nullptr) >= 0; }
  void compile() { usable_ = count_ == 0 || set_.Compile(); }
  bool empty() const { return count_ == 0; }
  int size() const { return count_; }

  bool any(std::string_view text) const {
    if (count_ == 0) return false;
    RE2::Set::ErrorInfo error{RE2::Set::kNoError};
    return !usable_ || set_.Match(piece(text), nullptr, &error) || error.kind != RE2::Set::kNoError;
  }
  // The indices of those that match, ascending; all of them when that cannot be told.
  void which(std::string_view text, std::vector<int>& found) const {
    found.clear();
    if (count_ == 0) return;
    RE2::Set::ErrorInfo error{RE2::Set::kNoError};
    if (usable_ && set_.Match(piece(text), &found, &error)) {
      std::sort(found.begin(), found.end());
    } else if (!usable_ || error.kind != RE2::Set::kNoError) {
      for (int i = 0; i < count_; ++i) found.push_back(i);
    }
  }

 private:
  RE2::Set set_;
  int count_ = 0;
  bool usable_ = false;
};

}  // namespace

struct TextScanner::Impl {
  Impl(const PrivacySettings& settings, RedactionCounts& counts) : replacement(settings.replacement) {
    // In the table's order, whatever the order in the configuration.
    for (const Detector& detector : detectors()) {
      const auto& names = settings.detectors;
      if (std::find(names.begin(), names.end(), detector.name) == names.end()) continue;
      Rule& rule = built_in.emplace_back();
      rule.pattern = std::make_unique<RE2>(piece(detector.pattern), options());
      if (!detector.key.empty()) rule.key = std::make_unique<RE2>(piece(detector.key), options());
      rule.group = detector.group;
      rule.accept = detector.accept;
      rule.counter = counts.add_rule(std::string(detector.name));
      triggers.add(detector.trigger);
    }
    if (!built_in.empty()) triggers.add(kHiddenByEscapes);
    for (const auto& [name, pattern] : settings.patterns) {
      auto compiled = std::make_unique<RE2>(piece(pattern), options());
      if (!compiled->ok()) continue;
      Rule& rule = own.emplace_back();
      rule.group = compiled->NumberOfCapturingGroups() > 0 ? 1 : 0;
      rule.pattern = std::move(compiled);
      rule.counter = counts.add_rule(name);
      own_set.add(pattern);
      if (fits_among_others(pattern))
        triggers.add(pattern);
      else
        look_everywhere = true;
    }
    triggers.compile();
    own_set.compile();
    if (!built_in.empty() || !own.empty()) given_up = counts.add_rule("error");
  }

  bool may_find(std::string_view texts, std::string_view json) const {
    if (look_everywhere || triggers.any(texts)) return true;
    // Of the own patterns nothing is known, so that no escape can be told to be harmless.
    return !own.empty() && json.find('\\') != std::string_view::npos;
  }

  // True when `value` became the replacement because of what it is called.
  bool replaced_by_name(std::string_view key) {
    for (const int i : found) {
      if (static_cast<std::size_t>(i) >= built_in.size()) continue;
      Rule& rule = built_in[static_cast<std::size_t>(i)];
      if (!rule.key || !RE2::PartialMatch(piece(key), *rule.key)) continue;
      if (value.size() < kShortestSecret || value == replacement || rule.accept(value, 0, value.size()) == 0) continue;
      value = replacement;
      rule.counter->add();
      return true;
    }
    return false;
  }

  // Replaces what the rule finds in `value`.
  bool apply(Rule& rule) {
    std::array<re2::StringPiece, 2> groups;
    std::size_t copied = 0;
    std::size_t at = 0;
    std::size_t refused = 0;
    built.clear();
    while (at <= value.size() &&
           rule.pattern->Match(piece(value), at, value.size(), RE2::UNANCHORED, groups.data(), rule.group + 1)) {
      const auto offset = [&](const char* p) { return static_cast<std::size_t>(p - value.data()); };
      const re2::StringPiece& part = groups[static_cast<std::size_t>(rule.group)];
      const std::size_t match = offset(groups[0].data());
      // A group that took no part in the match: then the whole.
      const bool absent = part.data() == nullptr || part.empty();
      const std::size_t begin = absent ? match : offset(part.data());
      const std::size_t end = absent ? match + groups[0].size() : begin + part.size();
      if (end == begin) {
        at = std::max(at, end) + 1;
        continue;
      }
      if (std::string_view(value).substr(begin, end - begin) == replacement) {
        at = end;
        continue;
      }
      const std::size_t accepted = rule.accept(value, begin, end);
      if (accepted == 0) {
        at = match + 1;
        if (++refused > kMaxRefused) return give_up();
        continue;
      }
      built.append(value, copied, begin - copied);
      built += replacement;
      copied = at = accepted;
      rule.counter->add();
    }
    if (copied == 0) return false;
    built.append(value, copied, std::string::npos);
    value.swap(built);
    return true;
  }

  bool give_up() {
    value = kGivenUp;
    given_up->add();
    return true;
  }

  const std::string* cleaned(std::string_view text, std::string_view key) {
    if (text.empty() || text == replacement) return nullptr;
    if (key.empty()) {
      triggers.which(text, found);
    } else {
      joined.assign(key);
      joined += '=';
      joined += text;
      triggers.which(joined, found);
    }
    own_set.which(text, own_found);
    if (found.empty() && own_found.empty()) return nullptr;
    value = text;
    if (!key.empty() && replaced_by_name(key)) return &value;
    bool changed = false;
    // What stands beside a replacement may be a find now.
    for (int pass = 0; pass < kMaxPasses && apply_found(); ++pass) {
      changed = true;
      triggers.which(value, found);
      own_set.which(value, own_found);
    }
    return changed ? &value : nullptr;
  }

  bool apply_found() {
    bool changed = false;
    for (const int i : found)
      if (static_cast<std::size_t>(i) < built_in.size())
        changed = apply(built_in[static_cast<std::size_t>(i)]) || changed;
    for (const int i : own_found) changed = apply(own[static_cast<std::size_t>(i)]) || changed;
    return changed;
  }

  const std::string replacement;
  std::vector<Rule> built_in, own;
  Prefilter triggers, own_set;
  bool look_everywhere = false;
  RedactionCounts::Counter* given_up = nullptr;
  std::vector<int> found, own_found;
  std::string joined, value, built;
};

TextScanner::TextScanner(const PrivacySettings& settings, RedactionCounts& counts)
    : impl_(std::make_unique<Impl>(settings, counts)) {}
TextScanner::~TextScanner() = default;

bool TextScanner::idle() const { return impl_->built_in.empty() && impl_->own.empty(); }
bool TextScanner::may_find(std::string_view texts, std::string_view json) { return impl_->may_find(texts, json); }
const std::string* TextScanner::cleaned(std::string_view text, std::string_view key) {
  return impl_->cleaned(text, key);
}

}  // namespace csiem::process
