#include <doctest/doctest.h>

#include "plugin/config_view.hpp"

using csiem::plugin::ConfigView;

namespace {

constexpr const char* kText =
    R"({"a":"x","n":-5,"big":18446744073709551615,"d":2.0,"half":0.5,"t":true,"nil":null,"e":"",
        "list":["p",{"q":[1,2]},null],"obj":{"b.c":"dotted","z":{"deep":"yes"},"7":"seven"}})";

std::string text(ConfigView& view, std::string_view path) {
  csiem_str s{nullptr, 0};
  return view.get_str(path, &s) == CSIEM_OK ? std::string(s.ptr, s.len) : "-";
}

}  // namespace

TEST_CASE("paths select members, elements, names and values") {
  auto view = ConfigView::parse(kText);
  REQUIRE(bool(view));
  const struct {
    const char* path;
    const char* value;
  } kCases[] = {
      {"a", "x"},
      {"e", ""},
      {"n", "-5"},
      {"t", "true"},
      {"half", "5E-1"},
      {"nil", "-"},
      {"none", "-"},
      {"", "-"},
      {"a.b", "-"},
      {"list.0", "p"},
      {"list.1.q.1", "2"},
      {"list.1.q", "[1,2]"},
      {"list.2", "-"},
      {"list.3", "-"},
      {"list.-1", "-"},
      {"list.x", "-"},
      {"list.", "-"},
      {"obj.z.deep", "yes"},
      {"obj.z", R"({"deep":"yes"})"},
      {"obj.7", "seven"},
      {"obj.#0", "b.c"},
      {"obj.@0", "dotted"},
      {"obj.#1", "z"},
      {"obj.@1.deep", "yes"},
      {"obj.#3", "-"},
      {"obj.@99999999999999999999", "-"},
      {"obj.#", "-"},
      {"..", "-"},
  };
  for (const auto& c : kCases) {
    CAPTURE(c.path);
    CHECK(text(**view, c.path) == c.value);
  }
}

TEST_CASE("slices stay good while the view lives") {
  auto view = ConfigView::parse(kText);
  csiem_str first{nullptr, 0}, name{nullptr, 0};
  CHECK((*view)->get_str("list", &first) == CSIEM_OK);
  CHECK((*view)->get_str("obj.#0", &name) == CSIEM_OK);
  for (int i = 0; i < 1000; ++i) text(**view, i % 2 != 0 ? "obj" : "obj.#1");
  CHECK(std::string(first.ptr, first.len).substr(0, 5) == R"(["p",)");
  CHECK(std::string(name.ptr, name.len) == "b.c");
}

TEST_CASE("integers are integers, whole doubles and booleans") {
  auto view = ConfigView::parse(kText);
  int64_t n = 0;
  CHECK((*view)->get_i64("n", &n) == CSIEM_OK);
  CHECK(n == -5);
  CHECK((*view)->get_i64("d", &n) == CSIEM_OK);
  CHECK(n == 2);
  CHECK((*view)->get_i64("t", &n) == CSIEM_OK);
  CHECK(n == 1);
  CHECK((*view)->get_i64("half", &n) == CSIEM_E_UNSUPPORTED);
  CHECK((*view)->get_i64("big", &n) == CSIEM_E_UNSUPPORTED);
  CHECK((*view)->get_i64("a", &n) == CSIEM_E_UNSUPPORTED);
  CHECK((*view)->get_i64("nil", &n) == CSIEM_E_INVALID);
  CHECK((*view)->get_i64("none", &n) == CSIEM_E_INVALID);
}

TEST_CASE("no text means no settings; anything but an object is refused") {
  CHECK(bool(ConfigView::parse("")));
  CHECK_FALSE(bool(ConfigView::parse("[]")));
  CHECK_FALSE(bool(ConfigView::parse("{}x")));
  CHECK_FALSE(bool(ConfigView::parse("null")));
}
