#include <type_traits>

#include "base/log.hpp"
#include "fixture.hpp"

namespace csiem::credentials {
namespace {

using namespace test;

TEST_CASE("every form of a reference, taken apart and put together again") {
  const struct {
    const char *text, *provider, *name, *field;
  } table[] = {
      {"SPLUNK_HEC_TOKEN", "", "SPLUNK_HEC_TOKEN", ""},
      {"env/SPLUNK_HEC_TOKEN", "env", "SPLUNK_HEC_TOKEN", ""},
      {"file/splunk_token", "file", "splunk_token", ""},
      {"file/team-a/splunk.token", "file", "team-a/splunk.token", ""},
      {"file/all.json#splunk", "file", "all.json", "splunk"},
      {"vault/splunk#hec_token", "vault", "splunk", "hec_token"},
      {"vault//secret/data/other#key", "vault", "/secret/data/other", "key"},
      {"k8s_secret/siem-tokens#slack", "k8s_secret", "siem-tokens", "slack"},
      {"NAME#field", "", "NAME", "field"},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.text));
    const auto parsed = parse_reference("cred:" + std::string(row.text));
    REQUIRE(parsed);
    CHECK(parsed->provider == row.provider);
    CHECK(parsed->name == row.name);
    CHECK(parsed->field == row.field);
    CHECK(parsed->text() == row.text);
  }
}

TEST_CASE("what is not a reference is refused, and its text not shown") {
  for (const std::string text : {"",
                                 "cred",
                                 "cred:",
                                 "cred:#f",
                                 "cred:a#",
                                 "cred:a#b#c",
                                 "cred:a b",
                                 "cred:env/",
                                 "cred:/abs",
                                 "cred:env//abs",
                                 "cred:file/../etc/passwd",
                                 "cred:file/a/../b",
                                 "cred:file/.",
                                 "cred:file/a//b",
                                 "cred:file/a/",
                                 "cred:ENV/x",
                                 "cred:pa ss/x",
                                 "cred:vault///x",
                                 "cred:geheim$1",
                                 "CRED:x",
                                 "geheim$1",
                                 "cred:a\n",
                                 "cred:caf\xc3\xa9"}) {
    CAPTURE(text);
    const auto parsed = parse_reference(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().what().find("geheim") == std::string::npos);
  }
  CHECK_FALSE(parse_reference("cred:" + std::string(513, 'a')));
  CHECK_FALSE(parse_reference(std::string_view("cred:a\0b", 8)));
}

TEST_CASE("is_reference looks at the prefix only") {
  CHECK(is_reference("cred:X"));
  CHECK(is_reference("cred:"));
  CHECK_FALSE(is_reference("credX"));
  CHECK_FALSE(is_reference(""));
}

template <class T>
concept Printable = requires(std::ostream& out, const T& t) {
  out << t;
};
template <class T>
concept Comparable = requires(const T& a, const T& b) {
  a == b;
};

TEST_CASE("a secret cannot be copied, printed, compared or turned into a string") {
  CHECK_FALSE(std::is_copy_constructible_v<Secret>);
  CHECK_FALSE(std::is_copy_assignable_v<Secret>);
  CHECK_FALSE(std::is_convertible_v<Secret, std::string>);
  CHECK_FALSE(std::is_convertible_v<Secret, std::string_view>);
  CHECK_FALSE(std::is_constructible_v<std::string, const Secret&>);
  CHECK_FALSE(Printable<Secret>);
  CHECK_FALSE(Comparable<Secret>);
}

TEST_CASE("a secret hands out its bytes, zero bytes included") {
  const auto secret = Secret::make(std::string_view("a\0b", 3));
  CHECK(secret->size() == 3);
  CHECK(text_of(secret) == std::string("a\0b", 3));
}

}  // namespace
}  // namespace csiem::credentials
