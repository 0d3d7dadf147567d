// The template language, as exporters use it.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "common/templates/json_template.hpp"

using namespace csiem::templates;
using csiem::str;

namespace {

constexpr std::string_view kMetadata =
    R"({"n":7,"text":"a \"b\"","deep":{"list":[1,2],"flag":true},"none":null,"a.b":"dotted"})";
constexpr std::string_view kCanonical =
    R"({"event_id":"id-1","decision":{"allowed":false,"reason":"x"},"labels":{"team":"blue"},"resource":{"port":443}})";

struct Event {
  csiem_kv labels[2] = {{str("team"), str("blue")}, {str("two words"), str("yes")}};
  csiem_event event{};
  std::string body = R"({"id":"id-1"})";
  Event() {
    event.struct_size = sizeof event;
    event.event_id = str("id-1");
    event.time_text = str("2026-03-02T08:00:00.123456789Z");
    event.time_unix_ns = 1'772'438'400'123'456'789;
    event.severity_name = str("high");
    event.guard = str("egress_allowlist");
    event.reason = str("because");
    event.resource_path = str("/srv/data/key.pem");
    event.labels = labels;
    event.label_count = 2;
    event.metadata_json = str(kMetadata);
    event.canonical_json = str(kCanonical);
  }
  Subject subject(bool json = true) const { return {event, body, json}; }
};

std::vector<Problem> problems_of(std::string_view source, Target target) {
  std::vector<Problem> problems;
  TextTemplate::compile(source, target, problems);
  return problems;
}

std::string failed(const Failure& failure) {
  constexpr std::string_view kKinds[] = {"too_large", "format", "confinement"};
  return "!" + std::string(kKinds[static_cast<std::size_t>(failure.kind)]);
}

std::string render(std::string_view source, Target target, const Event& event = {}, std::size_t limit = 1 << 20) {
  std::vector<Problem> problems;
  const TextTemplate compiled = TextTemplate::compile(source, target, problems);
  if (!problems.empty()) return "?" + problems.front().what;
  csiem::common::Buffer out;
  Scratch scratch;
  const auto failure = compiled.render(event.subject(), scratch, limit, out);
  return failure ? failed(*failure) : std::string(out.view());
}

std::string render_tree(std::string_view source, const Event& event = {}) {
  std::vector<PlacedProblem> problems;
  const auto compiled = JsonTemplate::compile(boost::json::parse({source.data(), source.size()}), "body", problems);
  if (!problems.empty()) return "?" + problems.front().path + ": " + problems.front().problem.what;
  csiem::common::Buffer out;
  Scratch scratch;
  const auto failure = compiled.render(event.subject(), scratch, 1 << 20, out);
  return failure ? failed(*failure) : std::string(out.view());
}

}  // namespace

TEST_CASE("templates: fields by the names of the expression language") {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"{event_id}", "id-1"},
      {"{decision.severity} {decision.guard}", "high egress_allowlist"},
      {"{decision.allowed}", "false"},
      {"{resource.port}", "443"},
      {"{labels.team}{labels[\"two words\"]}", "blueyes"},
      {"{metadata.n}/{metadata.deep.flag}/{metadata.deep.list}", "7/true/[1,2]"},
      {"{metadata.text}", "a \"b\""},
      {"{metadata[\"a.b\"]}", "dotted"},
      {"{.}", R"({"id":"id-1"})"},
      {"[{metadata.none}][{metadata.missing}][{session.id}][{metadata.n.x}]", "[][][][]"},
      {"{session.tenant_id|default} {session.id|}", "default "},
      {"{labels}", R"({"team":"blue"})"},
  };
  for (const auto& [source, expected] : cases) {
    CAPTURE(source);
    CHECK(render(source, Target::plain) == expected);
  }
}

TEST_CASE("templates: a brace that begins no placeholder is text") {
  CHECK(render("{ } {{event_id} {1} }{", Target::plain) == "{ } {event_id} {1} }{");
  CHECK(render("", Target::plain).empty());
}

TEST_CASE("templates: what was inserted is not looked at again") {
  Event event;
  event.event.reason = str("{decision.guard} {{");
  CHECK(render("{decision.reason}", Target::plain, event) == "{decision.guard} {{");
}

TEST_CASE("templates: filters") {
  Event event;
  const auto with = [&](std::string_view reason, std::string_view filters) {
    event.event.reason = str(reason);
    return render("{decision.reason:" + std::string(filters) + "}", Target::plain, event);
  };
  CHECK(with("a\xc3\xa4", "upper") == "A\xc3\xa4");
  CHECK(with("AbC", "lower") == "abc");
  CHECK(with("  x ", "trim") == "x");
  CHECK(with(" a \n\t b\x01 ", "oneline") == "a b");
  CHECK(with("\xc3\xa4\xc3\xb6\xc3\xbc", "cut(2)") == "\xc3\xa4\xe2\x80\xa6");
  CHECK(with("abc", "cut(3)") == "abc");
  CHECK(with("https://evil.example.com/a.b", "defang") == "hxxps://evil[.]example[.]com/a.b");
  CHECK(with("evil.example", "defang") == "evil[.]example");
  CHECK(with("/srv/data/key.pem", "basename") == "key.pem");
  CHECK(with("/srv/data/", "basename") == "data");
  CHECK(with("secret-1234", "mask(4)") == "***1234");
  CHECK(with("123", "mask(4)") == "***");
  CHECK(with("abc", "hash8") == "ba7816bf");
  CHECK(with("  Abc  ", "trim,upper,cut(2)") == "A\xe2\x80\xa6");
  CHECK(render("{timestamp:ms} {timestamp:date} {timestamp:iso}", Target::plain) ==
        "1772438400123 2026-03-02 2026-03-02T08:00:00.123Z");
  CHECK(render("{ingested_at:ms|never}", Target::plain) == "never");
}

TEST_CASE("templates: text in JSON is escaped where it stands") {
  Event event;
  event.event.reason = str("\",\"admin\":true,\"x\":\"\n");
  const std::string text = render(R"({"reason":"why: {decision.reason}"})", Target::json, event);
  const auto object = boost::json::parse(text).as_object();
  CHECK(object.size() == 1);
  CHECK(object.at("reason").as_string() == "why: \",\"admin\":true,\"x\":\"\n");
  CHECK(
      render(R"({"n":{metadata.n},"s":{decision.guard},"e":{.},"o":{metadata.deep},"x":{session.id},"d":{session.id|5},
"t":{session.id|none},"q":"{session.id|"}"})",
             Target::json) ==
      "{\"n\":7,\"s\":\"egress_allowlist\",\"e\":{\"id\":\"id-1\"},\"o\":{\"list\":[1,2],\"flag\":true},\"x\":null,"
      "\"d\":5,\n\"t\":\"none\",\"q\":\"\\\"\"}");
  CHECK(render(R"({"e":"{.}","m":"{metadata.text}","esc\"":"{decision.guard}"})", Target::json) ==
        R"({"e":"{\"id\":\"id-1\"}","m":"a \"b\"","esc\"":"egress_allowlist"})");
  CHECK(render(R"([{timestamp:ms},{resource.path:basename}])", Target::json) == R"([1772438400123,"key.pem"])");
}

TEST_CASE("templates: JSON that cannot be JSON is refused at the place where it ends to be") {
  const std::pair<std::string_view, std::size_t> cases[] = {
      {R"({"a":{event_id} "b":1})", 16}, {R"({"a":"{event_id})", 16}, {R"({{event_id}:1})", 13},
      {R"({"a":1}{event_id})", 7},       {"{event_id}x", 10},
  };
  for (const auto& [source, offset] : cases) {
    CAPTURE(source);
    const auto problems = problems_of(source, Target::json);
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].what.find("not JSON") != std::string::npos);
    CHECK(problems[0].offset <= offset + 1);
    CHECK(problems[0].offset + 1 >= std::min<std::size_t>(offset, 1));
  }
}

TEST_CASE("templates: problems are told with their place and what to write instead") {
  const struct {
    std::string_view source;
    Target target;
    std::size_t offset;
    std::string_view what, suggestion;
  } cases[] = {
      {"ab {decision.resaon}", Target::plain, 4, "not a field", "decision.reason"},
      {"{severity}", Target::plain, 1, "not a field", "decision.severity"},
      {"{event_id:uper}", Target::plain, 10, "no filter", "upper"},
      {"{event_id:lower,cut}", Target::plain, 16, "number", "cut(80)"},
      {"{event_id:upper(3)}", Target::plain, 10, "no number", ""},
      {"{event_id:iso}", Target::plain, 10, "wants a time", "{timestamp:iso}"},
      {"{event_id", Target::plain, 0, "without '}'", "{{"},
      {"x {{event_id}} y", Target::plain, 2, "one brace", "{event_id}"},
      {"{labels.a.b}", Target::plain, 1, "no parts", ""},
      {"{a..b}", Target::plain, 1, "not a field's path", ""},
      {R"({"a":"{event_id:raw}"})", Target::json, 6, "plain text only", ""},
      {"https://x.example/{decision.reason}", Target::url, 18, "any text", "tenant"},
      {"https://x.example:{labels.port}/", Target::url, 18, "port", ""},
      {"{labels.host}/x", Target::url, 0, "scheme", ""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.source);
    const auto problems = problems_of(c.source, c.target);
    REQUIRE(problems.size() >= 1);
    CHECK(problems[0].offset == c.offset);
    CHECK(problems[0].what.find(c.what) != std::string::npos);
    CHECK(problems[0].suggestion.find(c.suggestion) != std::string::npos);
  }
  CHECK(problems_of("{bad} {event_id:bad}", Target::plain).size() == 2);
}

TEST_CASE("templates: limits") {
  CHECK(problems_of(std::string(kMaxSource + 1, 'x'), Target::plain).size() == 1);
  std::string many;
  for (std::size_t i = 0; i <= kMaxPlaceholders; ++i) many += "{event_id}";
  CHECK(problems_of(many, Target::plain).size() == 1);
  std::string deep = "{metadata";
  for (std::size_t i = 0; i < kMaxDepth; ++i) deep += ".a";
  CHECK(problems_of(deep + "}", Target::plain).size() == 1);
  CHECK(render("{event_id}{event_id}{event_id}", Target::plain, {}, 10) == "!too_large");
  CHECK(render("x-{decision.reason}", Target::header, {}, 5) == "!too_large");
}

TEST_CASE("templates: a header stays one line of printable text") {
  Event event;
  CHECK(render("g={decision.guard}", Target::header, event) == "g=egress_allowlist");
  for (const char* bad : {"a\r\nX-Evil: 1", "a\nb", "\x7f", "\xc3\xa4", "\x01"}) {
    event.event.reason = str(bad);
    CHECK(render("x {decision.reason}", Target::header, event) == "!format");
  }
}

TEST_CASE("templates: an address stays where the template points to") {
  Event event;
  const auto with = [&](std::string_view tenant, std::string_view source) {
    event.event.tenant_id = str(tenant);
    return render(source, Target::url, event);
  };
  constexpr std::string_view kUrl = "https://x.example/h/{session.tenant_id}/in?t={session.tenant_id}";
  CHECK(with("acme", kUrl) == "https://x.example/h/acme/in?t=acme");
  CHECK(with("a/b?c#d&e=f%", kUrl) == "https://x.example/h/a%2Fb%3Fc%23d%26e%3Df%25/in?t=a%2Fb%3Fc%23d%26e%3Df%25");
  CHECK(with("..", kUrl) == "!confinement");
  CHECK(with(".", kUrl) == "!confinement");
  CHECK(with("...", kUrl) == "https://x.example/h/.../in?t=...");
  CHECK(with("", kUrl) == "!confinement");
  CHECK(with("", "https://x.example/{session.tenant_id|none}") == "https://x.example/none");
  CHECK(with(std::string(9000, 'a'), kUrl) == "!too_large");
  constexpr std::string_view kHost = "https://{session.tenant_id}.hooks.example:8443/in";
  CHECK(with("acme", kHost) == "https://acme.hooks.example:8443/in");
  for (const char* bad : {"evil.com/", "a.b", "a@b", "-a", "a:1", "\xc3\xa4", "a b"})
    CHECK(with(bad, kHost) == "!confinement");
}

TEST_CASE("templates: a tree keeps types and leaves out what is not there") {
  CHECK(render_tree(
            R"({"text":"{decision.guard}: {decision.reason}","event":"{.}","n":"{metadata.n}","fixed":[1,true,null],
      "gone":"{session.id}","kept":"{session.id|3}","word":"{session.id|none}","half":"<{session.id}>",
      "list":["{session.id}","{event_id}","{session.user_id}"],"in":{"a":"{session.id}"},"b\"c":"{{x}"})") ==
        R"({"text":"egress_allowlist: because","event":{"id":"id-1"},"n":7,"fixed":[1,true,null],)"
        R"("kept":3,"word":"none","half":"<>","list":["id-1"],"in":{},"b\"c":"{x}"})");
  Event event;
  event.event.reason = str("\",\"admin\":true");
  CHECK(render_tree(R"({"r":"{decision.reason}","s":"! {decision.reason}"})", event) ==
        R"({"r":"\",\"admin\":true","s":"! \",\"admin\":true"})");
  CHECK(render_tree(R"({"a":{"b":["x","{oops}"]}})") == "?body.a.b[1]: 'oops' is not a field of an event");
}

TEST_CASE("templates: a text event is a string in a tree") {
  std::vector<PlacedProblem> problems;
  const auto compiled = JsonTemplate::compile(boost::json::parse(R"({"e":"{.}"})"), "body", problems);
  csiem::common::Buffer out;
  Scratch scratch;
  Event event;
  event.body = "CEF:0|\"";
  CHECK_FALSE(compiled.render(event.subject(false), scratch, 1000, out));
  CHECK(out.view() == R"({"e":"CEF:0|\""})");
}
