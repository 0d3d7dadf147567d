#include "delivery/verdict.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "delivery/tokens.hpp"

using namespace csiem::delivery;

namespace {

csiem_str text(const char* s) { return {s, std::strlen(s)}; }

csiem_batch_result result(int32_t outcome) {
  csiem_batch_result r{};
  r.struct_size = sizeof r;
  r.outcome = outcome;
  r.except_stride = sizeof(csiem_event_result);
  return r;
}

}  // namespace

TEST_CASE("named results come out ascending, a repeated index keeps the worse outcome") {
  std::array<csiem_event_result, 4> named{{{7, CSIEM_RETRY, 429, 0, {}, {}},
                                           {2, CSIEM_DELIVERED, 200, 0, {}, {}},
                                           {2, CSIEM_REJECT, 400, 0, text("bad"), text("field x")},
                                           {7, CSIEM_DELIVERED, 200, 0, {}, {}}}};
  auto r = result(CSIEM_DELIVERED);
  r.except = named.data();
  r.except_count = 4;
  const Verdict v = read_verdict(r, 10);
  REQUIRE(v.named.size() == 2);
  CHECK(v.named[0].index == 2);
  CHECK(v.named[0].outcome == CSIEM_REJECT);
  CHECK(v.named[0].code == "bad");
  CHECK(v.named[1].index == 7);
  CHECK(v.named[1].outcome == CSIEM_RETRY);
  CHECK(v.breach.empty());
}

TEST_CASE("what cannot be right is left out and named") {
  csiem_event_result named[2] = {{5, CSIEM_REJECT, 0, 0, {}, {}}, {1, CSIEM_REJECT, 0, 0, {}, {}}};
  auto r = result(CSIEM_DELIVERED);
  r.except = named;
  r.except_count = 2;
  Verdict v = read_verdict(r, 5);
  CHECK(v.named.size() == 1);
  CHECK(v.breach == "named event 5 of a batch of 5");

  r.except = nullptr;
  v = read_verdict(r, 5);
  CHECK(v.named.empty());
  CHECK_FALSE(v.breach.empty());

  r.except = named;
  for (const uint32_t stride : {0U, 8U, 47U, static_cast<uint32_t>(sizeof(csiem_event_result)) + 1}) {
    r.except_stride = stride;
    CAPTURE(stride);
    v = read_verdict(r, 10);
    CHECK(v.named.empty());
    CHECK_FALSE(v.breach.empty());
  }
}

TEST_CASE("an array far longer than the batch is not read to its end") {
  std::array<csiem_event_result, 8> named{};  // all of event 0
  auto r = result(CSIEM_DELIVERED);
  r.except = named.data();
  r.except_count = 4'000'000'000U;
  const Verdict v = read_verdict(r, 2);
  CHECK(v.named.size() == 1);
  CHECK_FALSE(v.breach.empty());
}

TEST_CASE("a newer plugin's longer entries are walked by its stride") {
  struct Longer {
    csiem_event_result entry;
    uint64_t more[2];
  } named[2] = {{{0, CSIEM_REJECT, 0, 0, {}, {}}, {}}, {{3, CSIEM_SKIPPED, 0, 0, {}, {}}, {}}};
  auto r = result(CSIEM_DELIVERED);
  r.except = &named[0].entry;
  r.except_stride = sizeof(Longer);
  r.except_count = 2;
  const Verdict v = read_verdict(r, 4);
  REQUIRE(v.named.size() == 2);
  CHECK(v.named[1].index == 3);
}

TEST_CASE("an older plugin's shorter result reads as zeros behind its end") {
  auto r = result(CSIEM_DELIVERED);
  r.struct_size = offsetof(csiem_batch_result, except_count);
  r.except_count = 3;
  r.message = text("never read");
  const Verdict v = read_verdict(r, 4);
  CHECK(v.outcome == CSIEM_DELIVERED);
  CHECK(v.text.empty());
  CHECK(v.breach.empty());
  r.struct_size = 4;
  CHECK_FALSE(read_verdict(r, 4).breach.empty());
}

TEST_CASE("unknown outcomes are retries, counted") {
  csiem_event_result named[1] = {{1, 99, 0, 0, {}, {}}};
  auto r = result(-3);
  r.except = named;
  r.except_count = 1;
  const Verdict v = read_verdict(r, 4);
  CHECK(v.outcome == CSIEM_RETRY);
  CHECK(v.named[0].outcome == CSIEM_RETRY);
  CHECK(v.unknown_outcomes == 2);
}

TEST_CASE("text from outside is cut between characters, made valid and has its secrets masked") {
  csiem::log::add_secret("hunter2hunter2");
  CHECK(clean_text(std::string_view("token hunter2hunter2 refused")) == "token *** refused");
  CHECK(clean_text(std::string_view("a\xff\xc3(\xed\xa0\x80")) ==
        "a?"
        "?(?"
        "??");
  CHECK(clean_text(std::string_view("äöü"), 3) == "ä");
  CHECK(clean_text(csiem_str{nullptr, 99}).empty());
  CHECK(clean_text(std::string(5000, 'x')).size() == 1024);
}

TEST_CASE("tokens are never zero, never repeated and do not follow one another") {
  TokenSource source;
  std::vector<uint64_t> tokens;
  for (int i = 0; i < 100'000; ++i) tokens.push_back(source.next());
  const uint64_t first = tokens[0], second = tokens[1];
  CHECK(second != first + 1);
  std::sort(tokens.begin(), tokens.end());
  CHECK(tokens.front() != 0);
  CHECK(std::adjacent_find(tokens.begin(), tokens.end()) == tokens.end());
}

TEST_CASE("only the first completion of an open token counts") {
  TokenTable table;
  table.open(7, 3);
  CHECK(table.count(7) == 3);
  CHECK(table.complete(8) == TokenTable::Answer::unknown);
  CHECK(table.complete(7) == TokenTable::Answer::first);
  CHECK(table.complete(7) == TokenTable::Answer::again);
  table.close(7);
  CHECK(table.complete(7) == TokenTable::Answer::unknown);
  CHECK(table.count(7) == 0);
}
