#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/messages.hpp"
#include "base/rfc3339.hpp"

namespace csiem::log {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::trace:
      return spdlog::level::trace;
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
    case Level::off:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

std::string_view name(Level level) {
  switch (level) {
    case Level::trace:
      return "trace";
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    default:
      return "error";
  }
}

// Control characters would let input forge log lines.
void append_clean(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
}

void append_json(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

// What to do about it, from the catalogue.
std::string_view hint_of(Level level, int code) {
  if (level < Level::warn) return {};
  const messages::Message* message = messages::find(code);
  return message == nullptr ? std::string_view() : message->fix;
}

struct Repeat {
  int64_t until_mono_ns = 0;
  uint64_t suppressed = 0;
  std::string last;
};

// The one piece of global state of the daemon: its voice.
struct Voice {
  std::mutex mutex;  // guards everything below
  Settings settings;
  std::shared_ptr<spdlog::logger> logger;
  std::vector<std::string> secrets;
  std::map<std::pair<int, std::string>, Repeat> repeats;

  Voice() {
    logger = std::make_shared<spdlog::logger>("siem", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::trace);
    logger->flush_on(spdlog::level::trace);
  }
};

Voice& voice() {
  static Voice* const v = new Voice;  // outlives threads that were lost to a stuck plugin
  return *v;
}

std::string scrub_locked(const Voice& v, std::string text) {
  for (const auto& secret : v.secrets)
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3))
      text.replace(at, secret.size(), "***");
  return text;
}

std::string compose(const Settings& settings, Level level, int code, std::string_view exporter, std::string_view text,
                    std::initializer_list<Field> fields, std::string_view hint = {}) {
  std::string line;
  const std::string time = format_rfc3339(system_clock().unix_ns()).substr(0, 23) + "Z";
  if (settings.format == Format::json) {
    line += R"({"time":")" + time + R"(","level":")";
    line += name(level);
    line += '"';
    if (code != 0) line += R"(,"code":")" + messages::code_text(code) + '"';
    if (!exporter.empty()) {
      line += R"(,"exporter":)";
      append_json(line, exporter);
    }
    line += R"(,"message":)";
    append_json(line, text);
    for (const auto& field : fields) {
      line += ',';
      append_json(line, field.key);
      line += ':';
      append_json(line, field.value);
    }
    if (!hint.empty()) {
      line += R"(,"hint":)";
      append_json(line, hint);
    }
    line += '}';
    return line;
  }
  line += time;
  line += ' ';
  line += name(level);
  if (code != 0) line += '[' + messages::code_text(code) + ']';
  if (!exporter.empty()) {
    line += " exporter=";
    append_clean(line, exporter);
  }
  line += ": ";
  append_clean(line, text);
  for (const auto& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_clean(line, field.value);
  }
  if (!hint.empty()) {
    line += " hint=";
    append_json(line, hint);
  }
  return line;
}

}  // namespace

void configure(const Settings& settings) {
  Voice& v = voice();
  const std::lock_guard lock(v.mutex);
  v.settings = settings;
  v.logger->set_level(to_spdlog(settings.level));
}

void set_level(Level level) {
  Voice& v = voice();
  const std::lock_guard lock(v.mutex);
  v.settings.level = level;
  v.logger->set_level(to_spdlog(level));
}

bool enabled(Level level) { return voice().logger->should_log(to_spdlog(level)); }

void add_secret(std::string_view secret) {
  if (secret.size() < 6) return;  // a shorter one would mask ordinary text
  Voice& v = voice();
  const std::lock_guard lock(v.mutex);
  for (const auto& known : v.secrets)
    if (known == secret) return;
  v.secrets.emplace_back(secret);
}

void write(Level level, int code, std::string_view exporter, std::string_view text,
           std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  Voice& v = voice();
  const std::lock_guard lock(v.mutex);
  if (code != 0) {
    const int64_t now = system_clock().mono_ns();
    Repeat& repeat = v.repeats[{code, std::string(exporter)}];
    if (now < repeat.until_mono_ns) {
      ++repeat.suppressed;
      repeat.last = text;
      return;
    }
    if (repeat.suppressed > 0)
      v.logger->log(to_spdlog(level), scrub_locked(v, compose(v.settings, level, code, exporter,
                                                              "(" + std::to_string(repeat.suppressed) +
                                                                  " more like it, the last: " + repeat.last + ")",
                                                              {})));
    repeat = {now + v.settings.repeat_window_ms * 1'000'000, 0, {}};
  }
  v.logger->log(to_spdlog(level),
                scrub_locked(v, compose(v.settings, level, code, exporter, text, fields, hint_of(level, code))));
}

void flush_repeats() {
  Voice& v = voice();
  const std::lock_guard lock(v.mutex);
  for (auto& [key, repeat] : v.repeats) {
    if (repeat.suppressed == 0) continue;
    v.logger->log(
        spdlog::level::warn,
        scrub_locked(
            v, compose(v.settings, Level::warn, key.first, key.second,
                       "(" + std::to_string(repeat.suppressed) + " more like it, the last: " + repeat.last + ")", {})));
    repeat.suppressed = 0;
  }
}

std::string scrub(std::string_view text) {
  Voice& v = voice();
  const std::lock_guard lock(v.mutex);
  return scrub_locked(v, std::string(text));
}

}  // namespace csiem::log
