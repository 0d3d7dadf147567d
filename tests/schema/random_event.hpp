// Events as no source would write them, for properties that every format must keep. Tests only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace csiem::testing {

// The same seed gives the same events. Every combination of event type, resource type, category and decision comes up
// once in kCombinations events, values outside the enumerations included; everything else is drawn: texts that are
// absent, empty, huge, full of control characters, separators, quotes or any part of Unicode; addresses of every kind
// and things that look like one; times beyond belief; nested metadata; labels with any key.
class RandomEvents {
 public:
  static constexpr uint64_t kCombinations = 13 * 8 * 11 * 2;

  explicit RandomEvents(uint64_t seed) : random_(seed) {}
  // Valid until the next call.
  const csiem_event& next();

 private:
  uint64_t below(uint64_t n) { return random_() % n; }
  bool one_in(uint64_t n) { return below(n) == 0; }
  csiem_str keep(std::string text);

  csiem_str text();                 // any text, or none
  csiem_str text(csiem_str usual);  // the usual one in most cases
  std::string letters(uint64_t most);
  std::string any_characters(uint64_t most);
  std::string endpoint();
  int64_t time();
  std::string json_text();
  std::string json_value(int depth);
  std::string json_object(int depth);

  void enumerations();
  void texts();
  void resource();

  std::mt19937_64 random_;
  uint64_t count_ = 0;
  csiem_event event_{};
  std::deque<std::string> strings_;
  std::vector<csiem_kv> labels_;
};

}  // namespace csiem::testing
