#include "cli/terminal.hpp"

#include <unistd.h>
#include <csiem/json.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/buffer.hpp"

namespace csiem::cli {
namespace {

bool environment_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

// Code points, which is near enough to columns for names and numbers.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

bool is_terminal(int fd) { return isatty(fd) == 1; }

bool use_colour(const GlobalArguments& global, int fd) {
  if (global.color != "auto") return global.color == "always";
  if (environment_set("CLICOLOR_FORCE")) return true;
  const char* term = std::getenv("TERM");
  return is_terminal(fd) && !environment_set("NO_COLOR") && !(term != nullptr && std::string_view(term) == "dumb");
}

std::string grouped(uint64_t n, bool separate) {
  std::string digits = std::to_string(n);
  if (!separate) return digits;
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, " ");
  }
  return digits;
}

std::string byte_text(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

std::string duration_text(int64_t ms) {
  char text[32];
  if (ms < 1000) {
    std::snprintf(text, sizeof text, "%lld ms", static_cast<long long>(ms));
  } else if (ms < 60'000) {
    std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(ms) / 1000);
  } else {
    std::snprintf(text, sizeof text, "%lld:%02lld", static_cast<long long>(ms / 60'000),
                  static_cast<long long>(ms / 1000 % 60));
  }
  return text;
}

std::string table(const std::vector<std::vector<std::string>>& rows, bool plain) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i >= widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], width(row[i]));
    }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 == row.size()) break;
      if (plain) {
        text += '\t';
      } else {
        text.append(widths[i] - width(row[i]) + 2, ' ');
      }
    }
    text += '\n';
  }
  return text;
}

std::string json_text(std::string_view text) {
  Buffer buffer;
  Out out(buffer.writer());
  out.string(text);
  return std::string(buffer.view());
}

Progress::Progress(const GlobalArguments& global, Unit unit) : unit_(unit) {
  kind_ = global.progress == "bar"     ? Kind::bar
          : global.progress == "plain" ? Kind::plain
          : global.progress == "json"  ? Kind::json
          : global.progress == "none"  ? Kind::none
          : global.quiet               ? Kind::none
          : is_terminal(2)             ? Kind::bar
                                       : Kind::plain;
}

std::string Progress::amount(uint64_t done) const {
  return unit_ == Unit::bytes ? byte_text(done) : grouped(done, kind_ == Kind::bar);
}

void Progress::show(uint64_t done, uint64_t total, int64_t elapsed_ms, const std::string& note) {
  if (kind_ == Kind::none || elapsed_ms < next_ms_) return;
  next_ms_ = elapsed_ms + (kind_ == Kind::bar ? 100 : 5000);
  if (elapsed_ms == 0 && kind_ != Kind::bar) return;
  const double rate = elapsed_ms > 0 ? static_cast<double>(done) * 1000 / static_cast<double>(elapsed_ms) : 0;
  const double fraction = total > 0 ? std::min(1.0, static_cast<double>(done) / static_cast<double>(total)) : 0;
  const int64_t left_ms =
      fraction > 0 ? static_cast<int64_t>(static_cast<double>(elapsed_ms) * (1 - fraction) / fraction) : 0;
  if (kind_ == Kind::json) {
    const char* const words = unit_ == Unit::bytes ? "bytes" : "events";
    std::fprintf(stderr,
                 "{\"schema\":\"clawdstrike-siem/progress/v1\",\"done_%s\":%llu,\"total_%s\":%llu,"
                 "\"elapsed_ms\":%lld,\"note\":%s}\n",
                 words, static_cast<unsigned long long>(done), words, static_cast<unsigned long long>(total),
                 static_cast<long long>(elapsed_ms), json_text(note).c_str());
    return;
  }
  std::string line;
  if (kind_ == Kind::bar && total > 0) {
    constexpr std::size_t kCells = 30;
    const auto full = static_cast<std::size_t>(fraction * kCells);
    line += '[' + std::string(full, '=') + std::string(kCells - full, ' ') + "] ";
  }
  line += amount(done);
  if (total > 0) line += "/" + amount(total);
  line += "  " + amount(static_cast<uint64_t>(rate)) + "/s  elapsed " + duration_text(elapsed_ms);
  if (total > 0 && left_ms > 0) line += "  left ~" + duration_text(left_ms);
  line += "  " + note;
  if (kind_ == Kind::bar) {
    std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
    drawn_ = true;
  } else {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
  std::fflush(stderr);
}

void Progress::finish() {
  if (drawn_) std::fputs("\n", stderr);
  drawn_ = false;
}

}  // namespace csiem::cli
