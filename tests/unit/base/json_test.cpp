#include <doctest/doctest.h>
#include <csiem/json.hpp>

#include <string>

#include "base/buffer.hpp"

namespace {
std::string escaped(std::string_view text) {
  csiem::Buffer buffer;
  csiem::Out out(buffer.writer());
  out.string(text);
  return std::string(buffer.view());
}
}  // namespace

TEST_CASE("strings are escaped wherever the special byte stands") {
  CHECK(escaped("") == "\"\"");
  CHECK(escaped("plain") == "\"plain\"");
  for (std::size_t at = 0; at < 40; ++at) {
    std::string text(40, 'a');
    text[at] = '"';
    std::string want = "\"" + std::string(at, 'a') + "\\\"" + std::string(39 - at, 'a') + "\"";
    CHECK(escaped(text) == want);
    text[at] = '\x01';
    want = "\"" + std::string(at, 'a') + "\\u0001" + std::string(39 - at, 'a') + "\"";
    CHECK(escaped(text) == want);
  }
  CHECK(escaped("\n\r\t\b\f\\\x1f") == "\"\\n\\r\\t\\b\\f\\\\\\u001f\"");
  CHECK(escaped("\xc3\xa9\xf0\x9f\x94\x92\x7f") == "\"\xc3\xa9\xf0\x9f\x94\x92\x7f\"");
}

TEST_CASE("objects and arrays get their commas") {
  csiem::Buffer buffer;
  csiem::Out out(buffer.writer());
  csiem::Json j(out);
  j.open();
  j.text("a", std::string_view("1"));
  j.text("absent", csiem_str{nullptr, 0});
  j.open("b");
  j.close();
  j.open_array("c");
  j.value("x");
  j.value("y");
  j.close_array();
  j.integer("d", -5);
  j.boolean("e", true);
  j.raw("f", "{}");
  j.close();
  CHECK(buffer.view() == R"({"a":"1","b":{},"c":["x","y"],"d":-5,"e":true,"f":{}})");
}
