// What stands on the wire: addresses, headers, texts that are made to fit, frames, and settings that are refused.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <stdexcept>
#include <string>

#include "common/test_host.hpp"
#include "syslog/endpoint.hpp"
#include "syslog/header.hpp"
#include "syslog/messages.hpp"
#include "syslog/payload.hpp"

using namespace csiem::syslog;
using csiem::str;
using csiem::testing::TestHost;

namespace {

constexpr int64_t kTime = 1'772'438'400'123'456'789;  // 2026-03-02T08:00:00.123456789Z

csiem_event event_of(int32_t severity = CSIEM_SEV_HIGH) {
  csiem_event e{};
  e.struct_size = sizeof e;
  e.time_unix_ns = kTime;
  e.severity = severity;
  e.type_name = str("forbidden_path");
  return e;
}

HeaderSettings settings() {
  HeaderSettings s;
  s.host_name = "box.example";
  s.process_id = "42";
  return s;
}

std::string header(const HeaderSettings& s, const csiem_event& e) {
  std::string out;
  append_header(s, e, 0, out);
  return out;
}

std::string refusal(const std::string& text) {
  try {
    parse_endpoint(text, "endpoints[0]");
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("receivers are addresses with a scheme; the port has a default") {
  struct Row {
    const char *text, *host, *whole;
    Transport transport;
    int port;
  };
  for (const Row& row : {Row{"udp://collector", "collector", "udp://collector:514", Transport::udp, 514},
                         {"TCP://10.0.0.1:601", "10.0.0.1", "tcp://10.0.0.1:601", Transport::tcp, 601},
                         {"tls://[2001:db8::1]", "2001:db8::1", "tls://[2001:db8::1]:6514", Transport::tls, 6514},
                         {"tls://[::1]:7000", "::1", "tls://[::1]:7000", Transport::tls, 7000}}) {
    const Endpoint endpoint = parse_endpoint(row.text, "endpoints[0]");
    CHECK(endpoint.host == row.host);
    CHECK(endpoint.text == row.whole);
    CHECK(endpoint.transport == row.transport);
    CHECK(endpoint.port == row.port);
  }
  for (const char* wrong :
       {"", "collector:514", "https://collector", "tcp://", "tcp://u:p@collector", "tcp://collector/x", "tcp://a:0",
        "tcp://a:65536", "tcp://a:x", "tcp://a:", "tcp://2001:db8::1", "tcp://[::1", "tcp://[::1]x", "tcp://a b"})
    CHECK_MESSAGE(refusal(wrong).rfind("endpoints[0]: ", 0) == 0, wrong);
}

TEST_CASE("RFC 5424: six fraction digits of the event's own time, the severity's priority, the event type as MSGID") {
  CHECK(header(settings(), event_of()) ==
        "<131>1 2026-03-02T08:00:00.123456Z box.example clawdstrike 42 forbidden_path - ");
  for (const auto& [severity, priority] : {std::pair{CSIEM_SEV_INFO, "<134>"},
                                           {CSIEM_SEV_LOW, "<133>"},
                                           {CSIEM_SEV_MEDIUM, "<132>"},
                                           {CSIEM_SEV_HIGH, "<131>"},
                                           {CSIEM_SEV_CRITICAL, "<130>"}})
    CHECK(header(settings(), event_of(severity)).rfind(priority, 0) == 0);
  HeaderSettings s = settings();
  s.facility = facility_number("auth");
  s.severity[CSIEM_SEV_HIGH] = 0;
  csiem_event e = event_of();
  e.time_unix_ns = -1;
  CHECK(header(s, e).rfind("<32>1 1969-12-31T23:59:59.999999Z ", 0) == 0);
  CHECK(facility_number("kernel") == 24);
}

TEST_CASE("MSGID comes from the event and cannot leave its field") {
  csiem_event e = event_of();
  e.type_name = str("a b\n\xc3\xa4]-0123456789012345678901234567890123456789");
  const std::string text = header(settings(), e);
  CHECK(text.find(" 42 ab]-01234567890123456789012") != std::string::npos);
  e.type_name = str("");
  CHECK(header(settings(), e).find(" 42 - - ") != std::string::npos);
}

TEST_CASE("structured data escapes what would end a value") {
  HeaderSettings s = settings();
  s.enterprise_id = 32473;
  csiem_event e = event_of();
  e.event_id = str("id-1");
  e.guard = str("a\"b\\c]d\ne");
  CHECK(header(s, e).find(R"( [clawdstrike@32473 event_id="id-1" guard="a\"b\\c\]d e"] )") != std::string::npos);
}

TEST_CASE("RFC 3164: the day padded with a space, the tag with the process, or no tag at all") {
  HeaderSettings s = settings();
  s.rfc3164 = true;
  CHECK(header(s, event_of()) == "<131>Mar  2 08:00:00 box.example clawdstrike[42]: ");
  s.tag.clear();
  CHECK(header(s, event_of()) == "<131>Mar  2 08:00:00 box.example ");
}

TEST_CASE("a text is one record whatever it holds") {
  std::string out = "head ";
  append_text(std::string_view("\xef\xbb\xbf"
                               "a\nb\r\nc\0d\x7f\xe2\x80\xae",
                               15),
              out);
  CHECK(out == "head a b  c d \xe2\x80\xae");
}

TEST_CASE("CEF loses pairs from the end, labels with their values, then the end of msg, and says so") {
  const std::string head = "CEF:0|V|p|1|id\\|x|name=n|8|";
  const std::string body = head + "rt=1 externalId=e-1 cs1=one two cs1Label=Guard cs2=" + std::string(500, 'x') +
                           " cs2Label=Session ID reason=r\\=r msg=" + std::string(300, 'm');
  const std::string text = shortened(body, false, 500);
  CHECK(text == head + "rt=1 externalId=e-1 cs1=one two cs1Label=Guard msg=" + std::string(300, 'm') +
                    " flexString2=true flexString2Label=truncated");
  const std::string tight = shortened(body, false, 200);
  CHECK(tight.size() <= 200);
  CHECK(tight.find(" cs1") == std::string::npos);
  CHECK(tight.find("externalId=e-1 msg=mmm") != std::string::npos);
  CHECK(tight.find("m flexString2=true") != std::string::npos);
  CHECK(shortened(body, false, 60).empty());
}

TEST_CASE("a cut never leaves half an escape or half a character") {
  for (std::size_t limit = 70; limit < 130; ++limit) {
    const std::string text =
        shortened("CEF:0|V|p|1|i|n|8|rt=1 msg=" +
                      std::string("\\=\\\\\xc3\xa4\\n\\=\\\\\xc3\xa4\\n\\=\\\\\xc3\xa4\\n\\=\\\\\xc3\xa4\\n"
                                  "\\=\\\\\xc3\xa4\\n\\=\\\\\xc3\xa4\\n\\=\\\\\xc3\xa4\\n"),
                  false, limit);
    CHECK(text.size() <= limit);
    if (text.find("msg=") == std::string::npos) continue;
    const auto from = text.find("msg=") + 4;
    const std::string value = text.substr(from, text.find(" flexString2") - from);
    for (std::size_t i = 0; i < value.size();) {
      if (value[i] == '\\') {
        REQUIRE(i + 1 < value.size());
        i += 2;
      } else {
        REQUIRE(value.compare(i, 2, "\xc3\xa4") == 0);
        i += 2;
      }
    }
  }
}

TEST_CASE("key=value text keeps what identifies the event") {
  const std::string body =
      "event_id=e-1 severity=high reason=\"a \\\" b=c\" " + std::string("path=") + std::string(100, 'p');
  CHECK(shortened(body, false, 80) == "event_id=e-1 severity=high reason=\"a \\\" b=c\" truncated=true");
  CHECK(shortened(body, false, 45) == "event_id=e-1 severity=high truncated=true");
  CHECK(shortened(std::string(100, 'x'), false, 50) == std::string(35, 'x') + " truncated=true");
}

TEST_CASE("JSON stays JSON: the longest texts are cut, free-form data goes last") {
  const std::string long_text(3000, 'x');
  for (const auto& [body, place] :
       {std::pair<std::string, const char*>{R"({"event_id":"e","decision":{"reason":")" + long_text + "\"}}",
                                            "/truncated"},
        {R"({"@timestamp":"t","event":{"id":"e"},"message":")" + long_text + "\"}", "/labels/truncated"},
        {R"({"class_uid":1,"metadata":{"uid":"e"},"message":")" + long_text + "\"}", "/unmapped/truncated"}}) {
    const std::string text = shortened(body, true, 1000);
    CHECK(text.size() <= 1000);
    CHECK(text.size() > 900);  // no more than needed
    const auto value = boost::json::parse(text);
    boost::json::error_code error;
    CHECK(value.find_pointer(place, error) != nullptr);
  }
  std::string many = R"({"event_id":"e","metadata":{)";
  for (int i = 0; i < 200; ++i) many += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":12345";
  const std::string text = shortened(many + "}}", true, 600);
  CHECK(text == R"({"event_id":"e","metadata":{},"truncated":true})");
  CHECK(shortened("[1,2", true, 600).empty());
  std::string numbers = "1";
  for (int i = 0; i < 200; ++i) numbers += ",1";
  CHECK(shortened("{\"k\":[" + numbers + "]}", true, 100).empty());
}

TEST_CASE("the length in front of a message counts bytes") {
  std::string out;
  append_frame(Framing::octet, "<1>\xc3\xa4\xe2\x82\xac", out);
  append_frame(Framing::octet, "x", out);
  CHECK(out ==
        "8 <1>\xc3\xa4\xe2\x82\xac"
        "1 x");
  out.clear();
  append_frame(Framing::lf, "one", out);
  CHECK(out == "one\n");
}

TEST_CASE("a long event becomes a message of the size that is allowed; one that cannot is told apart") {
  Messages messages;
  const csiem_event e = event_of();
  const std::string body = "CEF:0|V|p|1|i|n|8|externalId=e msg=" + std::string(20'000, 'x');
  CHECK(messages.add(settings(), e, 0, body, false, 8000, 0));
  CHECK_FALSE(messages.add(settings(), e, 1, "CEF:0|" + std::string(20'000, 'x'), false, 8000, 0));
  CHECK(messages.add(settings(), e, 2, "short", false, 8000, 0));
  REQUIRE(messages.all().size() == 2);
  CHECK(messages.text(messages.all()[0]).size() == 8000);
  CHECK(messages.all()[1].index == 2);
  CHECK(messages.text(messages.all()[1]).substr(messages.all()[1].size - 7) == "- short");
  CHECK(messages.shortened_count() == 1);
}

TEST_CASE("settings that cannot work are refused with the key") {
  const auto refused = [](const std::string& more) {
    TestHost host(R"({"endpoints":["tcp://127.0.0.1:1"])" + more + "}");
    return host.error;
  };
  CHECK(refused("").empty());
  CHECK(refused(R"(,"hostname":"a b")").rfind("hostname: ", 0) == 0);
  CHECK(refused(R"(,"app_name":"")").rfind("app_name: ", 0) == 0);
  CHECK(refused(R"(,"facility":"kern")").rfind("facility: ", 0) == 0);
  CHECK(refused(R"(,"severity_mapping":{"high":8})").rfind("severity_mapping.high: ", 0) == 0);
  CHECK(refused(R"(,"rfc3164_tag":"a b")").rfind("rfc3164_tag: ", 0) == 0);
  CHECK(refused(R"(,"structured_data":true)").rfind("enterprise_id: ", 0) == 0);
  CHECK(refused(R"(,"structured_data":true,"enterprise_id":1,"header":"rfc3164")").rfind("structured_data: ", 0) == 0);
  CHECK(TestHost(R"({"endpoints":["tcp://a","udp://b"]})").error.rfind("endpoints[1]: ", 0) == 0);
  CHECK(TestHost(R"({"endpoints":["udp://a","udp://b"]})").error.rfind("endpoints[1]: ", 0) == 0);
  CHECK(TestHost(R"({"endpoints":[]})").error.rfind("endpoints: ", 0) == 0);
  CHECK(TestHost(R"({"endpoints":["tcp://a","nonsense"]})").error.rfind("endpoints[1]: 'nonsense'", 0) == 0);
}

TEST_CASE("the schema is JSON and describes every setting") {
  const auto schema = boost::json::parse(TestHost::schema());
  for (const auto& [name, property] : schema.at("properties").as_object())
    CHECK_MESSAGE(property.as_object().contains("description"), std::string(name));
}
