// Every shape's expected events.
#include <doctest/doctest.h>

#include "files.hpp"
#include "mapping.hpp"

TEST_CASE("each golden case maps to exactly its events") {
  std::size_t cases = 0;
  for (const std::string& line : testing::split(testing::slurp(testing::data_file("shapes.golden.jsonl")), '\n')) {
    if (line.empty()) continue;
    ++cases;
    const auto golden = testing::parsed(line);
    const auto& o = golden.as_object();
    const std::string note(o.at("note").as_string());
    const std::string input(o.at("input").as_string());
    CAPTURE(note);
    const auto* sse = o.if_contains("sse_event");
    const auto mapped =
        sse != nullptr ? testing::map_sse(std::string(sse->as_string()), input) : testing::map_line(input);
    const boost::json::array got(mapped.events.begin(), mapped.events.end());
    CHECK_MESSAGE(boost::json::value(got) == o.at("expect"),
                  "got " << boost::json::serialize(got) << "\nwant " << boost::json::serialize(o.at("expect")));
  }
  CHECK(cases == 44);
}

TEST_CASE("mapping an event's own canonical text changes nothing") {
  for (const std::string& line : testing::split(testing::slurp(testing::data_file("shapes.golden.jsonl")), '\n')) {
    if (line.empty()) continue;
    const std::string input(testing::parsed(line).as_object().at("input").as_string());
    for (const std::string& text : testing::map_line(input).texts) {
      const auto again = testing::map_line(text);
      REQUIRE(again.texts.size() == 1);
      CHECK(again.texts[0] == text);
    }
  }
}
