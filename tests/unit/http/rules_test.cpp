#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <string.h>

#include <string>

#include "http/address.hpp"
#include "http/classify.hpp"
#include "http/client.hpp"
#include "http/gzip.hpp"
#include "http/headers.hpp"
#include "http/retry_after.hpp"

namespace csiem::http {
namespace {

TEST_CASE("an origin is scheme, host and port in lower case, the default port spelled out") {
  const struct {
    const char *url, *origin;
  } table[] = {
      {"https://Splunk.Example.com/services/collector", "https://splunk.example.com:443"},
      {"HTTPS://h:8088", "https://h:8088"},
      {"http://127.0.0.1/x?y#z", "http://127.0.0.1:80"},
      {"http://[::1]:9200/_bulk", "http://[::1]:9200"},
      {"https://h:443/", "https://h:443"},
  };
  for (const auto& row : table) {
    CAPTURE(row.url);
    const auto origin = origin_of(row.url);
    REQUIRE(origin);
    CHECK(*origin == row.origin);
  }
}

TEST_CASE("what is not a plain http or https URL has no origin") {
  for (const std::string url :
       {"", "ftp://h/", "file:///etc/passwd", "h:8088/x", "//h/x", "https://", "https://user@h/", "https://u:p@h/",
        "https://h:99999/", "https://h/a b", "https://h/\r\nX: y", "https://h\x01/", "https://b\xc3\xbc.example/",
        "https://h\\@evil/", "gopher://h/"}) {
    CAPTURE(url);
    CHECK_FALSE(origin_of(url));
  }
  CHECK_FALSE(origin_of(std::string_view("https://h/\0x", 12)));
}

TEST_CASE("the text of a refused URL never quotes it") {
  const auto refused = origin_of("https://user:hunter22@h/");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what().find("hunter22") == std::string::npos);
}

TEST_CASE("Retry-After: seconds, or a date measured from the answer's own Date") {
  constexpr int64_t kNow = 1'445'412'000;  // Wed, 21 Oct 2015 07:20:00 GMT
  const struct {
    const char *value, *date;
    uint32_t ms;
  } table[] = {
      {"120", "", 120'000},
      {"0", "", 0},
      {"1.5", "", 1'500},
      {"3600", "", 3'600'000},
      {"7200", "", 3'600'000},
      {"99999999999999999999999999", "", 3'600'000},
      {"12x", "", 0},
      {"-5", "", 0},
      {"", "", 0},
      {"soon", "", 0},
      {"Wed, 21 Oct 2015 07:28:00 GMT", "", 480'000},
      {"Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:27:56 GMT", 4'000},
      {"Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:30:00 GMT", 0},
      {"Wed, 21 Oct 2015 23:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 GMT", 3'600'000},
      {"Wednesday, 21-Oct-15 07:28:00 GMT", "", 480'000},
      {"Wed Oct 21 07:28:00 2015", "", 480'000},
      {"Wed, 21 Oct 2015 07:28:00 GMT", "nonsense", 480'000},
  };
  for (const auto& row : table) {
    CAPTURE(row.value);
    CAPTURE(row.date);
    CHECK(retry_after_ms(row.value, row.date, kNow) == row.ms);
  }
}

TEST_CASE("header names are tokens, values cannot end the line, framing is the client's") {
  const struct {
    const char* name;
    std::string value;
  } refused[] = {
      {"", "x"},
      {"a b", "x"},
      {"a:", "x"},
      {"a\r\nb", "x"},
      {"n\xc3\xa4me", "x"},
      {"a", "x\r\nEvil: y"},
      {"a", "x\ny"},
      {"a", "x\ry"},
      {"a", std::string("x\0y", 3)},
      {"a", "x\x7f"},
      {"Content-Length", "3"},
      {"transfer-encoding", "chunked"},
      {"HOST", "other"},
      {"Connection", "close"},
      {"Expect", "100-continue"},
  };
  for (const auto& row : refused) {
    CAPTURE(row.name);
    CAPTURE(row.value);
    CHECK_FALSE(HeaderLines().build({{row.name, row.value, nullptr}}, false));
  }
  CHECK_FALSE(HeaderLines().build({{"Content-Encoding", "gzip", nullptr}}, true));
  CHECK(HeaderLines().build({{"X-Api_Key!", "\ttab and caf\xc3\xa9", nullptr}}, false));
}

TEST_CASE("a secret with a line break is refused and not quoted") {
  const auto secret = credentials::Secret::make("abcdef\r\nEvil: 1");
  const auto refused = HeaderLines().build({{"Authorization", "Bearer ", secret}}, false);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what().find("abcdef") == std::string::npos);
}

TEST_CASE("header lines as libcurl takes them") {
  HeaderLines lines;
  REQUIRE(
      lines.build({{"Authorization", "Splunk ", credentials::Secret::make("t0ken")}, {"X-Empty", "", nullptr}}, true));
  std::string all;
  for (const curl_slist* line = lines.list(); line != nullptr; line = line->next) all += std::string(line->data) + '|';
  CHECK(all == "Authorization: Splunk t0ken|X-Empty;|Expect:|Content-Type:|Content-Encoding: gzip|");
}

TEST_CASE("addresses by where they lead to") {
  const std::pair<const char*, AddressClass> table[] = {
      {"169.254.169.254", AddressClass::link_local},
      {"169.254.0.1", AddressClass::link_local},
      {"169.253.1.1", AddressClass::global},
      {"127.0.0.1", AddressClass::loopback},
      {"127.255.0.3", AddressClass::loopback},
      {"10.0.0.1", AddressClass::private_network},
      {"172.16.0.1", AddressClass::private_network},
      {"172.31.255.255", AddressClass::private_network},
      {"172.32.0.1", AddressClass::global},
      {"192.168.1.1", AddressClass::private_network},
      {"100.64.0.1", AddressClass::private_network},
      {"100.128.0.1", AddressClass::global},
      {"0.0.0.0", AddressClass::unspecified},
      {"224.0.0.1", AddressClass::multicast},
      {"255.255.255.255", AddressClass::reserved},
      {"8.8.8.8", AddressClass::global},
      {"fe80::1", AddressClass::link_local},
      {"fe80::1%eth0", AddressClass::link_local},
      {"febf::1", AddressClass::link_local},
      {"fd00:ec2::254", AddressClass::link_local},
      {"fd00:ec2::255", AddressClass::private_network},
      {"fec0::1", AddressClass::private_network},
      {"::", AddressClass::unspecified},
      {"::1", AddressClass::loopback},
      {"ff02::1", AddressClass::multicast},
      {"2a00:1450::1", AddressClass::global},
      {"::ffff:169.254.169.254", AddressClass::link_local},
      {"::ffff:127.0.0.1", AddressClass::loopback},
      {"::ffff:10.1.1.1", AddressClass::private_network},
      {"::ffff:8.8.8.8", AddressClass::reserved},
      {"::127.0.0.1", AddressClass::loopback},
      {"64:ff9b::169.254.169.254", AddressClass::link_local},
      {"64:ff9b::8.8.8.8", AddressClass::global},
      {"64:ff9b:1::1", AddressClass::private_network},
      {"2002:a9fe:a9fe::1", AddressClass::link_local},
      {"2002:7f00:1::1", AddressClass::loopback},
      {"nonsense", AddressClass::reserved},
      {"", AddressClass::reserved},
  };
  for (const auto& [text, expected] : table) {
    CAPTURE(text);
    CHECK(class_of(std::string_view(text)) == expected);
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    v4.sin_family = AF_INET;
    v6.sin6_family = AF_INET6;
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
      CHECK(class_of(reinterpret_cast<const sockaddr*>(&v4)) == expected);
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
      CHECK(class_of(reinterpret_cast<const sockaddr*>(&v6)) == expected);
  }
}

TEST_CASE("who chose a host decides which addresses it may have") {
  for (const auto one :
       {AddressClass::global, AddressClass::private_network, AddressClass::loopback, AddressClass::link_local,
        AddressClass::multicast, AddressClass::unspecified, AddressClass::reserved}) {
    CAPTURE(static_cast<int>(one));
    const bool near = one == AddressClass::private_network || one == AddressClass::loopback;
    CHECK((refusal(one, Trust::operators) == nullptr) == (one != AddressClass::link_local));
    CHECK((refusal(one, Trust::events) == nullptr) == (one == AddressClass::global));
    CHECK((refusal(one, Trust::events_in_private) == nullptr) == (one == AddressClass::global || near));
  }
}

TEST_CASE("host patterns") {
  const std::vector<std::string> patterns = {"a.example", "*.b.example"};
  CHECK(matches_host(patterns, "a.example"));
  CHECK(matches_host(patterns, "x.b.example"));
  CHECK(matches_host(patterns, "x.y.b.example"));
  for (const char* host : {"b.example", "xb.example", "x.a.example", ".b.example.evil", "a.example.evil", ""})
    CHECK_FALSE(matches_host(patterns, host));
}

TEST_CASE("libcurl's codes become classes") {
  CHECK(classify(CURLE_COULDNT_RESOLVE_HOST, "", false) == Transport::dns);
  CHECK(classify(CURLE_COULDNT_CONNECT, "", false) == Transport::connect);
  CHECK(classify(CURLE_PEER_FAILED_VERIFICATION, "", false) == Transport::tls);
  CHECK(classify(CURLE_OPERATION_TIMEDOUT, "", true) == Transport::timeout);
  CHECK(classify(CURLE_GOT_NOTHING, "", true) == Transport::reset);
  CHECK(classify(CURLE_RECV_ERROR, "", true) == Transport::reset);
  CHECK(classify(CURLE_RECV_ERROR, "CONNECT tunnel failed, response 403", false) == Transport::connect);
  CHECK(classify(CURLE_RECV_ERROR, "SSL routines::tlsv13 alert certificate required", true) == Transport::tls);
}

TEST_CASE("compression reuses its room and refuses no level") {
  Gzip gzip;
  ScratchBytes room;
  const std::string body(100'000, 'a');
  for (const int level : {-1, 0, 1, 6, 12, 99}) {
    const auto packed = gzip.compress(body, level, room);
    REQUIRE(packed);
    CHECK(packed->size() < 1000);
    CHECK(packed->substr(0, 2) == "\x1f\x8b");
  }
}

}  // namespace
}  // namespace csiem::http
