// Metadata: what passes as it is, and what becomes of the rest (schemas.md 4.5).
// SPDX-License-Identifier: Apache-2.0
#include "ecs/metadata.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace csiem::ecs;

namespace {

std::string nested(std::size_t depth, const std::string& inside) {
  std::string out = inside;
  for (std::size_t i = 0; i < depth; ++i) out = "{\"k\":" + out + "}";
  return out;
}

}  // namespace

TEST_CASE("harmless metadata is recognised") {
  for (const char* text :
       {R"({"a":1})", R"({"a":{"b":[1,2,{"c":null}]},"d":"x \" \\ \u0000 }"})", R"({"a":{"x":1},"b":{"x":1}})",
        R"( { "a" : "b" } )", R"({"a":[{"x":1},{"x":2}]})", R"({"k.v":1,".a":2})"}) {
    INFO(text);
    CHECK(scan_metadata(text).harmless);
    CHECK_FALSE(scan_metadata(text).empty);
  }
  CHECK(scan_metadata(nested(16, "1")).harmless);
}

TEST_CASE("nothing to say is nothing to write") {
  for (const char* text : {"", "{}", " { } "}) CHECK(scan_metadata(text).empty);
}

TEST_CASE("what Elasticsearch would refuse is repaired, and nothing is lost") {
  struct Row {
    const char *text, *repaired;
  };
  const Row rows[] = {
      {R"({"":1})", R"({"_":1})"},
      {R"({" \t":1,"..":2,". .":3})", R"({"_":1,"__2":2,"__3":3})"},
      {R"({"a\u0000b":1,"\u0000":2})", R"({"ab":1,"_":2})"},
      {R"({"a":1,"a":{"a":2},"a":3})", R"({"a":1,"a_2":{"a":2},"a_3":3})"},
      {R"({"a":1,"a_2":2,"a":3})", R"({"a":1,"a_2":2,"a_3":3})"},
      {R"({"o":[{"":1},{"":2}],"n":-1.50e+3,"big":123456789012345678901234567890,"f":1e400,"t":true,"z":null,"s":"\u00e9\n"})",
       "{\"o\":[{\"_\":1},{\"_\":2}],\"n\":-1.50e+3,\"big\":123456789012345678901234567890,\"f\":1e400,\"t\":true,"
       "\"z\":null,"
       "\"s\":\"\xc3\xa9\\n\"}"},
      {R"([1,2])", R"({"details":"[1,2]"})"},
      {R"("text")", R"({"details":"\"text\""})"},
      {R"({"a":)", R"({"details":"{\"a\":"})"},
      {R"({"a":1} x)", R"({"details":"{\"a\":1} x"})"},
      {R"({"a"})", R"({"details":"{\"a\"}"})"},
  };
  MetadataRewriter rewriter;
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(rewriter.rewrite(row.text) == row.repaired);
  }
}

TEST_CASE("the scan sends exactly that to the repair") {
  for (const char* text : {R"({"":1})", R"({"a":{" ":1}})", R"({"a\u0041":1})", R"({"a":1,"b":2,"a":3})", "[1]",
                           R"({"a":)", R"({"a":1}})", R"({"a":"open)"}) {
    INFO(text);
    CHECK_FALSE(scan_metadata(text).harmless);
  }
  std::string wide = "{\"k0\":0";
  for (int i = 1; i < 70; ++i) wide += ",\"k" + std::to_string(i) + "\":0";
  wide += "}";
  CHECK_FALSE(scan_metadata(wide).harmless);  // too many keys to compare in place
  CHECK(MetadataRewriter().rewrite(wide) == wide);
}

TEST_CASE("what nests deeper than sixteen becomes its JSON text") {
  MetadataRewriter rewriter;
  CHECK_FALSE(scan_metadata(nested(17, "1")).harmless);
  CHECK(rewriter.rewrite(nested(17, "1")) == nested(16, R"("{\"k\":1}")"));
  CHECK(rewriter.rewrite(nested(16, R"([1,{"":[2]},"x"])")) == nested(16, R"("[1,{\"\":[2]},\"x\"]")"));
  CHECK(rewriter.rewrite(nested(15, R"([1,[2],3])")) == nested(15, R"([1,"[2]",3])"));
  const std::string bottomless = "{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  CHECK(rewriter.rewrite(bottomless).substr(0, 12) == "{\"details\":\"");
}

TEST_CASE("the host name is seen where it counts") {
  CHECK(scan_metadata(R"({"hostname":"h.example","x":1})").hostname == "h.example");
  CHECK(scan_metadata(R"({"a":{"hostname":"h"}})").hostname.empty());
  CHECK(scan_metadata(R"({"hostname":"a\n"})").hostname.empty());
  CHECK(scan_metadata(R"({"hostname":null})").hostname.empty());
}
