// What the daemon says about itself. The only header beside log.cpp that knows there is a logging library; it does not
// include it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace csiem::log {

enum class Level { trace, debug, info, warn, error, off };
enum class Format { text, json };

struct Field {
  std::string_view key;
  std::string_view value;
};

struct Settings {
  Level level = Level::info;
  Format format = Format::text;
  int64_t repeat_window_ms =
      10'000;  // identical (code, exporter, level) collapse inside it; the count is printed after it
};

// Call once, from main, before other threads start. Writes to standard error.
void configure(const Settings& settings);
void set_level(Level level);
bool enabled(Level level);

// Masks every later occurrence of `secret` (six characters or more) in any line. Any thread.
void add_secret(std::string_view secret);

// One line. `code` is a number of messages.def, or 0; from warnings on its advice follows as `hint`. Repeats of (code,
// exporter) collapse. Any thread, never blocks on anything but standard error. Not for the hot path.
void write(Level level, int code, std::string_view exporter, std::string_view text,
           std::initializer_list<Field> fields = {});
// Prints the counts of lines that are still collapsed. Timers and shutdown call it.
void flush_repeats();

inline void info(std::string_view text, std::initializer_list<Field> fields = {}) {
  write(Level::info, 0, {}, text, fields);
}
inline void debug(std::string_view text, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::debug)) write(Level::debug, 0, {}, text, fields);
}
inline void warn(int code, std::string_view exporter, std::string_view text, std::initializer_list<Field> fields = {}) {
  write(Level::warn, code, exporter, text, fields);
}
inline void error(int code, std::string_view exporter, std::string_view text,
                  std::initializer_list<Field> fields = {}) {
  write(Level::error, code, exporter, text, fields);
}

// `text` with every registered secret replaced by ***.
std::string scrub(std::string_view text);

}  // namespace csiem::log
