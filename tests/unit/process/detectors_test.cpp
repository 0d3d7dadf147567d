// What each detector finds and what it leaves, and that the triggers let every find through.
#include "process/privacy/detectors.hpp"

#include <doctest/doctest.h>
#include <re2/re2.h>

#include <csiem/json.hpp>
#include <set>
#include <string>

#include "base/buffer.hpp"
#include "process/privacy/text_scanner.hpp"

using namespace csiem;
using namespace csiem::process;

namespace {

struct Case {
  const char* detector;
  const char* text;
  const char* wanted;
};
constexpr Case kCases[] = {
#include "detector_cases.inc"
};

PrivacySettings only(const std::string& detector) {
  PrivacySettings settings;
  settings.detectors = {detector};
  settings.replacement = "#";
  return settings;
}

std::string cleaned(TextScanner& scanner, std::string_view text, std::string_view key = {}) {
  const std::string* found = scanner.cleaned(text, key);
  return found == nullptr ? std::string(text) : *found;
}

}  // namespace

TEST_CASE("each detector replaces what it is for and leaves what only looks like it") {
  for (const Case& c : kCases) {
    CAPTURE(c.detector);
    CAPTURE(c.text);
    RedactionCounts counts;
    TextScanner scanner(only(c.detector), counts);
    CHECK(cleaned(scanner, c.text) == c.wanted);
    const bool found = std::string_view(c.text) != c.wanted;
    CHECK((counts.all().front().count > 0) == found);
    CHECK(counts.all().front().rule == c.detector);
    // A second look finds nothing more.
    CHECK(cleaned(scanner, c.wanted) == c.wanted);
  }
}

TEST_CASE("each detector has a find and a near miss among the cases") {
  std::set<std::string_view> finds;
  std::set<std::string_view> misses;
  for (const Case& c : kCases) (std::string_view(c.text) == c.wanted ? misses : finds).insert(c.detector);
  for (const Detector& detector : detectors()) {
    CAPTURE(detector.name);
    CHECK(finds.count(detector.name) == 1);
    CHECK(misses.count(detector.name) == 1);
  }
}

TEST_CASE("a find is seen by the one look at all texts, also when it is written as JSON") {
  for (const Case& c : kCases) {
    if (std::string_view(c.text) == c.wanted) continue;
    CAPTURE(c.text);
    RedactionCounts counts;
    TextScanner scanner(only(c.detector), counts);
    Buffer json;
    Out out(json.writer());
    out.string("a");
    out.byte(':');
    out.string(c.text);
    CHECK(scanner.may_find(json.view(), json.view()));
    std::string hidden = "{\"a\":\"";
    for (const char letter : std::string_view(c.text)) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(letter)));
      hidden += code;
    }
    CHECK(scanner.may_find(hidden, hidden));
  }
}

TEST_CASE("a member's name makes its whole value a find") {
  RedactionCounts counts;
  PrivacySettings settings;
  settings.detectors = {"assignment", "auth_header", "datadog_key"};
  settings.replacement = "#";
  TextScanner scanner(settings, counts);
  CHECK(cleaned(scanner, "my long pass phrase", "db_password") == "#");
  CHECK(cleaned(scanner, "Negotiate YII", "Authorization") == "#");
  CHECK(cleaned(scanner, "${PW}", "password") == "${PW}");
  CHECK(cleaned(scanner, "plain words", "note") == "plain words");
  CHECK(cleaned(scanner, "none of it", "passwordless") == "none of it");
  CHECK(scanner.may_find("\"db_password\":\"my long pass phrase\"", ""));
}

TEST_CASE("own patterns replace group 1, or everything") {
  PrivacySettings settings;
  settings.patterns = {{"employee", "EMP-[0-9]{4}"}, {"ticket", "ticket ([a-z]+)"}, {"whole", "^secret$"}};
  settings.replacement = "#";
  RedactionCounts counts;
  TextScanner scanner(settings, counts);
  CHECK(cleaned(scanner, "EMP-1234 EMP-12 ticket abc") == "# EMP-12 ticket #");
  CHECK(cleaned(scanner, "secret") == "#");
  CHECK(cleaned(scanner, "no secret") == "no secret");
  CHECK(scanner.may_find("anything", "{}"));  // "^secret$" could be any of the texts
  CHECK(counts.all()[0].rule == "employee");
  CHECK(counts.all()[0].count == 1);
}

TEST_CASE("an own pattern that does not look at the ends needs no look at every text") {
  PrivacySettings settings;
  settings.patterns = {{"employee", "\\bEMP-[0-9]{4}\\b"}};
  RedactionCounts counts;
  TextScanner scanner(settings, counts);
  CHECK_FALSE(scanner.may_find("nothing", "{}"));
  CHECK(scanner.may_find("x EMP-1234", "{}"));
  CHECK(scanner.may_find("nothing", R"({"a":"\u0045MP-1234"})"));
}

TEST_CASE("a text made to cost time is given up as a whole") {
  PrivacySettings settings = only("credit_card");
  RedactionCounts counts;
  TextScanner scanner(settings, counts);
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "4 4 4 4 4 4 4 4 4 4 4 4 4 4-";
  CHECK(cleaned(scanner, text).size() < 64);
}

TEST_CASE("the faults of patterns are named with their place") {
  CHECK(check_pattern("EMP-[0-9]+").what.empty());
  const auto fault = check_pattern("EMP-(?=x)");
  CHECK_FALSE(fault.what.empty());
  CHECK(fault.offset == 4);
  CHECK_FALSE(check_pattern("a*").what.empty());
  CHECK_FALSE(check_pattern("(?:(?:a{1,100}){1,10}b){1,10}").what.empty());
  for (const Detector& detector : detectors()) {
    CAPTURE(detector.name);
    CHECK(check_pattern(detector.pattern).what.empty());
    CHECK(check_pattern(detector.trigger).what.empty());
    if (!detector.key.empty()) CHECK(check_pattern(detector.key).what.empty());
  }
}
