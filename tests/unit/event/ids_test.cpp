#include "event/ids.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace csiem::event;

namespace {

std::string normalised(std::string_view text) {
  std::string out(kUuidLength, '\0');
  return normalise_uuid(text, out.data()) ? out : std::string("none");
}

}  // namespace

TEST_CASE("UUIDs are read in every accepted spelling") {
  const std::string want = "0195a1c2-0000-7000-8000-00000000000d";
  CHECK(normalised("0195a1c2-0000-7000-8000-00000000000d") == want);
  CHECK(normalised("0195A1C2-0000-7000-8000-00000000000D") == want);
  CHECK(normalised("0195a1c200007000800000000000000d") == want);
  CHECK(normalised("urn:uuid:0195a1c2-0000-7000-8000-00000000000d") == want);
  CHECK(normalised("{0195a1c2-0000-7000-8000-00000000000d}") == want);
  CHECK(normalised("  0195a1c2-0000-7000-8000-00000000000d ") == want);
}

TEST_CASE("what is no UUID") {
  CHECK(normalised("") == "none");
  CHECK(normalised("0195a1c2-0000-7000-8000-00000000000") == "none");
  CHECK(normalised("0195a1c2_0000_7000_8000_00000000000d") == "none");
  CHECK(normalised("0195a1c2-0000-7000-8000-00000000000g") == "none");
  CHECK(normalised("00000000-0000-0000-0000-000000000000") == "none");
}

TEST_CASE("only lower-case hyphenated ids are output form") {
  CHECK(is_output_uuid("0195a1c2-0000-7000-8000-00000000000d"));
  CHECK_FALSE(is_output_uuid("0195A1C2-0000-7000-8000-00000000000d"));
  CHECK_FALSE(is_output_uuid("0195a1c2-0000-7000-8000-00000000000D"));
  CHECK_FALSE(is_output_uuid("0195a1c2-0000-7000-8000-0000000000-d"));
  CHECK_FALSE(is_output_uuid("00000000-0000-0000-0000-000000000000"));
  CHECK_FALSE(is_output_uuid("0195a1c200007000800000000000000d"));
}

TEST_CASE("derived ids follow the published vectors") {
  IdMaker ids;
  char out[kUuidLength];
  const std::array<std::string_view, 4> first{"evt-1795487495218-nrefjq", "2026-11-24T02:31:35.218000000Z", "file_read",
                                              "~/.ssh/id_rsa"};
  ids.derive("openclaw_store", first, 1'795'487'495'218'000'000, out);
  CHECK(std::string_view(out, sizeof out) == "01a20b64-f432-7360-bf56-ae0e8068402d");
  const std::array<std::string_view, 4> second{"ctx-1-5-error", "2026-03-02T08:00:00.250000000Z", "tool_call_error",
                                               "x"};
  ids.derive("adapter_core", second, 1'772'438'400'250'000'000, out);
  CHECK(std::string_view(out, sizeof out) == "019cad8f-acfa-75af-8f3b-d51dc0ca0cbd");
}

TEST_CASE("a record without a time has an id with time zero") {
  IdMaker ids;
  char out[kUuidLength];
  const std::array<std::string_view, 1> key{"x"};
  ids.derive("hushd_webhook", key, std::nullopt, out);
  CHECK(std::string_view(out, 13) == "00000000-0000");
  CHECK(out[14] == '7');
}
