// A value of the event as the type that a target takes.
#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "base/rfc3339.hpp"
#include "schema/move_target.hpp"

namespace csiem::schema {
namespace {

using process::Value;
using Type = MoveTarget::Type;

constexpr int64_t kFirstMs = 946'684'800'000, kLastMs = 4'102'444'800'000;  // years 2000 to 2100

template <class Number>
std::string_view digits(Number number, std::string& scratch) {
  char text[40];
  scratch.assign(text, std::to_chars(text, text + sizeof text, number).ptr);
  return scratch;
}

std::optional<std::string_view> as_text(const Value& value, std::string& scratch) {
  switch (value.type) {
    case Value::Type::text:
      return value.text;
    case Value::Type::integer:
      return digits(value.integer, scratch);
    case Value::Type::unsigned_integer:
      return digits(value.unsigned_integer, scratch);
    case Value::Type::real:
      return digits(value.real, scratch);
    case Value::Type::boolean:
      return value.boolean ? "true" : "false";
    case Value::Type::missing:
    case Value::Type::other:
      break;
  }
  return std::nullopt;
}

bool is_address(std::string_view text, int family) {
  char terminated[INET6_ADDRSTRLEN + 1] = {};
  unsigned char bytes[16];
  if (text.empty() || text.size() >= sizeof terminated || text.find('\0') != std::string_view::npos) return false;
  text.copy(terminated, sizeof terminated - 1);
  return inet_pton(family, terminated, bytes) == 1;
}

template <class Number>
std::optional<Number> parse(std::string_view text) {
  Number out{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return out;
}

bool fits(std::string_view text, const MoveTarget& target) {
  if (text.empty()) return false;
  if (target.max_bytes != 0 && text.size() > target.max_bytes) return false;
  if (target.max_characters != 0 && text.size() > target.max_characters) {
    const auto characters = static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
    if (characters > target.max_characters) return false;
  }
  if (!target.words.empty() && std::find(target.words.begin(), target.words.end(), text) == target.words.end())
    return false;
  return target.pattern == nullptr || RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *target.pattern);
}

std::optional<std::string_view> as_time(std::string_view text, Type type, std::string& scratch) {
  const auto time = parse_rfc3339(text);
  if (!time) return std::nullopt;
  if (type == Type::epoch_ms) {
    const int64_t ms = time->unix_ns / 1'000'000;
    if (ms < kFirstMs || ms > kLastMs) return std::nullopt;
    return digits(ms, scratch);
  }
  scratch = format_rfc3339(time->unix_ns);
  return scratch;
}

}  // namespace

std::optional<std::string_view> convert(const Value& value, const MoveTarget& target, std::string& scratch) {
  const auto text = as_text(value, scratch);
  if (!text) return std::nullopt;
  switch (target.type) {
    case Type::text:
      return fits(*text, target) ? text : std::nullopt;
    case Type::integer: {
      const auto number = parse<int64_t>(*text);
      if (!number || *number < target.range.first || *number > target.range.second) return std::nullopt;
      return digits(*number, scratch);
    }
    case Type::real: {
      const auto number = parse<double>(*text);
      if (!number || !(*number > -1e300 && *number < 1e300)) return std::nullopt;
      digits(*number, scratch);
      if (scratch.find_first_of(".e") == std::string::npos) scratch += ".0";
      return scratch;
    }
    case Type::boolean:
      return *text == "true" || *text == "false" ? text : std::nullopt;
    case Type::ip:
      return is_address(*text, AF_INET) || is_address(*text, AF_INET6) ? text : std::nullopt;
    case Type::ipv6:
      return is_address(*text, AF_INET6) ? text : std::nullopt;
    case Type::date:
    case Type::epoch_ms:
      return as_time(*text, target.type, scratch);
  }
  return std::nullopt;
}

}  // namespace csiem::schema
