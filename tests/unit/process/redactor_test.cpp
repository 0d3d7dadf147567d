// The privacy rules on whole events, as the pipeline applies them.
#include "process/privacy/redactor.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <csiem/json.hpp>
#include <random>
#include <string>

#include "ingest/ingest.hpp"
#include "process/privacy/detectors.hpp"
#include "process/privacy/keyed_hash.hpp"
#include "process/stamp.hpp"

using namespace csiem;
using namespace csiem::process;
namespace json = boost::json;

namespace {

constexpr int64_t kNow = 1'772'500'000'000'000'000;

// One line through mapping, stamping and the rules.
class Path {
 public:
  explicit Path(const PrivacySettings& settings) : redactor(settings) {}

  std::string canonical(std::string_view line) {
    batch_.seal(0);
    REQUIRE(mapper_.map(line, kNow, batch_).accepted == 1);
    stamper_.stamp(batch_, 0, kNow);
    before = view(batch_.events()[0].canonical_json);
    before_ptr_ = batch_.events()[0].canonical_json.ptr;
    redactor.redact(batch_, 0);
    return std::string(view(event().canonical_json));
  }
  const csiem_event& event() { return batch_.events()[0]; }
  bool kept_its_bytes() { return event().canonical_json.ptr == before_ptr_; }
  uint64_t count(std::string_view rule) const {
    for (const auto& counter : redactor.counts().all())
      if (counter.rule == rule) return counter.count.load();
    return 0;
  }

  Redactor redactor;
  std::string before;

 private:
  ingest::Mapper mapper_{ingest::Options{}};
  Stamper stamper_{StampSettings{}};
  event::BatchBuilder batch_{event::BatchPool::create()};
  const char* before_ptr_ = nullptr;
};

const std::string kLine =
    R"({"schema_version":"1.0.0","event_id":"0195a1c2-0000-7000-8000-00000000000d","event_type":"guard_block",)"
    R"("event_category":"file","timestamp":"2026-03-02T08:00:00.000000000Z","agent":{"id":"a-1","name":"alice-box",)"
    R"("version":"1","type":"clawdstrike"},"session":{"id":"s","user_id":"alice","tenant_id":"acme"},)"
    R"("outcome":"failure","action":"file_access","threat":{"indicator":{"type":"file_path","value":"/x"},)"
    R"("tactic":"TA0006"},"decision":{"allowed":false,"guard":"forbidden_path","severity":"high","reason":"no"},)"
    R"("resource":{"type":"file","name":"/x","path":"/x","host":"h","port":22},"metadata":{"prompt":"tell me",)"
    R"("who":{"id":"alice","n":7,"mail":"alice@example.com"},"list":[{"id":"x"},{"id":"y"}],"n":1.50},)"
    R"("labels":{"owner":"alice","k8s.io/x":"y"}})";

json::value parsed(const std::string& text) { return json::parse(text); }
std::string at(const json::value& value, std::string_view pointer) {
  boost::system::error_code error;
  const json::value* found = value.find_pointer(json::string_view(pointer.data(), pointer.size()), error);
  if (found == nullptr) return "(absent)";
  return found->is_string() ? std::string(found->get_string()) : json::serialize(*found);
}

PrivacySettings all_detectors() {
  PrivacySettings settings;
  for (const Detector& detector : detectors()) settings.detectors.emplace_back(detector.name);
  return settings;
}

}  // namespace

TEST_CASE("without rules, and where no rule finds anything, an event keeps its bytes") {
  Path none{PrivacySettings{}};
  none.canonical(kLine);
  CHECK(none.kept_its_bytes());
  PrivacySettings settings;
  settings.detectors = {"aws_key", "credit_card"};
  settings.drop_fields = {"metadata.absent", "labels.absent"};
  Path path(settings);
  CHECK(path.canonical(kLine) == path.before);
  CHECK(path.kept_its_bytes());
}

TEST_CASE("fields are dropped, replaced and hashed, each counted under its rule") {
  PrivacySettings settings;
  settings.drop_fields = {"metadata.prompt", "session.tenant_id", "resource.port", "threat.indicator", "agent.name"};
  settings.redact_fields = {"labels.owner", "metadata.list.id"};
  settings.hash_fields = {"session.user_id", "metadata.who.id"};
  Path path(settings);
  REQUIRE(path.redactor.needs_key());
  CHECK_FALSE(path.redactor.set_key("short"));
  REQUIRE(path.redactor.needs_key());
  REQUIRE(path.redactor.set_key("0123456789abcdef0123456789abcdef"));
  const auto out = parsed(path.canonical(kLine));
  CHECK(at(out, "/metadata/prompt") == "(absent)");
  CHECK(at(out, "/session/tenant_id") == "(absent)");
  CHECK(at(out, "/resource/port") == "(absent)");
  CHECK(at(out, "/threat") == R"({"tactic":"TA0006"})");
  CHECK(at(out, "/agent/name") == "[REDACTED]");  // required, so replaced
  CHECK(at(out, "/labels/owner") == "[REDACTED]");
  CHECK(at(out, "/labels/k8s.io~1x") == "y");
  CHECK(at(out, "/metadata/list") == R"([{"id":"[REDACTED]"},{"id":"[REDACTED]"}])");
  const std::string hashed = at(out, "/session/user_id");
  CHECK(hashed.size() == 40);
  CHECK(hashed.starts_with("h1_"));
  CHECK(at(out, "/metadata/who/id") == hashed);  // equal values stay equal
  CHECK(at(out, "/metadata/who/n") == "7");
  CHECK(path.count("drop_fields:metadata.prompt") == 1);
  CHECK(path.count("redact_fields:metadata.list.id") == 2);
  CHECK(path.count("hash_fields:session.user_id") == 1);
}

TEST_CASE("a hash is the HMAC that openssl computes, and another key gives another one") {
  KeyedHash hash;
  REQUIRE(hash.set_key("0123456789abcdef0123456789abcdef"));
  const std::string first(hash.of("alice"));
  // printf alice | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
  CHECK(first.substr(8) == "433deb45467e4e53dbaba594c88bc3a2");
  REQUIRE(hash.set_key("another key of enough bytes"));
  const std::string second(hash.of("alice"));
  CHECK(first.substr(0, 7) != second.substr(0, 7));
  CHECK(first.substr(8) != second.substr(8));
}

TEST_CASE("with keep_fields everything else goes") {
  PrivacySettings settings;
  settings.keep_fields = {"agent.id", "metadata.who.n", "decision", "resource.name"};
  Path path(settings);
  const auto out = parsed(path.canonical(kLine));
  CHECK(at(out, "/agent/id") == "a-1");
  CHECK(at(out, "/agent/name") == "[REDACTED]");
  CHECK(at(out, "/session") == R"({"id":"[REDACTED]"})");
  CHECK(at(out, "/metadata") == R"({"who":{"n":7}})");
  CHECK(at(out, "/labels") == "{}");
  CHECK(at(out, "/decision/reason") == "no");
  CHECK(at(out, "/event_id") == "0195a1c2-0000-7000-8000-00000000000d");
  CHECK(path.count("keep_fields") > 5);
}

TEST_CASE("what the mapping moves out of a named member is under the same rule") {
  PrivacySettings settings;
  settings.redact_fields = {"session.user_id"};
  Path path(settings);
  std::string line = kLine;
  line.replace(line.find("\"alice\",\"tenant"), 7, "[\"alice-7\"]");
  CHECK(path.canonical(line).find("alice-7") == std::string::npos);
  line = kLine;
  const auto session = line.find("{\"id\":\"s\"");
  line.replace(session, line.find('}', session) + 1 - session, "\"alice-7\"");
  CHECK(path.canonical(line).find("alice-7") == std::string::npos);
}

TEST_CASE("detectors look at names, numbers and labels, and names stay different") {
  PrivacySettings settings;
  settings.detectors = {"email", "credit_card", "assignment"};
  Path path(settings);
  std::string line = kLine;
  line.replace(line.find("\"prompt\":\"tell me\""), 18,
               R"("a@x.example":1,"b@x.example":2,"card":4111111111111111,"db":{"password":"a b c d"})");
  const auto out = parsed(path.canonical(line));
  CHECK(at(out, "/metadata/[REDACTED]") == "1");
  CHECK(at(out, "/metadata/[REDACTED] 2") == "2");
  CHECK(at(out, "/metadata/card") == "[REDACTED]");
  CHECK(at(out, "/metadata/db/password") == "[REDACTED]");
  CHECK(at(out, "/metadata/who/mail") == "[REDACTED]");
  CHECK(path.count("email") == 3);
}

TEST_CASE("a redacted host reads back as what is stored") {
  PrivacySettings settings;
  settings.redact_fields = {"resource.host"};
  Path path(settings);
  const auto out = parsed(path.canonical(kLine));
  CHECK(at(out, "/resource/host") == view(path.event().resource_host));
  CHECK(at(out, "/resource/host") == "REDACTED");
}

TEST_CASE("a line that is no event is cleaned, or withheld when fields have rules") {
  Redactor detectors_only(all_detectors());
  for (const char* line : {R"({"a":"AKIAIOSFODNN7EXAMPLE)", R"({"a":"\u0041KIAIOSFODNN7EXAMPLE)",
                           R"({"a":"{\"b\":\"\\u0041KIAIOSFODNN7EXAMPLE)", "\xff AKIAIOSFODNN7EXAMPLE \xfe"}) {
    CAPTURE(line);
    const std::string kept(detectors_only.unread_line(line));
    CHECK(kept.find("KIAIOSFODNN7EXAMPLE") == std::string::npos);
    CHECK(kept.find("[REDACTED]") != std::string::npos);
  }
  const std::string harmless = R"({"a":"\u00e9 b)";
  CHECK(detectors_only.unread_line(harmless) == harmless);
  PrivacySettings settings;
  settings.redact_fields = {"session.user_id"};
  Redactor with_fields(settings);
  CHECK(with_fields.unread_line("alice").find("alice") == std::string_view::npos);
}

// Secrets of every kind at random places of random events.
namespace {

const std::vector<std::string> kSecrets = {
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "github_pat_0123456789012345678901234567890123456789012345678901234567890123456789012345678901",
    "glpat-abcdefghij0123456789",
    "xoxb-123456789012-abcdefghij",
    "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "AIzaSyA-0123456789abcdefghijklmnopqrstuv",
    "sk-proj-a8Fk2LmQ9xZ4rT7vB1nC",
    "sk-ant-api03-abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789012345678901234567890123456789",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "npm_abcdefghijklmnopqrstuvwxyz0123456789",
    "hvs.CAESIJabcdefghijklmnopqrstuvwx",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "alice.b+c@mail.example.com",
    "10.11.12.13",
    "4111 1111 1111 1111",
    "219-09-9999",
    "GB82WEST12345698765432",
    "+4915112345678"};

struct Planter {
  std::mt19937 random;
  std::vector<std::string> planted;

  unsigned pick(unsigned n) { return static_cast<unsigned>(random() % n); }

  std::string text() {
    static const char* const kAround[] = {"", "see \"", "\n\t", "C:\\dir\\", "é — ", "(", "x=", "<"};
    std::string out = kAround[pick(8)];
    if (pick(3) != 0) {
      const auto& secret = kSecrets[pick(static_cast<unsigned>(kSecrets.size()))];
      planted.push_back(secret);
      out += secret;
      if (pick(2) == 0) out += std::string(" ") + kAround[pick(8)];
    } else {
      out += "word " + std::to_string(pick(1000));
    }
    return out;
  }

  json::value tree(int depth) {
    if (depth == 0 || pick(4) == 0) return json::value(text());
    if (pick(2) == 0) {
      json::array array;
      for (unsigned i = 0; i < 1 + pick(3); ++i) array.push_back(tree(depth - 1));
      return array;
    }
    json::object object;
    for (unsigned i = 0; i < 1 + pick(3); ++i)
      object[pick(3) == 0 ? text() + " #" + std::to_string(i) : "key" + std::to_string(i)] = tree(depth - 1);
    return object;
  }

  json::value event(unsigned n) {
    json::object out = json::parse(kLine).get_object();
    char id[40];
    std::snprintf(id, sizeof id, "0195a1c2-0000-7000-8000-%012x", n);
    out["event_id"] = id;
    for (const auto& [part, name] :
         std::initializer_list<std::pair<const char*, const char*>>{{"agent", "id"},
                                                                    {"agent", "name"},
                                                                    {"agent", "version"},
                                                                    {"agent", "type"},
                                                                    {"session", "id"},
                                                                    {"session", "user_id"},
                                                                    {"session", "tenant_id"},
                                                                    {"session", "environment"},
                                                                    {"threat", "tactic"},
                                                                    {"threat", "technique"},
                                                                    {"decision", "guard"},
                                                                    {"decision", "reason"},
                                                                    {"decision", "policy_hash"},
                                                                    {"decision", "ruleset"},
                                                                    {"decision", "severity"},
                                                                    {"resource", "name"},
                                                                    {"resource", "path"},
                                                                    {"resource", "host"},
                                                                    {"resource", "type"},
                                                                    {"resource", "stranger"}})
      if (pick(2) == 0) out[part].as_object()[name] = text();
    for (const char* name : {"action", "schema_version", "event_type", "outcome", "stranger"})
      if (pick(3) == 0) out[name] = std::string("v ") + text();
    out["metadata"] = json::object{{"tree", tree(4)}, {"other", tree(2)}};
    out["labels"] = json::object{{"a", text()}, {text(), "b"}};
    return out;
  }
};

std::string escaped_everywhere(const std::string& text) {
  std::string out;
  for (const char c : text) {
    char code[8];
    std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += code;
  }
  return out;
}

}  // namespace

TEST_CASE("property: of planted secrets nothing is left, and a second pass changes nothing") {
  Planter planter{std::mt19937(20260302), {}};
  Path path(all_detectors());
  Path again(all_detectors());
  for (unsigned n = 0; n < 1500; ++n) {
    planter.planted.clear();
    std::string line = json::serialize(planter.event(n));
    // Some lines spell the secret in escapes.
    if (n % 5 == 0)
      for (const auto& secret : planter.planted)
        for (auto place = line.find(secret); place != std::string::npos; place = line.find(secret, place))
          line.replace(place, secret.size(), escaped_everywhere(secret));
    CAPTURE(line);
    const std::string out = path.canonical(line);
    for (const auto& secret : planter.planted) {
      CAPTURE(secret);
      REQUIRE(out.find(secret) == std::string::npos);
      REQUIRE(json::serialize(json::parse(out)).find(secret) == std::string::npos);
    }
    REQUIRE(again.canonical(out) == out);
    // The stored text reads back as the views that the live batch holds.
    const csiem_event& live = path.event();
    const csiem_event& stored = again.event();
    REQUIRE(view(live.resource_host) == view(stored.resource_host));
    REQUIRE(view(live.tactic) == view(stored.tactic));
    REQUIRE(view(live.metadata_json) == view(stored.metadata_json));
    REQUIRE(live.label_count == stored.label_count);
  }
}
