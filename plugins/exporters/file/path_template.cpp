#include "file/path_template.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <stdexcept>

#include "common/template.hpp"

namespace csiem::file {
namespace {

// Names of files and directories as they may stand in a rendered path.
const char* component_problem(std::string_view name) {
  if (name.empty()) return "an empty name";
  if (name == "." || name == "..") return "a name that leaves the directory";
  return name.size() > kMaxNameBytes ? "a name that is too long" : nullptr;
}

const char* path_problem(std::string_view below_root) {
  if (below_root.size() > kMaxPathBytes) return "a path that is too long";
  while (true) {
    const std::size_t slash = below_root.find('/');
    if (const char* problem = component_problem(below_root.substr(0, slash))) return problem;
    if (slash == std::string_view::npos) return nullptr;
    below_root.remove_prefix(slash + 1);
  }
}

const char* value_problem(std::string_view value) {
  if (value.empty()) return "a field without a value";
  if (value.find('/') != std::string_view::npos) return "a value with a slash";
  if (value.find("..") != std::string_view::npos) return "a value with two dots";
  const bool control =
      std::any_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  return control ? "a value with a control character" : nullptr;
}

[[noreturn]] void refuse(const std::string& why) { throw std::invalid_argument("path: " + why); }

}  // namespace

PathTemplate PathTemplate::compile(std::string_view text) {
  PathTemplate out;
  if (text.empty() || text.front() != '/') refuse("must be absolute, or - for standard output");
  if (text.find('\0') != std::string_view::npos) refuse("holds a NUL");
  const std::string_view head = text.substr(0, text.find('{'));
  const std::size_t slash = head.rfind('/');
  out.root_ = text.substr(0, slash + 1);
  text.remove_prefix(slash + 1);
  out.varies_ = text.find('{') != std::string_view::npos;
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    if (open != 0) {
      Segment literal;
      literal.text = text.substr(0, open);
      out.segments_.push_back(std::move(literal));
    }
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) refuse("'{' without '}'");
    out.segments_.push_back(placeholder(text.substr(open + 1, close - open - 1)));
    text.remove_prefix(close + 1);
  }
  if (out.varies_) {
    if (out.root_ == "/") refuse("must begin with a directory written out, in front of the first '{'");
  } else if (const char* problem = path_problem(out.segments_.empty() ? std::string_view() : out.segments_[0].text)) {
    refuse(std::string("ends in ") + problem);
  }
  if (("/" + out.root_).find("/../") != std::string::npos) refuse("must not hold '..'");
  return out;
}

PathTemplate::Segment PathTemplate::placeholder(std::string_view inside) {
  Segment out;
  const std::size_t bar = inside.find('|');
  const std::string_view path = inside.substr(0, bar);
  if (bar != std::string_view::npos) {
    out.text = inside.substr(bar + 1);
    if (const char* problem = value_problem(out.text))
      refuse("the default of '{" + std::string(path) + "}' is " + problem);
  }
  if (path == "date") {
    out.date = true;
  } else if (const common::EventField* field = common::find_event_field(path)) {
    out.member = field->member;
  } else if (path.substr(0, 7) == "labels." && path.size() > 7) {
    out.label = path.substr(7);
  } else {
    refuse("'{" + std::string(path) +
           "}' is neither {date} nor a field of an event; use for example {session.tenant_id|none}");
  }
  return out;
}

// "2026-03-02". The same for all events of a day, so it is kept.
std::string_view PathTemplate::day(int64_t unix_ns) {
  constexpr int64_t kDayNs = 86'400'000'000'000;
  const int64_t number = unix_ns / kDayNs - (unix_ns % kDayNs < 0 ? 1 : 0);
  if (number != day_number_) {
    const std::time_t seconds = number * 86'400;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[16];
    const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%d", &parts);
    day_text_.assign(text, length);
    day_number_ = number;
  }
  return day_text_;
}

std::string_view PathTemplate::value(const Segment& segment, const csiem_event& event) {
  if (segment.date) return day(event.time_unix_ns);
  std::string_view found;
  if (segment.member != nullptr) {
    found = view(event.*segment.member);
  } else {
    for (uint64_t i = 0; i < event.label_count; ++i)
      if (view(event.labels[i].key) == segment.label) found = view(event.labels[i].value);
  }
  return found.empty() ? std::string_view(segment.text) : found;
}

const char* PathTemplate::render(const csiem_event& event, std::string& out) {
  out.clear();
  for (const Segment& segment : segments_) {
    if (segment.literal()) {
      out += segment.text;
      continue;
    }
    const std::string_view text = value(segment, event);
    if (const char* problem = value_problem(text)) return problem;
    out += text;
  }
  return path_problem(out);
}

}  // namespace csiem::file
