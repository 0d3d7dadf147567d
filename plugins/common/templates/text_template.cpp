#include "common/templates/text_template.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "common/http_text.hpp"
#include "common/text.hpp"

namespace csiem::templates {
namespace {

constexpr std::size_t kMaxHeader = 8 * 1024, kMaxUrl = 8 * 1024, kMaxHostLabel = 63;

void write_plain(std::string_view text, common::Buffer& out) {
  out.write([&](Out& o) {
    while (!text.empty()) {
      const auto bad =
          static_cast<std::size_t>(std::find_if(text.begin(), text.end(), common::is_control) - text.begin());
      o.raw(text.substr(0, bad));
      if (bad == text.size()) break;
      if (text[bad] == '\n' || text[bad] == '\t') o.byte(' ');
      text.remove_prefix(bad + 1);
    }
  });
}

void write_percent_encoded(std::string_view text, common::Buffer& out) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  out.write([&](Out& o) {
    for (const char c : text) {
      if (common::is_unreserved(c)) {
        o.byte(c);
        continue;
      }
      const auto byte = static_cast<unsigned char>(c);
      o.byte('%');
      o.byte(kHex[byte >> 4]);
      o.byte(kHex[byte & 15u]);
    }
  });
}

bool is_host_label(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kMaxHostLabel && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
         });
}

// "." and ".." lead to another place than the template's.
bool climbs(std::string_view url) noexcept {
  std::string_view path = common::url_parts(url).path;
  path = path.substr(0, path.find_first_of("?#"));
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(segment.size());
  }
  return false;
}

// Whether the text ends inside of a JSON string, when it began inside of one or not.
bool ends_in_string(std::string_view json, bool inside) noexcept {
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (inside && json[i] == '\\')
      ++i;
    else if (json[i] == '"')
      inside = !inside;
  }
  return inside;
}

}  // namespace

void write_json_value(const Value& value, common::Buffer& out) {
  if (value.kind == Value::Kind::text)
    out.write([&](Out& o) { o.string(value.text); });
  else
    out.add(value.kind == Value::Kind::absent ? std::string_view("null") : value.text);
}

std::string json_string(std::string_view text, bool quotes) {
  common::Buffer buffer;
  buffer.write([&](Out& o) {
    if (quotes)
      o.string(text);
    else
      o.escaped(text);
  });
  return std::string(buffer.view());
}

TextTemplate TextTemplate::compile(std::string_view source, Target target, std::vector<Problem>& problems) {
  TextTemplate out;
  out.target_ = target;
  const std::size_t before = problems.size();
  const std::vector<Segment> segments = parse(source, problems);
  for (const Segment& segment : segments) {
    Piece piece;
    piece.literal = segment.literal;
    piece.placeholder = segment.placeholder;
    if (piece.placeholder) {
      piece.literal = piece.placeholder->fallback.value_or("");
      if (piece.placeholder->is_raw() && target != Target::plain)
        problems.push_back({segment.offset, segment.length, "the filter 'raw' is for plain text only", {}});
      if (target == Target::header && piece.placeholder->field.is_whole_event())
        problems.push_back({segment.offset, segment.length, "the whole event has no place in a header", {}});
    }
    out.segments_.push_back(std::move(piece));
  }
  if (problems.size() != before) return out;
  if (target == Target::json) out.check_json(segments, source, problems);
  if (target == Target::url) out.check_url(segments, source, problems);
  return out;
}

TextTemplate TextTemplate::compile_json_string(std::string_view source, std::vector<Problem>& problems) {
  TextTemplate out = compile(source, Target::plain, problems);
  out.target_ = Target::json;
  for (Piece& piece : out.segments_) {
    if (piece.placeholder && piece.placeholder->is_raw()) {
      problems.push_back({0, source.size(), "the filter 'raw' is for plain text only", {}});
      break;
    }
    piece.literal = json_string(piece.literal, false);
    piece.place = Piece::Place::json_string;
  }
  return out;
}

// Where each placeholder stands, and whether the whole is JSON with any values in their places.
void TextTemplate::check_json(const std::vector<Segment>& segments, std::string_view source,
                              std::vector<Problem>& problems) {
  std::string sample;
  std::vector<std::pair<std::size_t, std::size_t>> places;  // in the sample and in the source
  bool inside = false;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    Piece& piece = segments_[i];
    places.emplace_back(sample.size(), segments[i].offset);
    if (!piece.placeholder) {
      sample += piece.literal;
      inside = ends_in_string(piece.literal, inside);
      continue;
    }
    piece.place = inside ? Piece::Place::json_string : Piece::Place::json_value;
    sample += inside ? "x" : "null";
    if (inside) {
      piece.literal = json_string(piece.literal, false);
      continue;
    }
    boost::json::error_code error;
    boost::json::parse(piece.literal, error);
    if (!piece.placeholder->fallback)
      piece.literal = "null";
    else if (error)
      piece.literal = json_string(piece.literal);
  }
  boost::json::stream_parser parser;
  boost::json::error_code error;
  std::size_t used = parser.write_some(sample.data(), sample.size(), error);
  if (!error && used == sample.size()) parser.finish(error);
  if (!error && used != sample.size()) error = boost::json::error::extra_data;
  if (!error) return;
  const auto after = std::upper_bound(places.begin(), places.end(), std::pair(used, source.size()));
  const auto& place = after == places.begin() ? std::pair<std::size_t, std::size_t>() : *std::prev(after);
  const std::size_t offset = std::min(place.second + (used - place.first), source.size());
  problems.push_back({offset, offset < source.size() ? 1U : 0U, "the text is not JSON here: " + error.message(), {}});
}

void TextTemplate::check_url(const std::vector<Segment>& segments, std::string_view source,
                             std::vector<Problem>& problems) {
  const auto scheme = source.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t path = std::min(source.find_first_of("/?#", host), source.size());
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (!segments[i].placeholder) continue;
    const std::size_t at = segments[i].offset;
    const auto refuse = [&](std::string what, std::string suggestion = {}) {
      problems.push_back({at, segments[i].length, std::move(what), std::move(suggestion)});
    };
    if (scheme == std::string_view::npos || at < host) {
      refuse("an address begins with its scheme, as in https://");
      continue;
    }
    if (!segments[i].placeholder->field.is_identifier() && segments_[i].placeholder->filters.empty())
      refuse("may hold any text, which may not select an address", "{session.tenant_id|default}");
    else if (!segments[i].placeholder->field.is_identifier() &&
             segments[i].placeholder->filters.back().kind != Filter::Kind::hash8 &&
             !segments[i].placeholder->field.is_time())
      refuse("may hold any text, which may not select an address", "a name or id, or the filter hash8");
    if (at >= path) continue;
    if (source.substr(host, at - host).find(':') != std::string_view::npos) refuse("an event may not choose the port");
    segments_[i].place = Piece::Place::url_host;
    chooses_host_ = true;
  }
}

bool TextTemplate::varies() const noexcept {
  return std::any_of(segments_.begin(), segments_.end(), [](const Piece& p) { return p.placeholder.has_value(); });
}

const Placeholder* TextTemplate::lone() const noexcept {
  return segments_.size() == 1 && segments_.front().placeholder ? &*segments_.front().placeholder : nullptr;
}

std::optional<Failure> TextTemplate::insert(const Piece& piece, const Value& value, common::Buffer& out) const {
  using Place = Piece::Place;
  const std::string_view text = value.text;
  switch (target_) {
    case Target::json:
      if (piece.place == Place::json_value)
        write_json_value(value, out);
      else
        out.write([&](Out& o) { o.escaped(text); });
      return std::nullopt;
    case Target::plain:
      if (piece.placeholder->is_raw())
        out.add(text);
      else
        write_plain(text, out);
      return std::nullopt;
    case Target::header:
      if (std::any_of(text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7e; }))
        return Failure{Failure::Kind::format, "the event gives a header a character that is not printable ASCII"};
      out.add(text);
      return std::nullopt;
    case Target::url:
      if (piece.place != Place::url_host)
        write_percent_encoded(text, out);
      else if (is_host_label(text))
        out.add(text);
      else
        return Failure{Failure::Kind::confinement, "the event gives the host a part that is not a name"};
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Failure> TextTemplate::render(const Subject& subject, Scratch& scratch, std::size_t limit,
                                            common::Buffer& out) const {
  const std::size_t begin = out.size();
  if (target_ == Target::header) limit = std::min(limit, begin + kMaxHeader);
  if (target_ == Target::url) limit = std::min(limit, begin + kMaxUrl);
  for (const Piece& piece : segments_) {
    const Value value = piece.placeholder ? piece.placeholder->value(subject, scratch) : Value();
    if (value.kind == Value::Kind::absent) {
      if (target_ == Target::url && piece.placeholder && piece.literal.empty())
        return Failure{Failure::Kind::confinement, "the event lacks a field that its address needs"};
      out.add(piece.literal);
    } else if (auto failure = insert(piece, value, out)) {
      return failure;
    }
    if (out.size() > limit) return Failure{Failure::Kind::too_large, "the template gives more than its limit"};
  }
  if (target_ == Target::url && climbs(out.view(begin)))
    return Failure{Failure::Kind::confinement, "the event leads out of the address"};
  return std::nullopt;
}

}  // namespace csiem::templates
