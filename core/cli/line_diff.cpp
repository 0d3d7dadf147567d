#include "cli/line_diff.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace csiem::cli {
namespace {

constexpr std::size_t kContext = 2;
// The table below takes the product of both; longer texts are compared as a block.
constexpr std::size_t kMaxLines = 2000;

struct Line {
  char mark;
  std::string_view text;
};

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t feed = text.find('\n');
    out.push_back(text.substr(0, feed));
    text.remove_prefix(feed == std::string_view::npos ? text.size() : feed + 1);
  }
  return out;
}

// The longest common subsequence of what is left between equal beginnings and ends.
std::vector<Line> align(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  std::vector<Line> out;
  std::size_t head = 0, tail = 0;
  const std::size_t shorter = std::min(a.size(), b.size());
  while (head < shorter && a[head] == b[head]) out.push_back({' ', a[head++]});
  while (tail < shorter - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  const std::size_t n = a.size() - head - tail, m = b.size() - head - tail;
  const bool small = n <= kMaxLines && m <= kMaxLines;
  std::vector<uint32_t> common(small ? (n + 1) * (m + 1) : 0);  // of a[i..] and b[j..]
  const auto at = [&](std::size_t i, std::size_t j) -> uint32_t& { return common[i * (m + 1) + j]; };
  if (small)
    for (std::size_t i = n; i-- > 0;)
      for (std::size_t j = m; j-- > 0;)
        at(i, j) = a[head + i] == b[head + j] ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
  std::size_t i = 0, j = 0;
  while (i < n || j < m) {
    if (small && i < n && j < m && a[head + i] == b[head + j]) {
      out.push_back({' ', a[head + i]});
      ++i, ++j;
    } else if (i < n && (j == m || !small || at(i + 1, j) >= at(i, j + 1))) {
      out.push_back({'-', a[head + i++]});
    } else {
      out.push_back({'+', b[head + j++]});
    }
  }
  for (std::size_t k = a.size() - tail; k < a.size(); ++k) out.push_back({' ', a[k]});
  return out;
}

}  // namespace

std::string line_diff(std::string_view before, std::string_view after) {
  if (before == after) return {};
  const auto lines = align(split(before), split(after));
  std::vector<char> shown(lines.size(), 0);
  bool any = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].mark == ' ') continue;
    any = true;
    const std::size_t end = std::min(lines.size(), i + kContext + 1);
    for (std::size_t k = i - std::min(i, kContext); k < end; ++k) shown[k] = 1;
  }
  if (!any) return "the last line feed differs\n";
  std::string out;
  bool gap = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (shown[i] == 0) {
      gap = true;
      continue;
    }
    if (gap) out += "...\n";
    gap = false;
    out += lines[i].mark;
    out += ' ';
    out += lines[i].text;
    out += '\n';
  }
  return out;
}

}  // namespace csiem::cli
