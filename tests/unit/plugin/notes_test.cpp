#include <doctest/doctest.h>

#include <cstring>
#include <random>

#include "fake_host.hpp"

using namespace csiem::plugin;
using namespace csiem::plugin::test;

TEST_CASE("the note tells kind, name, version and ABI of a plugin without loading it") {
  const auto notes = read_notes(read_bytes(hostile_file("nothing")));
  REQUIRE(bool(notes));
  REQUIRE(notes->size() == 1);
  CHECK((*notes)[0].kind == "exporter");
  CHECK((*notes)[0].name == "hostile_nothing");
  CHECK((*notes)[0].version == "1.0.0");
  CHECK((*notes)[0].abi == CSIEM_ABI_TEXT);
}

TEST_CASE("files that are no plugins are told apart") {
  const std::string plugin = read_bytes(hostile_file("nothing"));
  const auto why = [](const std::string& bytes) {
    const auto notes = read_notes(bytes);
    return notes ? std::string("a plugin") : notes.error().what();
  };
  CHECK(why("") == "not an ELF file");
  CHECK(why("#!/bin/sh\n") == "not an ELF file");
  CHECK(why(read_bytes(hostile_file("no_note"))).find("no note") != std::string::npos);
  CHECK(why(read_bytes("/proc/self/exe")).find("no note") != std::string::npos);
  std::string other = plugin;
  other[4] = 1;  // ELFCLASS32
  CHECK(why(other).find("64-bit") != std::string::npos);
  other = plugin;
  other[18] = 8;  // EM_MIPS
  CHECK(why(other) == "built for another machine");
}

TEST_CASE("a plugin cut anywhere is read or refused, never trusted") {
  const std::string plugin = read_bytes(hostile_file("nothing"));
  int read = 0;
  for (std::size_t n = 0; n < plugin.size(); n += n < 4096 ? 1 : 997) {
    const std::string cut = plugin.substr(0, n);  // its own allocation: sanitizers see a byte too far
    if (read_notes(cut)) ++read;
  }
  CHECK(read > 0);
}

TEST_CASE("damaged plugins never make the reader wander off") {
  // What matters lies in the headers and the notes at the start.
  const std::string plugin = read_bytes(hostile_file("nothing")).substr(0, 4096);
  REQUIRE(bool(read_notes(plugin)));
  std::mt19937 random(20260301);
  static constexpr unsigned char kNasty[] = {0x00, 0xff, 0x7f, 0x80, 0x01, 0x04};
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = plugin;
    for (unsigned n = 1 + random() % 8; n > 0; --n) {
      // Mostly in the ELF and program headers, where a changed byte means most.
      const std::size_t at = random() % (random() % 4 != 0 ? 64 + 56 * 12 : damaged.size());
      damaged[at] = static_cast<char>(random() % 2 != 0 ? kNasty[random() % sizeof kNasty] : random() % 256);
    }
    const auto notes = read_notes(damaged);
    if (!notes) ++refused;
    if (notes)
      for (const Announced& c : *notes) {
        CHECK(c.name.size() <= 64);
        CHECK_FALSE(c.name.empty());
      }
  }
  CHECK(refused > 1000);
  CHECK(refused < 20'000);
}

TEST_CASE("a note that lacks a key, or holds control characters, is refused") {
  std::string plugin = read_bytes(hostile_file("nothing"));
  const auto at = plugin.find("name=hostile_nothing");
  REQUIRE(at != std::string::npos);
  const auto code = [&](const char* name) {
    std::string changed = plugin;
    changed.replace(at, std::strlen(name), name);
    const auto notes = read_notes(changed);
    return notes ? 0 : notes.error().message_code();
  };
  CHECK(code("name=hostile_nothing") == 0);
  CHECK(code("nome=hostile_nothing") == 3008);
  CHECK(code("name=hostile\x1bnothing") == 3008);
  CHECK(code("name=\n") == 3008);
}
