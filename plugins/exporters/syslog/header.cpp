#include "syslog/header.hpp"

#include <csiem/json.hpp>

#include <algorithm>
#include <ctime>

#include "common/text.hpp"

namespace csiem::syslog {
namespace {

constexpr std::size_t kMaxMessageId = 32;
constexpr std::size_t kMaxParameter = 128;  // of one structured value: the event itself follows in the text

bool is_printable(char c) noexcept { return c > 0x20 && c < 0x7f; }

struct Facility {
  std::string_view name;
  uint32_t number;
};
constexpr Facility kFacilities[] = {{"auth", 4},    {"authpriv", 10}, {"audit", 13},  {"local0", 16},
                                    {"local1", 17}, {"local2", 18},   {"local3", 19}, {"local4", 20},
                                    {"local5", 21}, {"local6", 22},   {"local7", 23}};

struct Moment {
  std::tm date{};
  int32_t microseconds = 0;
};

Moment moment_of(int64_t unix_ns, bool local) {
  int64_t seconds = unix_ns / 1'000'000'000, rest = unix_ns % 1'000'000'000;
  if (rest < 0) {
    rest += 1'000'000'000;
    --seconds;
  }
  Moment out;
  const std::time_t time = seconds;
  local ? localtime_r(&time, &out.date) : gmtime_r(&time, &out.date);
  out.microseconds = static_cast<int32_t>(rest / 1000);
  return out;
}

void append_digits(std::string& out, int value, int count, char fill = '0') {
  char digits[10];
  for (int i = count; i-- > 0; value /= 10)
    digits[i] = value == 0 && i + 1 < count ? fill : static_cast<char>('0' + value % 10);
  out.append(digits, static_cast<std::size_t>(count));
}

// Six fraction digits are what every receiver reads; rsyslog damages the time when there are nine.
void append_rfc3339(const Moment& at, std::string& out) {
  append_digits(out, at.date.tm_year + 1900, 4);
  out += '-';
  append_digits(out, at.date.tm_mon + 1, 2);
  out += '-';
  append_digits(out, at.date.tm_mday, 2);
  out += 'T';
  append_digits(out, at.date.tm_hour, 2);
  out += ':';
  append_digits(out, at.date.tm_min, 2);
  out += ':';
  append_digits(out, at.date.tm_sec, 2);
  out += '.';
  append_digits(out, at.microseconds, 6);
  out += 'Z';
}

void append_bsd_time(const Moment& at, std::string& out) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  out += kMonths.substr(static_cast<std::size_t>(at.date.tm_mon) * 3, 3);
  out += ' ';
  append_digits(out, at.date.tm_mday, 2, ' ');
  out += ' ';
  append_digits(out, at.date.tm_hour, 2);
  out += ':';
  append_digits(out, at.date.tm_min, 2);
  out += ':';
  append_digits(out, at.date.tm_sec, 2);
}

void append_message_id(csiem_str type, std::string& out) {
  const std::size_t from = out.size();
  for (const char c : view(type).substr(0, kMaxMessageId))
    if (is_printable(c)) out += c;
  if (out.size() == from) out += '-';
}

void append_parameter(std::string_view name, csiem_str value, std::string& out) {
  const std::string_view text = common::clip(view(value), kMaxParameter);
  if (text.empty()) return;
  out += ' ';
  out += name;
  out += "=\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == ']') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  out += '"';
}

void append_structured_data(uint32_t enterprise_id, const csiem_event& e, std::string& out) {
  if (enterprise_id == 0) {
    out += '-';
    return;
  }
  out += "[clawdstrike@";
  out += std::to_string(enterprise_id);
  append_parameter("event_id", e.event_id, out);
  append_parameter("severity", e.severity_name, out);
  append_parameter("outcome", e.outcome_name, out);
  append_parameter("guard", e.guard, out);
  append_parameter("agent", e.agent_id, out);
  append_parameter("session", e.session_id, out);
  append_parameter("tenant", e.tenant_id, out);
  out += ']';
}

}  // namespace

void append_header(const HeaderSettings& s, const csiem_event& event, int64_t now_unix_ns, std::string& out) {
  const auto severity =
      static_cast<std::size_t>(std::clamp<int32_t>(event.severity, CSIEM_SEV_INFO, CSIEM_SEV_CRITICAL));
  const Moment at = moment_of(event.time_unix_ns != 0 ? event.time_unix_ns : now_unix_ns, s.rfc3164 && s.local_time);
  out += '<';
  out += std::to_string(s.facility * 8 + s.severity[severity]);
  out += '>';
  if (s.rfc3164) {
    append_bsd_time(at, out);
    out += ' ';
    out += s.host_name;
    out += ' ';
    if (s.tag.empty()) return;
    out += s.tag;
    out += '[';
    out += s.process_id;
    out += "]: ";
    return;
  }
  out += "1 ";
  append_rfc3339(at, out);
  for (const std::string* field : {&s.host_name, &s.app_name, &s.process_id}) {
    out += ' ';
    out += *field;
  }
  out += ' ';
  append_message_id(event.type_name, out);
  out += ' ';
  append_structured_data(s.enterprise_id, event, out);
  out += ' ';
}

bool is_header_word(std::string_view text, std::size_t limit) noexcept {
  return !text.empty() && text.size() <= limit && std::all_of(text.begin(), text.end(), is_printable);
}

uint32_t facility_number(std::string_view name) noexcept {
  const auto* at = std::find_if(std::begin(kFacilities), std::end(kFacilities),
                                [&](const Facility& one) { return one.name == name; });
  return at == std::end(kFacilities) ? 24 : at->number;
}

}  // namespace csiem::syslog
