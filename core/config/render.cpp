// One finding as an operator reads it (ux.md 3.1).
#include <algorithm>

#include "base/messages.hpp"
#include "config/context.hpp"
#include "config/scan.hpp"

namespace csiem::config {
namespace {

constexpr std::size_t kTabWidth = 4;
constexpr std::size_t kWidest = 160;  // code points of an excerpt

struct Colours {
  std::string_view error, warning, gutter, bold, reset;
};
constexpr Colours kPlain = {"", "", "", "", ""};
constexpr Colours kColoured = {"\x1b[1;31m", "\x1b[1;33m", "\x1b[1;34m", "\x1b[1m", "\x1b[0m"};

// The code point at the front of `text` and its bytes; a broken byte counts as one.
std::string_view take_code_point(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  std::size_t size = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  size = std::min(size, text.size());
  const auto out = text.substr(0, size);
  text.remove_prefix(size);
  return out;
}

// What could move the cursor, change colours or the direction of writing.
bool dangerous(std::string_view point) {
  const auto first = static_cast<unsigned char>(point[0]);
  if (point.size() == 1) return first < 0x20 || first >= 0x7f;
  if (first == 0xc2) return static_cast<unsigned char>(point[1]) < 0xa0;
  return point.size() == 3 &&
         ((point >= "\xe2\x80\xaa" && point <= "\xe2\x80\xae") || (point >= "\xe2\x81\xa6" && point <= "\xe2\x81\xa9"));
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto point = take_code_point(text);
    if (dangerous(point))
      out += "?";
    else
      out += point;
  }
  return out;
}

struct Excerpt {
  std::string line;
  std::size_t indent = 0, carets = 1;
};

// The line with tabs expanded and secrets as "…", and where the carets go under it.
Excerpt make_excerpt(std::string_view line, uint32_t column, uint32_t length) {
  Excerpt out;
  std::size_t width = 0, begin = 0, end = 0;
  bool hidden_before = false;
  std::vector<std::string> cells;
  std::size_t at = 1;
  for (; !line.empty(); ++at) {
    if (at == column) begin = width;
    const auto point = take_code_point(line);
    const bool hidden = point == kHidden;
    std::string cell(hidden             ? "…"
                     : dangerous(point) ? (point == "\t" ? std::string(kTabWidth, ' ') : "?")
                                        : std::string(point));
    if (hidden && hidden_before) cell.clear();
    hidden_before = hidden;
    width += point == "\t" ? kTabWidth : cell.empty() ? 0 : 1;
    cells.push_back(std::move(cell));
    if (length != 0 && at + 1 == static_cast<std::size_t>(column) + length) end = width;
  }
  if (column >= at) begin = width;
  if (end == 0) end = length == 0 ? width : begin + 1;
  for (const auto& cell : cells) out.line += cell;
  out.indent = begin;
  out.carets = std::max<std::size_t>(1, end > begin ? end - begin : 1);

  // Of a very long line the part around the carets.
  if (width > kWidest) {
    const std::size_t skip = begin > kWidest / 2 ? begin - kWidest / 2 : 0;
    std::string_view rest = out.line;
    std::string cut = skip > 0 ? "…" : "";
    for (std::size_t i = 0; i < skip && !rest.empty(); ++i) take_code_point(rest);
    for (std::size_t i = 0; i < kWidest && !rest.empty(); ++i) cut += take_code_point(rest);
    if (!rest.empty()) cut += "…";
    out.line = std::move(cut);
    out.indent = begin - skip + (skip > 0 ? 1 : 0);
    out.carets = std::min(out.carets, kWidest - std::min(kWidest - 1, begin - skip));
  }
  return out;
}

}  // namespace

std::string render(const Diagnostic& diagnostic, const std::map<std::string, std::string>& excerpts, bool colour) {
  const Colours& c = colour ? kColoured : kPlain;
  const bool error = diagnostic.severity == Severity::error;
  const auto tint = error ? c.error : c.warning;
  const Origin& origin = diagnostic.origin;
  const std::string code = messages::code_text(diagnostic.code);
  std::string out;
  const auto add = [&](std::initializer_list<std::string_view> parts) {
    for (const auto part : parts) out += part;
  };
  add({tint, error ? "error" : "warning", "[", code, "]", c.reset, c.bold, ": ", printable(diagnostic.message), c.reset,
       "\n"});

  const auto text = excerpts.find(origin.file);
  const bool shown = origin.line != 0 && text != excerpts.end();
  const std::string number = shown ? std::to_string(origin.line) : " ";
  const std::string pad(number.size() + 1, ' ');
  if (!origin.file.empty()) add({pad, c.gutter, "-->", c.reset, " ", printable(origin.text()), "\n"});
  if (shown) {
    const auto excerpt = make_excerpt(line_at(text->second, origin.line), origin.column, origin.length);
    add({pad, " ", c.gutter, "|", c.reset, "\n"});
    add({" ", c.gutter, number, " |", c.reset, " ", excerpt.line, "\n"});
    add({pad, " ", c.gutter, "|", c.reset, " ", std::string(excerpt.indent, ' '), tint,
         std::string(excerpt.carets, '^'), diagnostic.hint.empty() ? "" : " ", printable(diagnostic.hint), c.reset,
         "\n"});
    add({pad, " ", c.gutter, "|", c.reset, "\n"});
  } else if (!diagnostic.hint.empty()) {
    add({pad, " ", c.gutter, "=", c.reset, " hint: ", printable(diagnostic.hint), "\n"});
  }
  for (const auto& note : diagnostic.notes) add({pad, " ", c.gutter, "=", c.reset, " note: ", printable(note), "\n"});
  add({pad, " ", c.gutter, "=", c.reset, " help: `clawdstrike-siem explain ", code, "`\n"});
  return out;
}

}  // namespace csiem::config
