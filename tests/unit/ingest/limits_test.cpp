// Limits on texts, metadata and labels.
#include <doctest/doctest.h>

#include "mapping.hpp"

using testing::map_line;

namespace {

std::string event_with(const std::string& reason, const std::string& metadata, const std::string& labels = "{}") {
  return R"({"schema_version":"1.0.0","event_id":"0195a1c2-0000-7000-8000-00000000000d","event_type":"guard_block",)"
         R"("event_category":"file","timestamp":"2026-03-02T08:00:00Z","outcome":"failure","action":"file_access",)"
         R"("decision":{"allowed":false,"guard":"g","severity":"high","reason":")" +
         reason + R"("},"resource":{"type":"file","name":"/x"},"metadata":)" + metadata + R"(,"labels":)" + labels +
         "}";
}

}  // namespace

TEST_CASE("a text beyond its limit is cut at a code point and listed") {
  std::string accents;
  for (int i = 0; i < 20'000; ++i) accents += "\xc3\xa9";
  const auto m = map_line(event_with("xx" + accents, "{}"));
  const std::string reason = m.text_at("decision/reason");
  CHECK(reason.size() <= 32 * 1024);
  CHECK(reason.size() > 32 * 1024 - 6);
  CHECK(reason.ends_with("\xc3\xa9\xe2\x80\xa6"));
  CHECK(m.at("metadata/siem_source/truncated") == testing::parsed(R"(["decision.reason"])"));
}

TEST_CASE("a text at its limit is whole") {
  const auto m = map_line(event_with(std::string(32 * 1024, 'x'), "{}"));
  CHECK(m.text_at("decision/reason").size() == 32 * 1024);
  CHECK(m.at("metadata") == testing::parsed("{}"));
}

TEST_CASE("metadata beyond its limit becomes a digest with the names of its members") {
  const std::string metadata = R"({"big":")" + std::string(300'000, 'x') + R"(","small":1})";
  const auto m = map_line(event_with("r", metadata));
  CHECK(m.at("metadata/bytes") == metadata.size());
  CHECK(m.text_at("metadata/sha256").size() == 64);
  CHECK(m.at("metadata/keys") == testing::parsed(R"(["big","small"])"));
  CHECK(m.at("metadata/siem_source/truncated") == testing::parsed(R"(["metadata"])"));
  CHECK(m.texts.at(0).size() < 2000);
}

TEST_CASE("unknown members beyond the metadata limit become a digest") {
  auto line = event_with("r", "{}");
  line.insert(1, R"("unknown":")" + std::string(300'000, 'x') + "\",");
  const auto m = map_line(line);
  CHECK(m.text_at("metadata/siem_source/extra/too_large/sha256").size() == 64);
  CHECK(m.texts.at(0).size() < 2000);
}

TEST_CASE("labels: at most 64, texts made of other values") {
  std::string labels = R"({"n":1,"b":true,"o":{"x": [1]})";
  for (int i = 0; i < 100; ++i) labels += ",\"l" + std::to_string(i) + "\":\"v\"";
  const auto m = map_line(event_with("r", "{}", labels + "}"));
  CHECK(m.at("labels").as_object().size() == 64);
  CHECK(m.text_at("labels/n") == "1");
  CHECK(m.text_at("labels/b") == "true");
  CHECK(m.text_at("labels/o") == R"({"x":[1]})");
  CHECK(m.at("metadata/siem_source/truncated") == testing::parsed(R"(["labels"])"));
}
