// Rules that the golden cases do not show.
#include <doctest/doctest.h>

#include "mapping.hpp"

using testing::map_line;

namespace {

std::string canonical(const std::string& members) {
  return R"({"schema_version":"1.0.0","event_id":"0195a1c2-0000-7000-8000-00000000000d","event_type":"egress_blocked",)"
         R"("event_category":"network","timestamp":"2026-03-02T08:00:00Z","agent":{"id":"a","name":"a","version":"1",)"
         R"("type":"clawdstrike"},"outcome":"failure","action":"egress")" +
         members + "}";
}
const std::string kDecision = R"(,"decision":{"allowed":false,"guard":"egress","severity":"high","reason":"r"})";
const std::string kNetwork = R"(,"resource":{"type":"network","name":"h","host":"h","port":443})";

std::string openclaw(const std::string& type, const std::string& resource) {
  return R"({"type":")" + type + R"(","resource":")" + resource +
         R"(","decision":"denied","guard":"egress","id":"x","timestamp":1795487495218})";
}

}  // namespace

TEST_CASE("tactic names become ids, ids stay") {
  CHECK(map_line(canonical(kDecision + kNetwork + R"(,"threat":{"tactic":"Execution"})")).text_at("threat/tactic") ==
        "TA0002");
  CHECK(map_line(canonical(kDecision + kNetwork + R"(,"threat":{"tactic":"TA9999"})")).text_at("threat/tactic") ==
        "TA9999");
}

TEST_CASE("values of the wrong type move to extra under their parent") {
  const auto m = map_line(canonical(kDecision + R"(,"resource":{"type":"network","name":"h","path":5,"port":70000},)"
                                                R"("agent":"x","ingested_at":"soon")"));
  CHECK(m.at("metadata/siem_source/extra") ==
        testing::parsed(R"({"agent":"x","ingested_at":"soon","resource":{"path":5},"resource_port":70000})"));
  CHECK(m.text_at("agent/id") == "agent-default");
}

TEST_CASE("hosts lose the brackets of IPv6") {
  const auto m =
      map_line(canonical(kDecision + R"(,"resource":{"type":"network","name":"n","host":"[fe80::1%eth0]"})"));
  CHECK(m.text_at("resource/host") == "fe80::1%eth0");
}

TEST_CASE("ports as digits and whole floats") {
  const auto port = [](const std::string& v) {
    return map_line(canonical(kDecision + R"(,"resource":{"type":"network","name":"n","port":)" + v + "}"))
        .text_at("resource/port");
  };
  CHECK(port("\"8443\"") == "8443");
  CHECK(port("8443.0") == "8443");
  CHECK(port("8.443e3") == "8443");
  CHECK(port("0") == "0");
  CHECK(port("-1") == "null");
  CHECK(port("65536") == "null");
  CHECK(port("1.5") == "null");
}

TEST_CASE("an empty decision object is repaired from the event type") {
  const auto m = map_line(canonical(R"(,"decision":{})" + kNetwork));
  CHECK(m.at("decision/allowed") == false);
  CHECK(m.text_at("decision/guard") == "engine");
  CHECK(m.text_at("decision/reason") == "egress blocked");
}

TEST_CASE("metadata.siem_source of a source is kept as it is, or moved when ours is needed") {
  const auto same = map_line(canonical(kDecision + kNetwork + R"(,"metadata":{"siem_source":{"shape":"irm_event"}})"));
  CHECK(same.text_at("metadata/siem_source/shape") == "irm_event");
  const auto moved =
      map_line(canonical(kDecision + kNetwork + R"(,"x":1,"metadata":{"k":1,"siem_source":{"shape":"irm_event"}})"));
  CHECK(moved.at("metadata") == testing::parsed(R"({"k":1,"siem_source":{"shape":"security_event",
    "extra":{"x":1,"siem_source":{"shape":"irm_event"}}}})"));
}

TEST_CASE("white space in a line does not reach the output") {
  const auto m =
      map_line(canonical(kDecision + kNetwork + R"(, "metadata" : { "a" : [ 1 , { "b" : null } ] , "t" : "x y" })"));
  CHECK(m.texts.at(0).find(R"("metadata":{"a":[1,{"b":null}],"t":"x y"})") != std::string::npos);
}

TEST_CASE("escapes in keys and values are read") {
  const auto m = map_line(canonical(
      R"(,"\u0064ecision":{"allowed":false,"guard":"e\"g\\\u00e9\ud83d\ude00","severity":"high","reason":"\u0000"})" +
      kNetwork));
  CHECK(m.text_at("decision/guard") == "e\"g\\\xc3\xa9\xf0\x9f\x98\x80");
  CHECK(m.texts.at(0).find(R"("reason":"\u0000")") != std::string::npos);
}

TEST_CASE("network targets") {
  struct Row {
    const char *target, *host, *port, *url;
  };
  for (const Row& row : {Row{"https://u:p@h.example/x?y", "h.example", "443", "https://h.example/x?y"},
                         {"http://h.example", "h.example", "80", "http://h.example"},
                         {"ftp://h.example:2121/x", "h.example", "2121", "ftp://h.example:2121/x"},
                         {"h.example/path", "h.example", "443", "null"},
                         {"h.example:99999", "h.example", "443", "null"},
                         {"[2001:db8::1]:8443", "2001:db8::1", "8443", "null"},
                         {"[2001:db8::1]", "2001:db8::1", "443", "null"},
                         {"2001:db8::1", "2001:db8::1", "443", "null"},
                         {"fe80::1%eth0", "fe80::1%eth0", "443", "null"},
                         {"a:b:80", "a:b", "80", "null"},
                         {":80", ":80", "443", "null"}}) {
    CAPTURE(row.target);
    const auto m = map_line(openclaw("network", row.target));
    CHECK(m.text_at("resource/host") == row.host);
    CHECK(m.text_at("resource/port") == row.port);
    CHECK(m.text_at("metadata/siem_source/url") == row.url);
  }
}

TEST_CASE("missing key parts of derived ids count as empty") {
  const auto a = map_line(R"({"type":"command","resource":"x","decision":"allowed","timestamp":1795487495218})");
  const auto b =
      map_line(R"({"type":"command","resource":"x","decision":"allowed","timestamp":1795487495218,"id":""})");
  CHECK(a.text_at("event_id") == b.text_at("event_id"));
  CHECK(a.text_at("event_id") != map_line(openclaw("command", "x")).text_at("event_id"));
}

TEST_CASE("unknown members of the hash-chained form are kept") {
  const auto m = map_line(R"({"eventId":"e","timestamp":"2026-03-02T08:00:00Z","sessionId":"s","more":1,)"
                          R"("action":{"type":"shell","resource":"x","odd":2},"decision":{"allowed":true,"odd":3}})");
  CHECK(m.at("metadata/siem_source/extra") == testing::parsed(R"({"more":1,"action":{"odd":2},"decision":{"odd":3}})"));
}

TEST_CASE("payloads are digests unless they are kept") {
  const std::string line =
      R"({"id":"x","type":"tool_call_end","timestamp":"2026-03-02T08:00:00Z","contextId":"c","toolName":"t",)"
      R"("parameters":{"b":1,"a":"s"}})";
  const auto digest = map_line(line).at("metadata/parameters");
  CHECK(digest.at("bytes") == 15);
  CHECK(digest.at("sha256") == "802faaaa491e77d5bcc44cb10b08509f250900d530f5d7ba9697cc36e44e0d55");
  csiem::ingest::Options keep;
  keep.keep_payloads = true;
  CHECK(map_line(line, keep).at("metadata/parameters") == testing::parsed(R"({"b":1,"a":"s"})"));
}

TEST_CASE("options of policy events and categories") {
  const std::string question =
      R"({"eventId":"e","eventType":"file_read","timestamp":"2026-03-02T08:00:00Z","data":{"type":"file","path":"/x"}})";
  csiem::ingest::Options drop;
  drop.drop_unevaluated = true;
  CHECK(map_line(question).result.accepted == 1);
  CHECK(map_line(question, drop).result.suppressed == 1);
  CHECK(map_line("{\"event\":" + question + "}").result.accepted == 1);
  csiem::ingest::Options seed;
  seed.strict_seed_categories = true;
  const std::string tool =
      R"({"id":"x","type":"tool_call_end","timestamp":"2026-03-02T08:00:00Z","contextId":"c","toolName":"t"})";
  CHECK(map_line(tool).text_at("event_category") == "tool");
  CHECK(map_line(tool, seed).text_at("event_category") == "process");
}

TEST_CASE("a pinned source takes its shape only, in envelopes too") {
  csiem::ingest::Options pinned;
  pinned.shape = "openclaw_store";
  CHECK(map_line(openclaw("command", "x"), pinned).result.accepted == 1);
  CHECK(map_line("[" + openclaw("command", "x") + "]", pinned).result.accepted == 1);
  CHECK(map_line(canonical(kDecision + kNetwork), pinned).result.reason == csiem::ingest::Reject::unknown_shape);
}

TEST_CASE("ATT&CK rows of the operator go before the built-in tables") {
  const std::string line = openclaw("command", "chmod 777 /srv");
  CHECK(map_line(line).text_at("threat/technique") == "T1222.002");
  std::vector<csiem::event::AttackOverrides::Problem> problems;
  const auto with = [&](const char* rows) {
    csiem::ingest::Options options;
    options.attack =
        std::make_shared<const csiem::event::AttackOverrides>(csiem::event::AttackOverrides::parse(rows, problems));
    return map_line(line, options);
  };
  CHECK(with("egress process TA0001 T1190").text_at("threat/technique") == "T1190");
  CHECK(with("egress process TA0001 T1190").text_at("threat/tactic") == "TA0001");
  CHECK(with("egress file TA0001 T1190").text_at("threat/technique") == "T1222.002");
  CHECK(with("egress any - -").at("threat/technique") == nullptr);
  CHECK(problems.empty());
}
