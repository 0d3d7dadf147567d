#include "source/checkpoint.hpp"

#include <boost/json.hpp>
#include <csiem/json.hpp>
#include <vector>

namespace csiem::source {
namespace {

constexpr int kVersion = 1;

template <std::size_t N>
std::string_view hex(const std::array<uint8_t, N>& bytes, std::array<char, N * 2>& out) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < N; ++i) {
    out[2 * i] = kDigits[bytes[i] >> 4];
    out[2 * i + 1] = kDigits[bytes[i] & 15];
  }
  return {out.data(), out.size()};
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

template <std::size_t N>
bool unhex(std::string_view text, std::array<uint8_t, N>& out) {
  if (text.size() != 2 * N) return false;
  for (std::size_t i = 0; i < N; ++i) {
    const int high = digit_value(text[2 * i]), low = digit_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

bool read_number(const boost::json::value& value, uint64_t& out) {
  boost::json::error_code error;
  out = value.to_number<uint64_t>(error);
  return !error;
}

bool read_number(const boost::json::object& object, std::string_view key, uint64_t& out) {
  const auto* value = object.if_contains(key);
  return value != nullptr && read_number(*value, out);
}

bool read_mark(const boost::json::value& value, Mark& out) {
  const auto* parts = value.if_array();
  return parts != nullptr && parts->size() == 4 && read_number((*parts)[0], out.start) &&
         read_number((*parts)[1], out.end) && read_number((*parts)[2], out.next_line) && (*parts)[3].is_string() &&
         unhex((*parts)[3].get_string(), out.hash) && out.start < out.end;
}

void write_mark(Json& json, Out& out, const Mark& mark) {
  std::array<char, 32> text;
  json.raw_value("[");
  out.integer(mark.start);
  out.byte(',');
  out.integer(mark.end);
  out.byte(',');
  out.integer(mark.next_line);
  out.raw(",\"");
  out.raw(hex(mark.hash, text));
  out.raw("\"]");
}

}  // namespace

std::string checkpoint_text(const Position& position, Buffer& scratch) {
  scratch.clear();
  Out out(scratch.writer());
  Json json(out);
  json.open();
  json.integer("v", kVersion);
  if (position.absent) {
    json.boolean("absent", true);
  } else {
    std::array<char, 64> digest;
    json.integer("dev", position.id.device);
    json.integer("ino", position.id.inode);
    json.integer("fp_len", position.fingerprint.length);
    json.text("fp", hex(position.fingerprint.digest, digest));
    json.integer("offset", position.offset);
    json.integer("line", position.next_line);
    json.open_array("marks");
    const auto marks = position.marks.all();
    std::array<std::size_t, 12> kept;
    std::size_t count = 0;
    for (std::size_t back = 1; back <= marks.size() && count < kept.size(); back *= 2)
      kept[count++] = marks.size() - back;
    while (count > 0) write_mark(json, out, marks[kept[--count]]);
    json.close_array();
  }
  json.close();
  return std::string(scratch.view());
}

std::optional<Position> parse_checkpoint(std::string_view text) {
  boost::json::error_code error;
  const auto value = boost::json::parse({text.data(), text.size()}, error);
  const auto* object = error ? nullptr : value.if_object();
  uint64_t version = 0;
  if (object == nullptr || !read_number(*object, "v", version) || version != kVersion) return std::nullopt;
  Position out;
  if (object->contains("absent")) {
    out.absent = true;
    return out;
  }
  const auto* digest = object->if_contains("fp");
  const auto* marks = object->if_contains("marks");
  if (!read_number(*object, "dev", out.id.device) || !read_number(*object, "ino", out.id.inode) ||
      !read_number(*object, "fp_len", out.fingerprint.length) || !read_number(*object, "offset", out.offset) ||
      !read_number(*object, "line", out.next_line) || digest == nullptr || !digest->is_string() ||
      !unhex(digest->get_string(), out.fingerprint.digest) || marks == nullptr || !marks->is_array() ||
      out.fingerprint.length > Fingerprint::kBytes)
    return std::nullopt;
  uint64_t behind = 0;
  for (const auto& one : marks->get_array()) {
    Mark mark;
    if (!read_mark(one, mark) || mark.end <= behind) return std::nullopt;
    behind = mark.end;
    out.marks.add(mark);
  }
  if (behind != out.offset) return std::nullopt;
  return out;
}

}  // namespace csiem::source
