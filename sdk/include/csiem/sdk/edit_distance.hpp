// csiem/sdk/edit_distance.hpp - how far two words are apart, for "did you mean". C++17.
// SPDX-License-Identifier: Apache-2.0
#ifndef CSIEM_SDK_EDIT_DISTANCE_HPP
#define CSIEM_SDK_EDIT_DISTANCE_HPP

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace csiem {

// Edits between two words: a byte more, less or changed, or two neighbours swapped (restricted Damerau-Levenshtein).
// `limit` + 1 when there are more than `limit`, or a word has more than 64 bytes: no misspelling of another.
inline std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  constexpr std::size_t kLongestWord = 64;
  if (a.size() > kLongestWord || b.size() > kLongestWord) return limit + 1;
  if (a.size() > b.size() + limit || b.size() > a.size() + limit) return limit + 1;
  std::vector<std::size_t> two_up(b.size() + 1), up(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) up[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = up[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
      row[j] = std::min({up[j] + 1, row[j - 1] + 1, substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], two_up[j - 2] + 1);
    }
    two_up.swap(up);
    up.swap(row);
  }
  return std::min(up[b.size()], limit + 1);
}

}  // namespace csiem

#endif
