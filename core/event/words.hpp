// Word lookup without a chain of compares: a perfect hash that the compiler finds.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace csiem::event {

// Equality of `n` bytes, inlined; words are short, and a call costs more than the compare.
inline bool same_bytes(const char* a, const char* b, std::size_t n) noexcept {
  const auto load8 = [](const char* p) {
    uint64_t v;
    std::memcpy(&v, p, 8);
    return v;
  };
  const auto load4 = [](const char* p) {
    uint32_t v;
    std::memcpy(&v, p, 4);
    return v;
  };
  if (n >= 8) {
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8)
      if (load8(a + i) != load8(b + i)) return false;
    return load8(a + n - 8) == load8(b + n - 8);
  }
  if (n >= 4) return load4(a) == load4(b) && load4(a + n - 4) == load4(b + n - 4);
  if (n == 0) return true;
  return a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1];
}

// Finds the index of a word among N distinct ones: one hash of its length and three of its bytes, one compare.
// Build it constexpr; words that cannot be told apart that way do not compile.
template <std::size_t N>
class WordTable {
 public:
  static constexpr std::size_t kNone = N;

  consteval explicit WordTable(const std::array<std::string_view, N>& words) : words_(words) {
    for (uint32_t seed = 1; seed < 20'000; ++seed) {
      seed_ = seed * 2654435761U | 1U;
      if (place()) return;
    }
    throw "no perfect hash for these words";
  }

  // kNone when `word` is not one of them.
  constexpr std::size_t find(std::string_view word) const noexcept {
    if (word.empty()) return kNone;
    const std::size_t i = slots_[hash(word)];
    if (i >= N) return kNone;
    const std::string_view known = words_[i];
    return known.size() == word.size() && same_bytes(known.data(), word.data(), word.size()) ? i : kNone;
  }
  constexpr std::string_view word(std::size_t i) const noexcept { return words_[i]; }

 private:
  static constexpr std::size_t kSlots = N <= 6 ? 32 : N <= 16 ? 128 : N <= 32 ? 256 : 2048;
  static constexpr unsigned kShift = N <= 6 ? 27 : N <= 16 ? 25 : N <= 32 ? 24 : 21;

  constexpr std::size_t hash(std::string_view w) const noexcept {
    const auto at = [&](std::size_t i) { return uint32_t{static_cast<unsigned char>(w[i])}; };
    const uint32_t mixed =
        static_cast<uint32_t>(w.size()) | at(0) << 8 | at(w.size() / 2) << 16 | at(w.size() - 1) << 24;
    return ((mixed ^ (mixed >> 15)) * seed_) >> kShift;
  }
  constexpr bool place() {
    for (auto& slot : slots_) slot = static_cast<uint8_t>(N);
    for (std::size_t i = 0; i < N; ++i) {
      auto& slot = slots_[hash(words_[i])];
      if (slot != N) return false;
      slot = static_cast<uint8_t>(i);
    }
    return true;
  }

  static_assert(N < 255);
  std::array<std::string_view, N> words_;
  std::array<uint8_t, kSlots> slots_{};
  uint32_t seed_ = 1;
};

template <class... Text>
WordTable(Text...) -> WordTable<sizeof...(Text)>;

// ASCII helpers. Only A-Z are folded; other bytes compare as they are.
constexpr char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr std::string_view trim(std::string_view s) noexcept {
  while (!s.empty() && is_space(s.front())) s.remove_prefix(1);
  while (!s.empty() && is_space(s.back())) s.remove_suffix(1);
  return s;
}

// A trimmed, lower-case copy of a short word. Longer words are no vocabulary: their view is empty.
class Folded {
 public:
  explicit Folded(std::string_view s) noexcept {
    s = trim(s);
    if (s.size() > sizeof bytes_) return;
    for (const char c : s) bytes_[size_++] = to_lower(c);
  }
  std::string_view view() const noexcept { return {bytes_, size_}; }

 private:
  char bytes_[64];
  std::size_t size_ = 0;
};

}  // namespace csiem::event
