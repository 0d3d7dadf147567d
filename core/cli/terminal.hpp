// How output looks: colour, tables, progress.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.hpp"

namespace csiem::cli {

bool is_terminal(int fd);
// Decides by --color, NO_COLOR, CLICOLOR_FORCE, TERM and whether `fd` is a terminal.
bool use_colour(const GlobalArguments& global, int fd);
// 1234567 as "1 234 567" when `separate`.
std::string grouped(uint64_t n, bool separate);
std::string byte_text(uint64_t bytes);
std::string duration_text(int64_t ms);

// Columns padded to their widest cell; the last one is not padded. `plain`: tabs.
std::string table(const std::vector<std::vector<std::string>>& rows, bool plain);

// `text` as a JSON string with quotes.
std::string json_text(std::string_view text);

// Progress of a job on standard error (ux.md 4): a redrawn line on a terminal, a plain line every five seconds
// elsewhere, JSON lines on request.
class Progress {
 public:
  enum class Unit { bytes, events };
  explicit Progress(const GlobalArguments& global, Unit unit = Unit::bytes);
  // `total` 0: not known. `note` is what follows the figures. Cheap enough to call ten times a second.
  void show(uint64_t done, uint64_t total, int64_t elapsed_ms, const std::string& note);
  // Leaves the line complete on the screen.
  void finish();

 private:
  std::string amount(uint64_t done) const;

  enum class Kind { none, plain, bar, json } kind_;
  Unit unit_;
  int64_t next_ms_ = 0;
  bool drawn_ = false;
};

}  // namespace csiem::cli
