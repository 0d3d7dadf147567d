// Naming rules of data streams and indices.
// SPDX-License-Identifier: Apache-2.0
#include "elastic/target.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <stdexcept>

#include "common/base64.hpp"

namespace csiem::elastic {
namespace {

constexpr std::string_view kDate = "{date}";
constexpr std::string_view kForbidden = "\\/*?\"<>|,#: ";
constexpr std::size_t kLongestPart = 100, kLongestName = 255;

[[noreturn]] void refuse(std::string_view setting, std::string_view name, std::string_view why) {
  throw std::invalid_argument(std::string(setting) + ": '" + std::string(name) + "' " + std::string(why));
}

// The name with every placeholder replaced by its default, for the checks of its fixed part. A date counts as digits.
std::string plain_form(std::string_view setting, std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto open = text.find('{');
    out += text.substr(0, open);
    if (open == std::string_view::npos) break;
    const auto close = text.find('}', open);
    if (close == std::string_view::npos) refuse(setting, text, "has a '{' without '}'");
    const std::string_view inside = text.substr(open + 1, close - open - 1);
    const auto bar = inside.find('|');
    if (inside == "date")
      out += "2026.01.01";
    else if (bar == std::string_view::npos || bar + 1 == inside.size())
      refuse(setting, text, "has a placeholder without a default; write {session.tenant_id|default}");
    else
      out += inside.substr(bar + 1);
    text.remove_prefix(close + 1);
  }
  return out;
}

void check_characters(std::string_view setting, std::string_view name) {
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') refuse(setting, name, "has an upper-case letter; names are lower case");
    if (kForbidden.find(c) != std::string_view::npos || static_cast<unsigned char>(c) < 0x20)
      refuse(setting, name, "has a character that names may not contain: \\ / * ? \" < > | , # : or space");
  }
}

// Bytes that end up in a name. '-' separates the parts of a data stream, so a value may not bring its own.
void write_value(std::string_view value, Out& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::size_t written = 0;
  for (const char c : value) {
    if (written >= kLongestPart) return;
    ++written;
    const auto byte = static_cast<unsigned char>(c);
    if (c >= 'A' && c <= 'Z') {
      out.byte(static_cast<char>(c - 'A' + 'a'));
    } else if (byte >= 0x80) {
      // Letters of other scripts have upper cases too; as hex they stay distinct and are always legal.
      out.byte(kHex[byte >> 4]);
      out.byte(kHex[byte & 15u]);
      ++written;
    } else if (byte < 0x20 || byte == 0x7f || c == '-' || kForbidden.find(c) != std::string_view::npos) {
      out.byte('_');
    } else {
      out.byte(c);
    }
  }
}

}  // namespace

Target Target::data_stream(std::string_view text) {
  constexpr std::string_view kSetting = "data_stream";
  const std::string name = plain_form(kSetting, text);
  if (text.find(kDate) != std::string_view::npos) refuse(kSetting, text, "cannot have {date}; use index");
  check_characters(kSetting, name);
  // type-dataset-namespace
  if (std::count(name.begin(), name.end(), '-') != 2)
    refuse(kSetting, name, "is not type-dataset-namespace; a part may not contain '-'");
  std::string_view rest = name;
  for (const char* part : {"type", "dataset", "namespace"}) {
    const std::string_view value = rest.substr(0, rest.find('-'));
    rest.remove_prefix(std::min(rest.size(), value.size() + 1));
    if (value.empty()) refuse(kSetting, name, "has an empty " + std::string(part));
    if (value.size() > kLongestPart) refuse(kSetting, name, std::string(part) + " is longer than 100 bytes");
  }
  if (text.find('{') < text.find('-')) refuse(kSetting, text, "must begin with a fixed type, such as logs");
  if (std::string_view("_.+").find(name.front()) != std::string_view::npos)
    refuse(kSetting, name, "may not begin with '_', '.' or '+'");
  Target target;
  target.data_stream_ = true;
  target.pieces_.push_back(common::Template::compile(text, kSetting));
  return target;
}

Target Target::index(std::string_view text) {
  constexpr std::string_view kSetting = "index";
  const std::string name = plain_form(kSetting, text);
  check_characters(kSetting, name);
  if (name.size() > kLongestName) refuse(kSetting, name, "is longer than 255 bytes");
  if (std::string_view("-_+.").find(name.front()) != std::string_view::npos)
    refuse(kSetting, name, "may not begin with '-', '_', '+' or '.'");
  if (text.front() == '{') refuse(kSetting, text, "must begin with fixed text");
  Target target;
  while (true) {
    const auto date = text.find(kDate);
    target.pieces_.push_back(common::Template::compile(text.substr(0, date), kSetting));
    if (date == std::string_view::npos) break;
    text.remove_prefix(date + kDate.size());
  }
  return target;
}

void Target::write(const csiem_event& event, Out& out) {
  bool first = true;
  for (const common::Template& piece : pieces_) {
    if (!first) write_date(event.time_unix_ns, out);
    first = false;
    piece.render(
        event, [&](std::string_view text) { out.raw(text); }, [&](std::string_view text) { write_value(text, out); });
  }
}

void Target::write_date(int64_t unix_ns, Out& out) {
  using namespace std::chrono;
  const sys_days days = floor<std::chrono::days>(sys_time<nanoseconds>(nanoseconds(unix_ns)));
  if (days.time_since_epoch().count() != day_) {
    const year_month_day date(days);
    char text[32];
    const int size = std::snprintf(text, sizeof text, "%04d.%02u.%02u", static_cast<int>(date.year()),
                                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    day_text_.assign(text, static_cast<std::size_t>(size));
    day_ = days.time_since_epoch().count();
  }
  out.raw(day_text_);
}

std::string url_of_cloud_id(std::string_view cloud_id) {
  const auto refuse_id = [](const char* why) { throw std::invalid_argument(std::string("cloud_id: ") + why); };
  const auto colon = cloud_id.find(':');
  if (colon == std::string_view::npos || cloud_id.find(':', colon + 1) != std::string_view::npos)
    refuse_id("is not label:value, as shown by the cloud console");
  const std::optional<std::string> decoded = common::decode_base64(cloud_id.substr(colon + 1));
  if (!decoded) refuse_id("the part after ':' is not base64");
  // host[:port]$es_uuid[:port][$kibana_uuid]
  const std::string_view text = *decoded;
  const auto dollar = text.find('$');
  if (dollar == std::string_view::npos) refuse_id("names no Elasticsearch deployment");
  std::string_view host = text.substr(0, dollar), uuid = text.substr(dollar + 1);
  uuid = uuid.substr(0, uuid.find('$'));
  std::string_view port = "443";
  for (std::string_view* part : {&host, &uuid}) {
    const auto at = part->find(':');
    if (at == std::string_view::npos) continue;
    port = part->substr(at + 1);
    *part = part->substr(0, at);
  }
  const auto is_name = [](std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    });
  };
  if (!is_name(host) || !is_name(uuid)) refuse_id("names no Elasticsearch deployment");
  if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string_view::npos)
    refuse_id("has a port that is no number");
  return "https://" + std::string(uuid) + "." + std::string(host) + ":" + std::string(port);
}

}  // namespace csiem::elastic
