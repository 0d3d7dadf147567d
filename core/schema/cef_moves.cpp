// Field moves in lines of CEF: pairs are left out and added at the end.
#include <csiem/json.hpp>

#include <arpa/inet.h>
#include <algorithm>

#include "schema/cef_pairs.hpp"
#include "schema/field_moves_of.hpp"
#include "schema/move_list.hpp"

namespace csiem::schema {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// Without the blanks that a receiver would not keep.
std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || (is_control(c) && c != '\n' && c != '\r'); };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

void escaped(Out& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\\' || c == '=') {
      out.byte('\\');
      out.byte(c);
    } else if (c == '\n' || c == '\r') {
      out.raw(c == '\n' ? "\\n" : "\\r");
    } else {
      out.byte(is_control(c) ? ' ' : c);
    }
  }
}

class CefMoves final : public FieldMoves {
 public:
  explicit CefMoves(const OutputSettings& settings)
      : moves_(make_moves("cef", settings)),
        takes_slots_(std::any_of(moves_.begin(), moves_.end(), [](const Move& m) { return !m.target.label.empty(); })) {
  }

  void apply(const csiem_event& event, std::string_view encoded, csiem_writer& out) override {
    Out writer(out);
    if (!loaded(event) && !takes_slots_) return writer.raw(encoded);
    const std::size_t begin = cef::extension_begin(encoded);
    for (Move& move : moves_) usable(move, encoded);
    writer.raw(encoded.substr(0, begin));
    bool first = true;
    pairs(encoded.substr(begin), writer, first);
    for (const Move& move : moves_) {
      if (!move.active) continue;
      const std::string& key = move.target.path.front();
      pair_begin(writer, key, first);
      escaped(writer, move.value);
      if (move.target.label.empty()) continue;
      pair_begin(writer, key + "Label", first);
      escaped(writer, move.target.label);
    }
  }

 private:
  // Texts may become empty, and CEF:0 has no IPv6.
  void usable(Move& move, std::string_view line) {
    if (!move.active) return;
    move.value = trimmed(move.value);
    const bool ip6 = move.target.type == MoveTarget::Type::ip && move.value.find(':') != std::string_view::npos;
    if (!move.value.empty() && !(ip6 && line.starts_with("CEF:0"))) return;
    move.active = false;
    skip(1);
  }

  static void pair_begin(Out& out, std::string_view key, bool& first) {
    if (!first) out.byte(' ');
    first = false;
    out.raw(key);
    out.byte('=');
  }

  bool loaded(const csiem_event& event) {
    uint64_t skipped = 0;
    const bool any = load(moves_, event, skipped);
    skip(skipped);
    return any;
  }

  // Whether some move takes the pair away: its value leaves, or its slot is another's in every event.
  bool gone(std::string_view key) const {
    const std::string_view slot = key.ends_with("Label") ? key.substr(0, key.size() - 5) : key;
    return std::any_of(moves_.begin(), moves_.end(), [&](const Move& move) {
      const bool takes_slot = !move.target.label.empty();
      if (!move.active && !takes_slot) return false;
      const auto is = [&](const std::string& name) { return name == key || name == slot; };
      return is(move.target.path.front()) || (move.active && std::any_of(move.leaves.begin(), move.leaves.end(), is));
    });
  }

  void pairs(std::string_view extension, Out& out, bool& first) const {
    const std::string_view rest = cef::each_pair(extension, [&](std::string_view key, std::string_view pair) {
      if (gone(key)) return;
      if (!first) out.byte(' ');
      first = false;
      out.raw(pair);
    });
    out.raw(rest);
  }

  std::vector<Move> moves_;
  const bool takes_slots_;
};

}  // namespace

std::unique_ptr<FieldMoves> cef_moves(const OutputSettings& settings) { return std::make_unique<CefMoves>(settings); }

}  // namespace csiem::schema
