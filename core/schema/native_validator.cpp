// The canonical event: required members, their types, their vocabularies.
#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <iterator>
#include <span>

#include "base/rfc3339.hpp"
#include "schema/quick_json.hpp"
#include "schema/quick_time.hpp"
#include "schema/validators.hpp"

namespace csiem::schema {
namespace {

namespace json = boost::json;

struct Member {
  std::string_view path;
  json::kind kind;
  bool may_be_empty;
};
constexpr Member kRequired[] = {
    {"schema_version", json::kind::string, false},  {"event_id", json::kind::string, false},
    {"event_type", json::kind::string, false},      {"event_category", json::kind::string, false},
    {"timestamp", json::kind::string, false},       {"agent.id", json::kind::string, false},
    {"agent.name", json::kind::string, false},      {"agent.version", json::kind::string, true},
    {"agent.type", json::kind::string, false},      {"session.id", json::kind::string, false},
    {"outcome", json::kind::string, false},         {"action", json::kind::string, false},
    {"threat", json::kind::object, true},           {"decision.allowed", json::kind::bool_, false},
    {"decision.guard", json::kind::string, false},  {"decision.severity", json::kind::string, false},
    {"decision.reason", json::kind::string, false}, {"resource.type", json::kind::string, false},
    {"resource.name", json::kind::string, false},   {"metadata", json::kind::object, true},
    {"labels", json::kind::object, true},
};

struct Vocabulary {
  std::string_view path;
  std::string_view words;  // separated by blanks, one at each end
};
constexpr Vocabulary kVocabularies[] = {
    {"event_type",
     " policy_violation policy_allow guard_block guard_warn secret_detected egress_blocked forbidden_path "
     "patch_rejected session_start session_end "},
    {"event_category", " authentication authorization file network process configuration tool session "},
    {"outcome", " success failure unknown "},
    {"decision.severity", " info low medium high critical "},
    {"resource.type", " file network process tool configuration "},
};

const json::value* at(const json::object& object, std::string_view path) {
  const json::object* in = &object;
  for (;;) {
    const std::size_t dot = path.find('.');
    const auto* value = in->if_contains({path.data(), std::min(dot, path.size())});
    if (value == nullptr || dot == std::string_view::npos) return value;
    in = value->if_object();
    if (in == nullptr) return nullptr;
    path.remove_prefix(dot + 1);
  }
}

// The usual event, in one pass: the members that the daemon writes, none of them twice.
struct QuickMember {
  enum class Kind { text, maybe_empty, words, time, flag, port, free, object };
  std::string_view name;
  Kind kind;
  bool required = true;
  std::string_view words = {};
  std::span<const QuickMember> inside = {};
};
using Quick = QuickMember::Kind;

constexpr std::string_view words_of(std::string_view path) {
  for (const Vocabulary& one : kVocabularies)
    if (one.path == path) return one.words;
  return {};
}

constexpr QuickMember kAgent[] = {
    {"id", Quick::text}, {"name", Quick::text}, {"version", Quick::maybe_empty}, {"type", Quick::text}};
constexpr QuickMember kSession[] = {{"id", Quick::text},
                                    {"user_id", Quick::maybe_empty, false},
                                    {"tenant_id", Quick::maybe_empty, false},
                                    {"environment", Quick::maybe_empty, false}};
constexpr QuickMember kDecision[] = {{"allowed", Quick::flag},
                                     {"guard", Quick::text},
                                     {"severity", Quick::words, true, words_of("decision.severity")},
                                     {"reason", Quick::text},
                                     {"policy_hash", Quick::maybe_empty, false},
                                     {"ruleset", Quick::maybe_empty, false}};
constexpr QuickMember kResource[] = {{"type", Quick::words, true, words_of("resource.type")},
                                     {"name", Quick::text},
                                     {"path", Quick::maybe_empty, false},
                                     {"host", Quick::maybe_empty, false},
                                     {"port", Quick::port, false}};
constexpr QuickMember kEvent[] = {{"schema_version", Quick::text},
                                  {"event_id", Quick::text},
                                  {"event_type", Quick::words, true, words_of("event_type")},
                                  {"event_category", Quick::words, true, words_of("event_category")},
                                  {"timestamp", Quick::time},
                                  {"ingested_at", Quick::time, false},
                                  {"agent", Quick::object, true, {}, kAgent},
                                  {"session", Quick::object, true, {}, kSession},
                                  {"outcome", Quick::words, true, words_of("outcome")},
                                  {"action", Quick::text},
                                  {"threat", Quick::free},
                                  {"decision", Quick::object, true, {}, kDecision},
                                  {"resource", Quick::object, true, {}, kResource},
                                  {"metadata", Quick::free},
                                  {"labels", Quick::free}};
constexpr int kRoom = 30;  // containers inside each other

bool quick_object(QuickJson& json, std::span<const QuickMember> members);

bool quick_value(QuickJson& json, const QuickMember& member) {
  QuickJson::Text text;
  int64_t port = 0;
  switch (member.kind) {
    case Quick::text:
      return json.string(text) && !text.raw.empty();
    case Quick::maybe_empty:
      return json.string(text);
    case Quick::words: {
      if (!json.string(text) || !text.plain || text.raw.empty()) return false;
      const std::size_t at = member.words.find(text.raw);
      return at != std::string_view::npos && at > 0 && member.words[at - 1] == ' ' &&
             member.words[at + text.raw.size()] == ' ' && text.raw.find(' ') == std::string_view::npos;
    }
    case Quick::time:
      return json.string(text) && text.plain && usual_time(text.raw);
    case Quick::flag:
      return json.word("true") || json.word("false");
    case Quick::port:
      return json.integer(port);
    case Quick::free:
      return json.peek() == '{' && json.object(kRoom);
    case Quick::object:
      return json.peek() == '{' && quick_object(json, member.inside);
  }
  return false;
}

// Stands on the brace.
bool quick_object(QuickJson& json, std::span<const QuickMember> members) {
  uint32_t seen = 0;
  std::size_t next = 0;  // the daemon writes them in this order
  json.take('{');
  do {
    QuickJson::Text key;
    if (!json.string(key) || !json.take(':')) return false;
    std::size_t i = next;
    for (std::size_t tries = 0; members[i].name != key.raw; ++tries) {
      if (tries == members.size()) return false;
      i = i + 1 == members.size() ? 0 : i + 1;
    }
    if ((seen >> i & 1U) != 0 || !quick_value(json, members[i])) return false;
    seen |= 1U << i;
    next = i + 1 == members.size() ? 0 : i + 1;
  } while (json.take(','));
  for (std::size_t i = 0; i < members.size(); ++i)
    if (members[i].required && (seen >> i & 1U) == 0) return false;
  return json.take('}');
}

bool quick(std::string_view encoded) {
  QuickJson json(encoded);
  return json.peek() == '{' && quick_object(json, kEvent) && json.at_end();
}

class NativeValidator final : public Validator {
 public:
  bool check(std::string_view encoded, std::vector<Violation>& violations) override {
    if (quick(encoded)) return true;
    const std::size_t before = violations.size();
    json::parse_options options;
    options.max_depth = 130;
    boost::system::error_code problem;
    const auto value = json::parse({encoded.data(), encoded.size()}, problem, {}, options);
    const auto* event = problem ? nullptr : value.if_object();
    if (event == nullptr) {
      violations.push_back({"-", "not_json", problem ? problem.message() : "not an object"});
      return false;
    }
    for (const auto& member : kRequired) required(*event, member, violations);
    for (const auto& vocabulary : kVocabularies) {
      const auto* word = at(*event, vocabulary.path);
      if (word == nullptr || !word->is_string()) continue;
      const std::string text(word->get_string());
      if (vocabulary.words.find(" " + text + " ") == std::string_view::npos)
        violations.push_back({std::string(vocabulary.path), "value_not_allowed", text.substr(0, 60)});
    }
    for (const char* path : {"timestamp", "ingested_at"}) time(*event, path, violations);
    return violations.size() == before;
  }

 private:
  static void required(const json::object& event, const Member& member, std::vector<Violation>& violations) {
    const auto* value = at(event, member.path);
    if (value == nullptr) {
      violations.push_back({std::string(member.path), "required_missing", ""});
    } else if (value->kind() != member.kind) {
      violations.push_back({std::string(member.path), "wrong_type", ""});
    } else if (!member.may_be_empty && value->is_string() && value->get_string().empty()) {
      violations.push_back({std::string(member.path), "empty", ""});
    }
  }

  static void time(const json::object& event, const char* path, std::vector<Violation>& violations) {
    const auto* value = at(event, path);
    if (value == nullptr || !value->is_string()) return;
    const std::string_view text(value->get_string().data(), value->get_string().size());
    if (text.size() != kRfc3339Length || text.back() != 'Z' || !parse_rfc3339(text))
      violations.push_back({path, "date_format", std::string(text.substr(0, 60))});
  }
};

}  // namespace

std::unique_ptr<Validator> make_native_validator() { return std::make_unique<NativeValidator>(); }

}  // namespace csiem::schema
