// Verdicts on broken, odd and hostile lines, for lenient and strict sources.
#include <doctest/doctest.h>

#include "files.hpp"
#include "mapping.hpp"

namespace {

const std::string kFront =
    R"({"schema_version":"1.0.0","event_id":"019cad8f-ac2c-7fdf-91c9-98d67c09c389","event_type":"guard_block",)"
    R"("event_category":"file","timestamp":"2026-03-02T08:00:00.044000000Z","agent":{"id":"a","name":"a",)"
    R"("version":"1.0.0","type":"clawdstrike"},"session":{"id":"s"},"outcome":"failure","action":"file_access",)"
    R"("threat":{},"decision":{"allowed":false,"guard":"forbidden_path","severity":"high","reason":")";
const std::string kMiddle = R"("},"resource":{"type":"file","name":"/etc/shadow"},"metadata":)";
const std::string kBack = R"(,"labels":{}})";

std::string with_metadata(const std::string& metadata) { return kFront + "r" + kMiddle + metadata + kBack; }

// Lines too large for a data file.
std::string built(std::string_view id) {
  if (id == "line_1m") return kFront + std::string(1 << 20, 'R') + kMiddle + "{}" + kBack;
  if (id == "brackets_1m") return std::string(1 << 20, '[');
  if (id == "garbage_70k") return std::string(70'000, 'x');
  if (id == "depth_5000") {
    std::string deep;
    for (int i = 0; i < 5000; ++i) deep += R"({"a":)";
    return with_metadata(deep + "1" + std::string(5000, '}'));
  }
  if (id == "digits_4000") return with_metadata(R"({"n":)" + std::string(4000, '9') + "}");
  if (id == "wide") {
    std::string keys;
    for (int i = 0; i < 20'000; ++i) keys += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":" + std::to_string(i);
    return with_metadata("{" + keys + "}");
  }
  FAIL("no builder for a line");
  return {};
}

std::string verdict(const testing::Mapped& m) {
  if (m.result.blank) return "skip";
  if (m.result.rejected == 0) return "accept";
  return m.result.accepted == 0 ? "reject" : "partial";
}

void check(const std::vector<std::string>& lines) {
  const auto rows = testing::split(testing::slurp(testing::data_file("malformed.expect.tsv")), '\n');
  REQUIRE(lines.size() == 109);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto row = testing::split(rows.at(i + 1), '\t');
    const std::string line = lines[i].starts_with("@build ") ? built(lines[i].substr(7)) : lines[i];
    const std::string id = row.at(1);
    CAPTURE(id);
    csiem::ingest::Options strict;
    strict.strict = true;
    const auto lenient_result = testing::map_line(line);
    const auto strict_result = testing::map_line(line, strict);
    if (row.at(3) != "either") CHECK(verdict(strict_result) == row.at(3));
    // A torn last line is the reader's to hold back; as a line it is broken.
    const std::string want = row.at(4) == "wait" ? "reject" : row.at(4);
    if (want != "either") CHECK(verdict(lenient_result) == want);
    for (const auto& event : lenient_result.events) CHECK(event.is_object());
  }
}

}  // namespace

TEST_CASE("the verdicts of the catalogue of malformed lines") {
  check(testing::split(testing::slurp(testing::data_file("malformed.jsonl")), '\n'));
}

TEST_CASE("the verdicts of the full catalogue" * doctest::skip(testing::shared_file("malformed.jsonl").empty())) {
  check(testing::split(testing::slurp(testing::shared_file("malformed.jsonl")), '\n'));
}

TEST_CASE("a number beyond a double is kept as text, never printed as infinity") {
  const auto m = testing::map_line(with_metadata(R"({"n":1e400,"m":[-1e999],"k":1.50})"));
  REQUIRE(m.texts.size() == 1);
  CHECK(m.texts[0].find(R"("metadata":{"n":"1e400","m":["-1e999"],"k":1.50})") != std::string::npos);
}

TEST_CASE("integers keep every digit") {
  const auto m = testing::map_line(
      with_metadata(R"({"a":18446744073709551616,"b":-9223372036854775809,"c":18446744073709551615})"));
  CHECK(m.texts.at(0).find(R"({"a":18446744073709551616,"b":-9223372036854775809,"c":18446744073709551615})") !=
        std::string::npos);
}

TEST_CASE("the last of equal keys counts, everywhere") {
  const auto m = testing::map_line(with_metadata(R"({"a":1,"b":{"x":1,"x":2},"a":3})"));
  CHECK(m.texts.at(0).find(R"("metadata":{"b":{"x":2},"a":3})") != std::string::npos);
  std::string many = "{\"k0\":\"first\"";
  for (int i = 0; i < 100; ++i) many += ",\"k" + std::to_string(i) + "\":" + std::to_string(i);
  CHECK(testing::map_line(with_metadata(many + "}")).at("metadata/k0") == 0);
}

TEST_CASE("ill-formed UTF-8 becomes U+FFFD once per part, overlong forms are not decoded") {
  const auto m = testing::map_line(kFront + "a\xc0\xaf/\xe2\x82z\xed\xa0\x80" + kMiddle + "{}" + kBack);
  CHECK(m.result.utf8_repaired);
  CHECK(m.text_at("decision/reason") == "a\xef\xbf\xbd\xef\xbf\xbd/\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

TEST_CASE("reason codes") {
  using csiem::ingest::Reject;
  const auto reason = [](std::string_view line, csiem::ingest::Options o = {}) {
    return testing::map_line(line, std::move(o)).result.reason;
  };
  csiem::ingest::Options strict;
  strict.strict = true;
  csiem::ingest::Options small;
  small.max_line_bytes = 10;
  CHECK(reason("{") == Reject::bad_json);
  CHECK(reason("[1]") == Reject::not_object);
  CHECK(reason("{\"a\":1}") == Reject::unknown_shape);
  CHECK(reason(R"({"schema_version":"1.0.0","event_type":"guard_block"})") == Reject::no_decision);
  CHECK(reason(R"({"schema_version":"2.0.0","event_type":"guard_block","decision":{}})") == Reject::bad_field);
  CHECK(reason(std::string(200, '[')) == Reject::too_deep);
  CHECK(reason("{\"a\":\"0123456789\"}", small) == Reject::too_long);
  CHECK(reason(kFront + "\xff" + kMiddle + "{}" + kBack, strict) == Reject::bad_utf8);
  CHECK(reason(kFront + "r" + kMiddle + "{}" + kBack, strict) == Reject::none);
}

TEST_CASE("foreign lines are told apart only where they are expected") {
  csiem::ingest::Options pipe;
  pipe.allow_foreign_lines = true;
  CHECK(testing::map_line("2026-03-02 INFO hushd: listening", pipe).result.foreign);
  CHECK(testing::map_line("2026-03-02 INFO hushd: listening", pipe).result.rejected == 0);
  CHECK(testing::map_line("2026-03-02 INFO hushd: listening").result.rejected == 1);
  CHECK_FALSE(testing::map_line("{broken", pipe).result.foreign);
}
