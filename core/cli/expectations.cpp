#include "cli/expectations.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <optional>

#include "base/fd.hpp"
#include "cli/line_diff.hpp"
#include "cli/pretty.hpp"

namespace csiem::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxGoldenBytes = 16 << 20;
constexpr const char* kAbsent = "nothing";

std::optional<json::value> parse(std::string_view text) {
  json::parse_options options;
  options.max_depth = 130;
  boost::system::error_code error;
  auto value = json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return std::nullopt;
  return value;
}

// 1 and 1.0 are the same number; whole numbers are compared as such.
bool same(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number() && (a.is_double() || b.is_double()))
    return a.to_number<double>() == b.to_number<double>();
  if (a.is_array() && b.is_array())
    return std::equal(a.get_array().begin(), a.get_array().end(), b.get_array().begin(), b.get_array().end(), same);
  if (a.is_object() && b.is_object()) {
    const auto& left = a.get_object();
    const auto& right = b.get_object();
    return left.size() == right.size() && std::all_of(left.begin(), left.end(), [&](const auto& member) {
             const auto* other = right.if_contains(member.key());
             return other != nullptr && same(member.value(), *other);
           });
  }
  return a == b;
}

class Judge {
 public:
  Judge(const config::Expectation& expectation, const Rehearsed& rehearsed, std::vector<Mismatch>& mismatches)
      : expectation_(expectation), rehearsed_(rehearsed), mismatches_(mismatches) {}

  void run() {
    sent();
    valid();
    if (!expectation_.settings.empty() && rehearsed_.sent) settings();
    if (!expectation_.members.empty() && rehearsed_.sent) members();
  }

 private:
  void add(const config::Origin& origin, std::string what, std::string expected, std::string got,
           std::string detail = {}) {
    mismatches_.push_back(
        {origin, expectation_.exporter, std::move(what), std::move(expected), std::move(got), std::move(detail)});
  }

  void sent() {
    const bool implied =
        !expectation_.settings.empty() || !expectation_.members.empty() || !expectation_.golden.empty();
    const bool wanted = expectation_.sent.value_or(implied || rehearsed_.sent);
    if (wanted != rehearsed_.sent) {
      add(expectation_.sent ? expectation_.sent_origin : expectation_.origin, "sent", wanted ? "true" : "false",
          rehearsed_.sent ? "true" : "false, kept back by " + rehearsed_.kept_back);
    } else if (!wanted && implied) {
      add(expectation_.origin, "sent", "true, for the other expectations to say anything", "false");
    }
  }

  void valid() {
    if (!expectation_.valid) return;
    const auto& origin = expectation_.valid_origin;
    if (rehearsed_.payload.empty()) {
      if (rehearsed_.sent)
        add(origin, "valid", "a formatted event", kAbsent, "the exporter makes its payload itself");
      else if (!expectation_.sent.value_or(false))
        add(origin, "valid", "a formatted event", std::string(kAbsent) + ", kept back by " + rehearsed_.kept_back);
      return;
    }
    if (!rehearsed_.checked) {
      add(origin, "valid", "rules to check against", "none for format '" + rehearsed_.format + "'");
      return;
    }
    const bool valid = rehearsed_.violations.empty();
    if (valid == *expectation_.valid) return;
    std::string detail;
    for (const auto& one : rehearsed_.violations)
      detail += one.path + ": " + one.rule + (one.detail.empty() ? "" : " (" + one.detail + ")") + "\n";
    add(origin, "valid", *expectation_.valid ? "true" : "false",
        std::string(valid ? "true" : "false") + " against the rules of '" + rehearsed_.format + "'", std::move(detail));
  }

  void settings() {
    const auto document = parse(rehearsed_.destination->settings_json);
    for (const auto& wanted : expectation_.settings) {
      const json::value* found = document ? &*document : nullptr;
      for (const auto& name : wanted.path)
        if (found != nullptr) found = found->is_object() ? found->get_object().if_contains(name) : nullptr;
      setting(wanted, found);
    }
  }

  void setting(const config::Wanted& wanted, const json::value* found) {
    const std::string what = "setting " + wanted.name;
    const auto expected = parse(wanted.json);
    if (found != nullptr)
      if (const auto* secret = binding(wanted, *found)) {
        const bool named = !secret->reference.empty();
        const std::string& is = named ? secret->reference : secret->literal;
        if (expected && expected->is_string() && std::string_view(expected->get_string()) == is) return;
        return add(wanted.origin, what, named ? wanted.json : "…", named ? json::serialize(json::string(is)) : "…");
      }
    if (found != nullptr && expected && same(*found, *expected)) return;
    const bool masked = found != nullptr && found->is_string() && is_masked(std::string_view(found->get_string()));
    add(wanted.origin, what, masked ? "…" : wanted.json,
        found == nullptr ? kAbsent
        : masked         ? "…"
                         : json::serialize(*found));
  }

  // The secret that a setting stands for: in its place the plugin sees a handle, which ends with the setting's name.
  const config::SecretBinding* binding(const config::Wanted& wanted, const json::value& found) const {
    if (!found.is_string()) return nullptr;
    const std::string_view handle = found.get_string();
    const std::string& name = wanted.name;
    if (handle != name &&
        !(handle.size() > name.size() && handle.ends_with(name) && handle[handle.size() - name.size() - 1] == '.'))
      return nullptr;
    for (const auto* destination : {rehearsed_.destination, &rehearsed_.exporter->fallback})
      for (const auto& secret : destination->secrets)
        if (secret.handle == handle) return &secret;
    return nullptr;
  }

  bool is_masked(std::string_view text) const {
    const auto& masked = rehearsed_.destination->masked;
    return std::find(masked.begin(), masked.end(), text) != masked.end();
  }

  void members() {
    const auto document = parse(rehearsed_.payload);
    if (!document) {
      const std::string got = rehearsed_.format.empty() ? kAbsent : "text of format '" + rehearsed_.format + "'";
      return add(expectation_.members.front().origin, "json", "a JSON payload", got);
    }
    for (const auto& wanted : expectation_.members) {
      boost::system::error_code error;
      const json::value* found = document->find_pointer(wanted.name, error);
      if (error) found = nullptr;
      const auto expected = parse(wanted.json);
      if (found != nullptr && expected && same(*found, *expected)) continue;
      add(wanted.origin, wanted.name.empty() ? "json" : wanted.name, wanted.json,
          found == nullptr ? kAbsent : json::serialize(*found));
    }
  }

  const config::Expectation& expectation_;
  const Rehearsed& rehearsed_;
  std::vector<Mismatch>& mismatches_;
};

}  // namespace

void check_expectation(const config::Expectation& expectation, const Rehearsed& rehearsed,
                       std::vector<Mismatch>& mismatches) {
  Judge(expectation, rehearsed, mismatches).run();
}

std::string golden_text(const Rehearsed& rehearsed) { return pretty_json(rehearsed.payload) + "\n"; }

Result<bool> update_golden(const config::Expectation& expectation, const Rehearsed& rehearsed) {
  if (expectation.golden.empty() || !rehearsed.sent || rehearsed.format.empty()) return false;
  const std::string now = golden_text(rehearsed);
  if (const auto before = read_file(expectation.golden, kMaxGoldenBytes); before && *before == now) return false;
  const auto directory = std::filesystem::path(expectation.golden).parent_path();
  if (!directory.empty()) CS_CHECK(make_directories(directory.string(), 0755));
  CS_CHECK(replace_file(expectation.golden, now, 0644));
  return true;
}

void check_golden(const config::Expectation& expectation, const Rehearsed& rehearsed,
                  std::vector<Mismatch>& mismatches) {
  if (expectation.golden.empty() || !rehearsed.sent) return;  // not being sent is a mismatch already
  Mismatch mismatch{expectation.golden_origin, expectation.exporter, "golden", {}, {}, {}};
  const auto golden = read_file(expectation.golden, kMaxGoldenBytes);
  if (rehearsed.format.empty()) {
    mismatch.expected = "a formatted event";
    mismatch.got = std::string(kAbsent) + ": the exporter makes its payload itself";
  } else if (!golden) {
    mismatch.detail = golden.error().what() + "; `clawdstrike-siem test --update` writes it\n";
  } else {
    mismatch.detail = line_diff(*golden, golden_text(rehearsed));
    if (mismatch.detail.empty()) return;
  }
  mismatches.push_back(std::move(mismatch));
}

}  // namespace csiem::cli
